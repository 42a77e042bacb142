import { expect, test } from "../tests/fixtures";

for (const colorScheme of ["light", "dark"] as const) {
  test(`the dashboard before and in a run, ${colorScheme}`, async ({ page }) => {
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.emulateMedia({ colorScheme });
    await page.goto("/?new=1&range=5m");
    await page.screenshot({ path: `screenshots/idle-${colorScheme}.png` });
    await page.getByLabel("Error Injection").check();
    await page.getByLabel("Duration").selectOption("30 seconds");
    await page.getByLabel("I understand this generates load").check();
    await page.getByRole("button", { name: "START TEST" }).click();
    await expect(page.getByText(/^19 s of 30 s/)).toBeVisible({ timeout: 25_000 });
    await page.screenshot({ path: `screenshots/running-${colorScheme}.png` });
  });
}
