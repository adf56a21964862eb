// The tour of docs/examples by the TypeScript client: the types that openapi-typescript makes of the document (schema.d.ts, generated
// beside this file), over openapi-fetch. Everything goes through the typed client, each operation at least once.

import { randomBytes } from 'node:crypto';
import createClient from 'openapi-fetch';
import type { components, paths } from './schema.js';

type Schemas = components['schemas'];
type Answer<T> = { data?: T; error?: Schemas['ErrorResponse']; response: Response };

const baseUrl = process.env['CHATGROW_URL'];
const apiKey = process.env['CHATGROW_API_KEY'];
if (!baseUrl || !apiKey) throw new Error('CHATGROW_URL and CHATGROW_API_KEY must be set');

const api = createClient<paths>({ baseUrl, headers: { 'X-API-Key': apiKey } });
const run = randomBytes(6).toString('hex');
const day = `20${30 + Number.parseInt(run.slice(0, 2), 16) % 60}-02-03`; // of its own, so that runs do not meet

function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`not as expected: ${what}`);
}

/** What a request that must succeed with `status` answered. */
async function ok<T>(status: number, request: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await request;
  if (data === undefined || response.status !== status) {
    throw new Error(`not as expected: ${response.status} ${error?.error}: ${error?.message}, and not ${status}`);
  }
  return data;
}

/** What a request that must be refused with `status` and `code` answered. */
async function refused(
  status: number,
  code: Schemas['ErrorCode'],
  request: Promise<Answer<unknown>>,
): Promise<Schemas['ErrorResponse']> {
  const { error, response } = await request;
  check(response.status === status && error?.error === code, `${status} ${code}: ${response.status} ${error?.error}`);
  check(error.success === false && error.message.length > 0, 'the error envelope');
  return error;
}

async function customers(email: string): Promise<Schemas['Customer']> {
  const path = { email };
  const { customer } = await ok(
    201,
    api.PUT('/api/webhooks/customers/{email}', { params: { path }, body: { name: 'נועה לוי', phone: '050-0000000' } }),
  );
  check(customer.email === email && customer.name === 'נועה לוי' && customer.notes === null, 'the customer as sent');
  const second = { email: `second-${email}`, name: 'Second' };
  await ok(201, api.POST('/api/webhooks/customers', { body: second }));
  await refused(409, 'CUSTOMER_EXISTS', api.POST('/api/webhooks/customers', { body: second }));

  const read = await api.GET('/api/webhooks/customers/{email}', { params: { path } });
  check(read.data?.customer.id === customer.id, 'the same customer');
  // The entity tag of what was read is good for one change.
  const header = { 'If-Match': read.response.headers.get('ETag') ?? '' };
  const edit = { params: { path, header }, body: { notes: 'VIP' } };
  const edited = await ok(200, api.PATCH('/api/webhooks/customers/{email}', edit));
  check(edited.customer.notes === 'VIP' && edited.customer.phone === '050-0000000', 'only the notes have changed');
  await refused(412, 'VERSION_MISMATCH', api.PATCH('/api/webhooks/customers/{email}', edit));

  const missing = { params: { path: { email: `nobody-${email}` } } };
  const nobody = await refused(404, 'NOT_FOUND', api.GET('/api/webhooks/customers/{email}', missing));
  check(nobody.resource === 'customer', 'what was not found');
  const found = await ok(200, api.GET('/api/webhooks/customers', { params: { query: { email } } }));
  check(found.count === 1 && found.customers[0]?.id === customer.id && found.nextCursor === null, 'the one of this address');
  const recent = { params: { query: { updatedSince: edited.customer.updatedAt, limit: 500 } } };
  const changed = await ok(200, api.GET('/api/webhooks/customers', recent));
  check(changed.customers.some((each) => each.id === customer.id), 'the changed customer');
  return edited.customer;
}

async function appointments(customer: Schemas['Customer']): Promise<void> {
  const book = (body: Schemas['BookAppointment'], header?: { 'Idempotency-Key': string }) =>
    api.POST('/api/webhooks/appointments', { params: { ...(header && { header }) }, body });
  const visit: Schemas['BookAppointment'] = {
    customerEmail: customer.email,
    serviceType: 'consultation',
    date: day,
    time: '10:00',
    duration: 45,
  };

  // What no type can rule out is refused by the server, with every bad field.
  const invalid = await refused(400, 'VALIDATION_ERROR', book({ ...visit, date: '2030-02-30', time: '25:00' }));
  check(['date', 'time'].every((field) => invalid.details?.some((detail) => detail.field === field)), 'both bad fields');

  const key = { 'Idempotency-Key': `tour-${run}` };
  const { appointment } = await ok(201, book(visit, key));
  check(appointment.status === 'confirmed' && appointment.serviceType === 'consultation', 'a confirmed consultation');
  check(appointment.date === `${day}T00:00:00.000Z` && appointment.time === '10:00', 'the slot as sent');
  check(appointment.duration === 45 && appointment.customerId === customer.id, 'the length and the customer as sent');
  check((await ok(201, book(visit, key))).appointment.id === appointment.id, 'repeated with its key: the same one');
  await refused(409, 'TIME_CONFLICT', book(visit));
  await refused(404, 'NOT_FOUND', book({ ...visit, customerEmail: `nobody-${customer.email}` }));

  const one = { params: { path: { id: appointment.id } } };
  const moved = await ok(200, api.PATCH('/api/webhooks/appointments/{id}', { ...one, body: { time: '11:00', notes: 'moved' } }));
  check(moved.appointment.time === '11:00' && moved.appointment.notes === 'moved', 'the appointment at its new time');
  const second = (await ok(201, book({ ...visit, serviceType: 'other' }))).appointment;

  // One item a page, to see the cursor at work.
  const listed: string[] = [];
  const query = { customerEmail: customer.email, from: day, to: day, updatedSince: appointment.createdAt, limit: 1 };
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = { params: { query: { ...query, status: 'confirmed' as const, ...(cursor && { cursor }) } } };
    const answer = await ok(200, api.GET('/api/webhooks/appointments', page));
    listed.push(...answer.appointments.map((each) => each.id));
    cursor = answer.nextCursor;
  }
  check(listed.join() === [second.id, appointment.id].join(), 'both appointments, by time');

  for (const id of listed) {
    const path = { params: { path: { id } } };
    check((await ok(200, api.DELETE('/api/webhooks/appointments/{id}', path))).success, 'a confirmation');
    const after = await ok(200, api.GET('/api/webhooks/appointments/{id}', path));
    check(after.appointment.status === 'cancelled', 'a cancelled appointment');
  }
  await refused(409, 'APPOINTMENT_CANCELLED', api.PATCH('/api/webhooks/appointments/{id}', { ...one, body: { time: '12:00' } }));
}

/** Exact to the cent, there and back again: a 32-bit float would fail with all but the last. */
async function money(): Promise<void> {
  for (const price of [149.9, 0.1, 999_999_999.99, 150]) {
    const body = { title: 'Money', date: day, time: '09:00', price };
    const { event } = await ok(201, api.POST('/api/webhooks/events', { body }));
    check(event.price === price, `the price of the answer: ${event.price}, and not ${price}`);
    const one = { params: { path: { id: event.id } } };
    const read = (await ok(200, api.GET('/api/webhooks/events/{id}', one))).event.price;
    check(read === price, `the price read back: ${read}, and not ${price}`);
    // Cleared in between, so that the price after it is the one that is sent back here.
    const cleared = await ok(200, api.PATCH('/api/webhooks/events/{id}', { ...one, body: { price: null } }));
    check(cleared.event.price === null, 'no price');
    await ok(200, api.PATCH('/api/webhooks/events/{id}', { ...one, body: { price: read } }));
    const again = (await ok(200, api.GET('/api/webhooks/events/{id}', one))).event.price;
    check(again === price, `the price sent back: ${again}, and not ${price}`);
  }
}

async function events(customer: Schemas['Customer']): Promise<void> {
  const body = { title: 'סדנת היכרות', date: day, time: '18:30', maxParticipants: 1 };
  const { event } = await ok(201, api.POST('/api/webhooks/events', { body }));
  check(event.status === 'active' && event.currentParticipants === 0 && event.price === null, 'an active, empty event');
  const query = { from: day, to: day, status: 'active' as const, limit: 500 };
  const listed = await ok(200, api.GET('/api/webhooks/events', { params: { query } }));
  check(listed.events.some((each) => each.id === event.id), 'the event in the list');

  const id = event.id;
  const path = { params: { path: { id } } };
  const place = { customerEmail: customer.email };
  const { registration } = await ok(201, api.POST('/api/webhooks/events/{id}/registrations', { ...path, body: place }));
  check(registration.eventId === id && registration.customerId === customer.id, 'a registration of the customer');
  const again = api.POST('/api/webhooks/events/{id}/registrations', { ...path, body: place });
  await refused(409, 'ALREADY_REGISTERED', again);
  const late = { customerEmail: `second-${customer.email}` };
  await refused(409, 'EVENT_FULL', api.POST('/api/webhooks/events/{id}/registrations', { ...path, body: late }));

  const ofEvent = await ok(200, api.GET('/api/webhooks/events/{id}/registrations', path));
  check(ofEvent.count === 1 && ofEvent.registrations[0]?.id === registration.id, "the event's one registration");
  const email = { params: { path: { email: customer.email } } };
  const ofCustomer = await ok(200, api.GET('/api/webhooks/customers/{email}/registrations', email));
  check(ofCustomer.count === 1 && ofCustomer.registrations[0]?.eventId === id, "the customer's one registration");

  const one = { params: { path: { id, registrationId: registration.id } } };
  const read = await ok(200, api.GET('/api/webhooks/events/{id}/registrations/{registrationId}', one));
  check(read.registration.customerName === customer.name, 'the registration with its customer');
  await ok(200, api.DELETE('/api/webhooks/events/{id}/registrations/{registrationId}', one));
  await refused(404, 'NOT_FOUND', api.GET('/api/webhooks/events/{id}/registrations/{registrationId}', one));
  check((await ok(200, api.GET('/api/webhooks/events/{id}', path))).event.currentParticipants === 0, 'the place is free again');

  const done = await ok(200, api.PATCH('/api/webhooks/events/{id}', { ...path, body: { status: 'completed' } }));
  check(done.event.status === 'completed', 'a completed event');
}

async function payments(customer: Schemas['Customer']): Promise<void> {
  const terms = { amount: 100, currency: 'ILS', deposit: 30 };
  const visit = {
    customerEmail: customer.email, serviceType: 'consultation' as const, date: day, time: '15:00', duration: 45, payment: terms,
  };
  const { appointment } = await ok(201, api.POST('/api/webhooks/appointments', { body: visit }));
  check(appointment.status === 'pending' && appointment.payment.due === 100, 'an appointment that waits for its payment');
  const paid = { provider: 'cash', externalId: `typescript-${run}`, amount: 49.9, currency: 'ILS' };
  const { payment } = await ok(201, api.POST('/api/webhooks/payments', { body: paid }));
  check(payment.amount === 49.9 && payment.status === 'succeeded', 'the payment as sent');
  check((await ok(200, api.POST('/api/webhooks/payments', { body: paid }))).payment.id === payment.id, 'told again: the same one');
  const waiting = await ok(200, api.GET('/api/webhooks/payments', { params: { query: { needsAttention: true, limit: 500 } } }));
  check(waiting.payments.some((each) => each.id === payment.id), 'it names no booking');
  const one = { params: { path: { id: payment.id } } };
  const matched = await ok(200, api.PATCH('/api/webhooks/payments/{id}', { ...one, body: { appointmentId: appointment.id } }));
  check(matched.payment.attention === null, 'matched with its booking');
  const refund = { externalId: `typescript-${run}-refund`, amount: 9.9 };
  await ok(201, api.POST('/api/webhooks/payments/{id}/refunds', { ...one, body: refund }));
  check((await ok(200, api.GET('/api/webhooks/payments/{id}', one))).payment.refunded === 9.9, 'a part is given back');
  const read = await ok(200, api.GET('/api/webhooks/appointments/{id}', { params: { path: { id: appointment.id } } }));
  check(read.appointment.status === 'confirmed' && read.appointment.payment.paid === 49.9, 'the deposit has confirmed it');
  const more = { externalId: `typescript-${run}-more`, amount: 40.01 };
  await refused(409, 'REFUND_TOO_LARGE', api.POST('/api/webhooks/payments/{id}/refunds', { ...one, body: more }));
}

const stranger = createClient<paths>({ baseUrl, headers: { 'X-API-Key': 'cg_live_wrong' } });
await refused(401, 'Authentication failed', stranger.GET('/api/webhooks/customers'));
// The plus sign is legal in an address: the client must encode it.
const customer = await customers(`typescript+${run}@example.com`);
await appointments(customer);
await money();
await events(customer);
await payments(customer);
console.log('typescript: the tour is done');
