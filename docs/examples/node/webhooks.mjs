// Is told of changes by webhooks, and reads them from the feed, with the ChatGrow API. Node 18 or later, no packages.
//
//   CHATGROW_API_KEY=cg_live_... node webhooks.mjs
//
// The receiver is at 127.0.0.1, over plain http. So the server runs on the same machine, with WEBHOOK_ALLOW_HTTP=true and
// WEBHOOK_ALLOW_CIDRS=127.0.0.0/8. A receiver in earnest has a public address and https.

import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { call, check, run, start } from './client.mjs';

const TOLERANCE_S = 300; // an older webhook may be one that somebody has recorded

/** Whether a webhook is the server's: Standard Webhooks, as its libraries do it. */
export function verify(secret, headers, body, now = Date.now()) {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers;
  if (!id || !/^\d+$/.test(timestamp) || Math.abs(now / 1000 - timestamp) > TOLERANCE_S) return false;
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
  // While a secret is rotated there are two signatures.
  return (signatures ?? '').split(' ').some((signature) => {
    const [version, text] = signature.split(',');
    const given = Buffer.from(text ?? '', 'base64');
    return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected);
  });
}

/** A receiver. `changes` is what it was told, each once. */
async function receive() {
  const receiver = { secret: null, changes: new Map(), webhooks: 0 };
  receiver.server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    // The signature is that of the bytes. JSON that was parsed and written again has other ones.
    const body = Buffer.concat(chunks);
    const isGenuine = verify(receiver.secret, request.headers, body);
    if (isGenuine) {
      receiver.webhooks++;
      // Keep this in your database, in the transaction of what you do about the change.
      const id = request.headers['webhook-id'];
      if (!receiver.changes.has(id)) receiver.changes.set(id, JSON.parse(body));
    }
    response.writeHead(isGenuine ? 204 : 400).end();
  });
  receiver.server.listen(0, '127.0.0.1');
  await once(receiver.server, 'listening');
  receiver.url = `http://127.0.0.1:${receiver.server.address().port}/chatgrow`;
  return receiver;
}

async function until(condition, what) {
  for (let waited = 0; waited < 20_000; waited += 50) {
    if (condition()) return;
    await sleep(50);
  }
  throw new Error(`nothing came: ${what}`);
}

/** Every change of a resource after the cursor, and the cursor after them. */
async function follow(cursor, subject) {
  const changes = [];
  let hasMore = true;
  while (hasMore) {
    const query = new URLSearchParams({ after: cursor, subject });
    const { data } = await call('GET', `/changes?${query}`);
    changes.push(...data.changes);
    // A page may have no changes although there are more.
    ({ nextCursor: cursor, hasMore } = data);
  }
  return { changes, cursor };
}

async function webhooks() {
  const receiver = await receive();
  const begin = (await call('GET', '/changes?after=now')).data.nextCursor;
  const endpoint = (await call('POST', '/webhook-endpoints', {
    url: receiver.url,
    types: ['customer.*'],
    description: `webhooks.mjs ${run}`,
  })).data.webhookEndpoint;
  receiver.secret = endpoint.secret; // shown only now: keep it
  const path = `/webhook-endpoints/${endpoint.id}`;
  console.log(`endpoint created: ${endpoint.id}`);

  const { attempt } = (await call('POST', `${path}/test`)).data;
  check(attempt.succeeded && attempt.status === 204, 'the receiver takes the test in');
  console.log(`test sent: answered ${attempt.status}`);

  const email = `webhooks+${run}@example.com`;
  const { customer } = (await call('PUT', `/customers/${encodeURIComponent(email)}`, { name: 'נועה לוי' })).data;
  const find = (type) => [...receiver.changes.values()].find((change) => change.type === type && change.subject.id === customer.id);
  await until(() => find('customer.created'), 'the new customer');
  const created = find('customer.created');
  check(created.data.object.email === email && created.data.previous === null, 'the customer as GET shows it');
  console.log(`webhook received: ${created.id}, ${created.type}`);

  await call('PATCH', `/customers/${encodeURIComponent(email)}`, { notes: 'VIP' });
  await until(() => find('customer.updated'), 'the change of the customer');
  const updated = find('customer.updated');
  check(updated.data.previous.notes === null && updated.data.object.notes === 'VIP', 'what was different');
  console.log(`webhook received: ${updated.id}, ${updated.type}`);

  // The same webhook once more: the id tells that it is known.
  const [known, told] = [receiver.changes.size, receiver.webhooks];
  await call('POST', `${path}/deliveries/${created.id}/retry`);
  await until(() => receiver.webhooks > told, 'the repetition');
  check(receiver.changes.size === known, 'a repetition is told by its id');
  console.log('webhook sent again: known by its id');

  // The feed has the same changes, with the same ids.
  const { changes, cursor } = await follow(begin, customer.id);
  check(changes.map((change) => change.id).join() === `${created.id},${updated.id}`, 'the same changes');
  check((await follow(cursor, customer.id)).changes.length === 0, 'nothing after the last cursor');
  console.log(`feed read: ${changes.length} changes of the customer, by ${changes[0].actor.type} ${changes[0].actor.id}`);

  await call('DELETE', path);
  receiver.server.close();
  receiver.server.closeAllConnections?.();
  console.log('endpoint removed');
}

await start(webhooks);
