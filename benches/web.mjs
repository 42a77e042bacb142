// What a browser loads, and what Lighthouse says: the part of benches/web.py that needs a browser. Prints JSON.
//
//   node web.mjs visits BASE CHROMIUM            first visit and reload of /, each in a fresh profile, three times
//   node web.mjs tabs BASE CHROMIUM              an idle tab for a minute, and one that watches a run of a minute, slowed four times
//   node web.mjs lighthouse BASE CHROMIUM TOOLS  Lighthouse on /, mobile, three times; TOOLS is where npm put it
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const [task, base, chromium, tools] = process.argv.slice(2);
const here = path.dirname(fileURLToPath(import.meta.url));
const TIMES = 3;
// As in end2end/playwright.config.ts.
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** Notes each response, how it came, and its bytes over the wire (head and body). */
async function watch(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  const all = new Map();
  session.on("Network.requestWillBeSent", ({ requestId, request }) => {
    if (request.url.startsWith("http")) all.set(requestId, { path: new URL(request.url).pathname, wire: true, bytes: 0, encoding: "" });
  });
  const change = (id, changes) => all.has(id) && Object.assign(all.get(id), changes);
  session.on("Network.requestServedFromCache", ({ requestId }) => change(requestId, { wire: false }));
  session.on("Network.responseReceived", ({ requestId, response }) => {
    const header = (name) => Object.entries(response.headers).find(([key]) => key.toLowerCase() === name)?.[1] ?? "";
    change(requestId, { encoding: header("content-encoding"), ...(response.fromDiskCache ? { wire: false } : {}) });
  });
  // A stream does not end: what has come of it counts.
  session.on("Network.dataReceived", ({ requestId, encodedDataLength }) => change(requestId, { bytes: (all.get(requestId)?.bytes ?? 0) + encodedDataLength }));
  session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => change(requestId, { bytes: encodedDataLength }));
  return () => {
    const loaded = [...all.values()];
    all.clear();
    return loaded;
  };
}

/** Until the browser's half has taken over, and a little longer, for whatever it still asks for. */
async function settled(page) {
  await page.locator("form").first().waitFor();
  await page.waitForLoadState("load");
  await page.waitForTimeout(2500);
}

async function visits() {
  const { chromium: browsers } = createRequire(path.join(here, "../end2end/package.json"))("@playwright/test");
  const found = [];
  for (let i = 0; i < TIMES; i++) {
    const browser = await browsers.launch({ executablePath: chromium, args: FLAGS });
    try {
      const page = await browser.newPage();
      const complaints = [];
      page.on("console", (message) => ["warning", "error"].includes(message.type()) && complaints.push(message.text()));
      page.on("pageerror", (error) => complaints.push(String(error)));
      const loaded = await watch(page);
      await page.goto(`${base}/`);
      await settled(page);
      const first = loaded();
      await page.reload();
      await settled(page);
      found.push({ first, reload: loaded(), complaints });
    } finally {
      await browser.close();
    }
  }
  return found;
}

const MINUTE = 60_000;

/** Notes the tasks of the main thread that take longer than 50 ms: begin and length in milliseconds. */
function noteLongTasks() {
  window.longTasks = [];
  const note = (list) => window.longTasks.push(...list.getEntries().map(({ startTime, duration }) => ({ startTime, duration })));
  new PerformanceObserver(note).observe({ type: "longtask", buffered: true });
}

async function tabs() {
  const { chromium: browsers } = createRequire(path.join(here, "../end2end/package.json"))("@playwright/test");
  const browser = await browsers.launch({ executablePath: chromium, args: FLAGS });
  try {
    const page = await browser.newPage();
    await page.addInitScript(noteLongTasks);
    const loaded = await watch(page);
    const bytes = () => loaded().reduce((sum, file) => sum + file.bytes, 0);
    await page.goto(`${base}/`);
    await settled(page);
    bytes();
    await page.waitForTimeout(MINUTE);
    const idle = bytes();

    const slowed = await page.context().newCDPSession(page);
    await slowed.send("Emulation.setCPUThrottlingRate", { rate: 4 });
    const settings = { scenario: "error-injection", duration: MINUTE / 1000, maxRps: 20, endpoints: "all" };
    const started = await page.request.post(`${base}/traffic/start`, { data: settings });
    if (!started.ok()) throw new Error(`the run did not start: ${await started.text()}`);
    await page.getByRole("button", { name: "Stop" }).waitFor();
    const since = await page.evaluate(() => performance.now());
    bytes();
    await page.waitForTimeout(MINUTE - 5_000);
    const watching = (bytes() * MINUTE) / (MINUTE - 5_000);
    const longTasks = (await page.evaluate(() => window.longTasks)).filter(({ startTime }) => startTime > since + 1000);
    const perHour = (bytesPerMinute) => Math.round(60 * bytesPerMinute);
    return { idle: perHour(idle), watching: perHour(watching), longTasks: longTasks.map(({ duration }) => Math.round(duration)) };
  } finally {
    await browser.close();
  }
}

async function lighthouses() {
  const load = (file) => import(pathToFileURL(path.join(tools, "node_modules", file)).href);
  const { default: lighthouse } = await load("lighthouse/core/index.js");
  const { launch } = await load("chrome-launcher/dist/index.js");
  const found = [];
  for (let i = 0; i < TIMES; i++) {
    const chrome = await launch({ chromePath: chromium, chromeFlags: [...FLAGS, "--headless=new"] });
    try {
      const { lhr } = await lighthouse(`${base}/`, { port: chrome.port, logLevel: "error" });
      const scores = Object.fromEntries(Object.entries(lhr.categories).map(([name, { score }]) => [name, Math.round(100 * score)]));
      const seconds = (name) => lhr.audits[name].numericValue / 1000;
      const weighted = new Set(Object.values(lhr.categories).flatMap(({ auditRefs }) => auditRefs.filter(({ weight }) => weight > 0).map(({ id }) => id)));
      const failed = Object.values(lhr.audits).filter(({ id, score }) => weighted.has(id) && score !== null && score < 1);
      found.push({
        scores,
        version: lhr.lighthouseVersion,
        browser: lhr.environment.hostUserAgent.match(/Chrome\/[\d.]+/)?.[0],
        benchmark: lhr.environment.benchmarkIndex,
        fcp: seconds("first-contentful-paint"),
        lcp: seconds("largest-contentful-paint"),
        speedIndex: seconds("speed-index"),
        tbt: lhr.audits["total-blocking-time"].numericValue,
        cls: lhr.audits["cumulative-layout-shift"].numericValue,
        failed: failed.map(({ id, title, score, displayValue, details }) => ({
          id, title, score, displayValue,
          where: (details?.items ?? []).slice(0, 5).map((item) => item.node?.snippet ?? item.url ?? item.source ?? item.description ?? "").filter(Boolean),
        })),
      });
    } finally {
      chrome.kill();
    }
  }
  return found;
}

const tasks = { visits, tabs, lighthouse: lighthouses };
console.log(JSON.stringify(await tasks[task]()));
