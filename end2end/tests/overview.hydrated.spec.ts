import { expect, expectComplaint, startRun, statNumber, test } from "./fixtures";

test("[24] a trend badge compares with the time before, and is absent without a baseline", async ({ page }) => {
  let trend: object | null = null;
  await page.route("**/fn/metrics/overview*", async (route) => {
    const answer = await (await route.fetch()).json();
    answer.Found.trend = trend;
    await route.fulfill({ json: answer });
  });
  await page.goto("/");
  const badges = page.locator(".kpi-trend");
  // This server has not run for ten minutes: there is nothing to compare with.
  await expect(badges.filter({ visible: true })).toHaveCount(0);
  trend = { requests: 0.5, errorRate: -0.012, p95: -0.25 };
  await expect(badges.filter({ visible: true })).toHaveText([
    "+50 % against the 5 minutes before",
    "-1.2 points against the 5 minutes before",
    "-25 % against the 5 minutes before",
  ]);
  trend = { requests: 0, errorRate: null, p95: null };
  await expect(badges.filter({ visible: true })).toHaveText(["±0 % against the 5 minutes before"]);
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
    return [...path.matchAll(/[ML][\d.]+ ([\d.]+)/g)].map((match) => ((150 - Number(match[1])) / 150) * 23);
  });
  expect(heights.length).toBe(600);
  expect(heights.at(-1), "the newest second that is over").toBeGreaterThan(15);
});

test("[22] when the overview can't be loaded Stop and the run's numbers are still there", async ({ page, request }) => {
  expectComplaint(/Failed to load resource/);
  await startRun(request);
  await page.goto("/runs");
  let broken = true;
  await page.route("**/fn/metrics/*", (route) => (broken ? route.abort() : route.continue()));
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Dashboard" }).click();
  for (const words of ["The key figures could not be loaded.", "The charts could not be loaded.", "The requests could not be loaded."]) {
    await expect(page.getByText(words)).toBeVisible();
  }
  await expect(page.getByRole("button", { name: "Stop" })).toBeVisible();
  await expect.poll(() => statNumber(page, "Total requests")).toBeGreaterThan(5);
  broken = false;
  await page.getByRole("button", { name: "Retry" }).first().click();
  await expect(page.locator('figure[data-chart="past-rate"]')).toBeVisible();
  await expect(page.getByRole("heading", { name: "Current rate" })).toBeVisible();
});

test("figures of a server that can't be reached are marked as old, and come back", async ({ page }) => {
  expectComplaint(/Failed to load resource/);
  await page.goto("/");
  await expect(page.locator(".kpi-row")).toHaveAttribute("data-stale", "false");
  let broken = true;
  await page.route("**/fn/metrics/overview*", (route) => (broken ? route.abort() : route.continue()));
  await expect(page.getByText("The server can't be reached. These are its last known figures")).toBeVisible();
  broken = false;
  await expect(page.locator(".kpi-row")).toHaveAttribute("data-stale", "false");
});
