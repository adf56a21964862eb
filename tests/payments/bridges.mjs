// The bridges of docs/examples ask a payment system of this test, and confirm bookings with what it answers.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { promisify } from "node:util";

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

const transactions = new Map();
const system = createServer((request, response) => {
  const found = transactions.get(request.url);
  response.writeHead(found ? 200 : 404, { "Content-Type": "application/json" }).end(JSON.stringify(found ?? {}));
}).listen(0, "127.0.0.1");
await once(system, "listening");

const { paymentSource: source } = await call("POST", "/payment-sources", { kind: "standard-webhooks", name: "Bridges", provider: "bridged" });
const env = {
  ...process.env, CHATGROW_SOURCE: CHATGROW_URL + source.path, CHATGROW_SECRET: source.secret,
  PAYMENT_SYSTEM: `http://127.0.0.1:${system.address().port}`,
};
const node = spawn(process.execPath, ["docs/examples/node/payment-bridge.mjs"], { env, stdio: ["ignore", "pipe", "ignore"] });
const [printed] = await once(node.stdout, "data");
const bridge = String(printed).trim();

// Each bridge passes a transaction on; the result is whether it says that it has.
const bridges = {
  node: async (id) => (await fetch(bridge + id)).status === 204,
  php: (id) => promisify(execFile)("php", ["docs/examples/php/payment-bridge.php", id], { env }).then(() => true, () => false),
};
const hours = { node: "12:00", php: "13:00" };
try {
  for (const [name, pass] of Object.entries(bridges)) {
    const { appointment } = await call("POST", "/appointments", {
      customer: { name: "Dana", email: `bridge-${name}@example.com` }, date: "2031-03-03", time: hours[name], duration: 5,
      serviceType: "treatment", payment: { amount: 99.5, currency: "ILS" },
    });
    const id = `t.${name}/1`;
    const expect = (actual, expected, what) => {
      if (actual !== expected) throw new Error(`${name}: ${what}: ${actual}`);
    };
    expect(await pass(id), false, "a transaction that nobody knows");
    const path = `/transactions/${encodeURIComponent(id)}`;
    const status = async () => (await call("GET", `/appointments/${appointment.id}`)).appointment.status;
    transactions.set(path, { id, paid: false, amount: 99.5, currency: "ILS", reference: appointment.id });
    expect(await pass(id), true, "a transaction that has failed");
    expect(await status(), "pending", "the booking");
    transactions.set(path, { ...transactions.get(path), paid: true });
    for (const time of ["first", "second"]) expect(await pass(id), true, `the ${time} time`);
    expect(await status(), "confirmed", "the booking");
    const { payments } = await call("GET", `/payments?appointmentId=${appointment.id}`);
    expect(payments.length, 1, "entries of the ledger");
  }
  console.log("bridges in Node and PHP: asked back, signed, taken once");
} finally {
  node.kill();
  system.close();
}
