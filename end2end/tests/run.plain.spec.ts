import { expect, startRun, state, status, test, tileNumber } from "./fixtures";

test("without JavaScript: post the form, land on the run, see its numbers, stop it", async ({ page, request }) => {
  await page.goto("/?new=1");
  await page.getByLabel("Peak Usage").check();
  await page.getByLabel("Duration").selectOption("30 seconds");
  await page.getByLabel("I understand this generates load").check();
  await page.getByRole("button", { name: "START TEST" }).click();
  await expect(page).toHaveURL(/\/runs\/[0-9a-f-]{36}$/);
  const id = page.url().split("/").pop()!;
  await expect(page.getByRole("heading", { name: "Peak Usage", exact: true })).toBeVisible();
  // The page reloads itself: nobody presses anything here.
  await expect.poll(() => tileNumber(page, "Sent"), { timeout: 15_000 }).toBeGreaterThan(10);
  await expect(page.locator(".strip .connection"), "nothing claims to connect").toHaveText("");
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(page).toHaveURL(new RegExp(id));
  await expect(state(page)).toHaveText("stopped", { timeout: 15_000 });
  await expect(page.locator(".verdict summary")).toContainText("Verified");
  expect((await status(request, id)).status).toBe("cancelled");
});

test("without JavaScript: a refused form comes back with its input and the reason", async ({ page, request }) => {
  await page.goto("/?new=1");
  await page.getByLabel("Error Injection").check();
  await page.getByLabel("Duration").selectOption("5 minutes");
  await page.getByLabel("Max RPS").selectOption("5");
  await page.getByLabel("Endpoints").selectOption("Get users");
  await page.getByRole("button", { name: "START TEST" }).click();
  await expect(page.getByText(/tick "I understand this generates load" first/)).toBeVisible();
  await expect(page.getByLabel("Error Injection")).toBeChecked();
  await expect(page.getByLabel("Duration")).toHaveValue("300");
  await expect(page.getByLabel("Max RPS")).toHaveValue("5");
  await expect(page.getByLabel("Endpoints")).toHaveValue("get");
  expect((await (await request.get("/fn/traffic/card")).json()).active).toBeNull();
});

test("without JavaScript: the choice of where to wait appears with its scenario and is sent", async ({ page, request }) => {
  await page.goto("/?new=1");
  await expect(page.getByLabel("In the server's response")).toBeHidden();
  await page.getByLabel("Latency Degradation").check();
  await page.getByLabel("In the server's response").check();
  await page.getByLabel("Duration").selectOption("30 seconds");
  await page.getByLabel("I understand this generates load").check();
  await page.getByRole("button", { name: "START TEST" }).click();
  await expect(page).toHaveURL(/\/runs\//);
  expect(await status(request, page.url().split("/").pop()!)).toMatchObject({ delay: "server" });
});

test("without JavaScript: the dashboard shows a run that is active, reloads itself, and Stop works", async ({ page, request }) => {
  const id = await startRun(request);
  await page.goto("/");
  await expect(page.getByRole("link", { name: "This run's page" })).toHaveAttribute("href", `/runs/${id}`);
  const before = await tileNumber(page, "Sent");
  await expect.poll(() => tileNumber(page, "Sent"), { timeout: 15_000 }).toBeGreaterThan(before);
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(page).toHaveURL(new RegExp(`/runs/${id}`));
});

test("without JavaScript: a start while another run is active says so and shows that run", async ({ page, request }) => {
  await page.goto("/?new=1");
  await page.getByLabel("I understand this generates load").check();
  const id = await startRun(request);
  await page.getByRole("button", { name: "START TEST" }).click();
  await expect(page.getByText("Your run was not started because another run was active.")).toBeVisible();
  await expect(page.getByRole("link", { name: "This run's page" })).toHaveAttribute("href", `/runs/${id}`);
});

test("without JavaScript: a scope, a table and the health are one link away", async ({ page, request }) => {
  await startRun(request, { duration: 5 });
  await page.goto("/?range=5m");
  await page.locator("figure#past-rate").getByRole("link", { name: "Show as table" }).click();
  await expect(page.locator("figure#past-rate tbody tr").first()).toBeVisible();
  await page.getByRole("navigation", { name: "Scope" }).getByRole("link", { name: "1 h" }).click();
  await expect(page).toHaveURL(/range=1h/);
  await page.getByRole("link", { name: "Simulator and database health" }).click();
  await expect(page.locator("figure#past-health")).toBeVisible();
});
