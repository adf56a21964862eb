// A receiver that verifies webhooks with the library of Standard Webhooks, before and after a rotation of the secret.
import { createServer } from "node:http";
import { once } from "node:events";
import { Webhook } from "standardwebhooks";

const { CHATGROW_URL, CHATGROW_API_KEY } = process.env;

async function call(method, path, body) {
  const answer = await fetch(`${CHATGROW_URL}/api/webhooks${path}`, {
    method,
    headers: { "X-API-Key": CHATGROW_API_KEY, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const json = await answer.json();
  if (!answer.ok) throw new Error(`${method} ${path}: ${JSON.stringify(json)}`);
  return json;
}

const server = createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  response.writeHead(204).end();
  server.emit("webhook", Buffer.concat(parts), request.headers);
}).listen(0, "127.0.0.1");
await once(server, "listening");

const url = `http://127.0.0.1:${server.address().port}/`;
const made = (await call("POST", "/webhook-endpoints", { url, types: ["customer.created"] })).webhookEndpoint;

async function received(email) {
  const webhook = once(server, "webhook");
  await call("POST", "/customers", { name: "Dana", email });
  return webhook;
}

function verified([body, headers], secret, email) {
  const change = new Webhook(secret).verify(body, headers);
  if (change.type !== "customer.created" || change.data.object.email !== email) throw new Error(body);
}

const [first, second] = ["first@webhooks-node.example", "second@webhooks-node.example"];
verified(await received(first), made.secret, first);
const rotated = (await call("POST", `/webhook-endpoints/${made.id}/rotate-secret`, {})).webhookEndpoint;
const webhook = await received(second);
for (const secret of [made.secret, rotated.secret]) verified(webhook, secret, second);

const [body, headers] = webhook;
let forged = false;
try {
  new Webhook(rotated.secret).verify(Buffer.concat([body, Buffer.from(" ")]), headers);
  forged = true;
} catch {}
if (forged) throw new Error("a forged webhook is taken for one of ours");
await call("DELETE", `/webhook-endpoints/${made.id}`);
server.close();
console.log("npm standardwebhooks: verified, before and after a rotation");
