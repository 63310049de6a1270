import { mergeConfig } from "vitest/config"
import { shared } from "../vitest/shared.ts"

export default mergeConfig(shared, {
  test: {
    root: import.meta.dirname,
    // Servers that are killed again and again take minutes too: too long for the tests that everybody runs all the time.
    include: ["test/**/*.test.ts", "../../apps/http-server/test/crash/*.test.ts"],
    globalSetup: ["test/peers.ts"],
    // The real baton reads a snapshot of the demo's size in some seconds per command.
    testTimeout: 300_000,
    hookTimeout: 300_000
  }
})
