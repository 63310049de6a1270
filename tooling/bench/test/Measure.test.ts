/**
 * The instrument: what it says of programs whose use is known.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Measure from "../src/Measure.ts"
import * as Table from "../src/Table.ts"

const program = (text: string) => Measure.node(["--eval", text]).pipe(Effect.provide(NodeServices.layer))

describe("Measure", () => {
  it.live("counts the CPU of all threads", () =>
    Effect.gen(function*() {
      const burn =
        "const end = process.cpuUsage().user + 300_000; while (process.cpuUsage().user < end) for (let i = 0; i < 1e6; i++);"
      const { cpuMillis } = yield* program(burn)
      expect(cpuMillis).toBeGreaterThanOrEqual(300)
      const { cpuMillis: threaded } = yield* program(
        `new (require("node:worker_threads").Worker)(${JSON.stringify(burn)}, { eval: true })`
      )
      expect(threaded).toBeGreaterThanOrEqual(300)
    }))

  it.live("sees a peak of memory that has gone again", () =>
    Effect.gen(function*() {
      const nothing = yield* program("")
      const much = yield* program("let b = Buffer.alloc(200_000_000, 1); b = undefined; setTimeout(() => {}, 50)")
      expect(much.peakRssBytes - nothing.peakRssBytes).toBeGreaterThan(150_000_000)
    }))

  it.live("counts what is allocated, garbage too", () =>
    Effect.gen(function*() {
      const nothing = yield* program("")
      const much = yield* program(
        "let last; for (let i = 0; i < 1e6; i++) last = { i, text: String(i) }; globalThis.last = last"
      )
      expect(much.allocatedBytes - nothing.allocatedBytes).toBeGreaterThan(20_000_000)
    }))

  it.live("hands on standard output, and says what a failing program said", () =>
    Effect.gen(function*() {
      expect((yield* program("console.log(42)")).stdout).toBe("42\n")
      const error = yield* Effect.flip(program("console.error('no luck'); process.exit(3)"))
      expect(error).toMatchObject({ _tag: "ProgramFailed", exitCode: 3, output: "no luck" })
    }))
})

describe("Table", () => {
  it("aligns", () => {
    expect(Table.format(["", "wall"], [["a", "10 s"], ["long", "1 s"]])).toBe(
      "       wall\n----   ----\na      10 s\nlong    1 s"
    )
  })

  it("finds the median", () => {
    expect(Table.median([3, 1, 2])).toBe(2)
    expect(Table.median([4, 1, 3, 2])).toBe(2.5)
  })
})
