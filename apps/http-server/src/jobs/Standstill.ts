/**
 * Notices that the process stood still: that it was frozen, or had no turn for seconds. Others may have taken its work over meanwhile, and the engine needs
 * a moment to find out what is still its own; until then nothing new may begin, or it would be done twice.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"

/** Milliseconds. The limit is well below the time after which others take over, the pause above that in which the engine looks at its locks. */
const BEAT = 500
const LIMIT = 4_000
const PAUSE = 5_000

/**
 * @since 0.1.0
 */
export class Standstill extends Context.Service<Standstill, {
  /** Ends at once where the process has not stood still, else when it is known what work it still has. */
  readonly over: Effect.Effect<void>
  /** Whether {@link over} would wait. */
  readonly isOver: Effect.Effect<boolean>
}>()("@access-kit/http-server/Standstill") {
  /**
   * @since 0.1.0
   */
  static readonly layer: Layer.Layer<Standstill> = Layer.effect(
    Standstill,
    Effect.gen(function*() {
      let last = yield* Clock.currentTimeMillis
      let until = 0

      /** Milliseconds to wait. Whoever asks first after a standstill notices it, be it before the next beat. */
      const left = Effect.map(Clock.currentTimeMillis, (now) => {
        if (now - last > LIMIT) {
          until = now + PAUSE
          last = now
        }
        return Math.max(0, until - now)
      })

      const beat = Effect.andThen(left, Clock.currentTimeMillis).pipe(
        Effect.map((now) => {
          last = now
        })
      )
      yield* Effect.forkScoped(Effect.repeat(beat, Schedule.spaced(BEAT)))

      const over: Effect.Effect<void> = Effect.flatMap(
        left,
        (milliseconds) => milliseconds === 0 ? Effect.void : Effect.andThen(Effect.sleep(milliseconds), over)
      )

      return Standstill.of({ over, isOver: Effect.map(left, (milliseconds) => milliseconds === 0) })
    })
  )
}
