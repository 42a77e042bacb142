import { chart, expect, expectComplaint, startRun, test, tile, tileNumber } from "./fixtures";

const scope = (page: import("./fixtures").Page) => page.getByRole("navigation", { name: "Scope" });

test("the axis of a run is the run, fixed from its start to its planned end", async ({ page, request }) => {
  await startRun(request, { duration: 30 });
  await page.goto("/");
  await expect(scope(page).getByRole("link", { name: "This run" })).toHaveAttribute("aria-current", "true");
  const labels = () => chart(page, "rate").locator(".tick[dy='1.5em']").allTextContents();
  expect(await labels()).toEqual(["0:00", "0:10", "0:20", "0:30"]);
  const line = chart(page, "rate").locator(".marks path.achieved");
  // Nothing is drawn before the first second is over.
  const width = async () => Number(/H([\d.]+)$/.exec((await line.getAttribute("d")) ?? "")?.[1] ?? 0);
  const before = await width();
  await expect.poll(width, { timeout: 6_000 }).toBeGreaterThan(before);
  expect(await width(), "the future is empty").toBeLessThan(400);
  expect(await labels()).toEqual(["0:00", "0:10", "0:20", "0:30"]);
});

test("when the board can't be loaded Stop and the run's numbers are still there", async ({ page, request }) => {
  expectComplaint(/Failed to load resource/);
  await startRun(request, { duration: 60 });
  let broken = true;
  await page.route("**/fn/dashboard/*", (route) => (broken ? route.abort() : route.continue()));
  await page.goto("/");
  await expect(page.locator(".strip .connection")).toHaveText("Live");
  await scope(page).getByRole("link", { name: "1 h" }).click();
  await expect(page.getByText("The figures of the period could not be loaded."), "figures of another range would be wrong ones").toBeVisible();
  await expect(page.getByRole("button", { name: "Stop" })).toBeVisible();
  await expect(page.locator(".strip-figures")).toContainText(/Sent/);
  broken = false;
  await expect(tile(page, "Current rate")).toBeVisible({ timeout: 6_000 });
  await expect(chart(page, "past-rate")).toBeVisible();
});

test("figures of a server that can't be reached are marked as old, and come back", async ({ page }) => {
  expectComplaint(/Failed to load resource/);
  await page.goto("/?new=1&range=5m");
  await expect(tile(page, "Current rate")).toBeVisible();
  let broken = true;
  await page.route("**/fn/dashboard/*", (route) => (broken ? route.abort() : route.continue()));
  const banner = page.locator(".connection-banner");
  await expect(banner).toContainText(/No data for \d+ s/, { timeout: 8_000 });
  await expect(page.locator(".figures")).toHaveAttribute("data-stale", "true");
  await expect(tile(page, "Current rate")).toBeVisible();
  broken = false;
  await expect(banner).toBeHidden({ timeout: 8_000 });
  await expect(page.locator(".figures")).toHaveAttribute("data-stale", "false");
});

test("a refresh leaves alone what somebody uses: an opened table, the focus, the place of a reading", async ({ page, request }) => {
  await startRun(request);
  await page.goto("/?range=5m");
  const rate = chart(page, "past-rate");
  const toggle = rate.getByRole("link", { name: /Show as table|Hide table/ });
  await expect(rate.getByRole("slider")).toBeVisible();
  await toggle.click();
  await expect(rate.locator("tbody tr").first()).toBeVisible();
  const rows = await rate.locator("tbody tr").count();
  await expect.poll(() => rate.locator("tbody tr").count(), { message: "rows of an open table go on" }).toBeGreaterThan(rows);
  await expect(toggle).toBeFocused();
  await toggle.press("Enter");
  await expect(rate.locator("tbody tr")).toHaveCount(0);
  const latency = chart(page, "past-latency");
  const slider = latency.getByRole("slider");
  await slider.focus();
  await expect(latency.locator(".tooltip")).toContainText("p50");
  await page.waitForTimeout(2500);
  await expect(slider).toBeFocused();
  await expect(latency.locator(".tooltip")).toContainText("p50");
  const link = page.locator(".board table a").first();
  await link.focus();
  await page.waitForTimeout(2500);
  await expect(link).toBeFocused();
});

test("another scope leaves the card as it is, and Back goes back", async ({ page }) => {
  await page.goto("/?new=1&range=5m");
  await page.getByLabel("Peak Usage").check();
  await page.getByLabel("I understand this generates load").check();
  await scope(page).getByRole("link", { name: "1 h" }).click();
  await expect(page).toHaveURL(/range=1h/);
  await expect(scope(page).getByRole("link", { name: "1 h" })).toBeFocused();
  await expect(scope(page).getByRole("link", { name: "1 h" })).toHaveAttribute("aria-current", "true");
  await expect(page.getByLabel("I understand this generates load")).toBeChecked();
  await page.goBack();
  await expect(scope(page).getByRole("link", { name: "5 min" })).toHaveAttribute("aria-current", "true");
  await expect(page.getByLabel("Peak Usage")).toBeChecked();
});

test("an idle tab costs at most 5 MB in an hour", async ({ page }) => {
  test.setTimeout(150_000);
  await page.goto("/?new=1&range=1m");
  // What other tests sent has to leave the minute first.
  await expect.poll(() => tileNumber(page, "Requests"), { timeout: 90_000, intervals: [2_000] }).toBe(0);
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  let bytes = 0;
  session.on("Network.loadingFinished", ({ encodedDataLength }) => (bytes += encodedDataLength));
  await page.waitForTimeout(20_000);
  expect(bytes).toBeGreaterThan(0);
  expect(bytes / 20).toBeLessThan(5_000_000 / 3_600);
});
