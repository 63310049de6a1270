/** What every vitest run of this workspace has in common; the root and the interop configuration extend it. */
import { fileURLToPath } from "node:url"
import type { ViteUserConfig } from "vitest/config"

export const shared: ViteUserConfig = {
  test: {
    // Longer than any test takes on a loaded two-core machine: a bound against hangs, not a statement about speed.
    testTimeout: 180_000,
    hookTimeout: 240_000,
    pool: "forks",
    globalSetup: fileURLToPath(new URL("src/bundleDirectory.ts", import.meta.url)),
    // A pipeline names a file for the results, so that it can count them without another way of calling the tests.
    reporters: process.env["TEST_REPORT"] === undefined
      ? ["default"]
      : ["default", ["json", { outputFile: process.env["TEST_REPORT"] }]]
  }
}
