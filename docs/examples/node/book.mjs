// Finds a slot, holds it and books it, with the ChatGrow API. Node 18 or later, no packages.
//
//   CHATGROW_API_KEY=cg_live_... node book.mjs

import { ApiError, call, check, run, start } from './client.mjs';

// A day of ten far-away years, so that a run finds it empty. Each run has staff and a room of its own.
const day = new Date(Date.UTC(2030, 0, 1 + (parseInt(run.slice(0, 8), 16) % 3650))).toISOString().slice(0, 10);
const weekly = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'].map((day) => ({
  day,
  opens: '09:00',
  closes: '17:00',
}));

/** Creates what can be booked. */
async function setUp() {
  // Without a time zone there are no instants. A schedule that somebody has set stays as it is: PUT replaces all of it.
  const { schedule } = (await call('GET', '/schedule')).data;
  if (schedule.updatedAt === null) await call('PUT', '/schedule', { timeZone: 'Asia/Jerusalem', slotStep: 30 });

  const create = async (name, kind) => {
    const { resource } = (await call('POST', '/resources', { name, kind })).data;
    await call('PUT', `/resources/${resource.id}/hours`, { weekly });
    return resource.id;
  };
  const staff = await create('נועה', 'staff');
  const room = await create('חדר 1', 'room');

  const { data } = await call('POST', '/services', {
    name: 'עיסוי',
    serviceType: 'treatment',
    duration: 50,
    bufferAfter: 10,
    slotStep: 30,
    // One group for each thing that a booking takes; a group may have several resources to choose from.
    needs: [{ resources: [staff] }, { resources: [room] }],
  });
  return { service: data.service.id, staff, room };
}

/** The first slots of the day. */
async function search(service) {
  const query = new URLSearchParams({ serviceId: service, from: day, to: day, limit: 3 });
  return (await call('GET', `/availability?${query}`)).data.slots;
}

/** Holds the slot, or if somebody was faster, the next one that is free; looking at five at most. */
async function hold(service, slot) {
  for (let attempt = 1; attempt <= 5; attempt++) {
    const { date, time } = slot;
    try {
      return (await call('POST', '/holds', { serviceId: service, date, time, minutes: 5 })).data.hold;
    } catch (error) {
      // The refusal says what is free instead. It reserves nothing: the next try may be too late, too.
      if (!(error instanceof ApiError && error.code === 'TIME_CONFLICT' && error.nextFree.length > 0)) throw error;
      slot = error.nextFree[0];
    }
  }
  throw new Error('five slots in a row were taken');
}

async function book() {
  const { service, staff, room } = await setUp();
  const isBoth = (ids) => ids.length === 2 && ids[0] === staff && ids[1] === room;
  console.log(`service created: ${service}, with staff ${staff} and room ${room}`);

  const slots = await search(service);
  check(slots.length === 3 && slots[0].time === '09:00', "the day's first slot is the opening");
  check(isBoth(slots[0].resourceIds), 'the slot takes the staff and the room');
  console.log(`slots found: ${slots.length}, the first at ${slots[0].time}`);

  const held = await hold(service, slots[0]);
  check(held.time === slots[0].time && isBoth(held.resourceIds), 'a hold of the first slot');
  console.log(`slot held: ${held.id} until ${held.heldUntil}`);

  // Somebody else wants the same slot: the room is taken until 10:00, for 50 minutes and a buffer of 10.
  const other = await hold(service, slots[0]);
  check(other.time === '10:00', 'the next slot that is free');
  console.log(`same slot again: taken, so ${other.time} is held`);
  await call('DELETE', `/holds/${other.id}`);
  console.log('second hold released');

  // The customer and the booking in one call: both are written, or neither is. The key is your order number; keep it with
  // the request, so that you can repeat it until there is an answer.
  const order = {
    holdId: held.id,
    customer: { email: `book+${run}@example.com`, name: 'נועה לוי', phone: '050-0000000' },
  };
  const { status, data } = await call('POST', '/appointments', order, `order-${run}`);
  const { appointment } = data;
  check(status === 201 && appointment.status === 'confirmed', 'a confirmed appointment');
  check(appointment.id === held.id, "the hold's id is the appointment's");
  check(appointment.serviceId === service && isBoth(appointment.resourceIds), 'what was held');
  check(appointment.localStart === held.localStart, 'the slot that was held');
  console.log(`appointment booked: ${appointment.id}, ${appointment.localStart} to ${appointment.localEnd}`);

  const again = await call('POST', '/appointments', order, `order-${run}`);
  check(JSON.stringify(again.data) === JSON.stringify(data), 'the same answer to the same request');
  console.log('booking sent again: the same appointment');

  check((await search(service))[0].time === '10:00', 'the slot is not offered any more');
  console.log('search again: the slot is gone');

  // A resource that is booked can't be deactivated without `force`, so the order matters.
  await call('DELETE', `/appointments/${appointment.id}`);
  await call('DELETE', `/services/${service}`);
  for (const resource of [staff, room]) await call('DELETE', `/resources/${resource}`);
  console.log('appointment cancelled; service, staff and room deactivated');
}

await start(book);
