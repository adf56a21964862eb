// A newcomer's way through Swagger UI, in a real browser: open, authorize, try an operation out.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const { CHATGROW_URL, CHATGROW_API_KEY, CHROMIUM = "/usr/bin/chromium" } = process.env;

const browser = await chromium.launch({
  executablePath: CHROMIUM,
  // A CI machine has no GPU, no network, and root for a user.
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const page = await browser.newPage();
const faults = [];
page.on("pageerror", (error) => faults.push(String(error)));
page.on("request", (request) => {
  const url = request.url();
  if (!url.startsWith(CHATGROW_URL) && !url.startsWith("data:")) faults.push(`asked elsewhere: ${url}`);
});
page.on("console", (message) => {
  if (/Content Security Policy|Refused/.test(message.text())) faults.push(message.text());
});

const tryOut = async (operation) => {
  const block = page.locator(`[id$="-${operation}"]`);
  await block.locator(".opblock-summary-control").click();
  await block.locator("button.execute").click();
  const row = block.locator(".live-responses-table tbody tr").first();
  const status = await row.locator(".response-col_status").innerText();
  return { status: Number(status.match(/\d+/)[0]), body: JSON.parse(await row.locator(".microlight").first().innerText()) };
};

// Another document must not be shown under this server's name.
await page.goto(`${CHATGROW_URL}/api-docs?url=https://example.com/other.json`);
await page.locator(".opblock-tag").first().waitFor();
assert.equal(await page.title(), "ChatGrow API");
assert.match(await page.locator("meta[name=viewport]").getAttribute("content"), /width=device-width/);
const icon = await page.locator("link[rel=icon]").getAttribute("href");
assert.equal((await page.request.get(new URL(icon, page.url()).href)).headers()["content-type"], "image/svg+xml");
assert.equal(await page.locator(".info .title").innerText().then((title) => title.split(/\s/)[0]), "ChatGrow");

await page.locator("button.authorize").first().click();
await page.locator(".modal-ux input").fill(CHATGROW_API_KEY);
await page.locator(".modal-ux button.authorize").click();
await page.locator(".modal-ux button.btn-done").click();

const created = await tryOut("createCustomer");
assert.equal(created.status, 201, JSON.stringify(created));
assert.equal(created.body.customer.name, "ישראל ישראלי");
assert.equal((await tryOut("bookAppointment")).status, 201);
assert.equal((await tryOut("listAppointments")).body.count, 1);
assert.equal((await tryOut("getCustomer")).status, 200);

// An operation's answers can be read: no header is told with each error.
const cancel = page.locator('[id$="-cancelAppointment"]');
await cancel.locator(".opblock-summary-control").click();
await cancel.locator(".responses-table").waitFor();
const { height } = await cancel.boundingBox();
assert.ok(height < 5000, `${height} px`);
assert.deepEqual(faults, []);
await browser.close();
console.log("Swagger UI: authorized, and 4 operations tried out");
