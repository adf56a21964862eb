// Finds a slot, holds it and books it, with the ChatGrow API. Node 18 or later, no packages.
//
//   CHATGROW_API_KEY=cg_live_... node book.mjs

import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

const API_KEY = process.env.CHATGROW_API_KEY;
if (!API_KEY) {
  console.error('CHATGROW_API_KEY is not set');
  process.exit(1);
}
const BASE = `${(process.env.CHATGROW_URL || 'http://localhost:3000').replace(/\/+$/, '')}/api/webhooks`;

// A little over the server's own limit (REQUEST_TIMEOUT_MS, 30 s): its answer says more than our hanging up.
const TIMEOUT_MS = 35_000;
const MAX_TRIES = 4;
const MAX_WAIT_S = 120; // told to wait longer than this, we give up: coming back sooner would only be refused again

const run = randomBytes(6).toString('hex');
let requests = 0;

class ApiError extends Error {
  constructor(status, code, message, requestId, nextFree = []) {
    super(message);
    this.name = 'ApiError';
    Object.assign(this, { status, code, requestId, nextFree });
  }
}

async function call(method, path, body, key) {
  // One id for all tries of a request. As Idempotency-Key it makes the server carry a write out once, however often it
  // arrives; as X-Request-Id it shows the tries together in the server's log. It holds no personal data.
  const requestId = `book-${run}-${++requests}`;
  for (let attempt = 1; ; attempt++) {
    const request = {
      method,
      headers: {
        'X-API-Key': API_KEY,
        'X-Request-Id': requestId,
        'Idempotency-Key': key ?? requestId,
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      redirect: 'error', // the API never redirects, and following one would hand the key to another host
      signal: AbortSignal.timeout(TIMEOUT_MS),
    };
    // 429: turned away before anything was done. 503, or no answer at all: done whole or not at all. The key tells the
    // server which, so any method may be repeated.
    let response, data;
    try {
      response = await fetch(BASE + path, request);
      data = parse(await response.text());
    } catch (error) {
      if (attempt === MAX_TRIES) throw error;
      await sleep(1000);
      continue;
    }
    const { status, headers } = response;
    if (response.ok && data) return { status, data };

    const repeatable = status === 429 || status === 503;
    const wait = Number(headers.get('retry-after') ?? 1);
    if (!repeatable || attempt === MAX_TRIES || !(wait <= MAX_WAIT_S)) {
      throw new ApiError(
        status,
        data?.error ?? `HTTP_${status}`, // something between us and the API may answer without the envelope
        data?.message ?? 'the answer is not from the API',
        headers.get('x-request-id') ?? requestId,
        data?.nextFree,
      );
    }
    await sleep(wait * 1000);
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function check(condition, what) {
  if (!condition) throw new Error(`not as expected: ${what}`);
}

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

try {
  await book();
} catch (error) {
  // A failed fetch hides its reason in `cause`. Status, code and request id are enough to find the request in the
  // server's log; bodies and paths may hold personal data, so they stay out of ours.
  const reason = error.cause?.message || error.cause?.code;
  console.error(
    error instanceof ApiError
      ? `booking failed: ${error.status} ${error.code}: ${error.message} (request ${error.requestId})`
      : `booking failed: ${error.message}${reason ? ` (${reason})` : ''}`,
  );
  process.exitCode = 1;
}
