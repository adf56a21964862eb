// A bridge for payment systems that call without a signature: it takes only the id of a transaction from the call, asks the payment system for
// it, and passes on what that answers, signed as Standard Webhooks says. docs/payments.md tells the whole story.
//
// CHATGROW_SOURCE is the address of a payment source of the kind `standard-webhooks`, and CHATGROW_SECRET its secret (whsec_…).
// PAYMENT_SYSTEM is where transactions are asked for. PORT is the port of the bridge (default: any), HOST its address (default: 127.0.0.1).
import { createHash, createHmac } from "node:crypto";
import { createServer } from "node:http";

const { CHATGROW_SOURCE, CHATGROW_SECRET, PAYMENT_SYSTEM, PORT = "0", HOST = "127.0.0.1" } = process.env;
for (const name of ["CHATGROW_SOURCE", "CHATGROW_SECRET", "PAYMENT_SYSTEM"]) {
  if (!process.env[name]) throw new Error(`${name} is missing`);
}

// Asks the payment system for a transaction: the only place that knows it. Replace the call and the names of its fields, and send your
// credentials with it.
async function transaction(id) {
  const answer = await fetch(`${PAYMENT_SYSTEM}/transactions/${encodeURIComponent(id)}`, { signal: AbortSignal.timeout(15_000) });
  if (!answer.ok) throw new Error(`the payment system answers ${answer.status}`);
  const found = await answer.json();
  return { id: String(found.id), paid: found.paid, amount: found.amount, currency: found.currency, reference: found.reference };
}

// Tells ChatGrow of a payment. The same transaction has the same id, so it counts once, however often it is told.
async function tell({ id, paid, amount, currency, reference }) {
  const body = JSON.stringify({
    type: paid ? "payment.succeeded" : "payment.failed",
    data: { reference, externalId: id, amount, currency },
  });
  // The id of a notice has no dots; that of a transaction may have.
  const notice = `${createHash("sha256").update(id).digest("hex")}-${paid ? "paid" : "failed"}`;
  const time = Math.floor(Date.now() / 1000);
  const key = Buffer.from(CHATGROW_SECRET.replace(/^whsec_/, ""), "base64");
  const signature = createHmac("sha256", key).update(`${notice}.${time}.${body}`).digest("base64");
  const answer = await fetch(CHATGROW_SOURCE, {
    method: "POST",
    headers: { "webhook-id": notice, "webhook-timestamp": String(time), "webhook-signature": `v1,${signature}`, "content-type": "application/json" },
    body,
    signal: AbortSignal.timeout(35_000),
  });
  if (!answer.ok) throw new Error(`ChatGrow answers ${answer.status}: ${await answer.text()}`);
}

// Answers 2xx only once ChatGrow has taken it. So the payment system calls again if anything fails in between.
const server = createServer(async (request, response) => {
  try {
    const id = new URL(request.url, "http://bridge").searchParams.get("id");
    if (!id) return response.writeHead(400).end();
    await tell(await transaction(id));
    response.writeHead(204).end();
  } catch (error) {
    console.error(String(error));
    response.writeHead(503).end();
  }
});
server.listen(Number(PORT), HOST, () => console.log(`http://${HOST}:${server.address().port}/?id=`));
