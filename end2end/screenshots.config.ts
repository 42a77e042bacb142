import base from "./playwright.config";

/** The pictures of the README: `make screenshots`. */
export default {
  ...base,
  testDir: "pictures",
  projects: [{ name: "pictures" }],
};
