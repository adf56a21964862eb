// A client of the ChatGrow API, for the programs beside it. Node 18 or later, no packages.

import { randomBytes } from 'node:crypto';
import { basename } from 'node:path';
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

const PROGRAM = basename(process.argv[1], '.mjs');

/** Tells this run's data from others'. */
export const run = randomBytes(6).toString('hex');
let requests = 0;

export class ApiError extends Error {
  constructor(status, code, message, requestId, details = [], nextFree = []) {
    super(message);
    this.name = 'ApiError';
    Object.assign(this, { status, code, requestId, details, nextFree });
  }
}

/** Sends one request. `key` is the Idempotency-Key, if the caller keeps one. */
export async function call(method, path, body, key) {
  // One id for all tries of a request. As Idempotency-Key it makes the server carry a write out once, however often it
  // arrives; as X-Request-Id it shows the tries together in the server's log. It holds no personal data.
  const requestId = `${PROGRAM}-${run}-${++requests}`;
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
        data?.details,
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

/** Every item of a list, page after page: the cursor is opaque, and null on the last page. */
export async function* listAll(path, key, query = {}) {
  let cursor = null;
  do {
    const search = new URLSearchParams({ ...query, ...(cursor !== null && { cursor }) });
    const { data } = await call('GET', `${path}?${search}`);
    yield* data[key];
    cursor = data.nextCursor;
  } while (cursor !== null);
}

export function check(condition, what) {
  if (!condition) throw new Error(`not as expected: ${what}`);
}

/** Runs the program, and tells how it failed. */
export async function start(program) {
  try {
    await program();
  } catch (error) {
    // A failed fetch hides its reason in `cause`. Status, code and request id are enough to find the request in the
    // server's log; bodies and paths may hold personal data, so they stay out of ours.
    const reason = error.cause?.message || error.cause?.code;
    console.error(
      error instanceof ApiError
        ? `${PROGRAM} failed: ${error.status} ${error.code}: ${error.message} (request ${error.requestId})`
        : `${PROGRAM} failed: ${error.message}${reason ? ` (${reason})` : ''}`,
    );
    process.exitCode = 1;
  }
}
