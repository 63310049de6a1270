/**
 * Lets what has begun finish before the server ends. The engine interrupts running jobs at once when it is closed; a change that was sent to the
 * source and whose answer nobody has written down would then be made again.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"

/**
 * @since 0.1.0
 */
export class Drain extends Context.Service<Drain, {
  /** For what must not be cut in the middle: it begins no more once the server ends, and what has begun is waited for. */
  readonly finishing: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** For what can be taken up again: it begins no more once the server ends, and what has begun is interrupted, and waited for. */
  readonly stopping: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Whether nothing begins any more. */
  readonly isDraining: Effect.Effect<boolean>
  /** Ends it all; answers how many had to be left in the middle because they took longer than `atMost`. */
  readonly drain: (atMost: Duration.Input) => Effect.Effect<number>
}>()("@access-kit/http-server/Drain") {
  /**
   * @since 0.1.0
   */
  static readonly layer: Layer.Layer<Drain> = Layer.sync(Drain, () => {
    let draining = false
    let running = 0
    const stoppable = new Set<Fiber.Fiber<unknown, unknown>>()
    const empty = Deferred.makeUnsafe<void>()

    const counted = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
      Effect.suspend(() => {
        // Not begun: whoever runs the job next begins it. The engine, which is closed after this, ends the wait.
        if (draining) return Effect.never
        running += 1
        return Effect.ensuring(
          self,
          Effect.sync(() => {
            running -= 1
            if (draining && running === 0) Deferred.doneUnsafe(empty, Effect.void)
          })
        )
      })

    return Drain.of({
      finishing: counted,
      stopping: (self) =>
        Effect.suspend(() =>
          draining ?
            Effect.never :
            Effect.uninterruptibleMask((restore) =>
              counted(Effect.flatMap(Effect.forkChild(restore(self)), (fiber) => {
                stoppable.add(fiber)
                return restore(Fiber.await(fiber)).pipe(
                  Effect.onInterrupt(() => Fiber.interrupt(fiber)),
                  Effect.ensuring(Effect.sync(() => stoppable.delete(fiber)))
                )
              })).pipe(
                // Stopped, not ended: an answer would tell the engine that the job is done.
                Effect.flatMap((exit) => draining && Exit.hasInterrupts(exit) ? restore(Effect.never) : exit)
              )
            )
        ),
      isDraining: Effect.sync(() => draining),
      drain: Effect.fn("Drain.drain")(function*(atMost) {
        draining = true
        yield* Effect.forEach([...stoppable], (fiber) => Effect.forkChild(Fiber.interrupt(fiber)), { discard: true })
        if (running > 0) yield* Effect.timeoutOption(Deferred.await(empty), Duration.fromInputUnsafe(atMost))
        return running
      })
    })
  })
}
