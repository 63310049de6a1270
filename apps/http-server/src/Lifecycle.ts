/**
 * Whether the server is still taking work. What is long by nature (event streams, waiting for an operation) ends when it begins to stop.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"

/**
 * @since 0.1.0
 */
export class Lifecycle extends Context.Service<Lifecycle, {
  readonly isStopping: () => boolean
  /** Ends when {@link stop} was called. */
  readonly stopping: Effect.Effect<void>
  readonly stop: Effect.Effect<void>
}>()("@access-kit/http-server/Lifecycle") {
  /**
   * @since 0.1.0
   */
  static readonly layer: Layer.Layer<Lifecycle> = Layer.effect(
    Lifecycle,
    Effect.map(Latch.make(false), (latch) =>
      Lifecycle.of({
        isStopping: () => Latch.isOpen(latch),
        stopping: Latch.await(latch),
        stop: Effect.asVoid(Latch.open(latch))
      }))
  )
}
