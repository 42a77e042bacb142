import { closed, expect, startRun, test } from "./fixtures";

const rowsOf = (page: import("./fixtures").Page) => page.getByRole("region", { name: "Requests as a table" }).locator("tbody tr");

test("the request log is filtered, ordered, counted, and leads to both sides of a request", async ({ page, request, javaScriptEnabled }) => {
  const id = await startRun(request, { scenario: "error-injection", duration: 5 });
  const job = await closed(request, id);
  expect(job.stats.failedRequests).toBeGreaterThan(3);
  await page.goto("/");
  await page.getByRole("link", { name: "All requests" }).click();
  await expect(page).toHaveTitle("Requests · Traffic Simulator");
  await page.goto(`/requests?origin=${id}`);
  const rows = rowsOf(page);
  await expect(rows).toHaveCount(50);
  await expect(page.getByText(`${job.stats.sent} requests, page 1 of ${Math.ceil(job.stats.sent / 50)}`)).toBeVisible();
  await page.getByRole("link", { name: "Next page" }).click();
  await expect(page).toHaveURL(/page=2/);
  await expect(rows).toHaveCount(job.stats.sent - 50);
  // Without a script, the form is sent; with it, each change acts at once.
  const apply = async () => {
    if (javaScriptEnabled === false) await page.getByRole("button", { name: "Apply" }).click();
  };
  await page.getByLabel("Status").selectOption("Server errors (5xx)");
  await apply();
  await page.getByLabel("Order").selectOption("Slowest first");
  await apply();
  await expect(page).toHaveURL(/status=5xx/);
  await expect(page).toHaveURL(/order=slowest/);
  await expect(rows).toHaveCount(job.stats.failedRequests);
  await expect(page.getByText(`${job.stats.failedRequests} requests`, { exact: true })).toBeVisible();
  const took = (await rows.locator('[data-head="Duration"]').allInnerTexts()).map((text) => (text.endsWith(" ms") ? parseFloat(text) : NaN));
  expect(took).toEqual([...took].sort((a, b) => b - a));
  for (const time of await rows.locator("time").allInnerTexts()) expect(time).toMatch(/^\d\d:\d\d:\d\d\.\d{3}$/);
  await rows.first().getByRole("rowheader").getByRole("link").click();
  await expect(page.getByRole("heading", { name: "GET /api/v1/users/error" })).toBeVisible();
  await expect(page.locator(".request-status")).toHaveText(/^50[0234] \w+/);
  await expect(page.getByRole("region", { name: "Cause" })).toContainText("The error was injected");
  await expect(page.locator("#both-sides .picture path.server")).toHaveAttribute("d", /^M/);
  await expect(page.getByText("Service time: as the client saw it")).toBeVisible();
  await page.getByRole("link", { name: "Requests like this" }).click();
  await expect(rowsOf(page).first()).toBeVisible();
  await page.goBack();
  await page.getByRole("link", { name: /^Error Injection, / }).click();
  await expect(page).toHaveURL(new RegExp(`/runs/${id}$`));
});

test("a filter that can't be used comes back with its input and the reason", async ({ page }) => {
  await page.goto("/requests?minDuration=soon&status=5xx");
  await expect(page.getByLabel("Min duration (ms)")).toHaveValue("soon");
  await expect(page.getByLabel("Min duration (ms)")).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByText("Min duration (ms) is not a number; give milliseconds, from 0 to 3600000.")).toBeVisible();
  await expect(page.getByLabel("Status")).toHaveValue("5xx");
  await page.getByRole("link", { name: "Clear filters" }).click();
  await expect(page).toHaveURL(/\/requests$/);
  await expect(page.getByLabel("Min duration (ms)")).toHaveValue("");
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
  await page.goto("/requests?id=019b76da-a800-7000-8000-000000000000");
  await expect(page.getByText("No recorded request has this id.")).toBeVisible();
});
