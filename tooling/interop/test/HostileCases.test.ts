/**
 * The hostile suite against two clients, held against the table that the documentation prints.
 */
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import * as HostileCases from "../src/HostileCases.ts"
import { needing } from "./needing.ts"

const printed = HostileCases.parse(readFileSync(HostileCases.document, "utf8"))

describe("docs/hostile-cases.md", () => {
  it("has a verdict of two clients for every case", () => {
    const cases = Object.entries(printed.verdicts)
    expect(printed.clients).toHaveLength(2)
    expect(new Set(cases.map(([name]) => Number.parseInt(name, 10))).size).toBe(72)
    for (const [name, verdicts] of cases) {
      expect(verdicts, name).toHaveLength(2)
      for (const verdict of verdicts) expect(["right", "loud", "wrong", "unsupported"], name).toContain(verdict)
    }
  })
})

needing("python", "the hostile suite", (bin) => {
  it.live("comes out as docs/hostile-cases.md says (or run `node tooling/interop/src/writeHostileCases.ts`)", () =>
    Effect.gen(function*() {
      const played = HostileCases.summary(yield* HostileCases.play(bin))
      expect(played).toEqual(printed)
    }))
})
