import { chart, closed, expect, startRun, test, tile, tileNumber } from "./fixtures";

const scope = (page: import("./fixtures").Page) => page.getByRole("navigation", { name: "Scope" });

test("range and requests are chosen by links, and everything on the board obeys", async ({ page, request }) => {
  const before = await (await request.get("/fn/metrics/overview?origin=real")).json();
  const id = await startRun(request, { duration: 5, maxRps: 10, endpoints: ["list"] });
  const job = await closed(request, id);
  for (let i = 0; i < 3; i++) expect((await request.get("/api/v1/users/01900000-0000-7000-8000-000000000001")).status()).toBe(404);
  const real = before.Found.totals.requests + 3;
  // A row is written a quarter of a second after its answer.
  const stored = async (origin: string) => (await (await request.get(`/fn/metrics/overview?origin=${origin}`)).json()).Found.totals.requests;
  await expect.poll(() => stored("real")).toBeGreaterThanOrEqual(3);
  await expect.poll(() => stored(id)).toBe(job.stats.sent);

  await page.goto("/?range=5m");
  await scope(page).getByRole("link", { name: "Real" }).click();
  await expect(page).toHaveURL(/\/\?range=5m&origin=real$/);
  await expect(scope(page).getByRole("link", { name: "Real" })).toHaveAttribute("aria-current", "true");
  await expect(scope(page).getByRole("link", { name: "All" })).not.toHaveAttribute("aria-current", "true");
  await expect.poll(() => tileNumber(page, "Requests")).toBeLessThanOrEqual(real);
  const row = page.locator(".board tr", { hasText: "GET /api/v1/users/{id}" });
  await expect(row).toHaveCount(1);
  await expect(row.locator("td[data-tone=bad]")).toContainText("%");
  await scope(page).getByRole("link", { name: "1 h" }).click();
  await expect(page).toHaveURL(/\/\?range=1h&origin=real$/);
  await expect(tile(page, "Requests")).toContainText("last 1 h");
  await page.goto(`/?run=${id}`);
  await expect(scope(page).getByRole("link", { name: "This run" })).toHaveAttribute("aria-current", "true");
  expect(await tileNumber(page, "Sent")).toBe(job.stats.sent);
  await expect(page.locator(".board tr", { hasText: "GET /api/v1/users" }).locator("td").first()).toHaveText(String(job.stats.sent));
  await page.goto("/?range=nonsense&origin=%27%3E%3Cx%3E");
  await expect(scope(page).getByRole("link", { name: "5 min" })).toHaveAttribute("aria-current", "true");
});

test("the charts of a period show the run as a named band with its plan, which leads to its page", async ({ page, request }) => {
  const id = await startRun(request, { scenario: "error-injection", duration: 6 });
  const job = await closed(request, id);
  // A second is drawn when it is over and its rows are surely there.
  const drawn = async () => {
    const { points } = (await (await request.get(`/fn/metrics/overview?origin=${id}`)).json()).Found;
    return points.map((point: [number, number[]]) => point[1][0]).reduce((a: number, b: number) => a + b, 0);
  };
  await expect.poll(drawn).toBe(job.stats.sent);
  await page.goto("/?range=1m");
  const rate = chart(page, "past-rate");
  for (const mark of ["period", "planned", "cap", "achieved", "failed"]) await expect(rate.locator(`.picture path.${mark}`)).toHaveAttribute("d", /^M/);
  await expect(rate.locator(`.bands a[href="/runs/${id}"]`)).toContainText("Error Injection");
  await rate.getByText("Show as table").click();
  await expect(chart(page, "past-rate").locator("tbody tr").first()).toBeVisible();
});
