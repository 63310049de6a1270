import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { Drain } from "../../src/jobs/Drain.ts"

const test = (name: string, body: Effect.Effect<void, never, Drain>) =>
  it.live(name, () => Effect.provide(body, Drain.layer))

describe("Drain", () => {
  test(
    "finishes what has begun, and begins nothing more",
    Effect.gen(function*() {
      const drain = yield* Drain
      const [begun, go] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const first = yield* Effect.forkChild(
        drain.finishing(Effect.andThen(Deferred.succeed(begun, undefined), Effect.as(Deferred.await(go), "written")))
      )
      yield* Deferred.await(begun)
      const draining = yield* Effect.forkChild(drain.drain("1 minute"), { startImmediately: true })
      let late = false
      const second = yield* Effect.forkChild(
        drain.finishing(Effect.sync(() => {
          late = true
        })),
        { startImmediately: true }
      )
      assert.isTrue(yield* drain.isDraining)
      yield* Deferred.succeed(go, undefined)
      assert.strictEqual(yield* Fiber.join(first), "written")
      assert.strictEqual(yield* Fiber.join(draining), 0)
      assert.isFalse(late)
      yield* Fiber.interrupt(second)
    })
  )

  test(
    "stops what can be taken up again, waits for its end, and gives no answer for it",
    Effect.gen(function*() {
      const drain = yield* Drain
      const begun = yield* Deferred.make<void>()
      let released = false
      const sync = yield* Effect.forkChild(drain.stopping(
        Effect.andThen(Deferred.succeed(begun, undefined), Effect.never).pipe(
          Effect.ensuring(Effect.sync(() => {
            released = true
          }))
        )
      ))
      yield* Deferred.await(begun)
      assert.strictEqual(yield* drain.drain("1 minute"), 0)
      assert.isTrue(released)
      assert.isUndefined(sync.pollUnsafe())
      yield* Fiber.interrupt(sync)
    })
  )

  test(
    "gives back answers and errors as they are while nothing drains",
    Effect.gen(function*() {
      const drain = yield* Drain
      assert.strictEqual(yield* drain.stopping(Effect.succeed(1)), 1)
      assert.strictEqual(yield* Effect.flip(drain.stopping(Effect.fail("no"))), "no")
      assert.strictEqual(yield* Effect.flip(drain.finishing(Effect.fail("no"))), "no")
      const waiting = yield* Effect.forkChild(drain.stopping(Effect.never), { startImmediately: true })
      yield* Fiber.interrupt(waiting)
      assert.strictEqual(yield* drain.drain("1 minute"), 0)
    })
  )

  test(
    "does not wait for ever",
    Effect.gen(function*() {
      const drain = yield* Drain
      const begun = yield* Deferred.make<void>()
      const stuck = yield* Effect.forkChild(
        drain.finishing(Effect.andThen(Deferred.succeed(begun, undefined), Effect.never))
      )
      yield* Deferred.await(begun)
      assert.strictEqual(yield* drain.drain("10 millis"), 1)
      yield* Fiber.interrupt(stuck)
    })
  )
})
