import { closed, expect, startRun, status, test } from "./fixtures";

test("the history lists runs newest first, filters, orders, and says what to do when nothing fits", async ({ page, request }) => {
  const first = await startRun(request, { duration: 5, maxRps: 5 });
  await closed(request, first);
  const second = await startRun(request, { scenario: "peak", duration: 5, maxRps: 20 });
  await closed(request, second);
  await page.goto("/runs");
  await expect(page).toHaveTitle("Runs · Traffic Simulator");
  const links = page.locator(".runs-table tbody th a");
  await expect(links.first()).toHaveAttribute("href", `/runs/${second}`);
  await expect(links.nth(1)).toHaveAttribute("href", `/runs/${first}`);
  const row = page.locator("tr", { has: page.locator(`a[href="/runs/${first}"]`) });
  await expect(row).toContainText("completed");
  await expect(row).toContainText("✓ verified");
  await page.getByLabel("Scenario").selectOption("Peak Usage");
  await page.getByRole("button", { name: "Filter" }).click();
  await expect(page).toHaveURL(/scenario=peak/);
  await expect(page.getByLabel("Scenario")).toHaveValue("peak");
  await expect(page.locator(`.runs-table a[href="/runs/${first}"]`)).toHaveCount(0);
  await expect(links.first()).toHaveAttribute("href", `/runs/${second}`);
  await page.goto("/runs");
  const sent = () => page.locator(".runs-table tbody tr td:nth-child(6)").allInnerTexts();
  const numbers = async () => (await sent()).map((text) => Number(text.replace(/\D/g, "")));
  await page.getByRole("link", { name: "Sent" }).click();
  await expect(page.locator('th[aria-sort="descending"]')).toContainText("Sent");
  const falling = await numbers();
  expect(falling).toEqual([...falling].sort((a, b) => b - a));
  await page.getByRole("link", { name: "Sent" }).click();
  await expect(page.locator('th[aria-sort="ascending"]')).toContainText("Sent");
  const rising = await numbers();
  expect(rising).toEqual([...rising].sort((a, b) => a - b));
  await page.goto("/runs?scenario=stress&status=error");
  await expect(page.getByText("No runs match this filter.")).toBeVisible();
  await page.getByRole("link", { name: "Show all runs" }).click();
  await expect(links.first()).toBeVisible();
});

test("a run is deleted by two presses", async ({ page, request }) => {
  const id = await startRun(request, { duration: 5, maxRps: 1 });
  await closed(request, id);
  await page.goto("/runs");
  const row = page.locator("tr", { has: page.locator(`a[href="/runs/${id}"]`) });
  await expect(row.getByRole("button", { name: "Delete for good" })).toBeHidden();
  await row.getByText("Delete …").click();
  await row.getByRole("button", { name: "Delete for good" }).click();
  await expect(page.getByRole("status")).toHaveText("The run was deleted.");
  await expect(page.locator(`a[href="/runs/${id}"]`)).toHaveCount(0);
});

test("two runs are compared over each other, with a table of their differences", async ({ page, request }) => {
  const first = await startRun(request, { duration: 5, maxRps: 5, seed: 1 });
  await closed(request, first);
  const second = await startRun(request, { duration: 5, maxRps: 10, seed: 1 });
  await closed(request, second);
  await page.goto("/runs");
  await page.getByRole("button", { name: "Compare A and B" }).click();
  await expect(page).toHaveURL((url) => url.searchParams.get("a") === first && url.searchParams.get("b") === second);
  const row = (what: string) => page.locator("tr", { has: page.getByRole("rowheader", { name: what, exact: true }) });
  await expect(row("Max RPS")).toHaveText(/5\s*10\s*different/);
  await expect(row("Seed")).toHaveText(/the same/);
  await expect(row("Delay")).toHaveText(/none\s*none\s*the same/);
  const [a, b] = [await status(request, first), await status(request, second)];
  await expect(row("Sent").locator("td")).toHaveText([`${a.stats.sent}`, `${b.stats.sent}`, `+${b.stats.sent - a.stats.sent}`]);
  for (const line of ["run-a", "run-b"]) await expect(page.locator(`figure[data-chart="rates"] .picture path.${line}`)).toHaveAttribute("d", /^M/);
  await page.goto("/runs/compare");
  await expect(page.getByText("At least one of the runs to compare does not exist.")).toBeVisible();
  await expect(page.getByRole("link", { name: "Choose two runs" })).toHaveAttribute("href", "/runs");
});

test("a run is set up again with its own settings", async ({ page, request }) => {
  const id = await startRun(request, { scenario: "latency-degradation", duration: 7, maxRps: 3, endpoints: ["list", "get"], seed: 4711, delay: "server" });
  await request.post(`/traffic/stop/${id}`);
  await closed(request, id);
  await page.goto(`/runs/${id}`);
  await page.getByRole("link", { name: "Run again" }).click();
  await expect(page.getByLabel("Latency Degradation")).toBeChecked();
  await expect(page.getByLabel("Duration")).toHaveValue("7");
  await expect(page.getByLabel("Max RPS")).toHaveValue("3");
  await expect(page.getByLabel("Endpoints")).toHaveValue("list,get");
  await expect(page.getByLabel("In the server's response")).toBeChecked();
  await expect(page.locator('input[name="form[seed]"]')).toHaveValue("4711");
  await expect(page.getByRole("alert").filter({ hasText: /\w/ })).toHaveCount(0);
  await page.getByLabel("I understand this generates load").check();
  await page.getByRole("button", { name: "START TEST" }).click();
  await expect(page.getByRole("heading", { name: "Latency Degradation" })).toBeVisible();
  const { jobId } = (await (await request.get("/fn/traffic/card")).json()).active;
  const active = await status(request, jobId);
  expect(active).toMatchObject({ duration: 7, maxRps: 3, endpoints: ["list", "get"], seed: 4711, delay: "server" });
});

test("the tables of the charts are there without a script, too", async ({ page, request }) => {
  const id = await startRun(request, { duration: 5, maxRps: 4 });
  const job = await closed(request, id);
  await page.goto(`/runs/${id}`);
  const table = page.locator('figure[data-chart="rate"] .as-table');
  await table.getByText("Show as table").click();
  await expect(table.locator("tbody tr").first()).toBeVisible();
  const sent = await table.locator("tbody tr td:nth-child(3)").allInnerTexts();
  expect(sent.slice(0, 5).map(Number)).toEqual(job.stats.sentPerSecond);
});
