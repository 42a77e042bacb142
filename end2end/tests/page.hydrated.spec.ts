import net from "node:net";

import { closed, expect, expectComplaint, startRun, stat, statNumber, state, status, test } from "./fixtures";

for (const [scenario, name] of [["normal", "Normal Traffic"], ["peak", "Peak Usage"], ["error-injection", "Error Injection"], ["latency-degradation", "Latency Degradation"], ["stress", "Stress Test (Safe)"]]) {
  test(`${name}, started from the card, completes with the announced total`, async ({ page, request }) => {
    await page.goto(`/?again=true&scenario=${scenario}&duration=5&maxRps=20&endpoints=all`);
    const announced = Number((await page.locator(".announced strong").innerText()).replace(/\D/g, ""));
    expect(announced).toBeGreaterThan(5);
    await page.getByLabel("I understand this generates load").check();
    await page.getByRole("button", { name: "START TEST" }).click();
    await expect(page.getByRole("heading", { name, exact: true })).toBeVisible();
    await expect(page.getByText("Audit verified")).toBeVisible({ timeout: 20_000 });
    const id = (await page.getByRole("link", { name: "This run's page" }).getAttribute("href"))!.split("/").pop()!;
    const job = await status(request, id);
    expect(job.status).toBe("completed");
    expect(job.stats).toMatchObject({ planned: announced, notReached: 0 });
    expect(job.stats.sent + job.stats.missed).toBe(announced);
  });
}

test("nothing complains while one goes from page to page", async ({ page, request }) => {
  const id = await startRun(request, { duration: 5 });
  await closed(request, id);
  await page.goto("/");
  const nav = page.getByRole("navigation", { name: "Main" });
  await nav.getByRole("link", { name: "Runs" }).click();
  await expect(page.getByRole("heading", { name: "Runs", exact: true })).toBeVisible();
  await page.locator(`a[href="/runs/${id}"]`).click();
  await expect(page.getByText("Audit verified")).toBeVisible();
  await expect(page.locator('figure[data-chart="latency"] .picture path.p50')).toHaveAttribute("d", /^M/);
  await page.getByRole("link", { name: "Compare with …" }).click();
  await expect(page.locator(`input[type=radio][name=a][value="${id}"]`)).toBeChecked();
  await nav.getByRole("link", { name: "Dashboard" }).click();
  await expect(page.getByRole("button", { name: "START TEST" })).toBeVisible();
  await expect(nav.getByRole("link", { name: "Dashboard" })).toHaveAttribute("aria-current", "page");
  await page.goBack();
  await page.goBack();
  await expect(page.getByText("Audit verified")).toBeVisible();
});

test("Stop is in view wherever one has scrolled to, and acts in one press", async ({ page, request }) => {
  for (const [width, height] of [[1280, 720], [320, 568]] as const) {
    await page.setViewportSize({ width, height });
    const id = await startRun(request);
    await page.goto(`/runs/${id}`);
    await expect(page.getByText("Live", { exact: true })).toBeVisible();
    const stop = page.getByRole("button", { name: "Stop" });
    for (const share of [0, 0.5, 0.9]) {
      await page.evaluate((share) => window.scrollTo(0, document.body.scrollHeight * share), share);
      await expect(stop).toBeInViewport({ ratio: 1 });
    }
    await stop.click();
    await expect(state(page)).toHaveText("stopped", { timeout: 8_000 });
    await closed(request, id);
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
  await page.goto("/");
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
  await page.goto("/");
  await page.getByLabel("I understand this generates load").check();
  await page.getByRole("button", { name: "START TEST" }).click();
  await expect(stat(page, "Total requests")).toBeVisible({ timeout: 1_000 });
  await expect(page.getByRole("progressbar", { name: "Progress of the run" })).toBeVisible();
  await expect(page.getByText(/^\d+ s of 120 s · /)).toBeVisible();
  // The gate may have to stay shut for a second after the server's start.
  await expect.poll(() => statNumber(page, "Total requests"), { timeout: 2_500 }).toBeGreaterThan(0);
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

test("when the way to the server is cut the page says so and keeps its numbers; when it is back they go on", async ({ page, request, baseURL }) => {
  expectComplaint(/Failed to load resource|ERR_/);
  const way = await cuttable(baseURL!);
  try {
    const id = await startRun(request);
    await page.goto(`${way.url}/runs/${id}`);
    await expect(page.getByText("Live", { exact: true })).toBeVisible();
    await expect.poll(() => statNumber(page, "Total requests")).toBeGreaterThan(10);
    way.cut();
    await expect(page.getByText("Reconnecting", { exact: true })).toBeVisible({ timeout: 3_000 });
    await expect(page.locator(".run")).toHaveAttribute("data-stale", "true");
    await expect(page.locator(".connection .dot")).toBeVisible();
    const kept = await statNumber(page, "Total requests");
    expect(kept).toBeGreaterThan(10);
    await page.waitForTimeout(1_500);
    expect(await statNumber(page, "Total requests")).toBe(kept);
    way.mend();
    await expect(page.getByText("Live", { exact: true })).toBeVisible({ timeout: 15_000 });
    await expect(page.locator(".run")).toHaveAttribute("data-stale", "false");
    expect(await statNumber(page, "Total requests")).toBeGreaterThanOrEqual(kept);
    await expect.poll(() => statNumber(page, "Total requests")).toBeGreaterThan(kept);
  } finally {
    way.close();
  }
});

test("what keeps the page from the server is said, each with its own way out", async ({ page, request }) => {
  expectComplaint(/Failed to load resource|ERR_FAILED|EventSource|MIME/);
  const id = await startRun(request);
  let answer = { status: 401, body: "{}", contentType: "application/json" };
  let broken = true;
  await page.route("**/traffic/stream/**", (route) => (broken ? route.abort() : route.continue()));
  await page.route("**/traffic/status/**", (route) => (broken ? route.fulfill(answer) : route.continue()));
  await page.goto(`/runs/${id}`);
  const alert = page.getByRole("alert").filter({ hasText: /\w/ });
  const says = async (status: number, words: string, link?: string, href?: string) => {
    answer = { ...answer, status };
    await expect(alert).toContainText(words, { timeout: 8_000 });
    if (link) await expect(alert.getByRole("link", { name: link })).toHaveAttribute("href", href!);
    await expect(page.locator(".run")).toHaveAttribute("data-stale", "true");
  };
  await says(401, "You are not logged in any more.", "Log in again", `/login?next=${encodeURIComponent(`/runs/${id}`)}`);
  await says(403, "The server refuses requests of this page.", "Go to the dashboard", "/");
  await says(500, "The server could not answer.");
  await says(200, "may be of a newer version", "Reload the page", `/runs/${id}`);
  broken = false;
  await expect(page.getByText("Live", { exact: true })).toBeVisible({ timeout: 15_000 });
  await expect(alert).toHaveCount(0);
});

test("the page of a run that was deleted says so and stops asking", async ({ page, request }) => {
  expectComplaint(/Failed to load resource/);
  const id = await startRun(request);
  let asked = 0;
  await page.route("**/fn/traffic/details*", (route) => (asked++, route.fulfill({ status: 404, body: '"NotFound"', contentType: "application/json" })));
  await page.goto(`/runs/${id}`);
  const alert = page.getByRole("alert").filter({ hasText: "This run was deleted." });
  await expect(alert.getByRole("link", { name: "All runs" })).toHaveAttribute("href", "/runs");
  const before = asked;
  await page.waitForTimeout(4_500);
  expect(asked).toBe(before);
});

test("another run has another seed", async ({ page }) => {
  await page.goto("/");
  const seed = page.locator('input[name="form[seed]"]');
  const first = await seed.inputValue();
  await page.getByLabel("I understand this generates load").check();
  await page.getByRole("button", { name: "START TEST" }).click();
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByRole("button", { name: "Set up another run" }).click();
  await expect(seed).toHaveCount(1);
  expect(await seed.inputValue()).not.toBe(first);
});

test("title and icon follow the run, also in a hidden tab, and are given back", async ({ page, request }) => {
  const id = await startRun(request, { scenario: "peak", duration: 30 });
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await page.goto(`/runs/${id}`);
  const icon = () => page.locator("#favicon").getAttribute("href");
  await expect(page).toHaveTitle(/^\d+ % · Peak Usage$/);
  await expect.poll(icon).toBe("/favicon-running.svg");
  const share = async () => Number((await page.title()).match(/^(\d+) %/)?.[1]);
  const before = await share();
  await expect.poll(share).toBeGreaterThan(before);
  const hide = (hidden: boolean) =>
    page.evaluate((hidden) => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
  await hide(true);
  await page.waitForTimeout(2_000);
  asked.length = 0;
  const hiddenAt = await share();
  await expect.poll(share, { timeout: 13_000 }).toBeGreaterThan(hiddenAt);
  expect(asked.filter((path) => path.startsWith("/traffic/stream"))).toEqual([]);
  expect(asked.filter((path) => path.startsWith("/traffic/status")).length).toBe(1);
  await hide(false);
  await expect(page.getByText("Live", { exact: true })).toBeVisible({ timeout: 3_000 });
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(page).toHaveTitle("Stopped · Peak Usage");
  await expect.poll(icon).toBe("/favicon-done.svg");
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Runs" }).click();
  await expect(page).toHaveTitle("Runs · Traffic Simulator");
  await expect.poll(icon).toBe("/favicon.svg");
});

test("a start that could not be asked for says why, loses nothing, and can be tried again", async ({ page }) => {
  expectComplaint(/Failed to load resource/);
  await page.goto("/");
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
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  let broken = true;
  await page.route("**/fn/traffic/stop", (route) => (broken ? route.abort() : route.continue()));
  const stop = page.getByRole("button", { name: "Stop" });
  await stop.click();
  await expect(page.getByRole("alert").filter({ hasText: "The server can't be reached." })).toBeVisible();
  broken = false;
  await expect(stop).toBeFocused();
  await stop.click();
  await expect(state(page)).toHaveText("stopped", { timeout: 8_000 });
  await expect(page.getByRole("heading", { name: "Normal Traffic" })).toBeFocused();
});

test("a chart that could not be loaded takes neither Stop nor the numbers away", async ({ page, request }) => {
  expectComplaint(/Failed to load resource/);
  const id = await startRun(request);
  let broken = true;
  let refused = 0;
  await page.route("**/fn/traffic/details*", (route) => (broken ? (refused++, route.abort()) : route.continue()));
  await page.goto(`/runs/${id}`);
  const points = async () => Number(await page.locator('figure[data-chart="answers"] .picture').getAttribute("data-points"));
  const drawn = await points();
  await expect.poll(() => refused, { timeout: 8_000 }).toBeGreaterThan(1);
  expect(await points(), "what was drawn stays").toBe(drawn);
  await expect(page.getByRole("button", { name: "Stop" })).toBeVisible();
  await expect.poll(() => statNumber(page, "Total requests")).toBeGreaterThan(5);
  broken = false;
  await expect.poll(points, { timeout: 8_000 }).toBeGreaterThan(drawn);
});

test("four open tabs stay responsive", async ({ page, context, request }) => {
  const id = await startRun(request);
  const tabs = [page, await context.newPage(), await context.newPage(), await context.newPage()];
  for (const [i, tab] of tabs.entries()) await tab.goto(i % 2 ? "/" : `/runs/${id}`);
  for (const tab of tabs) {
    const before = await statNumber(tab, "Total requests");
    await expect.poll(() => statNumber(tab, "Total requests")).toBeGreaterThan(before);
    const took = await tab.evaluate(async () => {
      const began = performance.now();
      await fetch("/healthz");
      return performance.now() - began;
    });
    expect(took).toBeLessThan(1_000);
  }
  await tabs[3].getByRole("button", { name: "Stop" }).click();
  for (const tab of tabs) await expect(state(tab)).toHaveText("stopped", { timeout: 8_000 });
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
  await expect(page.getByRole("status").filter({ hasText: "Copied" })).toHaveCount(2);
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
  for (const [name, format] of [["JSON", "json"], ["CSV", "csv"], ["HTML report", "html"]]) {
    await expect(page.getByRole("link", { name, exact: true })).toHaveAttribute("href", `/traffic/runs/${id}/export?format=${format}`);
  }
});

test("what was chosen last is remembered, but not the acknowledgement", async ({ page, context }) => {
  await page.goto("/");
  await page.getByLabel("Latency Degradation").check();
  await page.getByLabel("In the server's response").check();
  await page.getByLabel("Duration").selectOption("5 minutes");
  await page.getByLabel("Max RPS").selectOption("10");
  await page.getByLabel("Endpoints").selectOption("Get users");
  await page.getByLabel("I understand this generates load").check();
  await expect(page.getByRole("button", { name: "START TEST" })).toHaveAttribute("aria-disabled", "false");
  const later = await context.newPage();
  await later.goto("/");
  await expect(later.getByLabel("Latency Degradation")).toBeChecked();
  await expect(later.getByLabel("In the server's response")).toBeChecked();
  await expect(later.getByLabel("Duration")).toHaveValue("300");
  await expect(later.getByLabel("Max RPS")).toHaveValue("10");
  await expect(later.getByLabel("Endpoints")).toHaveValue("get");
  await expect(later.getByLabel("I understand this generates load")).not.toBeChecked();
  await later.evaluate(() => localStorage.setItem("traffic-simulator.choices", '{"scenario":"<x>","duration":"1e9","maxRps":"-1","endpoints":"delete"}'));
  await later.goto("/");
  await expect(later.getByText(/requests will be sent/)).toBeVisible();
  await expect(later.getByLabel("Duration")).toHaveValue("120");
  await expect(later.getByLabel("Normal Traffic")).toBeChecked();
});
