import { closed, expect, startRun, test } from "../tests/fixtures";

/** Every state of the page at four sizes, to be looked at: `make walk` puts the pictures into end2end/walk. */
const views = [
  { name: "desk-light", width: 1440, height: 900, colorScheme: "light", forcedColors: "none" },
  { name: "wide-dark", width: 1920, height: 1080, colorScheme: "dark", forcedColors: "none" },
  { name: "tablet-light", width: 768, height: 1024, colorScheme: "light", forcedColors: "none" },
  { name: "phone-dark", width: 360, height: 640, colorScheme: "dark", forcedColors: "none" },
  { name: "desk-forced", width: 1440, height: 900, colorScheme: "dark", forcedColors: "active" },
] as const;

const scenarios = ["Normal Traffic", "Peak Usage", "Error Injection", "Latency Degradation", "Stress Test (Safe)"];

for (const { name, width, height, colorScheme, forcedColors } of views) {
  test(`the walk, ${name}`, async ({ page, request }) => {
    test.setTimeout(300_000);
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme, forcedColors });
    let step = 0;
    const picture = async (what: string, fullPage = true) => {
      step += 1;
      await page.screenshot({ path: `walk/${name}-${String(step).padStart(2, "0")}-${what}.png`, fullPage });
    };
    const earlier = await startRun(request, { scenario: "peak", duration: 12 });
    await closed(request, earlier);

    await page.goto("/?new=1&range=5m");
    await picture("ready");
    for (const scenario of scenarios) {
      await page.getByLabel(scenario).check();
      await picture(`ready-${scenario.split(" ")[0].toLowerCase()}`, false);
    }
    await page.getByRole("button", { name: "START TEST" }).click();
    await picture("refused", false);
    await page.getByLabel("Error Injection").check();
    await page.getByLabel("Duration").selectOption("30 seconds");
    await page.getByLabel("I understand this generates load").check();
    await page.getByRole("button", { name: "START TEST" }).click();
    await expect(page.getByText(/^12 s of 30 s/)).toBeVisible({ timeout: 20_000 });
    await picture("running");
    await picture("running-first-screen", false);
    await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight / 2));
    await picture("running-scrolled-down", false);
    await page.getByRole("button", { name: "Stop" }).click();
    await expect(page.locator(".strip .badge")).toHaveText("stopped", { timeout: 15_000 });
    await page.evaluate(() => window.scrollTo(0, 0));
    await picture("ended");
    await picture("ended-first-screen", false);
    const { runs } = await (await request.get("/traffic/runs")).json();
    const id = runs[0].jobId;
    await page.goto(`/runs/${id}`);
    await picture("its-page");
    await page.goto(`/runs/compare?a=${earlier}&b=${id}`);
    await picture("compared");
    await page.goto("/runs");
    await picture("history");
    await page.goto(`/requests?run=${id}&order=slowest`);
    await picture("requests");
    await page.goto("/requests");
    await page.locator("main table a").first().click();
    await picture("one-request");
    await page.goto("/docs");
    await picture("docs", false);
    await page.goto("/runs/019b76da-a800-7000-8000-000000000000");
    await picture("no-such-run", false);
  });
}
