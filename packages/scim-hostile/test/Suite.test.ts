import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Suite from "../src/Suite.ts"
import * as NaiveClient from "./NaiveClient.ts"

describe("Suite", () => {
  it("has every case of the table, each under names of its own", () => {
    const numbers = new Set(Suite.cases.map((hostile) => Number.parseInt(hostile.id, 10)))
    assert.deepStrictEqual([...numbers].toSorted((a, b) => a - b), Array.from({ length: 72 }, (_, index) => index + 1))
    assert.strictEqual(new Set(Suite.cases.map((hostile) => hostile.id)).size, Suite.cases.length)
    assert.strictEqual(new Set(Suite.cases.map((hostile) => hostile.name)).size, Suite.cases.length)
  })

  it.live("sees the faults of a naive client, and what it does right", () =>
    Effect.gen(function*() {
      const report = yield* Suite.run(NaiveClient.driver)
      const verdictOf = (id: string) => report.cases.find((row) => row.id === id)?.verdict._tag
      // Each of these is a fault that somebody's client has had in the field.
      for (
        const [id, expected] of [
          ["3", "wrong"],
          ["10", "wrong"],
          ["11", "wrong"],
          ["12", "wrong"],
          ["24b", "wrong"],
          ["29b", "wrong"],
          ["32", "wrong"],
          ["44", "wrong"],
          ["45", "wrong"],
          ["46", "wrong"],
          ["47", "wrong"],
          ["50e", "loud"],
          ["58a", "loud"],
          ["59", "wrong"],
          ["60a", "loud"],
          ["65a", "wrong"],
          ["68a", "unsupported"],
          ["70", "wrong"]
        ] as const
      ) assert.strictEqual(verdictOf(id), expected, `case ${id}`)
      for (const id of ["1", "2", "34", "69b"]) assert.strictEqual(verdictOf(id), "right", `case ${id}`)
      const totals = Suite.count(report)
      assert.strictEqual(totals.right + totals.loud + totals.wrong + totals.unsupported, Suite.cases.length)
    }), 600_000)

  it.live("plays only what is asked for, and prints a row per case", () =>
    Effect.gen(function*() {
      const report = yield* Suite.run(NaiveClient.driver, { only: ["65", "server-caps-count"] })
      assert.deepStrictEqual(report.cases.map((row) => row.id), ["1", "65a", "65b", "65c"])
      const lines = Suite.toMarkdown([report]).trimEnd().split("\n")
      assert.strictEqual(lines.length, 2 + 4 + 1)
      assert.include(lines[0], "naive")
    }))
})
