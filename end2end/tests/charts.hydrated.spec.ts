import { chart, closed, expect, inStrip, type Page, startRun, status, test } from "./fixtures";

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

test("each chart is a figure with a caption, a unit, a named picture, a sentence, and a table of the drawn points", async ({ page, request }) => {
  const id = await startRun(request, { scenario: "error-injection", duration: 6 });
  const job = await closed(request, id);
  await page.goto(`/runs/${id}`);
  for (const name of ["rate", "latency", "responses", "distribution"]) {
    const figure = chart(page, name);
    const title = await figure.locator(".chart-title").innerText();
    expect(title).not.toBe("");
    expect(await figure.locator(".chart-unit").innerText()).not.toBe("");
    await expect(figure.getByRole("img", { name: title, exact: true })).toHaveAccessibleDescription(/\w.*\./);
    await expect(figure.locator(".sentence")).not.toBeEmpty();
  }
  const rate = await rows(page, "rate");
  const perSecond = rate.filter((row) => row[2] !== "–");
  expect(perSecond.map((row) => row[0])).toEqual(["0:00", "0:01", "0:02", "0:03", "0:04", "0:05"]);
  expect(perSecond.map((row) => Number(row[2]))).toEqual(job.stats.sentPerSecond);
  expect(perSecond.map((row) => Number(row[3])).reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(job.stats.failedRequests);
  expect(await points(page, "rate", "achieved")).toBe(job.stats.sentPerSecond.length);
  expect(await points(page, "rate", "planned")).toBe(2);
  const latency = await rows(page, "latency");
  expect(latency.length).toBe(6);
  for (const line of ["p50", "max"]) expect(await points(page, "latency", line)).toBe(6);
  // Each row has its cells; neighbours of one shade are one box, which is as wide as all of them.
  const boxes = await chart(page, "latency").locator('.picture path[class^="heat-"]').evaluateAll((paths) =>
    paths.flatMap((path) => [...(path.getAttribute("d") ?? "").matchAll(/M([\d.]+) [\d.]+H([\d.]+)/g)].map((box) => Number(box[2]) - Number(box[1]))));
  const cells = latency.map((row) => row[5].split(", ").length).reduce((a, b) => a + b, 0);
  expect(boxes.map((width) => Math.round(width / (600 / latency.length))).reduce((a, b) => a + b, 0)).toBe(cells);
  const responses = await rows(page, "responses");
  const heads = await chart(page, "responses").locator("thead th").allInnerTexts();
  expect(await chart(page, "responses").locator('.picture path[class^="status-"]').count()).toBe(heads.length - 1);
  const sums = responses.map((row) => row.slice(1).map(Number).reduce((a, b) => a + b, 0));
  expect(sums).toEqual(job.stats.sentPerSecond);
  const distribution = await rows(page, "distribution");
  const ok = job.stats.totalRequests - job.stats.failedRequests;
  expect(distribution.map((row) => Number(row[1].replace(/\D/g, ""))).reduce((a, b) => a + b, 0)).toBe(ok);
});

test("a series that is zero draws nothing", async ({ page, request }) => {
  const id = await startRun(request, { duration: 5 });
  await closed(request, id);
  await page.goto(`/runs/${id}`);
  await expect(chart(page, "responses").locator("path.status-2xx").first()).toHaveAttribute("d", /^M/);
  for (const [figure, mark] of [["responses", "status-5xx"], ["responses", "status-4xx"], ["rate", "failed"]]) {
    await expect(chart(page, figure).locator(`.picture path.${mark}`)).toHaveAttribute("d", "");
  }
});

test("series differ by their dashes as well as by their colour", async ({ page, request }) => {
  const id = await startRun(request, { scenario: "error-injection", duration: 5 });
  await closed(request, id);
  await page.goto(`/runs/${id}`);
  const dashes = (name: string, marks: string) =>
    chart(page, name).locator(marks).evaluateAll((paths) => paths.map((path) => getComputedStyle(path).strokeDasharray));
  for (const [name, marks] of [["rate", ".picture path:is(.planned, .achieved, .failed, .cap)"], ["latency", ".picture path:is(.p50, .p95, .max)"]]) {
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
  const slider = figure.getByRole("slider");
  await expect(slider).toBeVisible();
  const before = await place();
  await slider.focus();
  await page.keyboard.press("Home");
  const tooltip = figure.locator(".tooltip");
  await expect(slider).toHaveAttribute("aria-valuetext", `0:00 · planned 10.0 · sent ${job.stats.sentPerSecond[0]} · failed 0 · cap 20`);
  await page.keyboard.press("ArrowRight");
  await expect(tooltip).toContainText("0:01");
  await expect(tooltip).toContainText(`sent ${job.stats.sentPerSecond[1]}`);
  await expect(figure.locator(".cursor")).toHaveAttribute("visibility", "visible");
  await page.keyboard.press("Tab");
  await expect(tooltip).toHaveCount(0);
  const box = (await slider.boundingBox())!;
  await page.mouse.move(box.x + box.width * 0.6, box.y + box.height / 2);
  await expect(tooltip).toContainText("0:03");
  await page.mouse.move(0, 0);
  await expect(tooltip).toHaveCount(0);
  expect(await place()).toEqual(before);
});

test("the last second that is not over is never drawn as a drop", async ({ page, request }) => {
  const id = await startRun(request, { duration: 10 });
  await page.goto(`/runs/${id}`);
  await expect(inStrip(page, "Sent")).toBeVisible();
  let drawnOnce = 0;
  for (let look = 0; look < 8; look++) {
    await page.waitForTimeout(700);
    const drawn = await page.evaluate(() => {
      const path = document.querySelector("figure#rate path.achieved")!.getAttribute("d") ?? "";
      return [...path.matchAll(/(?:M0 |V)([\d.]+)H/g)].map((match) => ((150 - Number(match[1])) / 150) * 23);
    });
    drawnOnce = Math.max(drawnOnce, drawn.length);
    for (const rate of drawn) expect(rate).toBeGreaterThan(17);
  }
  expect(drawnOnce).toBeGreaterThan(2);
  expect((await status(request, id)).stats.missed).toBeLessThan(3);
});
