// A tour of the ChatGrow API: customers, appointments, events. Node 18 or later, no packages.
//
//   CHATGROW_API_KEY=cg_live_... node tour.mjs

import { ApiError, call, check, listAll, run, start } from './client.mjs';

async function refused(code, request) {
  try {
    await request();
  } catch (error) {
    if (error instanceof ApiError && error.code === code) return error;
    throw error;
  }
  throw new Error(`not as expected: the request should be refused with ${code}`);
}

// Slots are the hours of ten far-away years, counted from 2030; each run starts at a random one.
const firstSlot = parseInt(run.slice(0, 8), 16) % (10 * 365 * 24);

function slotTime(slot) {
  const iso = new Date(Date.UTC(2030, 0, 1, slot)).toISOString();
  return { date: iso.slice(0, 10), time: iso.slice(11, 16) };
}

/** Runs `request` for the first slot that is free, looking at ten at most. */
async function inFreeSlot(first, request) {
  for (let slot = first; slot < first + 10; slot++) {
    try {
      const { data } = await request(slotTime(slot));
      return { slot, appointment: data.appointment };
    } catch (error) {
      if (!(error instanceof ApiError && error.code === 'TIME_CONFLICT')) throw error;
    }
  }
  throw new Error('ten slots in a row are taken');
}

async function tour() {
  // The plus sign is legal in an address and means a space in a query string: always encode.
  const email = `tour+${run}@example.com`;
  const customerPath = `/customers/${encodeURIComponent(email)}`;
  const customer = { name: 'נועה לוי', phone: '050-0000000', notes: 'לקוחת הדגמה' };

  // Customers. PUT creates or replaces, so a sync job can repeat it without asking first what is there.
  const created = await call('PUT', customerPath, customer);
  check(created.status === 201, 'a new customer is 201');
  // The id goes into the log; name, e-mail and phone do not.
  console.log(`customer created: ${created.data.customer.id}`);

  const read = (await call('GET', customerPath)).data.customer;
  check(read.id === created.data.customer.id && read.email === email && read.name === customer.name, 'the customer as sent');
  console.log('customer read back: the same');

  // Every bad field is named at once, so a form can mark them all.
  const invalid = await refused('VALIDATION_ERROR', () =>
    call('POST', '/appointments', { customerEmail: email, date: '2030-02-30', time: '25:00', serviceType: 'nap', duration: 0 }),
  );
  const fields = invalid.details.map(({ field }) => field);
  check(invalid.status === 400, 'a validation error is 400');
  check(['date', 'time', 'serviceType', 'duration'].every((name) => fields.includes(name)), 'a detail for every bad field');
  console.log(`validation error: ${invalid.details.map(({ field, message }) => `${field}: ${message}`).join(' | ')}`);

  // Appointments.
  const visit = { customerEmail: email, serviceType: 'consultation', duration: 60 };
  const booked = await inFreeSlot(firstSlot, (when) => call('POST', '/appointments', { ...visit, ...when }));
  const { id } = booked.appointment;
  const { date, time } = slotTime(booked.slot);
  check(booked.appointment.status === 'confirmed' && booked.appointment.time === time, 'a confirmed appointment');
  console.log(`appointment booked: ${id} on ${date} at ${time}`);

  const conflict = await refused('TIME_CONFLICT', () => call('POST', '/appointments', { ...visit, date, time }));
  check(conflict.status === 409, 'a conflict is 409');
  console.log(`same slot again: refused, ${conflict.code} (${conflict.message})`);

  const moved = await inFreeSlot(booked.slot + 1, (when) => call('PATCH', `/appointments/${id}`, when));
  const movedTo = slotTime(moved.slot);
  check(moved.appointment.id === id && moved.appointment.time === movedTo.time, 'the same appointment at the new time');
  console.log(`appointment moved: to ${movedTo.date} at ${movedTo.time}`);

  const second = await inFreeSlot(booked.slot, (when) => call('POST', '/appointments', { ...visit, ...when }));
  console.log(`second appointment booked: ${second.appointment.id}, the move has freed its slot`);

  const listed = [];
  // One item a page, only to see the cursor at work: 50 (the default) to 500 is sensible.
  for await (const item of listAll('/appointments', 'appointments', { customerEmail: email, limit: 1 })) listed.push(item.id);
  check(listed.length === 2 && listed.includes(id) && listed.includes(second.appointment.id), 'both appointments in the list');
  console.log(`appointments listed: ${listed.length}, following nextCursor`);

  for (const appointment of listed) {
    // Cancelling what is cancelled is 200 again: after a lost answer, just repeat it.
    await call('DELETE', `/appointments/${appointment}`);
    await call('DELETE', `/appointments/${appointment}`);
    const after = (await call('GET', `/appointments/${appointment}`)).data.appointment;
    check(after.status === 'cancelled', 'a cancelled appointment');
  }
  console.log('appointments cancelled: each twice, without harm');

  // Events.
  const event = (
    await call('POST', '/events', { title: 'סדנת היכרות', ...slotTime(firstSlot), maxParticipants: 1, price: 49.9 })
  ).data.event;
  check(event.status === 'active' && event.currentParticipants === 0 && event.price === 49.9, 'an active, empty event');
  console.log(`event created: ${event.id}, one place`);

  const registrations = `/events/${event.id}/registrations`;
  const { registration } = (await call('POST', registrations, { customerEmail: email })).data;
  check(registration.eventId === event.id && registration.customerId === read.id, 'a registration of the customer');
  console.log(`customer registered: ${registration.id}`);

  const twice = await refused('ALREADY_REGISTERED', () => call('POST', registrations, { customerEmail: email }));
  check(twice.status === 409, 'a second registration is 409');
  console.log(`registering again: refused, ${twice.code} (${twice.message})`);

  const registered = [];
  for await (const item of listAll(registrations, 'registrations')) registered.push(item.id);
  check(registered.length === 1 && registered[0] === registration.id, 'the one registration in the list');
  console.log(`registrations listed: ${registered.length}`);

  await call('DELETE', `${registrations}/${registration.id}`);
  check((await call('GET', `/events/${event.id}`)).data.event.currentParticipants === 0, 'the place is free again');
  console.log('customer unregistered: the place is free again');

  const done = (await call('PATCH', `/events/${event.id}`, { status: 'completed' })).data.event;
  check(done.status === 'completed', 'a completed event');
  console.log('event completed');
}

await start(tour);
