import { chart, closed, expect, startRun, status, test } from "./fixtures";

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
  const numbers = async () => (await sent()).map((text) => Number(text.split(" of ")[0].replace(/\D/g, "")));
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
  await expect(page.getByRole("status").filter({ hasText: "The run was deleted." })).toBeVisible();
  await expect(page.locator(`a[href="/runs/${id}"]`)).toHaveCount(0);
});

test("two runs are compared over each other, with a table of their differences", async ({ page, request }) => {
  const first = await startRun(request, { duration: 5, maxRps: 5, seed: 1 });
  await closed(request, first);
  const second = await startRun(request, { duration: 5, maxRps: 10, seed: 1 });
  await closed(request, second);
  await page.goto("/runs");
  const box = (id: string) => page.locator("tr", { has: page.locator(`a[href="/runs/${id}"]`) }).getByRole("checkbox");
  const compare = page.getByRole("button", { name: /^Compare/ });
  const hydrated = test.info().project.name === "hydrated";
  await expect(page.getByRole("checkbox", { checked: true })).toHaveCount(0);
  await box(first).check();
  if (hydrated) {
    await expect(compare).toHaveText("Compare 1");
    await expect(compare).toHaveAttribute("aria-disabled", "true");
    await expect(page.getByText("Tick one more.")).toBeVisible();
  }
  await box(second).check();
  if (hydrated) await expect(compare).toHaveText("Compare 2");
  await compare.click();
  await expect(page).toHaveURL(/\/runs\/compare\?run=/);
  await expect(page.getByText("These settings differ:")).toBeVisible();
  await expect(page.locator(".differing")).toHaveText("Max RPS 5 → 10 /s");
  const row = (what: string) => page.locator("tr", { has: page.getByRole("rowheader", { name: what, exact: true }) });
  const [a, b] = [await status(request, first), await status(request, second)];
  await expect(row("Sent").locator("td").first()).toHaveText(`${a.stats.sent} → ${b.stats.sent}`);
  for (const line of ["run-a", "run-b"]) await expect(page.locator(`#compared-rate .picture path.${line}`).first()).toHaveAttribute("d", /^M/);
  await page.getByRole("link", { name: "Swap A and B" }).click();
  await expect(page).toHaveURL((url) => url.searchParams.get("a") === second && url.searchParams.get("b") === first);
  await expect(page.locator(".differing")).toHaveText("Max RPS 10 → 5 /s");
  await page.goto("/runs/compare");
  await expect(page.getByText("No run is ticked.")).toBeVisible();
  await expect(page.getByRole("link", { name: "Choose two runs" })).toHaveAttribute("href", "/runs");
});

test("the run that its own page compares is chosen, and nothing else is", async ({ page, request }) => {
  const first = await startRun(request, { duration: 5, maxRps: 1 });
  await closed(request, first);
  await closed(request, await startRun(request, { duration: 5, maxRps: 1 }));
  await page.goto(`/runs?a=${first}`);
  await expect(page.locator(".runs-table tbody th a").first()).toHaveAttribute("href", `/runs/${first}`);
  await expect(page.getByRole("checkbox", { checked: true })).toHaveCount(1);
  await expect(page.getByRole("checkbox").first()).toBeChecked();
  await page.getByRole("link", { name: "Choose another one" }).click();
  await expect(page.getByRole("checkbox", { checked: true })).toHaveCount(0);
});

test("a run gets a name and a note, which stay where they are shown", async ({ page, request }) => {
  const id = await startRun(request, { duration: 5, maxRps: 1 });
  await closed(request, id);
  await page.goto("/runs?scenario=normal");
  const row = page.locator("tr", { has: page.locator(`a[href="/runs/${id}"]`) });
  await expect(row.getByRole("textbox", { name: "Note" })).toBeHidden();
  await row.getByText("Name and note").click();
  const name = `Before the index ${id.slice(-8)}`;
  await row.getByLabel("Name", { exact: true }).fill(name);
  await row.getByRole("textbox", { name: "Note", exact: true }).fill("two\nlines <b>");
  await row.getByRole("button", { name: "Save" }).click();
  await expect(page).toHaveURL(/scenario=normal&naming=renamed/);
  await expect(page.getByText("Name and note are saved.")).toBeVisible();
  await expect(row.getByRole("link", { name })).toBeVisible();
  await expect(row).toContainText("lines <b>");
  await row.getByText("Name and note").click();
  await expect(row.getByRole("textbox", { name: "Note", exact: true })).toHaveValue("two\nlines <b>");
  await page.goto(`/runs?name=${id.slice(-8)}`);
  await expect(page.locator(".runs-table tbody tr")).toHaveCount(1);
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
  // The same names and pauses again would be no other run.
  await expect(page.locator('input[name="form[seed]"]')).not.toHaveValue("4711");
  await expect(page.getByRole("alert").filter({ hasText: /\w/ })).toHaveCount(0);
  await page.getByLabel("I understand this generates load").check();
  await page.getByRole("button", { name: "START TEST" }).click();
  await expect(page.getByRole("heading", { name: "Latency Degradation", exact: true })).toBeVisible();
  const { jobId } = (await (await request.get("/fn/traffic/card")).json()).active;
  const active = await status(request, jobId);
  expect(active).toMatchObject({ duration: 7, maxRps: 3, endpoints: ["list", "get"], delay: "server" });
  expect(active.seed).not.toBe(4711);
});

test("the tables of the charts are there without a script, too", async ({ page, request }) => {
  const id = await startRun(request, { duration: 5, maxRps: 4 });
  const job = await closed(request, id);
  await page.goto(`/runs/${id}`);
  const table = chart(page, "rate").locator(".as-table");
  await table.getByRole("link", { name: "Show as table" }).click();
  await expect(table.locator("tbody tr").first()).toBeVisible();
  const sent = await table.locator("tbody tr td:nth-child(3)").allInnerTexts();
  expect(sent.slice(0, 5).map(Number)).toEqual(job.stats.sentPerSecond);
});
