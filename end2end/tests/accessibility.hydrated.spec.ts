import AxeBuilder from "@axe-core/playwright";

import { closed, expect, type Page, startRun, state, test } from "./fixtures";

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

async function check(page: Page, state: string) {
  const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze();
  expect(violations.map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.html)}`), state).toEqual([]);
}

const looks = [
  { name: "light", colorScheme: "light", forcedColors: "none" },
  { name: "dark", colorScheme: "dark", forcedColors: "none" },
  { name: "forced colours", colorScheme: "dark", forcedColors: "active" },
] as const;

for (const { name, colorScheme, forcedColors } of looks) {
  test(`axe finds nothing in the states idle, running, ended and error, ${name}`, async ({ page, request }) => {
    await page.emulateMedia({ colorScheme, forcedColors });
    await page.goto("/?new=1&range=5m");
    await check(page, "dashboard, idle");
    const first = await startRun(request, { scenario: "error-injection", duration: 30 });
    await page.goto(`/runs/${first}`);
    await expect(page.locator(".strip .connection")).toHaveText("Live");
    await expect(state(page)).toHaveText("running");
    await check(page, "run, running");
    await page.goto("/");
    await expect(page.locator(".strip .connection")).toHaveText("Live");
    await check(page, "dashboard, running");
    await request.post(`/traffic/stop/${first}`);
    await expect(page.locator(".strip-verdict")).toHaveText("✓ verified", { timeout: 15_000 });
    await check(page, "dashboard, ended");
    const second = await startRun(request, { duration: 5 });
    await closed(request, second);
    await page.goto(`/runs/${first}`);
    await page.getByText("Show as table").first().click();
    await page.locator(".verdict summary").click();
    await page.locator("figure#rate").getByRole("slider").focus();
    await check(page, "run, ended, with a table, the verdict and a tooltip open");
    await page.goto("/runs");
    await check(page, "runs");
    await page.goto(`/runs/compare?a=${first}&b=${second}`);
    await check(page, "comparison");
    await page.goto("/runs?scenario=stress&status=error");
    await check(page, "no runs");
    await page.goto(`/requests?run=${first}`);
    await check(page, "requests");
    await page.locator("main table a").first().click();
    await expect(page.getByRole("heading", { name: "Client and server", exact: true })).toBeVisible();
    await check(page, "a request");
    await page.goto("/requests?range=24h&status=4xx&origin=real&minDuration=9000");
    await check(page, "no requests");
    await page.goto("/?range=1h&origin=simulated&health=open");
    await check(page, "dashboard, another range, with the health");
    await page.goto("/docs");
    await check(page, "the API");
    // As from a disk: no policy of ours holds there.
    await page.goto("about:blank");
    await page.setContent(await (await request.get(`/traffic/runs/${first}/export?format=html`)).text());
    await check(page, "a report, opened from a file");
    await page.goto("/?new=1");
    await expect(page.getByRole("button", { name: "START TEST" })).toHaveAttribute("aria-disabled", "true");
    await page.getByRole("button", { name: "START TEST" }).click({ force: true });
    await check(page, "dashboard, refused");
    await page.goto("/?refused=input&scenario=x&duration=y");
    await expect(page.getByText(/is unknown/).first()).toBeVisible();
    await check(page, "dashboard, error");
  });
}

test("axe finds nothing on a page that is not there, and on one that could not be loaded", async ({ page, request }) => {
  const html = await (await request.get("/nothing")).text();
  await page.route("**/nothing", (route) => route.fulfill({ status: 200, contentType: "text/html", body: html }));
  await page.goto("/nothing");
  await check(page, "not found");
});

test("fast numbers are silent, and one status says a sentence at the start, every ten seconds, and at the end", async ({ page, request }) => {
  test.setTimeout(90_000);
  await page.addInitScript(() => {
    const said: [number, string][] = [];
    Object.assign(window, { said });
    const note = (node: Node) => {
      const status = (node.nodeType === Node.ELEMENT_NODE ? (node as Element) : node.parentElement)?.closest("[role=status],[aria-live],output,[role=alert]");
      const text = status?.textContent?.trim();
      if (text && said.at(-1)?.[1] !== text) said.push([performance.now(), text]);
    };
    new MutationObserver((changes) => changes.forEach((change) => note(change.target))).observe(document, { subtree: true, childList: true, characterData: true });
  });
  await page.goto("/?again=true&scenario=normal&duration=25&maxRps=20&endpoints=all");
  await page.getByLabel("I understand this generates load").check();
  await page.evaluate(() => ((window as unknown as { said: unknown[] }).said.length = 0));
  await page.getByRole("button", { name: "START TEST" }).click();
  await expect(state(page)).toHaveText("completed", { timeout: 40_000 });
  await page.waitForTimeout(4_000);
  const said = await page.evaluate(() => (window as unknown as { said: [number, string][] }).said);
  const words = said.map(([, text]) => text);
  // At the start, after ten and after twenty seconds, and at the end: a sentence that stands still would be one.
  expect(said.length, words.join(" | ")).toBeGreaterThanOrEqual(4);
  expect(said.length, words.join(" | ")).toBeLessThanOrEqual(6);
  for (let i = 1; i < said.length; i++) expect(said[i][0] - said[i - 1][0], words.join(" | ")).toBeGreaterThan(2_900);
  const seconds = words.flatMap((text) => /(\d+) of 25 seconds/.exec(text)?.slice(1).map(Number) ?? []);
  expect(seconds.length, words.join(" | ")).toBeGreaterThanOrEqual(2);
  expect(seconds.at(-1)! - seconds[0], "with the numbers of that moment").toBeGreaterThanOrEqual(9);
  expect(words.at(-1)).toMatch(/^The run has ended\. /);
  expect(await page.locator(".stats [aria-live], .stats [role=status], .strip [aria-live], .strip [role=status]").count()).toBe(0);
});

test("nothing moves for those who asked for less motion, and light and dark follow the system", async ({ page, request }) => {
  await page.emulateMedia({ reducedMotion: "reduce", colorScheme: "light" });
  const id = await startRun(request);
  await page.goto(`/runs/${id}`);
  await expect(page.locator(".strip .connection")).toHaveText("Live");
  expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await background();
  await page.emulateMedia({ colorScheme: "dark" });
  expect(await background()).not.toBe(light);
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`texts have a contrast of 4.5:1 and graphics of 3:1 against what is behind them, ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme });
    await page.goto("/");
    const ratios = await page.evaluate(() => {
      const style = getComputedStyle(document.documentElement);
      const luminance = (name: string) => {
        const hex = style.getPropertyValue(name).trim().replace("#", "");
        const full = hex.length === 3 ? [...hex].map((c) => c + c).join("") : hex;
        const [r, g, b] = [0, 2, 4].map((i) => parseInt(full.slice(i, i + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const ratio = (a: string, b: string) => {
        const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
        return (high + 0.05) / (low + 0.05);
      };
      const series = ["planned", "achieved", "cap", "p50", "p95", "p99", "2xx", "4xx", "5xx", "0", "1", "2", "3", "4", "5", "6"].map((name) => `--series-${name}`);
      const graphics = [...series, ...[1, 2, 3, 4, 5].map((i) => `--heat-${i}`), "--line-strong", "--accent", "--good", "--bad"];
      const surfaces = ["--surface", "--sunken"];
      const rows = (names: string[]) => names.flatMap((name) => surfaces.map((surface) => [`${name} on ${surface}`, ratio(name, surface)] as const));
      return { graphics: rows(graphics), texts: rows(["--text", "--text-quiet", "--accent", "--bad"]) };
    });
    expect(ratios.graphics.length).toBeGreaterThan(30);
    for (const [name, ratio] of ratios.graphics) expect(ratio, name).toBeGreaterThanOrEqual(3);
    for (const [name, ratio] of ratios.texts) expect(ratio, name).toBeGreaterThanOrEqual(4.5);
  });
}

test("at 200 % zoom nothing is wider than the window, and targets are large enough", async ({ page, request }) => {
  // 200 % zoom of a window of 1280 px is a window of 640 px with twice the pixels.
  await page.setViewportSize({ width: 640, height: 360 });
  const id = await startRun(request, { scenario: "error-injection", duration: 5 });
  await closed(request, id);
  for (const path of ["/?new=1", "/", "/?range=1h", `/runs/${id}`, "/runs", `/requests?run=${id}`, `/runs/compare?a=${id}&b=${id}`, "/docs"]) {
    for (const width of [640, 320]) {
      await page.setViewportSize({ width, height: 568 });
      await page.goto(path);
      await expect(page.locator("h1")).toBeVisible();
      expect(await page.locator("html").evaluate((html) => html.scrollWidth - html.clientWidth), `${path} at ${width}`).toBeLessThanOrEqual(0);
      const small = await page.evaluate(() =>
        [...document.querySelectorAll("a:not(svg a), button, summary, select, input:not([type=hidden])")]
          .filter((target) => (target as HTMLElement).checkVisibility() && !target.matches(".skip"))
          .map((target) => [target.closest("label") ?? target, target] as const)
          .map(([box, target]) => [target.outerHTML.slice(0, 80), box.getBoundingClientRect()] as const)
          // WCAG 2.2, 2.5.8: or spaced so that circles of 24 px do not meet; a radio in a cell of its own is.
          .filter(([html, box]) => !html.includes('type="radio"') && Math.min(box.width, box.height) < 23.5)
          .map(([html, box]) => `${html} ${box.width.toFixed(0)}×${box.height.toFixed(0)}`),
      );
      expect(small, `${path} at ${width}`).toEqual([]);
      const unnamed = await page.locator(".table-scroll").evaluateAll((regions) => regions.filter((region) => !region.matches("[role=region][tabindex='0']:is([aria-label], [aria-labelledby])")).length);
      expect(unnamed, path).toBe(0);
    }
  }
});
