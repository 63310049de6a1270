import { assert, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Layer } from "effect"
import { Standstill } from "../../src/jobs/Standstill.ts"

/** Time passes without anybody having a turn, as it does for a process that is frozen: a test clock gives each sleeper its turn on the way. */
const frozenClock = () => {
  let now = 0
  let sleepers: ReadonlyArray<() => void> = []
  const clock: Clock.Clock = {
    currentTimeMillisUnsafe: () => now,
    currentTimeMillis: Effect.sync(() => now),
    currentTimeNanosUnsafe: () => BigInt(now) * 1_000_000n,
    currentTimeNanos: Effect.sync(() => BigInt(now) * 1_000_000n),
    monotonicTimeNanosUnsafe: () => BigInt(now) * 1_000_000n,
    monotonicTimeNanos: Effect.sync(() => BigInt(now) * 1_000_000n),
    sleep: () =>
      Effect.callback((resume) => {
        sleepers = [...sleepers, () => resume(Effect.void)]
      })
  }
  return {
    clock,
    pass: (milliseconds: number) =>
      Effect.sync(() => {
        now += milliseconds
      }),
    /** Everybody who sleeps wakes up, and does what is to be done. */
    turn: Effect.suspend(() => {
      const all = sleepers
      sleepers = []
      for (const wake of all) wake()
      return Effect.yieldNow
    })
  }
}

it.live("lets nothing begin for a while after the process stood still", () =>
  Effect.gen(function*() {
    const { clock, pass, turn } = frozenClock()
    yield* Effect.gen(function*() {
      const standstill = yield* Standstill
      yield* Effect.yieldNow
      for (let second = 0; second < 10; second++) {
        yield* pass(1_000)
        yield* turn
        assert.isTrue(yield* standstill.isOver)
      }
      yield* standstill.over
      yield* pass(60_000)
      assert.isFalse(yield* standstill.isOver)
      const waiting = yield* Effect.forkChild(standstill.over)
      yield* Effect.yieldNow
      yield* pass(3_000)
      yield* turn
      assert.isUndefined(waiting.pollUnsafe())
      assert.isFalse(yield* standstill.isOver)
      yield* pass(3_000)
      yield* turn
      yield* Fiber.join(waiting)
      assert.isTrue(yield* standstill.isOver)
    }).pipe(Effect.provide(Layer.fresh(Standstill.layer)), Effect.provideService(Clock.Clock, clock))
  }))
