import path from "node:path";

import { defineConfig } from "@playwright/test";

// scripts/end2end names a free port; `cargo leptos end-to-end` has started its own server.
const ownServer = process.env.E2E_ADDR !== undefined;
const address = process.env.E2E_ADDR ?? process.env.LEPTOS_SITE_ADDR ?? "127.0.0.1:3000";

export default defineConfig({
  testDir: "tests",
  // One server runs one job at a time, so the tests take turns.
  workers: 1,
  fullyParallel: false,
  forbidOnly: !!process.env.CI,
  timeout: 60_000,
  reporter: [["list"]],
  use: {
    baseURL: `http://${address}`,
    viewport: { width: 1280, height: 720 },
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
  // Every test runs with and without JavaScript, but those that are about one of the two.
  projects: [
    { name: "hydrated", testIgnore: "*.plain.spec.ts" },
    { name: "plain", testIgnore: "*.hydrated.spec.ts", use: { javaScriptEnabled: false } },
  ],
  webServer: {
    command: ownServer ? "scripts/serve" : "sleep 3600",
    cwd: path.resolve(__dirname, ".."),
    url: `http://${address}/healthz`,
    reuseExistingServer: !ownServer,
    gracefulShutdown: { signal: "SIGTERM", timeout: 6_000 },
    env: ownServer
      ? { LEPTOS_SITE_ADDR: address, DATABASE_URL: `sqlite://${process.env.E2E_DATA}/end2end.db`, RUST_LOG: "warn" }
      : {},
  },
});
