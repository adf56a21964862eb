// The console in a real browser: every page in two languages and two widths, by axe-core, and what an owner does in it.
// Screenshots of the pages go to target/screenshots.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const { CHATGROW_URL, CHATGROW_API_KEY, CHATGROW_SETUP, CHROMIUM = "/usr/bin/chromium" } = process.env;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const FOLDER = "target/screenshots";
const OWNER = { email: "owner@example.com", password: "a long password" };
mkdirSync(FOLDER, { recursive: true });

const browser = await chromium.launch({
  executablePath: CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

const faults = [];
const open = async (options = {}) => {
  const context = await browser.newContext({ locale: "en-US", timezoneId: "Asia/Jerusalem", ...options });
  const page = await context.newPage();
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    if (/Content Security Policy|Refused/.test(message.text())) faults.push(message.text());
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(CHATGROW_URL)) faults.push(`asked elsewhere: ${request.url()}`);
  });
  return page;
};
const go = (page, path) => page.goto(new URL(path, CHATGROW_URL).href);

// A page as it is now: its picture, whether it is too wide, and what axe-core says.
const inspect = async (page, name) => {
  await page.screenshot({ path: `${FOLDER}/${name}.png`, fullPage: true });
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (wider > 0) faults.push(`${name}: ${wider} px too wide`);
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => axe.run());
  for (const { id, nodes } of violations) faults.push(`${name}: ${id}: ${nodes[0].html} ${nodes[0].failureSummary}`);
};

// Pages in both languages and widths, light and dark.
const look = async (pages, storageState) => {
  for (const language of ["he", "en"]) {
    for (const width of [360, 1280]) {
      for (const colorScheme of ["light", "dark"]) {
        const page = await open({ viewport: { width, height: 800 }, locale: language, colorScheme, storageState });
        for (const [name, path] of Object.entries(pages)) {
          await go(page, `${path}${path.includes("?") ? "&" : "?"}lang=${language}`);
          await inspect(page, `${name}-${language}-${width}-${colorScheme}`);
        }
        await page.context().close();
      }
    }
  }
};

// An owner sets the business up with the printed link.
const owner = await open();
await owner.goto(CHATGROW_SETUP);
await owner.getByLabel("Name of the business").fill("Studio Example");
await owner.getByLabel("E-mail").fill(OWNER.email);
await owner.getByLabel("New password").fill("short");
await owner.getByRole("button").click();
await owner.getByText("Use at least").waitFor();
await inspect(owner, "set-up-refused");
assert.match(await owner.title(), /^Please check/);
await owner.getByLabel("New password").fill(OWNER.password);
await owner.getByRole("button").click();
await owner.waitForURL(/\/console\/welcome$/);
const state = await owner.context().storageState();
await look({ welcome: "/console/welcome" }, state);

const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

// What the calendar shows: two members of staff, opening hours, and a week of appointments.
const api = async (method, path, body) => {
  const answer = await fetch(`${CHATGROW_URL}/api/webhooks${path}`, {
    method,
    headers: { "X-API-Key": CHATGROW_API_KEY, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${await answer.clone().text()}`);
  return answer.json();
};
const sunday = -new Date(day(0)).getUTCDay();
const weekday = (number) => day(sunday + number);
const staff = [];
for (const name of ["דנה", "יואב"]) staff.push((await api("POST", "/resources", { name, kind: "staff" })).resource.id);
const service = (await api("POST", "/services", { name: "תספורת", serviceType: "treatment", duration: 45, needs: [{ resources: staff, count: 1 }] })).service.id;
let booked;
for (const [number, time, name, resource] of [
  [1, "09:30", "נועה לוי", 0], [1, "10:00", "אדם שגב", 1], [2, "11:00", "מאיה קפלן", 0], [2, "11:15", "ליאור חדד", 1],
  [3, "14:00", "אורי שחר", 1], [4, "09:00", "ענבר סלע", 0], [5, "10:00", "Ann Example", 0],
]) {
  booked = await api("POST", "/appointments", {
    customer: { email: `${number}${time.replace(":", "")}@example.com`, name, phone: "050-555-0142" },
    date: weekday(number), time, serviceId: service, resourceIds: [staff[resource]],
  });
}
const appointment = booked.appointment.id;
const block = (await api("POST", "/blocks", { resourceId: staff[1], from: `${weekday(4)}T09:00`, until: `${weekday(4)}T12:00`, reason: "חופשה" })).block.id;

const customer = booked.appointment.customerId;
const event = (await api("POST", "/events", {
  title: "סדנת קרמיקה", description: "עובדים עם חומר, על אבניים.", date: day(30), time: "18:00", location: "הסטודיו", maxParticipants: 8, price: 149.9,
})).event.id;
const registration = (await api("POST", `/events/${event}/registrations`, { customerEmail: "51000@example.com" })).registration.id;

const key = (await api("GET", "/api-keys")).apiKeys[0].id;

// A webhook that goes nowhere: no such name can exist. So its one delivery fails, and waits for the next try.
const webhook = (await api("POST", "/webhook-endpoints", {
  url: "https://crm.example.invalid/webhooks/chatgrow", description: "CRM", types: ["customer.*", "appointment.*", "event.created", "hold.expired"], ordered: true,
})).webhookEndpoint.id;
await api("POST", "/customers", { email: "webhook@example.com", name: "רות מזרחי" });
let deliveries = [];
while (deliveries.length === 0) deliveries = (await api("GET", `/webhook-endpoints/${webhook}/deliveries`)).deliveries;

// A booking that waits for its payment, and payments: one that is matched, and one that somebody has to look at.
const waiting = (await api("POST", "/appointments", {
  customer: { email: "waits@example.com", name: "תמר בן דוד" }, date: day(40), time: "10:00", serviceType: "treatment",
  payment: { amount: 250, deposit: 50, currency: "ILS", holdMinutes: 1440 },
})).appointment.id;
const pay = async (externalId, amount, appointmentId) =>
  (await api("POST", "/payments", { provider: "stripe", externalId, amount, currency: "ILS", appointmentId })).payment.id;
const matched = await pay("pi_matched", 100, appointment);
await api("POST", "/payments", { provider: "cash", externalId: "receipt 118", amount: 149.9, currency: "ILS", registrationId: registration });
const unmatched = await pay("pi_3MtwBwLkdIwHu7ix28a3tqPa", 50);
const bridge = (await api("POST", "/payment-sources", { kind: "standard-webhooks", name: "גשר לסליקה", provider: "grow" })).paymentSource.id;
await api("POST", `/payment-sources/${bridge}/test`, {});
const PAGES = {
  payments: "/console/payments",
  "payments-all": "/console/payments?show=all",
  payment: `/console/payments/${matched}`,
  "payment-match": `/console/payments/${unmatched}`,
  "appointment-unpaid": `/console/appointments/${waiting}`,
  sources: "/console/settings/payment-sources",
  "source-new": "/console/settings/payment-sources/new",
  source: `/console/settings/payment-sources/${bridge}`,
  "source-secret": `/console/settings/payment-sources/${bridge}/secret`,
  "source-remove": `/console/settings/payment-sources/${bridge}/remove`,
  "key-rotate": `/console/settings/api-keys/${key}?do=rotate`,
  "key-revoke": `/console/settings/api-keys/${key}?do=revoke`,
  customers: "/console/customers?q=%D7%A0%D7%95",
  customer: `/console/customers/${customer}`,
  "customer-new": "/console/customers/new",
  "customer-edit": `/console/customers/${customer}/edit`,
  "customers-none": "/console/customers?q=nobody",
  events: "/console/events",
  "events-past": "/console/events?past=1",
  event: `/console/events/${event}`,
  "event-new": "/console/events/new",
  "event-edit": `/console/events/${event}/edit`,
  "event-cancel": `/console/events/${event}/cancel`,
  "event-print": `/console/events/${event}/print`,
  "registration-remove": `/console/events/${event}/registrations/${registration}/remove`,
  week: "/console/calendar",
  day: `/console/calendar?view=day&date=${weekday(1)}`,
  appointment: `/console/appointments/${appointment}`,
  move: `/console/appointments/${appointment}/move`,
  cancel: `/console/appointments/${appointment}/cancel`,
  book: "/console/appointments/new",
  "block-new": "/console/blocks/new",
  block: `/console/blocks/${block}`,
  business: "/console/settings/business",
  resources: "/console/settings/resources",
  resource: `/console/settings/resources/${staff[0]}`,
  services: "/console/settings/services",
  "service-new": "/console/settings/services/new",
  service: `/console/settings/services/${service}`,
  "api-keys": "/console/settings/api-keys",
  webhooks: "/console/settings/webhooks",
  "webhook-new": "/console/settings/webhooks/new",
  webhook: `/console/settings/webhooks/${webhook}`,
  "webhook-edit": `/console/settings/webhooks/${webhook}/edit`,
  "webhook-secret": `/console/settings/webhooks/${webhook}/secret`,
  "webhook-replay": `/console/settings/webhooks/${webhook}/replay`,
  "webhook-remove": `/console/settings/webhooks/${webhook}/remove`,
  delivery: `/console/settings/webhooks/${webhook}/deliveries/${deliveries[0].changeId}`,
  activity: "/console/settings/activity",
  "activity-of-one": `/console/settings/activity?id=${customer}`,
  "activity-none": "/console/settings/activity?who=system&kind=user&id=x",
  people: "/console/settings/people",
  me: "/console/me",
  missing: "/console/nowhere",
};
const PLAIN = { "sign-in": "/console/login", "set-up": "/console/setup", password: "/console/password" };

await look(PLAIN);
await look(PAGES, state);

// What an owner does, with and without JavaScript.
const work = async (javaScriptEnabled) => {
  const options = { javaScriptEnabled, storageState: state };
  const page = await open(options);
  const mode = javaScriptEnabled ? "script" : "plain";

  // A key, and the first booking with the line that the page shows.
  await go(page, "/console/settings/api-keys?lang=en");
  await page.getByLabel("Name, for example").fill(`Key ${mode}`);
  await page.getByRole("button", { name: "Create key" }).click();
  await page.getByText("is ready").waitFor();
  if (javaScriptEnabled) await inspect(page, "api-key-made");
  assert.equal(await page.getByRole("button", { name: "Copy", exact: true }).count(), javaScriptEnabled ? 1 : 0);
  const line = await page.locator("#curl").textContent();
  const booked = JSON.parse(execFileSync("bash", ["-c", `${line} --silent`], { encoding: "utf8" }));
  assert.ok(booked.success, JSON.stringify(booked));

  // The same hour again: what was typed is kept, and a free time is offered.
  await go(page, "/console/appointments/new");
  await page.getByLabel("E-mail").fill(`ann.${mode}@example.com`);
  await page.getByLabel("Date").fill(booked.appointment.date.slice(0, 10));
  await page.getByLabel("Time").fill("10:30");
  await page.getByLabel("Length").fill("30");
  await page.getByRole("button", { name: "Book" }).click();
  await page.getByText("There is no customer with this e-mail yet").waitFor();
  assert.equal(await page.getByLabel("Time").inputValue(), "10:30");
  await page.getByLabel("Name (needed for").fill(`Ann ${mode}`);
  await page.getByRole("button", { name: "Book" }).click();
  await page.getByRole("alert").getByText("is taken").waitFor();
  if (javaScriptEnabled) await inspect(page, "booking-refused");
  await page.getByRole("alert").getByRole("button").first().click();
  await page.getByRole("heading", { name: `Appointment of` }).waitFor();
  const path = new URL(page.url()).pathname;

  await page.getByRole("link", { name: "Move" }).click();
  await page.getByLabel("Time").fill("16:00");
  await page.getByRole("button", { name: "Move the appointment" }).click();
  await page.getByText("16:00–16:30").waitFor();
  assert.equal(new URL(page.url()).pathname, path);
  await page.getByRole("link", { name: "Cancel" }).click();
  await page.getByRole("button", { name: "Cancel the appointment" }).click();
  await page.getByText("Cancelled").waitFor();
  await page.goto(new URL(`/console/appointments/${booked.appointment.id}/cancel`, CHATGROW_URL).href);
  await page.getByRole("button", { name: "Cancel the appointment" }).click();

  // Somebody joins by a link that is handed over.
  await go(page, "/console/settings/people");
  await page.getByLabel("E-mail").fill(`staff.${mode}@example.com`);
  await page.getByRole("button", { name: "Make a link" }).click();
  const link = await page.locator("#link").inputValue();
  const staff = await open({ javaScriptEnabled });
  await staff.goto(link);
  if (!javaScriptEnabled) await staff.getByLabel("Code from the link").fill(link.split("#")[1]);
  await staff.getByLabel("New password").fill(OWNER.password);
  await staff.getByRole("button").click();
  await staff.getByRole("link", { name: "Calendar" }).waitFor();
  assert.equal(await staff.getByRole("link", { name: "Settings" }).count(), 0);
  await staff.context().close();

  // A customer: made, found by a part of the phone number, changed.
  await go(page, "/console/customers/new");
  await page.getByLabel("Name").fill(`Bob ${mode}`);
  await page.getByLabel("E-mail").fill("owner@");
  await page.getByLabel("Phone").fill(javaScriptEnabled ? "052-555-0117" : "054-555-0163");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("This is not an e-mail address").waitFor();
  await page.getByLabel("E-mail").fill(`bob.${mode}@example.com`);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { name: `Bob ${mode}` }).waitFor();
  await go(page, `/console/customers?q=${javaScriptEnabled ? "5550117" : "5550163"}`);
  await page.getByRole("link", { name: `Bob ${mode}` }).click();
  await page.getByRole("link", { name: "Edit" }).click();
  await page.getByLabel("Notes").fill("Prefers mornings");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Prefers mornings").waitFor();

  // An event with one place, which Bob takes and gives up.
  await go(page, "/console/events/new");
  await page.getByLabel("Title").fill(`Yoga ${mode}`);
  await page.getByLabel("Date").fill(day(40));
  await page.getByLabel("Time").fill("18:00");
  await page.getByLabel("Number of places").fill("1");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { name: `Yoga ${mode}` }).waitFor();
  await page.getByLabel("E-mail of the customer").fill(`bob.${mode}@example.com`);
  await page.getByRole("button", { name: "Register" }).click();
  await page.getByText("All places are taken").waitFor();
  await page.getByRole("link", { name: /^Remove/ }).click();
  await page.getByRole("button", { name: "Remove registration" }).click();
  await page.getByText(/^\W*0\W+of\W+1\W+places/).waitFor();

  // A place that is paid for: the list says so, and who removes it sees the payment.
  await go(page, `/console/events/${event}`);
  await page.getByText("Paid", { exact: true }).waitFor();
  await page.getByRole("link", { name: /^Remove/ }).click();
  await page.getByText("149.9 ILS").first().waitFor();

  // Somebody who serves customers, and what is booked with them.
  await go(page, "/console/settings/resources");
  await page.getByLabel("Name").fill(`Room ${mode}`);
  await page.getByLabel("What it is").selectOption("room");
  await page.getByRole("button", { name: "Add" }).click();
  await page.getByText(`Room ${mode}`).first().waitFor();
  await go(page, "/console/settings/services/new");
  await page.getByLabel("Name").fill(`Massage ${mode}`);
  await page.getByLabel("Length in minutes").fill("50");
  await page.getByLabel(`Room ${mode}`).check();
  await page.getByRole("button", { name: "Add the service" }).click();
  await page.getByText(`Massage ${mode}`).first().waitFor();

  // A webhook: refused, made, tried out, removed. Afterwards the activity tells of it.
  await go(page, "/console/settings/webhooks/new");
  await page.getByLabel("Address", { exact: true }).fill("http://example.com/");
  await page.getByRole("button", { name: "Add webhook" }).click();
  await page.getByText("must begin with https://").waitFor();
  if (javaScriptEnabled) await inspect(page, "webhook-refused");
  await page.getByLabel("Address", { exact: true }).fill(`https://${mode}.example.invalid/`);
  await page.getByLabel("Choose", { exact: true }).check();
  if (!javaScriptEnabled) await page.getByText("What the webhook tells").click();
  await page.getByLabel("All of these, also later ones – Customers").check();
  await page.getByRole("button", { name: "Add webhook" }).click();
  await page.getByText("it is shown only once").waitFor();
  if (javaScriptEnabled) await inspect(page, "webhook-made");
  assert.match(await page.locator("#secret").inputValue(), /^whsec_/);
  await page.getByRole("button", { name: "Send a test" }).click();
  await page.getByRole("heading", { name: "The test has not arrived" }).waitFor();
  if (javaScriptEnabled) await inspect(page, "webhook-tested");
  await page.getByRole("link", { name: "Remove" }).click();
  await page.getByRole("button", { name: "Remove for good" }).click();
  await page.getByRole("heading", { name: "Webhooks" }).waitFor();
  await page.getByRole("link", { name: "Activity" }).click();
  await page.getByLabel("Of what").selectOption({ label: "Webhooks" });
  await page.getByRole("button", { name: "Show" }).click();
  await page.getByText("Webhook removed").first().waitFor();

  // A payment that nobody could match, and a payment system: refused, made, tried out, removed.
  await pay(`pi_${mode}`, 7);
  await go(page, "/console/payments");
  await page.getByRole("link", { name: "Payment – 7 ILS" }).first().click();
  await page.getByRole("button", { name: "Match" }).click();
  await page.getByText("Choose a booking").waitFor();
  if (javaScriptEnabled) await inspect(page, "payment-refused");
  await page.getByLabel("Another appointment or registration").fill(`${CHATGROW_URL}/console/appointments/${appointment}`);
  await page.getByRole("button", { name: "Match" }).click();
  await page.getByText("Saved").waitFor();
  await page.getByRole("link", { name: "See what was paid for" }).click();
  await page.getByRole("heading", { name: "Payment" }).waitFor();
  await go(page, "/console/settings/payment-sources/new");
  await page.getByLabel("Kind").selectOption({ label: "HMAC of the body, as described" });
  await page.getByLabel("Name", { exact: true }).fill("Cards");
  await page.getByRole("button", { name: "Add payment system" }).click();
  await page.getByText("Enter a JSON pointer").or(page.getByText("Please fill this in")).first().waitFor();
  if (javaScriptEnabled) await inspect(page, "source-refused");
  await page.getByLabel("Kind").selectOption({ label: "Stripe" });
  await page.getByRole("button", { name: "Add payment system" }).click();
  await page.getByText("it is shown only once").waitFor();
  if (javaScriptEnabled) await inspect(page, "source-made");
  assert.match(await page.locator("#secret").inputValue(), /^whsec_/);
  const address = await page.locator("#address").inputValue();
  assert.ok(address.startsWith(`${CHATGROW_URL}/api/inbound/`), address);
  await page.getByRole("button", { name: "Take a test notice" }).click();
  await page.getByText("chatgrow.test").waitFor();
  if (javaScriptEnabled) await inspect(page, "source-tested");
  await page.getByRole("link", { name: "Remove" }).click();
  await page.getByRole("button", { name: "Remove for good" }).click();
  await page.getByRole("heading", { name: "Payment systems" }).waitFor();

  // A key that is not needed any more.
  await go(page, "/console/settings/api-keys");
  await page.getByRole("button", { name: `Revoke – Key ${mode}` }).click();
  await page.getByLabel("Type the name").fill("another");
  await page.getByRole("button", { name: "Revoke for good" }).click();
  await page.getByText("This is not the name of the key").waitFor();
  await page.getByLabel("Type the name").fill(`Key ${mode}`);
  await page.getByRole("button", { name: "Revoke for good" }).click();
  await page.getByRole("heading", { name: "API keys" }).waitFor();
  assert.equal(await page.getByText(`Key ${mode}`).count(), 0);
  await page.context().close();
};
await work(true);
await work(false);

await browser.close();
assert.deepEqual(faults, []);
const pages = Object.keys(PAGES).length + Object.keys(PLAIN).length + 1;
console.log(`The console: ${pages} pages in 2 languages, 2 widths, light and dark; an owner's work with and without JavaScript`);
