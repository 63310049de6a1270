import { mergeConfig } from "vitest/config"
import { shared } from "./tooling/vitest/shared.ts"

export default mergeConfig(shared, {
  test: {
    include: ["{packages,apps,tooling,examples}/*/test/**/*.test.ts"],
    // Minutes long; the interop tier runs what is killed again and again.
    exclude: ["tooling/interop/**", "apps/http-server/test/crash/**", "**/node_modules/**", "**/dist/**"]
  }
})
