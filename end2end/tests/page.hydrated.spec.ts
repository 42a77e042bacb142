import net from "node:net";

import { chart, closed, expect, expectComplaint, inStrip, numberIn, shownRun, startOnCard, startRun, state, status, test, tileNumber } from "./fixtures";

for (const [scenario, name] of [["normal", "Normal Traffic"], ["peak", "Peak Usage"], ["error-injection", "Error Injection"], ["latency-degradation", "Latency Degradation"], ["stress", "Stress Test (Safe)"]]) {
  test(`${name}, started from the card, completes with the announced total`, async ({ page, request }) => {
    await page.goto(`/?again=true&scenario=${scenario}&duration=5&maxRps=20&endpoints=all`);
    const announced = numberIn(await page.locator(".announced strong").innerText());
    expect(announced).toBeGreaterThan(5);
    await page.getByLabel("I understand this generates load").check();
    await page.getByRole("button", { name: "START TEST" }).click();
    await expect(page.getByRole("heading", { name, exact: true })).toBeVisible();
    await expect(state(page)).toHaveText("completed", { timeout: 20_000 });
    const job = await closed(request, await shownRun(page));
    expect(job.status).toBe("completed");
    expect(job.stats).toMatchObject({ planned: announced, notReached: 0 });
    expect(job.stats.sent + job.stats.missed).toBe(announced);
    // The result comes first, and is made of the run's own numbers.
    const failed = job.stats.failedRequests;
    const sentence = failed === 0 ? new RegExp(`${job.stats.totalRequests.toLocaleString("en").replace(",", "\u202f")} requests, none failed`) : new RegExp(`${((failed / job.stats.totalRequests) * 100).toFixed(1)} % of`);
    await expect(page.locator(".strip-text")).toContainText(sentence);
    await expect(page.locator(".strip-verdict")).toHaveText("✓ verified");
  });
}

test("nothing complains while one goes from page to page", async ({ page, request }) => {
  const id = await startRun(request, { duration: 5 });
  await closed(request, id);
  await page.goto("/?new=1");
  const nav = page.getByRole("navigation", { name: "Main" });
  await nav.getByRole("link", { name: "Runs" }).click();
  await expect(page.getByRole("heading", { name: "Runs", exact: true })).toBeVisible();
  await page.locator(`th a[href="/runs/${id}"]`).click();
  await expect(page.getByText("Verified: sent = arrived = recorded")).toBeVisible();
  await expect(chart(page, "latency").locator(".picture path.p50")).toHaveAttribute("d", /^M/);
  await page.getByRole("link", { name: "Compare" }).click();
  await expect(page.getByRole("checkbox").first()).toBeChecked();
  await nav.getByRole("link", { name: "Requests" }).click();
  await expect(page.getByRole("heading", { name: "Requests", exact: true })).toBeVisible();
  await nav.getByRole("link", { name: "Dashboard" }).click();
  await expect(state(page)).toHaveText("completed");
  await expect(nav.getByRole("link", { name: "Dashboard" })).toHaveAttribute("aria-current", "page");
  await page.goBack();
  await expect(page.getByRole("heading", { name: "Requests", exact: true })).toBeVisible();
});

test("Stop is in view wherever one has scrolled to, and acts in one press", async ({ page, request }) => {
  for (const path of ["/", "/runs/"]) {
    for (const [width, height] of [[1280, 720], [320, 568]] as const) {
      await page.setViewportSize({ width, height });
      const id = await startRun(request);
      await page.goto(path === "/" ? path : path + id);
      await expect(page.locator(".strip .connection")).toHaveText("Live");
      const stop = page.getByRole("button", { name: "Stop" });
      for (const share of [0, 0.5, 0.9]) {
        await page.evaluate((share) => window.scrollTo(0, document.body.scrollHeight * share), share);
        await expect(stop).toBeInViewport({ ratio: 1 });
      }
      await stop.click();
      await expect(state(page)).toHaveText("stopped", { timeout: 8_000 });
      await closed(request, id);
    }
  }
});

test("while it starts or stops the button says so, keeps its width, and ignores a second press", async ({ page }) => {
  let starts = 0;
  await page.route("**/fn/traffic/start", async (route) => {
    starts++;
    await new Promise((resolve) => setTimeout(resolve, 600));
    await route.continue();
  });
  await page.route("**/fn/traffic/stop", async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 600));
    await route.continue();
  });
  await page.goto("/?new=1");
  await page.getByLabel("I understand this generates load").check();
  const start = page.getByRole("button", { name: "START TEST" });
  const width = (await start.boundingBox())!.width;
  await start.click();
  const starting = page.getByRole("button", { name: "Starting…" });
  await expect(starting).toBeVisible();
  expect((await starting.boundingBox())!.width).toBe(width);
  await starting.click({ force: true });
  const stop = page.getByRole("button", { name: "Stop" });
  await expect(stop).toBeVisible();
  expect(starts).toBe(1);
  const stopWidth = (await stop.boundingBox())!.width;
  await stop.click();
  const stopping = page.getByRole("button", { name: "Stopping…" });
  await expect(stopping).toBeVisible();
  expect((await stopping.boundingBox())!.width).toBe(stopWidth);
  await expect(state(page)).toHaveText("stopped", { timeout: 8_000 });
});

test("the first numbers are there within a second of the start, and progress has a name and a text", async ({ page }) => {
  await page.goto("/?new=1");
  await page.getByLabel("I understand this generates load").check();
  await page.getByRole("button", { name: "START TEST" }).click();
  await expect(inStrip(page, "Sent")).toBeVisible({ timeout: 1_000 });
  await expect(page.getByRole("progressbar", { name: "Progress of the run" })).toBeVisible();
  await expect(page.getByText(/^\d+ s of 120 s$/)).toBeVisible();
  // The gate may have to stay shut for a second after the server's start.
  await expect.poll(() => tileNumber(page, "Sent"), { timeout: 2_500 }).toBeGreaterThan(0);
});

/** A way to the server that can be cut. */
async function cuttable(target: string) {
  const [host, port] = target.replace("http://", "").split(":");
  const sockets = new Set<net.Socket>();
  let open = true;
  const server = net.createServer((client) => {
    if (!open) return client.destroy();
    const upstream = net.connect(Number(port), host);
    for (const [from, to] of [[client, upstream], [upstream, client]] as const) {
      sockets.add(from);
      from.on("error", () => to.destroy()).on("close", () => (sockets.delete(from), to.destroy())).pipe(to);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    cut: () => ((open = false), sockets.forEach((socket) => socket.destroy())),
    mend: () => (open = true),
    close: () => (sockets.forEach((socket) => socket.destroy()), server.close()),
  };
}

for (const where of ["dashboard", "run page"]) {
  test(`when the way to the server is cut the ${where} says for how long and keeps its numbers; when it is back they go on`, async ({ page, request, baseURL }) => {
    expectComplaint(/Failed to load resource|ERR_/);
    const way = await cuttable(baseURL!);
    try {
      const id = await startRun(request);
      await page.goto(`${way.url}${where === "dashboard" ? "/" : `/runs/${id}`}`);
      await expect(page.locator(".strip .connection")).toHaveText("Live");
      await expect.poll(() => tileNumber(page, "Sent")).toBeGreaterThan(10);
      way.cut();
      const banner = page.locator(".connection-banner");
      await expect(banner).toBeVisible({ timeout: 4_000 });
      await expect(banner).toContainText(/No data for \d+ s/);
      await expect(banner.getByRole("button", { name: /Retry/ })).toBeVisible();
      const kept = await tileNumber(page, "Sent");
      expect(kept).toBeGreaterThan(10);
      await page.waitForTimeout(1_500);
      expect(await tileNumber(page, "Sent")).toBe(kept);
      way.mend();
      await expect(banner).toBeHidden({ timeout: 15_000 });
      expect(await tileNumber(page, "Sent")).toBeGreaterThanOrEqual(kept);
      await expect.poll(() => tileNumber(page, "Sent")).toBeGreaterThan(kept);
    } finally {
      way.close();
    }
  });
}

test("what keeps the page from the server is said, each with its own way out", async ({ page, request }) => {
  expectComplaint(/Failed to load resource|ERR_FAILED|EventSource|MIME/);
  const id = await startRun(request);
  let answer = { status: 401, body: "{}", contentType: "application/json" };
  let broken = true;
  await page.route("**/traffic/stream/**", (route) => (broken ? route.abort() : route.continue()));
  await page.route("**/traffic/status/**", (route) => (broken ? route.fulfill(answer) : route.continue()));
  // They hold the state of the run, too.
  await page.route("**/fn/traffic/details*", (route) => (broken ? route.abort() : route.continue()));
  await page.goto(`/runs/${id}`);
  const banner = page.locator(".connection-banner");
  const says = async (status: number, words: string, link?: string, href?: string) => {
    answer = { ...answer, status };
    await expect(banner).toContainText(words, { timeout: 8_000 });
    if (link) await expect(banner.getByRole("link", { name: link })).toHaveAttribute("href", href!);
  };
  await says(401, "You are not logged in any more.", "Log in again", `/login?next=${encodeURIComponent(`/runs/${id}`)}`);
  await says(403, "The server refuses requests of this page.", "Go to the dashboard", "/");
  await says(500, "The server could not answer.");
  await says(200, "may be of a newer version", "Reload the page", `/runs/${id}`);
  broken = false;
  await expect(page.locator(".strip .connection")).toHaveText("Live", { timeout: 15_000 });
  await expect(banner).toBeHidden();
});

test("another run has another seed, is not acknowledged, and the focus is on the form", async ({ page }) => {
  await page.goto("/?new=1");
  const seed = page.locator('input[name="form[seed]"]');
  const first = await seed.inputValue();
  await startOnCard(page, "Peak Usage");
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByRole("link", { name: "New run" }).click();
  await expect(seed).toHaveCount(1);
  expect(await seed.inputValue()).not.toBe(first);
  await expect(page.getByLabel("I understand this generates load")).not.toBeChecked();
  await expect(page.getByLabel("Peak Usage")).toBeChecked();
  await expect.poll(() => page.evaluate(() => document.activeElement?.closest(".scenarios") !== null)).toBe(true);
});

test("the result stays on the dashboard until a new run is set up", async ({ page, request }) => {
  await page.goto("/?new=1");
  const id = await startOnCard(page);
  await page.getByRole("button", { name: "Stop" }).click();
  await closed(request, id);
  await page.goto("/");
  await expect(state(page)).toHaveText("stopped");
  await page.getByRole("link", { name: "New run" }).click();
  await expect(page.getByRole("button", { name: "START TEST" })).toBeVisible();
  await page.reload();
  await expect(page.getByRole("button", { name: "START TEST" })).toBeVisible();
});

test("a run that was started elsewhere shows within two seconds, and a second start gives a link to it", async ({ page, request }) => {
  await page.goto("/?new=1");
  await page.getByLabel("I understand this generates load").check();
  const id = await startRun(request, { scenario: "peak" });
  await expect(page.getByRole("heading", { name: "Peak Usage" })).toBeVisible({ timeout: 2_500 });
  expect(await shownRun(page)).toBe(id);
});

test("title and icon follow the run, also in a hidden tab, and are given back", async ({ page, request }) => {
  await startRun(request, { scenario: "peak", duration: 30 });
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await page.goto("/");
  const icon = () => page.locator("#favicon").getAttribute("href");
  await expect(page).toHaveTitle(/^\d+ % · Peak Usage$/);
  await expect.poll(icon).toBe("/favicon-running.svg");
  const share = async () => Number((await page.title()).match(/^(\d+) %/)?.[1]);
  const before = await share();
  await expect.poll(share).toBeGreaterThan(before);
  const hide = (hidden: boolean) =>
    page.evaluate((hidden) => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
      Object.defineProperty(document, "visibilityState", { configurable: true, get: () => (hidden ? "hidden" : "visible") });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
  await hide(true);
  await page.waitForTimeout(2_000);
  const hiddenAt = await share();
  await expect.poll(share, { timeout: 20_000 }).toBeGreaterThan(hiddenAt);
  await hide(false);
  await expect(page.locator(".strip .connection")).toHaveText("Live", { timeout: 5_000 });
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(page).toHaveTitle("Stopped · Peak Usage");
  await expect.poll(icon).toBe("/favicon-done.svg");
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Runs" }).click();
  await expect(page).toHaveTitle("Runs · Traffic Simulator");
  await expect.poll(icon).toBe("/favicon.svg");
});

test("a start that could not be asked for says why, loses nothing, and can be tried again", async ({ page }) => {
  expectComplaint(/Failed to load resource/);
  await page.goto("/?new=1");
  let broken = true;
  await page.route("**/fn/traffic/start", (route) => (broken ? route.abort() : route.continue()));
  await page.getByLabel("Peak Usage").check();
  await page.getByLabel("I understand this generates load").check();
  await page.getByRole("button", { name: "START TEST" }).click();
  const alert = page.getByRole("alert").filter({ hasText: "The server can't be reached." });
  await expect(alert).toBeVisible();
  await expect(page.getByLabel("Peak Usage")).toBeChecked();
  broken = false;
  await page.getByRole("button", { name: "START TEST" }).click();
  await expect(page.getByRole("button", { name: "Stop" })).toBeVisible();
  await expect(alert).toHaveCount(0);
});

test("a stop that could not be asked for says why and can be tried again", async ({ page, request }) => {
  expectComplaint(/Failed to load resource/);
  const id = await startRun(request);
  await page.goto(`/runs/${id}`);
  await expect(page.locator(".strip .connection")).toHaveText("Live");
  let broken = true;
  await page.route("**/fn/traffic/stop", (route) => (broken ? route.abort() : route.continue()));
  const stop = page.getByRole("button", { name: "Stop" });
  await stop.click();
  await expect(page.getByRole("alert").filter({ hasText: "The run was not stopped. The server can't be reached." })).toBeVisible();
  broken = false;
  await expect(stop).toBeFocused();
  await stop.click();
  await expect(state(page)).toHaveText("stopped", { timeout: 8_000 });
  await expect(page.locator("#run-title")).toBeFocused();
});

test("charts that could not be loaded take neither Stop nor the numbers away", async ({ page, request }) => {
  expectComplaint(/Failed to load resource/);
  const id = await startRun(request);
  let broken = true;
  let refused = 0;
  await page.route("**/fn/traffic/details*", (route) => (broken ? (refused++, route.abort()) : route.continue()));
  await page.goto(`/runs/${id}`);
  const drawn = async () => (await chart(page, "rate").locator(".marks path.achieved").getAttribute("d")) ?? "";
  await expect.poll(() => refused, { timeout: 8_000 }).toBeGreaterThan(1);
  const before = await drawn();
  await expect(page.getByRole("button", { name: "Stop" })).toBeVisible();
  await expect.poll(() => tileNumber(page, "Sent")).toBeGreaterThan(5);
  expect(await drawn(), "what was drawn stays").toBe(before);
  broken = false;
  await expect.poll(drawn, { timeout: 8_000 }).not.toBe(before);
});

test("twelve open tabs leave Stop as quick as ever", async ({ page, context, request }) => {
  test.setTimeout(120_000);
  const id = await startRun(request, { duration: 60 });
  const tabs = [page];
  for (let i = 1; i < 12; i++) tabs.push(await context.newPage());
  for (const [i, tab] of tabs.entries()) await tab.goto(i % 2 ? "/" : `/runs/${id}`);
  for (const tab of [tabs[0], tabs[5], tabs[11]]) {
    const before = await tileNumber(tab, "Sent");
    await expect.poll(() => tileNumber(tab, "Sent"), { timeout: 10_000 }).toBeGreaterThan(before);
  }
  const stop = tabs[11].getByRole("button", { name: "Stop" });
  const began = Date.now();
  await stop.click();
  await expect.poll(async () => (await status(request, id)).status, { intervals: [50] }).toBe("cancelled");
  expect(Date.now() - began).toBeLessThan(1_000);
  for (const tab of tabs) await expect(state(tab)).toHaveText("stopped", { timeout: 10_000 });
});

test("link and command are copied, and the command starts the same run", async ({ page, context, request, baseURL }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const id = await startRun(request, { scenario: "peak", duration: 5, maxRps: 3, endpoints: ["get"], seed: 99 });
  await closed(request, id);
  await page.goto(`/runs/${id}`);
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
  await page.getByRole("button", { name: "Copy link" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Copied" })).toHaveCount(1);
  expect(await clipboard()).toBe(`${baseURL}/runs/${id}`);
  await page.getByRole("button", { name: "Copy as curl" }).click();
  await expect.poll(clipboard).toContain("curl -X POST");
  const command = await clipboard();
  const [, url, json] = /^curl -X POST (\S+) -H 'content-type: application\/json' -d '(.*)'$/.exec(command)!;
  expect(url).toBe(`${baseURL}/traffic/start`);
  const again = await request.post(url, { data: JSON.parse(json) });
  expect(again.status()).toBe(201);
  expect(await status(request, (await again.json()).jobId)).toMatchObject({ scenario: "peak", duration: 5, maxRps: 3, endpoints: ["get"], seed: 99 });
});

test("a text that may not be copied is shown, to be copied by hand", async ({ page, request }) => {
  const id = await startRun(request, { duration: 5, maxRps: 1 });
  await page.addInitScript(() => Object.defineProperty(navigator, "clipboard", { get: () => undefined }));
  await page.goto(`/runs/${id}`);
  await page.getByRole("button", { name: "Copy link" }).click();
  await expect(page.getByLabel("Copy this text")).toHaveValue(new RegExp(`/runs/${id}$`));
});

test("a closed run offers its exports", async ({ page, request }) => {
  const id = await startRun(request, { duration: 5, maxRps: 1 });
  await closed(request, id);
  await page.goto(`/runs/${id}`);
  for (const [name, format] of [["JSON", "json"], ["CSV", "csv"], ["report", "html"]]) {
    await expect(page.getByRole("link", { name, exact: true })).toHaveAttribute("href", `/traffic/runs/${id}/export?format=${format}`);
  }
});

test("what was chosen last is remembered, but not the acknowledgement", async ({ page, context }) => {
  await page.goto("/?new=1");
  await page.getByLabel("Latency Degradation").check();
  await page.getByLabel("In the server's response").check();
  await page.getByLabel("Duration").selectOption("5 minutes");
  await page.getByLabel("Max RPS").selectOption("10");
  await page.getByLabel("Endpoints").selectOption("Get users");
  await page.getByLabel("I understand this generates load").check();
  await expect(page.getByRole("button", { name: "START TEST" })).not.toHaveAttribute("aria-disabled", "true");
  const later = await context.newPage();
  await later.goto("/?new=1");
  await expect(later.getByLabel("Latency Degradation")).toBeChecked();
  await expect(later.getByLabel("In the server's response")).toBeChecked();
  await expect(later.getByLabel("Duration")).toHaveValue("300");
  await expect(later.getByLabel("Max RPS")).toHaveValue("10");
  await expect(later.getByLabel("Endpoints")).toHaveValue("get");
  await expect(later.getByLabel("I understand this generates load")).not.toBeChecked();
  await later.evaluate(() => {
    for (const key of Object.keys(localStorage)) localStorage.setItem(key, '{"scenario":"<x>","duration":"1e9","maxRps":"-1","endpoints":"delete"}');
  });
  await later.goto("/?new=1");
  await expect(later.getByLabel("Duration")).toHaveValue("120");
  await expect(later.getByLabel("Normal Traffic")).toBeChecked();
});
