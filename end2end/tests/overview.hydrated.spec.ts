import { expect, expectComplaint, startRun, statNumber, test } from "./fixtures";

test("a trend badge compares with the time before, and is absent without a baseline", async ({ page }) => {
  const absent = '<p class="kpi-trend" data-part="trend" hidden></p>';
  let trend = "";
  await page.route("**/fn/dashboard/board*", async (route) => {
    const board = await (await route.fetch()).json();
    expect(board.key_figures.split(absent).length, "badges without a baseline").toBe(5);
    const badge = `<p class="kpi-trend" data-part="trend">${trend}<span class="visually-hidden"> compared with the previous 5 minutes</span></p>`;
    await route.fulfill({ json: trend ? { ...board, key_figures: board.key_figures.replace(absent, badge) } : board });
  });
  await page.goto("/");
  const badges = page.locator(".kpi-trend");
  // This server has not run for ten minutes: there is nothing to compare with.
  await expect(badges.filter({ visible: true })).toHaveCount(0);
  trend = "+50 %";
  await expect(badges.filter({ visible: true })).toHaveText(["+50 % compared with the previous 5 minutes"]);
  trend = "";
  await expect(badges.filter({ visible: true })).toHaveCount(0);
});

test("the dashboard's charts move while a run goes on, and its last second is never drawn as a drop", async ({ page, request }) => {
  await page.goto("/");
  const id = await startRun(request, { duration: 10 });
  await page.goto(`/?origin=${id}`);
  const requests = () => page.getByRole("article").filter({ hasText: "simulated" }).locator(".kpi-value").innerText().then((text) => Number(text.replace(/\D/g, "")));
  const before = await requests();
  // Three seconds on: the newest second that is over began after the start.
  await expect.poll(requests, { timeout: 8_000 }).toBeGreaterThan(before + 60);
  const heights = await page.evaluate(() => {
    const path = document.querySelector('figure[data-chart="past-rate"] path.achieved')!.getAttribute("d") ?? "";
    // From the left edge, at the height of the first second, a level and a step for each further one.
    return [...path.matchAll(/(?:M0 |V)([\d.]+)H/g)].map((match) => ((150 - Number(match[1])) / 150) * 23);
  });
  expect(heights.length, "the seconds of the run that are over, and no others").toBeLessThan(12);
  expect(heights.length).toBeGreaterThan(1);
  expect(heights.at(-1), "the newest second that is over").toBeGreaterThan(15);
});

test("when the overview can't be loaded Stop and the run's numbers are still there", async ({ page, request }) => {
  expectComplaint(/Failed to load resource/);
  await startRun(request);
  let broken = true;
  await page.route("**/fn/dashboard/*", (route) => (broken ? route.abort() : route.continue()));
  await page.goto("/");
  await expect(page.getByText("These are the last known figures")).toBeVisible();
  await page.getByRole("navigation", { name: "Scope" }).getByRole("link", { name: "1 hour" }).click();
  await expect(page.getByText("The dashboard's figures could not be loaded."), "figures of another range would be wrong ones").toBeVisible();
  await expect(page.getByRole("button", { name: "Stop" })).toBeVisible();
  await expect.poll(() => statNumber(page, "Total requests")).toBeGreaterThan(5);
  broken = false;
  // At once: the next refresh, a second later at most, would bring the figures back by itself.
  await page.getByRole("link", { name: "Retry" }).first().dispatchEvent("click");
  await expect(page.getByRole("heading", { name: "Last 1 hour" })).toBeVisible();
  await expect(page.locator('figure[data-chart="past-rate"]')).toBeVisible();
  await expect(page.getByRole("heading", { name: "Current rate" })).toBeVisible();
});

test("figures of a server that can't be reached are marked as old, and come back", async ({ page }) => {
  expectComplaint(/Failed to load resource/);
  await page.goto("/");
  const note = page.getByText("The server can't be reached. These are the last known figures");
  let broken = true;
  await page.route("**/fn/dashboard/*", (route) => (broken ? route.abort() : route.continue()));
  await expect(note).toBeVisible();
  await expect(page.getByRole("heading", { name: "Current rate" })).toBeVisible();
  broken = false;
  await expect(note).toBeHidden();
});

test("a refresh leaves alone what somebody uses: an opened table, the focus, the place of a reading", async ({ page, request }) => {
  await startRun(request);
  await page.goto("/");
  const rate = page.locator('figure[data-chart="past-rate"]');
  const summary = rate.locator("summary");
  await summary.click();
  await expect(rate.locator("tbody tr").first()).toBeVisible();
  const rows = await rate.locator("tbody tr").count();
  await expect.poll(() => rate.locator("tbody tr").count(), { message: "rows of an open table go on" }).toBeGreaterThan(rows + 1);
  await expect(summary).toBeFocused();
  await summary.press("Enter");
  await expect(rate.locator("tbody tr")).toHaveCount(0);
  const latency = page.locator('figure[data-chart="past-latency"]');
  const slider = latency.getByRole("slider", { name: "Values of Server latency" });
  await slider.focus();
  await expect(latency.locator(".reading")).toHaveText(/ UTC · p50 .* · requests /);
  await page.waitForTimeout(2500);
  await expect(slider).toBeFocused();
  await expect(latency.locator(".reading")).toHaveText(/ UTC · p50 .* · requests /);
  const link = page.getByRole("region", { name: "By endpoint" }).getByRole("link").first();
  await link.focus();
  await page.waitForTimeout(2500);
  await expect(link).toBeFocused();
});

test("another range leaves the simulator as it is, and Back goes back", async ({ page }) => {
  await page.goto("/");
  await page.getByLabel("Peak Usage").check();
  await page.getByLabel("I understand this generates load").check();
  const filter = page.getByRole("navigation", { name: "Scope" });
  await filter.getByRole("link", { name: "1 hour" }).click();
  await expect(page).toHaveURL(/\?range=1h$/);
  await expect(page.getByRole("heading", { name: "Last 1 hour" })).toBeVisible();
  await expect(filter.getByRole("link", { name: "1 hour" })).toBeFocused();
  await expect(filter.getByRole("link", { name: "1 hour" })).toHaveAttribute("aria-current", "true");
  await expect(page.getByLabel("I understand this generates load")).toBeChecked();
  await page.goBack();
  await expect(filter.getByRole("link", { name: "5 minutes" })).toHaveAttribute("aria-current", "true");
  await expect(page.getByRole("heading", { name: "Last 5 minutes" })).toBeVisible();
  await expect(page.getByLabel("Peak Usage")).toBeChecked();
});
