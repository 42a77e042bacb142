import { closed, expect, type Page, startRun, test } from "./fixtures";

/** The number of a KPI card. */
const kpi = (page: Page, name: string) =>
  page.getByRole("article").filter({ has: page.getByRole("heading", { name, exact: true }) }).locator(".kpi-value");

const rowOf = (page: Page, region: string, text: string) => page.getByRole("region", { name: region, exact: true }).locator("tr", { hasText: text });

test("range and requests are chosen by links, and everything on the dashboard obeys", async ({ page, request }) => {
  const before = await (await request.get("/fn/metrics/overview?origin=real")).json();
  const id = await startRun(request, { duration: 5, maxRps: 10, endpoints: ["list"] });
  const job = await closed(request, id);
  for (let i = 0; i < 3; i++) expect((await request.get("/api/v1/users/01900000-0000-7000-8000-000000000001")).status()).toBe(404);
  const real = before.Found.totals.requests + 3;
  // A row is written a quarter of a second after its answer.
  const stored = async (origin: string) => (await (await request.get(`/fn/metrics/overview?origin=${origin}`)).json()).Found.totals.requests;
  await expect.poll(() => stored("real")).toBeGreaterThanOrEqual(3);
  await expect.poll(() => stored(id)).toBe(job.stats.sent);

  await page.goto("/");
  const filter = page.getByRole("navigation", { name: "Scope" });
  await filter.getByRole("link", { name: "Real" }).click();
  await expect(page).toHaveURL(/\/\?origin=real$/);
  await expect(filter.getByRole("link", { name: "Real" })).toHaveAttribute("aria-current", "true");
  await expect(filter.getByRole("link", { name: "All" })).not.toHaveAttribute("aria-current", "true");
  const shown = async () => Number((await kpi(page, "Requests").innerText()).replace(/\D/g, ""));
  await expect.poll(shown).toBeLessThanOrEqual(real);
  await expect(rowOf(page, "By endpoint", "/api/v1/users/{id}")).toHaveCount(1);
  await expect(rowOf(page, "By endpoint", "GET /api/v1/users/{id}").locator("td[data-tone=bad]")).toContainText("%");
  await expect(page.getByRole("region", { name: "Newest requests", exact: true }).getByText("run, #")).toHaveCount(0);
  await filter.getByRole("link", { name: "1 hour" }).click();
  await expect(page).toHaveURL(/\/\?range=1h&origin=real$/);
  await expect(page.getByRole("heading", { name: "Last 1 hour" })).toBeVisible();
  await page.goto(`/?origin=${id}`);
  await expect(filter.getByRole("link", { name: "This run" })).toHaveAttribute("aria-current", "true");
  expect(await shown()).toBe(job.stats.sent);
  await expect(rowOf(page, "By endpoint", "GET /api/v1/users").locator("td").first()).toHaveText(String(job.stats.sent));
  await page.goto("/?range=nonsense&origin=%27%3E%3Cx%3E");
  await expect(filter.getByRole("link", { name: "5 minutes" })).toHaveAttribute("aria-current", "true");
});

test("the charts of the dashboard show the run as a shaded period with its plan", async ({ page, request }) => {
  const id = await startRun(request, { scenario: "error-injection", duration: 6 });
  const job = await closed(request, id);
  // A second is drawn when it is over and its rows are surely there.
  const drawn = async () => {
    const { points } = (await (await request.get(`/fn/metrics/overview?origin=${id}`)).json()).Found;
    return points.map((point: [number, number[]]) => point[1][0]).reduce((a: number, b: number) => a + b, 0);
  };
  await expect.poll(drawn).toBe(job.stats.sent);
  await page.goto(`/?origin=${id}`);
  const rate = page.locator('figure[data-chart="past-rate"]');
  for (const mark of ["period", "planned", "cap", "achieved"]) await expect(rate.locator(`.picture path.${mark}`)).toHaveAttribute("d", /^M/);
  await expect(rate.locator(".legend")).toContainText("simulator run");
  await expect(rate.locator(".sentence")).toContainText(`${job.stats.sent} requests`);
  for (const name of ["past-latency", "past-answers", "past-waits"]) {
    await expect(page.locator(`figure[data-chart="${name}"] .picture path.period`)).toHaveAttribute("d", /^M/);
  }
  const table = page.locator('figure[data-chart="past-answers"] .as-table');
  await table.getByText("Show as table").click();
  await expect(table.locator("tbody tr").first()).toBeVisible();
  const rows = await table.locator("tbody tr").evaluateAll((rows) => rows.map((row) => [...row.children].slice(1).map((cell) => Number(cell.textContent))));
  const sum = (column: number) => rows.map((row) => row[column]).reduce((a, b) => a + b, 0);
  expect([sum(0), sum(1) + sum(2)]).toEqual([job.stats.sent - job.stats.failedRequests, job.stats.failedRequests]);
});

test("the request log is filtered, ordered, and leads to both sides of a request", async ({ page, request }) => {
  const id = await startRun(request, { scenario: "error-injection", duration: 5 });
  const job = await closed(request, id);
  expect(job.stats.failedRequests).toBeGreaterThan(3);
  await page.goto("/");
  await page.getByRole("link", { name: "All requests" }).click();
  await expect(page).toHaveTitle("Requests · Traffic Simulator");
  await page.goto(`/requests?origin=${id}`);
  const rows = page.getByRole("region", { name: "Requests as a table" }).locator("tbody tr");
  await expect(rows).toHaveCount(50);
  await page.getByRole("link", { name: "Next page" }).click();
  await expect(page).toHaveURL(/page=2/);
  await expect(rows).toHaveCount(job.stats.sent - 50);
  await page.getByLabel("Status").selectOption("Server errors (5xx)");
  await page.getByLabel("Order").selectOption("Slowest first");
  await page.getByRole("button", { name: "Filter" }).click();
  await expect(page).toHaveURL(/status=5xx&order=slowest|status=5xx/);
  await expect(rows).toHaveCount(job.stats.failedRequests);
  const took = (await rows.locator("td:nth-child(4)").allInnerTexts()).map((text) => (text.endsWith(" ms") ? parseFloat(text) : NaN));
  expect(took).toEqual([...took].sort((a, b) => b - a));
  await rows.first().getByRole("rowheader").getByRole("link").click();
  await expect(page.getByRole("heading", { name: "GET /api/v1/users/error" })).toBeVisible();
  await expect(page.getByRole("region", { name: "What the server recorded" })).toContainText(/50[0234] \(error\)/);
  await expect(page.locator('figure[data-chart="both-sides"] .picture path.server')).toHaveAttribute("d", /^M/);
  await expect(page.getByText("Service time: as the client saw it")).toBeVisible();
  await page.getByRole("link", { name: "The run", exact: true }).click();
  await expect(page).toHaveURL(new RegExp(`/runs/${id}$`));
  await expect(page.getByRole("region", { name: "Client and server", exact: true }).first()).toContainText("Server: arrived to responded");
});

test("a request that is not there, and a log without a request, say what to do", async ({ page }) => {
  for (const path of ["/requests/019b76da-a800-7000-8000-000000000000", "/requests/nonsense"]) {
    const response = await page.request.get(path);
    expect(response.status(), path).toBe(404);
    expect(await response.text()).toContain("All requests");
  }
  await page.goto("/requests?origin=019b76da-a800-7000-8000-000000000000");
  await expect(page.getByText("No requests match this filter.")).toBeVisible();
  await page.getByRole("link", { name: "Show all requests" }).click();
  await expect(page).toHaveURL(/\/requests/);
});
