import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { driver } from "../drivers/ScimCoreDriver.ts"
import * as Suite from "../src/Suite.ts"

describe("scim-core", () => {
  it.live("does right in every case", () =>
    Effect.gen(function*() {
      const report = yield* Suite.run(driver)
      const faults = report.cases.filter((row) => row.verdict._tag !== "right")
      assert.deepStrictEqual(faults.map(({ id, name, verdict }) => ({ id, name, verdict })), [])
      assert.strictEqual(report.cases.length, Suite.cases.length)
    }), 600_000)
})
