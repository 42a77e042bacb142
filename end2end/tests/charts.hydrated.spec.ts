import { closed, expect, type Page, startRun, status, test } from "./fixtures";

const chart = (page: Page, id: string) => page.locator(`figure[data-chart="${id}"]`);

/** The rows of a chart's table, opened for it. */
async function rows(page: Page, id: string): Promise<string[][]> {
  const table = chart(page, id).locator(".as-table");
  await table.getByText("Show as table").click();
  await expect(table.locator("tbody tr").first()).toBeVisible();
  return table.locator("tbody tr").evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent ?? "")));
}

/** How many points the path of a mark goes through, or how many steps it has. */
const points = async (page: Page, id: string, mark: string) =>
  ((await chart(page, id).locator(`.picture path.${mark}`).getAttribute("d")) ?? "").match(mark === "achieved" ? /H/g : /[ML]/g)?.length ?? 0;

test("each chart is a figure with a caption, a named picture, a sentence, and a table of the drawn points", async ({ page, request }) => {
  const id = await startRun(request, { scenario: "error-injection", duration: 6 });
  const job = await closed(request, id);
  await page.goto(`/runs/${id}`);
  await expect(page.locator("figure[data-chart]")).toHaveCount(5);
  for (const name of ["rate", "latency", "distribution", "answers", "slowest"]) {
    const figure = chart(page, name);
    const title = await figure.locator("figcaption").innerText();
    expect(title).not.toBe("");
    const picture = figure.getByRole("img", { name: title });
    await expect(picture).toHaveAccessibleDescription(/\w.*\./);
    await expect(figure.locator(".sentence")).not.toBeEmpty();
  }
  const rate = await rows(page, "rate");
  const perSecond = rate.slice(0, 6);
  expect(perSecond.map((row) => row[0])).toEqual(["0:00", "0:01", "0:02", "0:03", "0:04", "0:05"]);
  expect(perSecond.map((row) => Number(row[2]))).toEqual(job.stats.sentPerSecond);
  expect(await points(page, "rate", "achieved")).toBe(job.stats.sentPerSecond.length);
  expect(await points(page, "rate", "planned")).toBe(2);
  const latency = await rows(page, "latency");
  expect(latency.length).toBe(6);
  for (const line of ["p50", "p95", "p99"]) expect(await points(page, "latency", line)).toBe(6);
  // Each row has its cells; neighbours of one shade are one box, which is as wide as all of them.
  const boxes = await chart(page, "latency").locator('.picture path[class^="heat-"]').evaluateAll((paths) =>
    paths.flatMap((path) => [...path.getAttribute("d")!.matchAll(/M([\d.]+) [\d.]+H([\d.]+)/g)].map((box) => Number(box[2]) - Number(box[1]))));
  const cells = latency.map((row) => row[5].split(", ").length).reduce((a, b) => a + b, 0);
  expect(boxes.map((width) => Math.round(width / (600 / latency.length))).reduce((a, b) => a + b, 0)).toBe(cells);
  const answers = await rows(page, "answers");
  const heads = await chart(page, "answers").locator("thead th").allInnerTexts();
  expect(await chart(page, "answers").locator('.picture path[class^="series-"]').count()).toBe(heads.length - 1);
  const sums = answers.map((row) => row.slice(1).map(Number).reduce((a, b) => a + b, 0));
  expect(sums).toEqual(job.stats.sentPerSecond);
  const distribution = await rows(page, "distribution");
  const ok = job.stats.totalRequests - job.stats.failedRequests;
  expect(distribution.map((row) => Number(row[1].replace(/\D/g, ""))).reduce((a, b) => a + b, 0)).toBe(ok);
  expect((await rows(page, "slowest")).length).toBe(10);
});

test("series differ by their dashes as well as by their colour", async ({ page, request }) => {
  const id = await startRun(request, { scenario: "error-injection", duration: 5 });
  await closed(request, id);
  await page.goto(`/runs/${id}`);
  const dashes = (name: string, marks: string) =>
    chart(page, name).locator(marks).evaluateAll((paths) => paths.map((path) => getComputedStyle(path).strokeDasharray));
  for (const [name, marks] of [["rate", ".picture path:is(.planned, .achieved, .cap)"], ["latency", ".picture path:is(.p50, .p95, .p99)"], ["answers", '.picture path[class^="series-"]']]) {
    const found = await dashes(name, marks);
    expect(found.length).toBeGreaterThanOrEqual(3);
    expect(new Set(found).size, `${name}: ${found}`).toBe(found.length);
  }
});

test("values are read with the pointer and with the keyboard, and nothing moves", async ({ page, request }) => {
  const id = await startRun(request, { duration: 5, maxRps: 10 });
  const job = await closed(request, id);
  await page.goto(`/runs/${id}`);
  const figure = chart(page, "rate");
  const place = () => figure.evaluate((figure: HTMLElement) => [figure.offsetTop, figure.offsetLeft, figure.offsetWidth, figure.offsetHeight]);
  const before = await place();
  const slider = figure.getByRole("slider", { name: "Values of Rate over time" });
  await slider.focus();
  await page.keyboard.press("Home");
  await expect(figure.locator(".reading")).toHaveText(`0:00 · planned 10.0 · sent ${job.stats.sentPerSecond[0]} · cap 20`);
  await page.keyboard.press("ArrowRight");
  await expect(figure.locator(".reading")).toHaveText(`0:01 · planned 10.0 · sent ${job.stats.sentPerSecond[1]} · cap 20`);
  await expect(slider).toHaveAttribute("aria-valuetext", /^0:01 · planned/);
  await expect(figure.locator(".cursor")).toHaveAttribute("visibility", "visible");
  await page.keyboard.press("Tab");
  await expect(figure.locator(".reading")).toHaveText("");
  const box = (await slider.boundingBox())!;
  await page.mouse.move(box.x + box.width * 0.6, box.y + box.height / 2);
  await expect(figure.locator(".reading")).toHaveText(/^0:03 · /);
  await page.mouse.move(0, 0);
  await expect(figure.locator(".reading")).toHaveText("");
  expect(await place()).toEqual(before);
});

test("the last second that is not over is never drawn as a drop", async ({ page, request }) => {
  const id = await startRun(request, { duration: 10 });
  await page.goto(`/runs/${id}`);
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  for (let look = 0; look < 6; look++) {
    await page.waitForTimeout(700);
    const drawn = await page.evaluate(() => {
      const path = document.querySelector('figure[data-chart="rate"] path.achieved')!.getAttribute("d") ?? "";
      return [...path.matchAll(/[ML][\d.]+ ([\d.]+)/g)].map((match) => ((150 - Number(match[1])) / 150) * 23);
    });
    for (const rate of drawn) expect(rate).toBeGreaterThan(17);
  }
  expect((await status(request, id)).stats.missed).toBeLessThan(3);
});
