// Stripe's own library signs notices. They confirm a booking, once; what is signed otherwise is refused.
import Stripe from "stripe";

const { CHATGROW_URL, CHATGROW_API_KEY } = process.env;
const stripe = new Stripe("sk_test_unused");

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

function expect(actual, expected, what) {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) throw new Error(`${what}: ${JSON.stringify(actual)}`);
}

const { paymentSource: source } = await call("POST", "/payment-sources", { kind: "stripe", name: "Stripe for Node" });
const { appointment } = await call("POST", "/appointments", {
  customer: { name: "Dana", email: "stripe-node@example.com" }, date: "2031-03-03", time: "10:00", duration: 5,
  serviceType: "treatment", payment: { amount: 12.5, currency: "USD" },
});

async function send(payload, { secret = source.secret, timestamp } = {}) {
  const header = stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp });
  const answer = await fetch(CHATGROW_URL + source.path, { method: "POST", headers: { "Stripe-Signature": header }, body: payload });
  return [answer.status, (await answer.json()).outcome];
}

const event = (id, type, object) => JSON.stringify({ id, object: "event", type, created: Math.floor(Date.now() / 1000), data: { object } }, null, 2);
const session = event("evt_node_1", "checkout.session.completed", {
  id: "cs_test_1", object: "checkout.session", amount_total: 1250, currency: "usd", payment_status: "paid",
  payment_intent: "pi_node_1", client_reference_id: appointment.id,
});
expect(await send(session, { secret: "whsec_another" }), [400, null], "another secret");
expect(await send(session, { timestamp: Math.floor(Date.now() / 1000) - 301 }), [400, null], "too old");
expect(await send(session), [200, "taken"], "a session that was paid");
expect(await send(session), [200, "repeated"], "the same again");
expect((await call("GET", `/appointments/${appointment.id}`)).appointment.status, "confirmed", "the booking");

// While the secret is rotated, both count.
const { paymentSource: rotated } = await call("POST", `/payment-sources/${source.id}/rotate-secret`, {});
const refund = (id) => event(`evt_${id}`, "refund.created", {
  id, object: "refund", amount: 500, currency: "usd", payment_intent: "pi_node_1", status: "succeeded",
});
expect(await send(refund("re_node_1")), [200, "taken"], "the old secret");
expect(await send(refund("re_node_2"), { secret: rotated.secret }), [200, "taken"], "the new secret");
expect((await call("GET", `/appointments/${appointment.id}`)).appointment.payment.refunded, 10, "what was given back");
console.log("Stripe's library for Node: signed, taken once, refunded");
