import { mergeConfig } from "vitest/config"
import { shared } from "../vitest/shared.ts"

export default mergeConfig(shared, {
  test: {
    root: import.meta.dirname,
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/peers.ts"],
    // The real baton reads a snapshot of the demo's size in some seconds per command.
    testTimeout: 300_000,
    hookTimeout: 300_000
  }
})
