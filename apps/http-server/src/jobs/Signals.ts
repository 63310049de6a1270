/**
 * Tells those who wait in this process that a row has changed, so that they need not look as often. Whoever waits looks again by itself from time to
 * time, because the row may be changed by another process.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** How often a row is read while somebody waits for it. */
const INTERVAL = "250 millis"

/**
 * @since 0.1.0
 */
export class Signals extends Context.Service<Signals, {
  /** The row with this id has changed. */
  readonly changed: (id: string) => Effect.Effect<void>
  /**
   * Runs `read` now and whenever the row may have changed, until `enough` says so.
   */
  readonly follow: <A, E, R>(
    id: string,
    read: Effect.Effect<A, E, R>,
    enough: (value: A) => boolean
  ) => Effect.Effect<A, E, R>
}>()("@access-kit/http-server/Signals") {
  /**
   * @since 0.1.0
   */
  static readonly layer: Layer.Layer<Signals> = Layer.sync(Signals, () => {
    const waiting = new Map<string, Set<Deferred.Deferred<void>>>()

    const listen = (id: string) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          const latch = Deferred.makeUnsafe<void>()
          const others = waiting.get(id)
          if (others === undefined) waiting.set(id, new Set([latch]))
          else others.add(latch)
          return latch
        }),
        (latch) =>
          Effect.sync(() => {
            const others = waiting.get(id)
            if (others?.delete(latch) === true && others.size === 0) waiting.delete(id)
          })
      )

    const follow = <A, E, R>(
      id: string,
      read: Effect.Effect<A, E, R>,
      enough: (value: A) => boolean
    ): Effect.Effect<A, E, R> =>
      Effect.scoped(Effect.gen(function*() {
        // Before reading: a change in between is not missed.
        const latch = yield* listen(id)
        const value = yield* read
        if (enough(value)) return value
        yield* Effect.timeoutOption(Deferred.await(latch), INTERVAL)
        return undefined
      })).pipe(
        Effect.repeat({ until: (value) => value !== undefined }),
        Effect.flatMap((value) => value === undefined ? Effect.never : Effect.succeed(value))
      )

    return Signals.of({
      changed: (id) =>
        Effect.suspend(() => {
          const latches = waiting.get(id)
          if (latches === undefined) return Effect.void
          waiting.delete(id)
          for (const latch of latches) Deferred.doneUnsafe(latch, Effect.void)
          return Effect.void
        }),
      follow
    })
  })
}
