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

/** The state of the run that the panel shows. */
export function state(page: Page) {
  return page.locator(".run-head .badge");
}

/** The number under a label of the run panel. */
export function stat(page: Page, label: string) {
  return page.locator(".stat", { has: page.getByText(label, { exact: true }) }).locator("dd");
}

export async function statNumber(page: Page, label: string): Promise<number> {
  return Number((await stat(page, label).innerText()).replace(/[^0-9.]/g, ""));
}
