import { expect, expectComplaint, startRun, stat, statNumber, state, status, test } from "./fixtures";

test("choose, acknowledge, start, watch the total grow, stop, and read the final numbers", async ({ page, request }) => {
  await page.goto("/");
  await page.getByLabel("Duration").selectOption("30 seconds");
  await page.getByLabel("I understand this generates load").check();
  await page.getByRole("button", { name: "START TEST" }).click();
  await expect(page.getByRole("heading", { name: "Normal Traffic" })).toBeFocused();
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  await expect.poll(() => statNumber(page, "Total requests")).toBeGreaterThan(20);
  const before = await statNumber(page, "Total requests");
  await expect.poll(() => statNumber(page, "Total requests")).toBeGreaterThan(before);
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(state(page)).toHaveText("stopped", { timeout: 8_000 });
  await expect(page.getByText(/^Audit verified: \d+ sent, \d+ arrived, \d+ recorded\.$/)).toBeVisible();
  await expect(page.getByText(/^Cap kept/)).toBeVisible();
  await expect(page.getByRole("button", { name: "Stop" })).toHaveCount(0);
  const id = (await page.getByRole("link", { name: "This run's page" }).getAttribute("href"))!.split("/").pop()!;
  const job = await status(request, id);
  expect(job.status).toBe("cancelled");
  expect(await statNumber(page, "Total requests")).toBe(job.stats.totalRequests);
  expect(await statNumber(page, "Current RPS")).toBe(0);
});

test("the key figures move while traffic runs", async ({ page, request }) => {
  // A longer range than these tests take: nothing falls out of it meanwhile.
  await page.goto("/?range=1h");
  const requests = page.getByRole("article").filter({ hasText: "simulated" }).locator(".kpi-value");
  const number = async () => Number((await requests.innerText()).replace(/\D/g, ""));
  const before = await number();
  await startRun(request);
  await expect.poll(number, { timeout: 5_000 }).toBeGreaterThan(before + 20);
});

test("total = successful + failed in every sample, and the total and the progress never fall", async ({ page, request }) => {
  const id = await startRun(request, { scenario: "error-injection", duration: 10 });
  await page.goto(`/runs/${id}`);
  let [lastTotal, lastProgress] = [0, 0];
  for (let sample = 0; sample < 20; sample++) {
    const [total, ok, failed, progress] = await page.evaluate(() => {
      const figures = [...document.querySelectorAll(".stats-main dd")].map((dd) => Number(dd.textContent!.replace(/[^0-9.]/g, "")));
      return [figures[0], figures[1], figures[2], document.querySelector("progress")!.value];
    });
    expect(total).toBe(ok + failed);
    expect(total).toBeGreaterThanOrEqual(lastTotal);
    expect(progress).toBeGreaterThanOrEqual(lastProgress);
    [lastTotal, lastProgress] = [total, progress];
    await page.waitForTimeout(250);
  }
  expect(lastTotal).toBeGreaterThan(20);
  await expect(page.getByText("Audit verified")).toBeVisible({ timeout: 15_000 });
  expect(await statNumber(page, "Failed")).toBeGreaterThan(0);
});

test("the announced total is the plan of the run", async ({ page, request }) => {
  await page.goto("/");
  await page.getByLabel("Latency Degradation").check();
  await page.getByLabel("Duration").selectOption("30 seconds");
  const announced = Number((await page.locator(".announced strong").innerText()).replace(/\D/g, ""));
  expect(announced).toBeGreaterThan(60);
  await page.getByLabel("I understand this generates load").check();
  await page.getByRole("button", { name: "START TEST" }).click();
  await expect(page.getByRole("heading", { name: "Latency Degradation" })).toBeVisible();
  const id = (await page.getByRole("link", { name: "This run's page" }).getAttribute("href"))!.split("/").pop()!;
  expect((await status(request, id)).stats.planned).toBe(announced);
});

test("Start without the acknowledgement says why and focuses the checkbox", async ({ page, request }) => {
  await page.goto("/");
  const start = page.getByRole("button", { name: "START TEST" });
  await expect(start).toHaveAttribute("aria-disabled", "true");
  await expect(start).toHaveAccessibleDescription("Tick the box above to start.");
  await start.click({ force: true });
  await expect(page.getByLabel("I understand this generates load")).toBeFocused();
  await expect(page.getByRole("alert").getByText('Tick "I understand this generates load" first.')).toBeVisible();
  expect((await (await request.get("/fn/traffic/card")).json()).active).toBeNull();
});

test("Stress takes the highest rate, and each scenario is described", async ({ page }) => {
  await page.goto("/");
  await page.getByLabel("Max RPS").selectOption("5");
  const group = page.getByRole("group", { name: "Scenario" });
  const before = await group.evaluate((fieldset) => document.getElementById(fieldset.getAttribute("aria-describedby")!)!.textContent);
  await group.getByLabel("Stress Test (Safe)").check();
  await expect(page.getByLabel("Max RPS")).toHaveValue("20");
  await expect(group).not.toHaveAccessibleDescription(before!);
  await expect(page.getByText("Planned 19.8 per second, so that no second ever holds 21.")).toBeVisible();
  await group.getByLabel("Stress Test (Safe)").press("ArrowDown");
  await expect(group.getByLabel("Normal Traffic")).toBeChecked();
});

test("the whole way with the keyboard alone", async ({ page }) => {
  await page.goto("/");
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
  await expect(page.getByRole("heading", { name: "Peak Usage" })).toBeFocused();
  await page.keyboard.press("Tab");
  await expect(page.getByRole("button", { name: "Stop" })).toBeFocused();
  expect(await ring()).toEqual(["solid", true]);
  await page.keyboard.press("Enter");
  await expect(state(page)).toHaveText("stopped", { timeout: 8_000 });
});

test("without a stream the page polls and says so, and goes back to the stream", async ({ page, request }) => {
  expectComplaint(/Failed to load resource|ERR_FAILED|MIME/);
  expectComplaint(/EventSource/);
  let refused = 0;
  await page.route("**/traffic/stream/**", (route) => (refused++ < 2 ? route.fulfill({ status: 502, body: "" }) : route.continue()));
  const id = await startRun(request);
  await page.goto(`/runs/${id}`);
  await expect(page.getByText("Reconnecting", { exact: true })).toBeVisible();
  await expect(page.getByText("Live (polling)")).toBeVisible({ timeout: 6_000 });
  const before = await statNumber(page, "Total requests");
  await expect.poll(() => statNumber(page, "Total requests")).toBeGreaterThan(before);
  await expect(page.getByText("Live", { exact: true })).toBeVisible({ timeout: 15_000 });
  expect(refused).toBeGreaterThan(2);
});

test("a reload in mid-run goes on with the same run, and a second start is refused with a link", async ({ page, context, request }) => {
  const second = await context.newPage();
  await second.goto("/");
  const id = await startRun(request);
  await page.goto("/");
  await expect.poll(() => statNumber(page, "Total requests")).toBeGreaterThan(5);
  const before = await statNumber(page, "Total requests");
  await page.reload();
  expect(await statNumber(page, "Total requests")).toBeGreaterThanOrEqual(before);
  await second.getByLabel("I understand this generates load").check();
  await second.getByRole("button", { name: "START TEST" }).click();
  await expect(second.getByText("Another run is active.")).toBeVisible();
  await expect(second.getByRole("link", { name: "Watch it" })).toHaveAttribute("href", `/runs/${id}`);
});

test("boxes do not move while values change", async ({ page, request }) => {
  const id = await startRun(request);
  await page.goto(`/runs/${id}`);
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  expect(await stat(page, "Total requests").evaluate((dd) => getComputedStyle(dd).fontVariantNumeric)).toBe("tabular-nums");
  const shift = await page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        let sum = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries() as (PerformanceEntry & { value: number })[]) sum += entry.value;
        }).observe({ type: "layout-shift", buffered: true });
        setTimeout(() => resolve(sum), 4_000);
      }),
  );
  expect(shift).toBeLessThan(0.01);
});

test("names of users can't put markup into the page", async ({ page, request }) => {
  const name = `<img src=x onerror=alert(1)></script>`;
  const created = await request.post("/api/v1/users", { data: { name, email: `xss-${Date.now()}@example.com` } });
  expect(created.status()).toBe(201);
  expect((await created.json()).name).toBe(name);
  await page.goto(`/?refused=true&scenario=${encodeURIComponent(name)}&duration=${encodeURIComponent(name)}`);
  await expect(page.getByRole("alert").first()).toContainText("Scenario is unknown");
  expect(await page.locator("img").count()).toBe(0);
});

test("the percentiles and the scheduling delay of a run are shown", async ({ page, request }) => {
  const id = await startRun(request, { duration: 5, maxRps: 10 });
  await page.goto(`/runs/${id}`);
  await expect(page.getByText("Audit verified")).toBeVisible({ timeout: 15_000 });
  for (const label of ["Average latency", "p50", "p95", "p99", "Response time p99", "Scheduling delay p99"]) {
    await expect(stat(page, label)).toHaveText(/^[0-9.]+ m?s$/);
  }
});

test("what was chosen before the script was there stays chosen, also over a reload", async ({ page }) => {
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route("**/*.wasm", async (route) => {
    await held;
    await route.continue();
  });
  await page.goto("/");
  await page.getByLabel("Peak Usage").check();
  await page.getByLabel("Duration").selectOption("1 minute");
  await page.getByLabel("I understand this generates load").check();
  release();
  await expect(page.getByText("894 requests will be sent")).toBeVisible();
  await expect(page.getByLabel("Peak Usage")).toBeChecked();
  await expect(page.getByLabel("Duration")).toHaveValue("60");
  await expect(page.getByLabel("I understand this generates load")).toBeChecked();
  await expect(page.getByRole("button", { name: "START TEST" })).toHaveAttribute("aria-disabled", "false");
  await page.reload();
  await expect(page.getByText(/requests will be sent/)).toBeVisible();
  const shown = await page.getByLabel("Peak Usage").isChecked();
  await expect(page.getByText(shown ? "894 requests will be sent" : "2\u202f376 requests will be sent")).toBeVisible();
});
