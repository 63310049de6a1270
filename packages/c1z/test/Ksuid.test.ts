import { Ksuid } from "@access-kit/c1z"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as Timestamp from "../src/internal/Timestamp.ts"

describe("Ksuid", () => {
  it("encodes the corners of its range as the original does", () => {
    assert.strictEqual(Ksuid.fromParts(1_400_000_000_000, new Uint8Array(16)), "0".repeat(27))
    assert.strictEqual(
      Ksuid.fromParts((1_400_000_000 + 0xffffffff) * 1000, new Uint8Array(16).fill(255)),
      "aWgEPTl1tmebfsQzFP4bxwgy80V"
    )
    // From the documentation of the original: raw 0669F7EFB5A1CD34B5F99D1154FB6853345C9735.
    assert.strictEqual(
      Ksuid.fromParts((0x0669f7ef + 1_400_000_000) * 1000, Buffer.from("b5a1cd34b5f99d1154fb6853345c9735", "hex")),
      "0ujtsYcgvSTl8PAuAdqWYSMnLOv"
    )
  })

  it.effect("sorts by time and never repeats", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Date.UTC(2026, 0, 1))
      const first = yield* Ksuid.make
      const same = yield* Ksuid.make
      yield* TestClock.adjust("1 second")
      const later = yield* Ksuid.make
      assert.match(first, /^[0-9A-Za-z]{27}$/)
      assert.notStrictEqual(first, same)
      assert.isTrue(first < later && same < later)
    }))

  it("counts times before its own as its first", () => {
    assert.strictEqual(Ksuid.fromParts(0, new Uint8Array(16)), "0".repeat(27))
  })
})

describe("Timestamp", () => {
  it("is what SQL can compare and Go can read", () => {
    assert.strictEqual(Timestamp.format(Date.UTC(2026, 10, 24, 1, 2, 3, 0)), "2026-11-24 01:02:03")
    assert.strictEqual(Timestamp.format(Date.UTC(2026, 10, 24, 10, 20, 30, 450)), "2026-11-24 10:20:30.45")
    assert.strictEqual(Timestamp.parse("2026-11-24 10:20:30.456789123"), Date.UTC(2026, 10, 24, 10, 20, 30, 456))
    assert.strictEqual(Timestamp.parse("2026-11-24 10:20:30"), Date.UTC(2026, 10, 24, 10, 20, 30))
    for (const text of ["", "2026-11-24", "2026-11-24T10:20:30Z", "2026-13-24 10:20:30"]) {
      assert.isUndefined(Timestamp.parse(text))
    }
  })
})
