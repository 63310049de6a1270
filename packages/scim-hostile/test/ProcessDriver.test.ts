import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { fileURLToPath } from "node:url"
import { driver } from "../drivers/ScimCoreDriver.ts"
import * as ProcessDriver from "../src/ProcessDriver.ts"
import * as Suite from "../src/Suite.ts"

const program = fileURLToPath(new URL("../drivers/ScimCoreProcess.ts", import.meta.url))

describe("ProcessDriver", () => {
  it.live("gives a client behind a pipe the verdicts that it has in this process", () =>
    Effect.gen(function*() {
      const only = ["paging", "24b", "33b", "46", "50e", "56", "65a", "68d", "70"]
      const behind = yield* ProcessDriver.make(process.execPath, [program])
      assert.strictEqual(behind.client, driver.client)
      const there = yield* Suite.run(behind, { only })
      const here = yield* Suite.run(driver, { only })
      assert.deepStrictEqual(
        there.cases.map(({ id, verdict }) => [id, verdict._tag]),
        here.cases.map(({ id, verdict }) => [id, verdict._tag])
      )
      assert.isAbove(there.cases.length, 25)
    }))

  it.live("says why there is no client", () =>
    Effect.gen(function*() {
      for (
        const [command, argv, words] of [
          ["no-such-program-here", [], "can't be started"],
          [process.execPath, ["-e", "process.exit(3)"], "ended with code 3"],
          [process.execPath, ["-e", "console.log('hello'); setTimeout(() => {}, 1e6)"], "began with something else"]
        ] as const
      ) {
        const error = yield* Effect.flip(ProcessDriver.make(command, argv))
        assert.include(error.message, words)
      }
    }))

  it.live("counts the cases of a process that dies as seen, not as done", () =>
    Effect.gen(function*() {
      const hello = JSON.stringify({ client: "mortal", calls: ["listUsers"] })
      const mortal = yield* ProcessDriver.make(process.execPath, [
        "-e",
        `console.log(${JSON.stringify(hello)}); process.stdin.once("data", () => process.exit(1))`
      ])
      const report = yield* Suite.run(mortal, { only: ["1"] })
      assert.strictEqual(report.cases[0]?.verdict._tag, "loud")
    }))
})
