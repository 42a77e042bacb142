// What a person does, in Firefox: the whole flow, the live stream, and a form after Back. Chromium has all the other tests.
// scripts/test-long names the server (BASE) and the browser (FIREFOX).
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";

import puppeteer from "puppeteer-core";

const { BASE, FIREFOX } = process.env;
let browser;
let page;
let complaints;

before(async () => {
  browser = await puppeteer.launch({ browser: "firefox", executablePath: FIREFOX, headless: true });
});

after(() => browser?.close());

beforeEach(async () => {
  // A context of its own remembers no earlier choice.
  page = await (await browser.createBrowserContext()).newPage();
  await page.setViewport({ width: 1280, height: 720 });
  complaints = [];
  page.on("console", (message) => ["warn", "error"].includes(message.type()) && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
});

afterEach(async () => {
  await page.browserContext().close();
  const { active } = await ask("/fn/traffic/card");
  if (active) await fetch(`${BASE}/traffic/stop/${active.jobId}`, { method: "POST" });
  assert.deepEqual(complaints, []);
});

const ask = async (path) => (await fetch(BASE + path)).json();
const text = (selector) => page.$eval(selector, (element) => element.textContent.trim());
const number = async (selector) => Number((await text(selector)).replace(/\D.*$/, ""));

/** Waits until `look` returns what `is` accepts. */
async function until(look, is, what, patience = 10_000) {
  const end = Date.now() + patience;
  let seen;
  do {
    seen = await look();
    if (is(seen)) return seen;
    await new Promise((resolve) => setTimeout(resolve, 100));
  } while (Date.now() < end);
  assert.fail(`${what}: ${seen}`);
}

const state = (wanted, patience) => until(() => text(".strip .badge"), (seen) => seen === wanted, `the run is not ${wanted}`, patience);
const sent = () => number(".strip-figures .strip-figure:first-child dd");

/** Opens the form and waits until the page lives. */
async function openForm() {
  await page.goto(`${BASE}/?new=1`);
  const before = await text(".announced strong");
  const choose = async (scenario) => {
    await page.click(`input[name="form[scenario]"][value="${scenario}"]`);
    return text(".announced strong");
  };
  await until(() => choose("peak"), (seen) => seen !== before, "the plan does not follow the choice");
  await until(() => choose("normal"), (seen) => seen === before, "the plan does not follow the choice");
}

async function start(scenario, seconds) {
  await page.click(`input[name="form[scenario]"][value="${scenario}"]`);
  await page.select('select[name="form[duration]"]', String(seconds));
  await page.click('input[name="form[acknowledged]"]');
  await page.click('form button[type="submit"].primary');
}

test("choose, acknowledge, start, watch the numbers grow, stop, and read the result", async () => {
  await openForm();
  await start("error-injection", 30);
  await state("running");
  const first = await until(sent, (seen) => seen > 5, "nothing is sent");
  await until(sent, (seen) => seen > first, "the number does not grow");
  await page.click(".stop-form button");
  await state("stopped", 15_000);
  assert.notEqual(await page.evaluate(() => document.activeElement.tagName), "BODY", "the focus is where one goes on");
  await until(() => text(".strip-text"), (seen) => /failed/.test(seen), "there is no result");
  await until(() => text(".strip-verdict"), (seen) => /verified/i.test(seen), "there is no verdict");
});

test("the numbers come by the stream, without a poll", async () => {
  await openForm();
  await start("normal", 30);
  await state("running");
  await until(() => text(".strip .connection"), (seen) => seen === "Live", "there is no stream");
  const polls = [];
  page.on("request", (request) => request.url().includes("/traffic/status/") && polls.push(request.url()));
  const before = await sent();
  await until(sent, (seen) => seen >= before + 40, "the stream delivers nothing");
  assert.deepEqual(polls, []);
});

test("a form after Back announces what it shows, and another run that is active meanwhile is seen", async () => {
  await openForm();
  await page.click('input[name="form[scenario]"][value="peak"]');
  await page.select('select[name="form[duration]"]', "60");
  await until(() => text(".announced strong"), (seen) => seen === "894", "the plan does not follow the choice");
  await page.goto(`${BASE}/runs`);
  // A page out of the browser's cache is not loaded again, which goBack() would wait for.
  await page.evaluate(() => history.back());
  const place = () => page.evaluate(() => location.search).catch(String);
  await until(place, (seen) => seen === "?new=1", "Back does not lead back");
  const shown = () => page.evaluate(() => [
    document.querySelector('input[name="form[scenario]"]:checked').value,
    document.querySelector('select[name="form[duration]"]').value,
    document.querySelector(".announced strong").textContent.replace(/\D/g, ""),
  ].join(" "));
  await until(shown, (seen) => ["peak 60 894", "normal 120 2376"].includes(seen), "form and plan differ");
  const run = await fetch(`${BASE}/traffic/start`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ scenario: "stress", duration: 20, maxRps: 20, endpoints: "all" }),
  });
  assert.equal(run.status, 201);
  await state("running", 3_000);
});
