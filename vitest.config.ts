import { mergeConfig } from "vitest/config"
import { shared } from "./tooling/vitest/shared.ts"

export default mergeConfig(shared, {
  test: {
    include: ["{packages,apps,tooling,examples}/*/test/**/*.test.ts"],
    exclude: ["tooling/interop/**", "**/node_modules/**", "**/dist/**"]
  }
})
