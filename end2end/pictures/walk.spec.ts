import { closed, expect, startRun, state, test } from "../tests/fixtures";

/** The whole way of a user, with a picture of each step: made to be looked at. */
for (const { name, width, height, colorScheme } of [
  { name: "desk", width: 1440, height: 900, colorScheme: "light" },
  { name: "phone", width: 360, height: 780, colorScheme: "dark" },
] as const) {
  test(`the walk, ${name}`, async ({ page, request }) => {
    test.setTimeout(180_000);
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme });
    let step = 0;
    const picture = async (what: string, fullPage = true) => {
      step += 1;
      await page.screenshot({ path: `walk/${name}-${String(step).padStart(2, "0")}-${what}.png`, fullPage });
    };
    const earlier = await startRun(request, { scenario: "peak", duration: 12 });
    await closed(request, earlier);

    await page.goto("/");
    await picture("first-visit");
    await page.getByLabel("Peak Usage").check();
    await page.getByLabel("Duration").selectOption("30 seconds");
    await page.getByLabel("I understand this generates load").check();
    await picture("chosen");
    await page.getByRole("button", { name: "START TEST" }).click();
    await expect(page.getByText(/^8 s of 30 s/)).toBeVisible({ timeout: 15_000 });
    await picture("running");
    await picture("running-first-screen", false);
    await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
    await expect(page.getByRole("button", { name: "Stop" })).toBeInViewport({ ratio: 1 });
    await picture("running-scrolled-down", false);
    await page.reload();
    await expect(page.getByText("Live", { exact: true })).toBeVisible();
    await picture("reloaded-in-mid-run");
    await page.getByRole("button", { name: "Stop" }).click();
    await expect(page.getByText("Audit verified")).toBeVisible({ timeout: 15_000 });
    await picture("verdict");
    await page.getByRole("link", { name: "This run's page" }).click();
    await expect(state(page)).toHaveText("stopped");
    await expect(page.locator('figure[data-chart="slowest"]')).toBeVisible();
    const id = page.url().split("/").pop()!;
    await picture("its-page");
    await page.goto(`/runs/compare?a=${earlier}&b=${id}`);
    await expect(page.getByRole("heading", { name: "Differences" })).toBeVisible();
    await picture("compared");
    await page.goto("/runs");
    await picture("history");
    await page.goto(`/requests?origin=${id}&order=slowest`);
    await picture("requests");
    await page.getByRole("region", { name: "Requests as a table" }).getByRole("rowheader").first().getByRole("link").click();
    await expect(page.getByRole("region", { name: "Client and server", exact: true })).toContainText("Service time");
    await picture("one-request");

    await page.goto(`/runs/${id}`);
    const download = page.waitForEvent("download");
    await page.getByRole("link", { name: "HTML report", exact: true }).click();
    const file = `${test.info().outputDir}/report.html`;
    await (await download).saveAs(file);
    await page.goto(`file://${file}`);
    await expect(page.getByRole("heading", { name: "Verdict" })).toBeVisible();
    await picture("report-from-disk");
  });
}
