import { assert, describe, it } from "@effect/vitest"
import * as NextSync from "../src/NextSync.ts"

const now = Date.parse("2026-03-28T23:30:00Z")
const at = (time: number | undefined) => time === undefined ? undefined : new Date(time).toISOString()

describe("NextSync", () => {
  it("counts an interval from now, so that missed runs are one", () => {
    const hourly = { type: "interval", everySeconds: 3_600 } as const
    assert.strictEqual(at(NextSync.after(hourly, now, 0, 0)), "2026-03-29T00:30:00.000Z")
    assert.strictEqual(at(NextSync.after({ ...hourly, jitterSeconds: 60 }, now, 0, 0.5)), "2026-03-29T00:30:30.000Z")
  })

  it("grows the pause with each failure, up to a day or the interval", () => {
    const hourly = { type: "interval", everySeconds: 3_600 } as const
    const pauses = Array.from(
      { length: 12 },
      (_, failures) => ((NextSync.after(hourly, now, failures, 0) ?? 0) - now) / 3_600_000
    )
    assert.deepStrictEqual(pauses.slice(0, 6), [1, 2, 4, 8, 16, 24])
    assert.deepStrictEqual(pauses, pauses.toSorted((left, right) => left - right))
    assert.strictEqual(pauses.at(-1), 24)
    const weekly = { type: "interval", everySeconds: 604_800 } as const
    assert.strictEqual((NextSync.after(weekly, now, 9, 0) ?? 0) - now, 604_800_000)
  })

  it("follows a cron expression in its own zone, over the change to summer time", () => {
    const cron = { type: "cron", expression: "30 2 * * *", timeZone: "Europe/Berlin" } as const
    const first = NextSync.after(cron, now, 0, 0)
    // 02:30 does not exist on that night.
    assert.isTrue((first ?? 0) > now && (first ?? 0) <= Date.parse("2026-03-30T00:30:00Z"), at(first))
    assert.strictEqual(
      at(NextSync.after({ type: "cron", expression: "0 3 * * *" }, now, 0, 0)),
      "2026-03-29T03:00:00.000Z"
    )
    // Five failures: 80 minutes' pause, and the first time after it.
    assert.strictEqual(
      at(NextSync.after({ type: "cron", expression: "0 * * * *" }, now, 5, 0)),
      "2026-03-29T01:00:00.000Z"
    )
  })

  it("has no next time where nobody asks for one, and says what is wrong with an expression", () => {
    assert.isUndefined(NextSync.after({ type: "manual" }, now, 0, 0))
    assert.isUndefined(NextSync.faultOf({ type: "cron", expression: "*/5 * * * *", timeZone: "Asia/Tokyo" }))
    assert.match(
      NextSync.faultOf({ type: "cron", expression: "61 * * * *" }) ?? "",
      /can't be used.*five or six fields/s
    )
    assert.match(NextSync.faultOf({ type: "cron", expression: "0 3 * * *", timeZone: "Mars/Olympus" }) ?? "", /Mars/)
    assert.match(NextSync.faultOf({ type: "cron", expression: "0 0 30 2 *" }) ?? "", /can't be used/)
  })
})
