import { expect, expectComplaint, type Page, test } from "./fixtures";

const rowsOf = (page: Page) => page.getByRole("region", { name: "Requests as a table" }).locator("tbody tr");
const unknown = "/api/v1/users/01900000-0000-7000-8000-000000000001";

test("each filter acts at once, the address follows, and Back leads to the one before", async ({ page, request }) => {
  for (let i = 0; i < 3; i++) await request.get(unknown);
  const id = (await request.get("/api/v1/users")).headers()["x-request-id"];
  await expect.poll(async () => (await request.get(`/requests/${id}`)).status()).toBe(200);
  await page.goto("/requests?origin=real");
  await expect(page.getByRole("button", { name: "Apply" })).toBeHidden();
  await page.getByLabel("Status").selectOption("404 Not Found");
  await expect(page).toHaveURL(/origin=real&status=404$/);
  await expect(rowsOf(page).first().locator('[data-head="Status"]')).toHaveText("404 Not Found");
  await page.getByLabel("Min duration (ms)").fill("3600000");
  await expect(page).toHaveURL(/minDuration=3600000/);
  await expect(page.getByText("No requests match this filter.")).toBeVisible();
  await page.getByLabel("Min duration (ms)").fill("soon");
  await expect(page.getByText("Min duration (ms) is not a number; give milliseconds, from 0 to 3600000.")).toBeVisible();
  await page.goBack();
  await expect(page).toHaveURL(/\/requests\?origin=real$/);
  await expect(page.getByLabel("Status")).toHaveValue("");
  await expect(page.getByLabel("Min duration (ms)")).toHaveValue("");
  await page.getByLabel("Request id").fill(id);
  await expect(page).toHaveURL(new RegExp(`/requests/${id}$`));
});

test("new requests are offered and not forced in", async ({ page, request }) => {
  const id = (await request.get("/api/v1/users")).headers()["x-request-id"];
  // A row is written a quarter of a second after its answer.
  await expect.poll(async () => (await request.get(`/requests/${id}`)).status()).toBe(200);
  await page.goto("/requests?origin=real");
  await expect(rowsOf(page).first().getByRole("link").first()).toHaveAttribute("href", `/requests/${id}`);
  const first = rowsOf(page).first().getByRole("rowheader").getByRole("link");
  const before = await first.getAttribute("href");
  for (let i = 0; i < 3; i++) await request.get(unknown);
  const offer = page.getByRole("link", { name: "3 new requests, show" });
  await expect(offer).toBeVisible({ timeout: 6_000 });
  expect(await first.getAttribute("href")).toBe(before);
  await offer.click();
  await expect(offer).toBeHidden();
  await expect(rowsOf(page).first().locator('[data-head="Status"]')).toHaveText("404 Not Found");
  await expect(rowsOf(page).first().locator("time")).toHaveAttribute("title", /\d{4} \d\d:\d\d:\d\d/);
});

test("five failures of the log are five things, and Retry tries again", async ({ page }) => {
  await page.goto("/requests");
  const says = async (status: number, body: string, words: string, next: string) => {
    await page.route("**/fn/metrics/log*", (route) => (status === 0 ? route.abort() : route.fulfill({ status, contentType: "application/json", body })));
    if (status !== 200) expectComplaint(/Failed to load resource/);
    await page.getByLabel("Order").selectOption("Slowest first");
    await expect(page.getByText(words)).toBeVisible();
    await expect(page.locator(".failed").getByRole("link", { name: next })).toBeVisible();
    await page.unroute("**/fn/metrics/log*");
    await page.goto("/requests");
  };
  const problem = (status: number) => JSON.stringify({ type: "about:blank", title: "x", status, detail: "y" });
  await says(401, problem(401), "You are not logged in any more.", "Log in again");
  await says(403, problem(403), "The server refuses requests of this page.", "Go to the dashboard");
  await says(500, JSON.stringify({ Internal: "7f" }), "under request id 7f", "Retry");
  await says(200, "<html>", "The server's answer can't be read", "Reload the page");
  await says(0, "", "The server can't be reached.", "Retry");
});
