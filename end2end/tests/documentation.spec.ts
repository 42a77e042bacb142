import { expect, expectComplaint, test } from "./fixtures";

test("the API's page is one link away, and fits a phone", async ({ page }) => {
  await page.goto("/");
  await page.getByRole("link", { name: "API", exact: true }).click();
  await expect(page).toHaveURL(/\/docs$/);
  await expect(page.getByRole("heading", { name: "POST /traffic/start" })).toBeVisible();
  await page.setViewportSize({ width: 320, height: 568 });
  const overflow = await page.locator("html").evaluate((html) => html.scrollWidth - html.clientWidth);
  expect(overflow).toBe(0);
  await page.getByRole("link", { name: "Runs", exact: true }).click();
  await expect(page).toHaveURL(/\/runs$/);
});

test("it begins with a whole run from a shell, and ends with the refusals", async ({ page }) => {
  await page.goto("/docs");
  const headings = await page.getByRole("heading").allTextContents();
  const first = ["API", "A first run", "Start a run", "Follow it", "Stop it", "Export it", "Reference"];
  expect(headings.slice(0, first.length)).toEqual(first);
  expect(headings.at(-1)).toBe("Refusals");
});

test("every page has the same head, which takes one line of a phone", async ({ page }) => {
  expectComplaint(/404/);
  const menu = page.getByRole("navigation", { name: "Main" });
  for (const [path, current] of [
    ["/", "Dashboard"],
    ["/runs", "Runs"],
    ["/runs/compare", "Runs"],
    ["/requests", "Requests"],
    ["/docs", "API"],
    ["/nothing", undefined],
  ] as const) {
    await page.goto(path);
    await expect(menu.getByRole("link")).toHaveText(["Dashboard", "Runs", "Requests", "API"]);
    await expect(page.getByRole("banner").getByRole("link", { name: "Traffic Simulator" })).toHaveAttribute("href", "/");
    await expect(menu.locator("[aria-current]")).toHaveText(current ? [current] : []);
    await page.setViewportSize({ width: 320, height: 568 });
    expect((await page.getByRole("banner").boundingBox())?.height).toBeLessThan(50);
    await page.setViewportSize({ width: 1280, height: 720 });
  }
});

test("every link of the API's page can be hit with a finger", async ({ page }) => {
  await page.setViewportSize({ width: 320, height: 568 });
  await page.goto("/docs");
  const links = page.getByRole("main").getByRole("link");
  expect(await links.count()).toBeGreaterThan(10);
  for (const link of await links.all()) {
    expect((await link.boundingBox())?.height, (await link.textContent()) ?? "").toBeGreaterThanOrEqual(24);
  }
});
