import { type APIRequestContext, type Page, test as base, expect } from "@playwright/test";

/** Every test fails on a console message of level warning or error, on a page error, and leaves no run active. */
export const test = base.extend<{ quiet: void; noRunActive: void }>({
  quiet: [
    async ({ page }, use) => {
      const complaints: string[] = [];
      page.on("console", (message) => {
        if (["warning", "error"].includes(message.type())) complaints.push(`${message.type()}: ${message.text()}`);
      });
      page.on("pageerror", (error) => complaints.push(String(error)));
      await use();
      expect(complaints.filter((text) => !expected.some((pattern) => pattern.test(text)))).toEqual([]);
      expected.length = 0;
    },
    { auto: true },
  ],
  noRunActive: [
    async ({ request }, use) => {
      await stopActiveRun(request);
      await use();
      await stopActiveRun(request);
    },
    { auto: true },
  ],
});

const expected: RegExp[] = [];

/** For the one test that breaks something on purpose: a complaint of the browser that belongs to it. */
export function expectComplaint(pattern: RegExp) {
  expected.push(pattern);
}

export { expect, type Page };

export type Job = {
  jobId: string;
  status: string;
  closed: boolean;
  duration: number;
  delay: string;
  seed: number;
  stats: {
    totalRequests: number;
    failedRequests: number;
    planned: number;
    sent: number;
    missed: number;
    notReached: number;
    sentPerSecond: number[];
    audit?: { outcome: "wrong" | "incomplete" | "verified"; capKept?: boolean };
  };
};

/** Starts a run as a program does. */
export async function startRun(request: APIRequestContext, settings: object = {}): Promise<string> {
  const data = { scenario: "normal", duration: 30, maxRps: 20, endpoints: "all", ...settings };
  const response = await request.post("/traffic/start", { data });
  expect(response.status(), await response.text()).toBe(201);
  return (await response.json()).jobId;
}

export async function status(request: APIRequestContext, id: string): Promise<Job> {
  return (await request.get(`/traffic/status/${id}`)).json();
}

/** Waits until a run is closed, and gives it. */
export async function closed(request: APIRequestContext, id: string): Promise<Job> {
  await expect.poll(async () => (await status(request, id)).closed, { timeout: 45_000 }).toBe(true);
  return status(request, id);
}

/** Stops whatever run is active, and waits until it is closed. */
async function stopActiveRun(request: APIRequestContext) {
  const state = await (await request.get("/fn/traffic/card")).json();
  if (!state.active) return;
  const id = state.active.jobId;
  await request.post(`/traffic/stop/${id}`);
  await expect.poll(async () => (await status(request, id)).closed, { timeout: 15_000 }).toBe(true);
}

/** The state of the run, as the strip says it. */
export function state(page: Page) {
  return page.locator(".strip .badge");
}

/** The tile with this name. */
export function tile(page: Page, name: string) {
  return page.locator(".stats > .stat", { has: page.getByText(name, { exact: true }) });
}

/** The number on a tile; "594" of "594", "28" of "28". */
export async function tileNumber(page: Page, name: string): Promise<number> {
  return numberIn(await tile(page, name).locator(".stat-value").innerText());
}

/** The first number in a text, which may have thin spaces between its thousands. */
export function numberIn(text: string): number {
  return Number((/[0-9][0-9\u202f]*(\.[0-9]+)?/.exec(text)?.[0] ?? "NaN").replace(/\u202f/g, ""));
}

/** The text of a figure of the strip, such as "28 (11.7 %)" for "Failed". */
export function inStrip(page: Page, name: string) {
  return page.locator(".strip-figure", { has: page.getByText(name, { exact: true }) }).locator("dd");
}

/** Chooses and starts a run on the card, and gives its id. */
export async function startOnCard(page: Page, scenario = "Normal Traffic", duration = "30 seconds"): Promise<string> {
  await page.getByLabel(scenario).check();
  await page.getByLabel("Duration").selectOption(duration);
  await page.getByLabel("I understand this generates load").check();
  await page.getByRole("button", { name: "START TEST" }).click();
  return shownRun(page);
}

/** The id of the run that the card shows. */
export async function shownRun(page: Page): Promise<string> {
  const href = await page.getByRole("link", { name: "This run's page" }).getAttribute("href");
  return href!.split("/").pop()!;
}

/** The chart with this id. */
export function chart(page: Page, id: string) {
  return page.locator(`figure#${id}`);
}
