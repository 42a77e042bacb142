import { chart, closed, expect, expectComplaint, inStrip, numberIn, shownRun, startOnCard, startRun, state, status, test, tile, tileNumber } from "./fixtures";

/** An account of the card, such as "Sent". */
const account = async (page: import("./fixtures").Page, name: string) =>
  numberIn(await page.locator(".accounts > div", { has: page.getByText(name, { exact: true }) }).locator("dd").innerText());

test("choose, acknowledge, start, watch the numbers grow, stop, and read the result", async ({ page, request }) => {
  await page.goto("/?new=1");
  const id = await startOnCard(page);
  await expect(page.locator("#run-title")).toBeFocused();
  await expect(page.locator(".strip .connection")).toHaveText("Live");
  await expect.poll(() => tileNumber(page, "Sent")).toBeGreaterThan(20);
  const before = await tileNumber(page, "Sent");
  await expect.poll(() => tileNumber(page, "Sent")).toBeGreaterThan(before);
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(state(page)).toHaveText("stopped", { timeout: 8_000 });
  await expect(page.locator(".strip-text")).toContainText(/^Stopped after \d+ s: .* none failed/);
  await page.locator(".verdict summary").click();
  await expect(page.getByText(/^Audit verified: \d+ sent, \d+ arrived, \d+ recorded\.$/)).toBeVisible();
  await expect(page.getByText(/^Cap kept/)).toBeVisible();
  await expect(page.getByRole("button", { name: "Stop" })).toHaveCount(0);
  const job = await status(request, id);
  expect(job.status).toBe("cancelled");
  expect(await tileNumber(page, "Sent")).toBe(job.stats.sent);
  expect(await account(page, "OK")).toBe(job.stats.totalRequests - job.stats.failedRequests);
});

test("the figures of a period move while traffic runs", async ({ page, request }) => {
  // A longer range than these tests take: nothing falls out of it meanwhile.
  await page.goto("/?range=1h");
  const before = await tileNumber(page, "Requests");
  await startRun(request);
  // The figures stay those of the chosen period while the card shows the run.
  await expect(state(page)).toHaveText("running");
  await page.getByRole("navigation", { name: "Scope" }).getByRole("link", { name: "1 h" }).click();
  await expect.poll(() => tileNumber(page, "Requests"), { timeout: 8_000 }).toBeGreaterThan(before + 20);
});

test("sent = ok + failed + in flight in every sample, all figures of a run agree, and nothing ever falls", async ({ page, request }) => {
  const id = await startRun(request, { scenario: "error-injection", duration: 10 });
  await page.goto("/");
  let [lastTotal, lastProgress] = [0, 0];
  for (let sample = 0; sample < 20; sample++) {
    const frame = await page.evaluate(() => {
      const number = (text: string | null | undefined) => Number((/[0-9][0-9\u202f]*/.exec(text ?? "")?.[0] ?? "NaN").replace(/\u202f/g, ""));
      const named = (selector: string, value: string, name: string) => {
        const found = [...document.querySelectorAll(selector)].find((one) => one.querySelector("dt")?.textContent === name);
        return number(found?.querySelector(value)?.textContent);
      };
      const account = (name: string) => named(".accounts > div", "dd", name);
      return {
        ok: account("OK"),
        failed: account("Failed"),
        open: account("In flight"),
        sent: account("Sent"),
        tile: [named(".stats > .stat", ".stat-value", "Sent"), named(".stats > .stat", ".stat-value", "Failed")],
        strip: [named(".strip-figure", "dd", "Sent"), named(".strip-figure", "dd", "Failed")],
        progress: document.querySelector("progress")?.value ?? 0,
      };
    });
    expect(frame.sent).toBe(frame.ok + frame.failed + frame.open);
    expect(frame.tile).toEqual([frame.sent, frame.failed]);
    expect(frame.strip).toEqual([frame.sent, frame.failed]);
    expect(frame.sent).toBeGreaterThanOrEqual(lastTotal);
    expect(frame.progress).toBeGreaterThanOrEqual(lastProgress);
    [lastTotal, lastProgress] = [frame.sent, frame.progress];
    await page.waitForTimeout(250);
  }
  expect(lastTotal).toBeGreaterThan(20);
  const job = await closed(request, id);
  await expect(state(page)).toHaveText("completed", { timeout: 15_000 });
  expect(await tileNumber(page, "Failed")).toBe(job.stats.failedRequests);
  expect(job.stats.failedRequests).toBeGreaterThan(0);
});

test("the announced total is the plan of the run", async ({ page, request }) => {
  await page.goto("/?new=1");
  await page.getByLabel("Latency Degradation").check();
  await page.getByLabel("Duration").selectOption("30 seconds");
  const announced = numberIn(await page.locator(".announced strong").innerText());
  expect(announced).toBeGreaterThan(60);
  await page.getByLabel("I understand this generates load").check();
  await page.getByRole("button", { name: "START TEST" }).click();
  await expect(page.getByRole("heading", { name: "Latency Degradation" })).toBeVisible();
  expect((await status(request, await shownRun(page))).stats.planned).toBe(announced);
});

test("Start without the acknowledgement says why, marks the checkbox and focuses it", async ({ page, request }) => {
  await page.goto("/?new=1");
  const start = page.getByRole("button", { name: "START TEST" });
  await expect(start).toHaveAttribute("aria-disabled", "true");
  await expect(start).toHaveAccessibleDescription(/Tick the box above to start\./);
  await start.click({ force: true });
  const box = page.getByLabel("I understand this generates load");
  await expect(box).toBeFocused();
  await expect(box).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByText(/[Tt]ick "I understand this generates load" first/)).toBeVisible();
  expect((await (await request.get("/fn/traffic/card")).json()).active).toBeNull();
});

test("Stress takes the highest rate and gives the chosen one back; each scenario is described, and START does not move", async ({ page }) => {
  for (const [width, height] of [[1440, 900], [1280, 720], [360, 640]] as const) {
    await page.setViewportSize({ width, height });
    await page.goto("/?new=1");
    const start = page.getByRole("button", { name: "START TEST" });
    await expect(start).toBeInViewport({ ratio: 1 });
    await expect(start).toHaveAttribute("aria-disabled", "true");
    const top = (await start.boundingBox())!.y;
    await page.getByLabel("Max RPS").selectOption("5");
    const group = page.getByRole("group", { name: "Scenario" });
    const described = new Set<string>();
    for (const name of ["Normal Traffic", "Peak Usage", "Error Injection", "Latency Degradation", "Stress Test (Safe)"]) {
      await group.getByLabel(name).check();
      described.add((await group.evaluate((fieldset) => document.getElementById(fieldset.getAttribute("aria-describedby")!)!.textContent))!);
      expect((await start.boundingBox())!.y, `${name} at ${width}`).toBeCloseTo(top, 0);
    }
    expect(described.size).toBe(5);
    await expect(page.getByLabel("Max RPS")).toHaveValue("20");
    await group.getByLabel("Stress Test (Safe)").press("ArrowDown");
    await expect(group.getByLabel("Normal Traffic")).toBeChecked();
    await expect(page.getByLabel("Max RPS")).toHaveValue("5");
    await page.getByLabel("Max RPS").selectOption("20");
    await expect(page.getByText("Planned 19.8 per second, so that no second ever holds 21.")).toBeAttached();
  }
});

test("the whole way with the keyboard alone", async ({ page }) => {
  await page.goto("/?new=1");
  await page.getByLabel("Normal Traffic").focus();
  await page.keyboard.press("ArrowDown");
  await expect(page.getByLabel("Peak Usage")).toBeChecked();
  await page.keyboard.press("Tab");
  await expect(page.getByLabel("Duration")).toBeFocused();
  const ring = () => page.evaluate(() => (({ outlineStyle, outlineWidth }) => [outlineStyle, parseFloat(outlineWidth) >= 2])(getComputedStyle(document.activeElement!)));
  expect(await ring()).toEqual(["solid", true]);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await expect(page.getByLabel("I understand this generates load")).toBeFocused();
  await page.keyboard.press("Space");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect(page.locator("#run-title")).toBeFocused();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await expect(page.getByRole("button", { name: "Stop" })).toBeFocused();
  expect(await ring()).toEqual(["solid", true]);
  await page.keyboard.press("Enter");
  await expect(state(page)).toHaveText("stopped", { timeout: 8_000 });
  await expect(page.locator("#run-title")).toBeFocused();
  const next = page.getByRole("link", { name: "New run" });
  await expect(next).toBeVisible();
  await next.focus();
  await page.keyboard.press("Enter");
  await expect(page.getByLabel("I understand this generates load")).not.toBeChecked();
  expect(await page.evaluate(() => document.activeElement !== document.body)).toBe(true);
});

test("without a stream the page polls and says so, and goes back to the stream", async ({ page, request }) => {
  expectComplaint(/Failed to load resource|ERR_FAILED|MIME|EventSource/);
  let refused = 0;
  await page.route("**/traffic/stream/**", (route) => (refused++ < 2 ? route.fulfill({ status: 502, body: "" }) : route.continue()));
  const id = await startRun(request, { duration: 60 });
  await page.goto(`/runs/${id}`);
  const connection = page.locator(".strip .connection");
  await expect(connection).toHaveText("Live (polling)", { timeout: 6_000 });
  const before = await tileNumber(page, "Sent");
  await expect.poll(() => tileNumber(page, "Sent")).toBeGreaterThan(before);
  await expect(connection).toHaveText("Live", { timeout: 20_000 });
  expect(refused).toBeGreaterThan(2);
});

test("a reload in mid-run goes on with the same run, and a second start is refused with a link", async ({ page, context, request }) => {
  const second = await context.newPage();
  await second.goto("/?new=1");
  // It must not notice the run by itself before it asks for its own.
  await second.route("**/fn/dashboard/board*", (route) => route.abort());
  expectComplaint(/Failed to load resource/);
  const id = await startRun(request);
  await page.goto("/");
  await expect.poll(() => tileNumber(page, "Sent")).toBeGreaterThan(5);
  const before = await tileNumber(page, "Sent");
  await page.reload();
  expect(await tileNumber(page, "Sent")).toBeGreaterThanOrEqual(before);
  await second.getByLabel("I understand this generates load").check();
  await second.getByRole("button", { name: "START TEST" }).click();
  await expect(second.getByRole("alert").filter({ hasText: /another run was active/ })).toBeVisible();
  await expect(second.locator(`[role=alert] a[href="/runs/${id}"]`)).toHaveCount(1);
});

for (const [width, height] of [[1440, 900], [768, 1024], [360, 640]] as const) {
  test(`boxes do not move in a whole run, from the start to the end, at ${width} px`, async ({ page }) => {
    await page.setViewportSize({ width, height });
    await page.addInitScript(() => {
      Object.assign(window, { shift: 0, shifted: [] });
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean; sources: { node?: Element }[] })[]) {
          if (entry.hadRecentInput) continue;
          (window as unknown as { shift: number }).shift += entry.value;
          (window as unknown as { shifted: string[] }).shifted.push(`${entry.value.toFixed(4)} ${entry.sources.map(({ node }) => node?.className ?? node?.nodeName)}`);
        }
      }).observe({ type: "layout-shift", buffered: true });
    });
    await page.goto("/?again=true&scenario=error-injection&duration=6&maxRps=20&endpoints=all");
    await page.getByLabel("I understand this generates load").check();
    await page.getByRole("button", { name: "START TEST" }).click();
    await expect(state(page)).toHaveText("running");
    await expect(state(page)).toHaveText("completed", { timeout: 20_000 });
    await page.waitForTimeout(1_500);
    expect(await page.locator(".stat-value").first().evaluate((dd) => getComputedStyle(dd).fontVariantNumeric)).toBe("tabular-nums");
    const [shift, shifted] = await page.evaluate(() => [(window as unknown as { shift: number }).shift, (window as unknown as { shifted: string[] }).shifted] as const);
    expect(shift, shifted.join("\n")).toBeLessThan(0.01);
  });
}

test("names of users can't put markup into the page", async ({ page, request }) => {
  const name = `<img src=x onerror=alert(1)></script>`;
  const created = await request.post("/api/v1/users", { data: { name, email: `xss-${Date.now()}@example.com` } });
  expect(created.status()).toBe(201);
  expect((await created.json()).name).toBe(name);
  await page.goto(`/?refused=true&scenario=${encodeURIComponent(name)}&duration=${encodeURIComponent(name)}`);
  await expect(page.getByText(/Scenario is unknown|is unknown/).first()).toBeVisible();
  expect(await page.locator("img").count()).toBe(0);
});

test("the percentiles of a run are shown", async ({ page, request }) => {
  const id = await startRun(request, { duration: 6, maxRps: 20 });
  await closed(request, id);
  await page.goto(`/runs/${id}`);
  for (const label of ["p50", "p95", "p99"]) {
    await expect(tile(page, label).locator(".stat-value")).toHaveText(/^[0-9.]+ m?s$/);
    await expect(tile(page, label)).toContainText("client, successful");
  }
});

test("a chart is read at one crosshair, zoomed by a drag, and whole again by Escape", async ({ page, request }) => {
  const id = await startRun(request, { duration: 10 });
  await closed(request, id);
  await page.goto(`/runs/${id}`);
  const slider = chart(page, "rate").getByRole("slider");
  await slider.focus();
  await page.keyboard.press("Home");
  await expect(slider).toHaveAttribute("aria-valuetext", /^0:00 · planned 19\.8 · sent \d+ · failed 0 · cap 20$/);
  for (const name of ["rate", "latency", "responses"]) await expect(chart(page, name).locator(".cursor")).toHaveAttribute("visibility", "visible");
  await expect(chart(page, "rate").locator(".tooltip li")).toHaveCount(5);
  await expect(chart(page, "latency").locator(".tooltip")).toHaveCount(0);
  const box = (await slider.boundingBox())!;
  await page.mouse.move(box.x + box.width * 0.2, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + 40, { steps: 4 });
  await page.mouse.up();
  const view = () => chart(page, "latency").locator("svg.marks").getAttribute("viewBox");
  await expect.poll(view).toMatch(/^1[0-9]{2}\S* 0 2[0-9]{2}/);
  await page.keyboard.press("Escape");
  await expect.poll(view).toBe("0 0 600 150");
});

test("what was chosen before the script was there stays chosen, also over a reload", async ({ page }) => {
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route("**/*.wasm", async (route) => {
    await held;
    await route.continue();
  });
  await page.goto("/?new=1");
  await page.getByLabel("Peak Usage").check();
  await page.getByLabel("Duration").selectOption("1 minute");
  await page.getByLabel("I understand this generates load").check();
  release();
  await expect(page.locator(".announced strong")).toHaveText("894");
  await expect(page.getByLabel("Peak Usage")).toBeChecked();
  await expect(page.getByLabel("Duration")).toHaveValue("60");
  await expect(page.getByLabel("I understand this generates load")).toBeChecked();
  await expect(page.getByRole("button", { name: "START TEST" })).not.toHaveAttribute("aria-disabled", "true");
  await page.reload();
  // The browser or the page may give the choice back; what is announced is always that of the form.
  await expect(async () => {
    const isPeak = await page.getByLabel("Peak Usage").isChecked();
    expect(await page.locator(".announced strong").textContent()).toBe(isPeak ? "894" : "2\u202f376");
  }).toPass({ timeout: 10_000 });
});

test("a page whose program can't start says so, and works as without a script", async ({ page, request }) => {
  expectComplaint(/./);
  await page.addInitScript(() => {
    // @ts-expect-error a browser without it
    delete window.WebAssembly;
  });
  await page.goto("/?new=1");
  await expect(page.getByText(/can't update itself/)).toBeVisible({ timeout: 8_000 });
  await page.getByLabel("I understand this generates load").check();
  await page.getByRole("button", { name: "START TEST" }).click();
  await expect(page).toHaveURL(/\/runs\/[0-9a-f-]{36}/);
  const id = /runs\/([0-9a-f-]{36})/.exec(page.url())![1];
  const first = await tileNumber(page, "Sent");
  await expect.poll(() => tileNumber(page, "Sent"), { timeout: 20_000 }).toBeGreaterThan(first);
  await page.getByRole("button", { name: "Stop" }).click();
  await expect.poll(async () => (await status(request, id)).status).toBe("cancelled");
});
