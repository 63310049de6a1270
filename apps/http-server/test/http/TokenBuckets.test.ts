import { assert, describe, it } from "@effect/vitest"
import * as TokenBuckets from "../../src/http/TokenBuckets.ts"

describe("TokenBuckets", () => {
  it("gives the limit at once, then as much as time brings back, and says when", () => {
    const buckets = TokenBuckets.make({ limit: 3, windowMillis: 60_000 })
    assert.deepStrictEqual([1, 2, 3].map(() => buckets.take("a", 1_000)), [0, 0, 0])
    assert.strictEqual(buckets.take("a", 1_000), 20_000)
    assert.strictEqual(buckets.take("b", 1_000), 0)
    assert.strictEqual(buckets.take("a", 11_000), 10_000)
    assert.strictEqual(buckets.take("a", 21_000), 0)
    assert.strictEqual(buckets.take("a", 21_000), 20_000)
  })

  it("never has more than the limit, and a clock that is set back changes nothing", () => {
    const buckets = TokenBuckets.make({ limit: 2, windowMillis: 1_000 })
    buckets.take("a", 0)
    assert.deepStrictEqual([1, 2, 3].map(() => buckets.take("a", 1_000_000) === 0), [true, true, false])
    assert.isAbove(buckets.take("a", 0), 0)
  })

  it("forgets who has not asked for long when there are many", () => {
    const buckets = TokenBuckets.make({ limit: 2, windowMillis: 1_000 })
    for (let at = 0; at < 25_000; at++) assert.strictEqual(buckets.take(String(at), at * 2_000), 0)
    buckets.take("0", 60_000_000)
    buckets.take("0", 60_000_000)
    assert.isAbove(buckets.take("0", 60_000_000), 0)
  })
})
