import { expect, type Page, test } from "./fixtures";

type Loaded = { path: string; wire: boolean; done: boolean; encoding?: string; caching?: string; bytes: number };

/** Notes what the browser loads, and whether it came over the wire. */
async function loads(page: Page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  const all = new Map<string, Loaded>();
  session.on("Network.requestWillBeSent", ({ requestId, request }) => {
    if (request.url.startsWith("http")) all.set(requestId, { path: new URL(request.url).pathname, wire: true, done: false, bytes: 0 });
  });
  session.on("Network.requestServedFromCache", ({ requestId }) => {
    const loaded = all.get(requestId);
    if (loaded) loaded.wire = false;
  });
  session.on("Network.responseReceived", ({ requestId, response }) => {
    const loaded = all.get(requestId);
    if (!loaded) return;
    const header = (name: string) => Object.entries(response.headers).find(([key]) => key.toLowerCase() === name)?.[1];
    if (response.fromDiskCache) loaded.wire = false;
    loaded.encoding = header("content-encoding");
    loaded.caching = header("cache-control");
  });
  session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    const loaded = all.get(requestId);
    if (loaded) Object.assign(loaded, { bytes: encodedDataLength, done: true });
  });
  return {
    /** Whether something came over the wire is known only in the end. */
    has: (kind: RegExp) => [...all.values()].some(({ path, done }) => done && kind.test(path)),
    overTheWire: (pattern: RegExp) => [...all.values()].filter(({ path, wire }) => wire && pattern.test(path)),
    forget: () => all.clear(),
  };
}

const ASSET = /^\/pkg\/|\.(svg|txt)$/;

/** The page answers to a press: its script runs. */
async function alive(page: Page) {
  await page.getByLabel("Normal Traffic").focus();
  await expect(async () => {
    await page.getByLabel("Peak Usage").check();
    await expect(page.locator(".announced strong")).toHaveText("1\u202f788", { timeout: 500 });
  }).toPass();
}

test("a first visit loads script, WebAssembly and style sheet once each, compressed; a reload loads none of them", async ({ page }) => {
  const loaded = await loads(page);
  await page.goto("/?new=1");
  await alive(page);
  await expect.poll(() => loaded.has(/\.wasm$/)).toBe(true);
  const first = loaded.overTheWire(ASSET);
  for (const kind of ["css", "js", "wasm"]) {
    const files = first.filter(({ path }) => new RegExp(`^/pkg/traffic-simulator\\.[\\w-]{22}\\.${kind}$`).test(path));
    expect(files, kind).toHaveLength(1);
    expect(files[0]).toMatchObject({ encoding: "br", caching: "public, max-age=31536000, immutable" });
    expect(files[0].bytes).toBeGreaterThan(1_000);
  }
  const known = new Set(first.map(({ path }) => path));
  expect(known.size, "nothing is loaded twice").toBe(first.length);

  loaded.forget();
  await page.reload();
  await alive(page);
  await expect.poll(() => loaded.has(/\.wasm$/)).toBe(true);
  expect(loaded.overTheWire(/^\/$/), "the page itself is asked for").toHaveLength(1);
  expect(loaded.overTheWire(ASSET)).toEqual([]);

  loaded.forget();
  await page.goto("/docs");
  await expect(page.getByRole("heading", { name: "API", exact: true })).toBeVisible();
  await page.waitForTimeout(1_500);
  expect(loaded.overTheWire(/^\/docs$/)).toHaveLength(1);
  expect(loaded.overTheWire(ASSET), "another page loads no file again").toEqual([]);
  expect(loaded.has(/\.wasm$/), "where nothing lives, no code is needed").toBe(false);
});

test("every page is asked for anew, and names the same style sheet", async ({ page, request }) => {
  const styles = new Set<string>();
  for (const path of ["/", "/runs", "/docs", "/nothing"]) {
    const response = await request.get(path);
    expect(response.headers()["cache-control"], path).toBe("no-cache");
    styles.add(/<link rel="stylesheet"[^>]* href="([^"]+)"/.exec(await response.text())![1]);
  }
  expect(styles.size).toBe(1);
  const [style] = styles;
  expect(style).toMatch(/^\/pkg\/traffic-simulator\.[\w-]{22}\.css$/);
  await page.goto("/docs");
  expect(await page.evaluate(() => document.styleSheets.length)).toBe(1);
});
