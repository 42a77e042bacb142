import base from "./playwright.config";

/** Pictures instead of tests: `make screenshots`, `make walk`. */
export default {
  ...base,
  testDir: "pictures",
  projects: [{ name: "pictures" }],
};
