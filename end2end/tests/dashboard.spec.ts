import { expect, numberIn, startRun, test, tile } from "./fixtures";

test("the dashboard shows four key figures and the simulator card with its choices and defaults", async ({ page }) => {
  await page.goto("/?new=1&range=5m");
  await expect(page).toHaveTitle("Traffic Simulator");
  for (const name of ["Requests", "Current rate", "Error rate", "p95 latency"]) await expect(tile(page, name)).toBeVisible();
  const scenarios = page.getByRole("group", { name: "Scenario" });
  await expect(scenarios.getByRole("radio")).toHaveCount(5);
  await expect(scenarios.getByLabel("Normal Traffic")).toBeChecked();
  const choices = async (label: string) => page.getByLabel(label).locator("option").allInnerTexts();
  expect(await choices("Duration")).toEqual(["30 seconds", "1 minute", "2 minutes", "5 minutes", "10 minutes"]);
  expect(await choices("Max RPS")).toEqual(["1", "2", "5", "10", "15", "20"]);
  expect(await choices("Endpoints")).toEqual(["All", "List users", "Create users", "Get users", "Update users"]);
  await expect(page.getByLabel("Duration")).toHaveValue("120");
  await expect(page.getByLabel("Max RPS")).toHaveValue("20");
  await expect(page.getByLabel("Endpoints")).toHaveValue("all");
  await expect(page.getByLabel("I understand this generates load")).not.toBeChecked();
  await expect(page.getByRole("button", { name: "START TEST" })).toBeVisible();
  await expect(page.locator(".announced strong")).toHaveText("2\u202f376");
});

test("the first HTML holds the numbers of a run that is under way", async ({ page, request }) => {
  const id = await startRun(request);
  for (const path of ["/", `/runs/${id}`]) {
    await expect
      .poll(async () => {
        const html = (await (await request.get(path)).text()).replace(/<!.*?>/g, "");
        return numberIn(/<dt>Sent<\/dt><dd>(.*?)<\/dd>/.exec(html)?.[1] ?? "");
      })
      .toBeGreaterThan(10);
  }
  await page.goto("/");
  await expect(page.getByRole("heading", { name: "Normal Traffic" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Stop" })).toBeVisible();
});

test("an unknown page and an unknown run are not found, and say where to go", async ({ page }) => {
  for (const path of ["/nothing", "/runs/019b76da-a800-7000-8000-000000000000", "/runs/nonsense"]) {
    // The browser reports the 404 of the document itself.
    const response = await page.request.get(path);
    expect(response.status(), path).toBe(404);
    expect(await response.text()).toContain("Go to the dashboard");
  }
});

for (const [width, height] of [[320, 568], [360, 780], [768, 1024]] as const) {
  test(`nothing is wider than a window of ${width} px, and Stop is in view`, async ({ page, request }) => {
    await page.setViewportSize({ width, height });
    await page.goto("/?new=1");
    const overflow = () => page.locator("html").evaluate((html) => html.scrollWidth - html.clientWidth);
    const hasScript = test.info().project.name === "hydrated";
    if (hasScript) expect(await overflow()).toBeLessThanOrEqual(0);
    const id = await startRun(request);
    for (const path of ["/", `/runs/${id}`]) {
      await page.goto(path);
      await expect(page.getByRole("button", { name: "Stop" })).toBeInViewport();
      if (hasScript) expect(await overflow()).toBeLessThanOrEqual(0);
    }
  });
}
