/**
 * Patience with the database, for jobs: what they came to must be written down, however long the database is away.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"

const patience = Schedule.exponential(Duration.millis(100)).pipe(
  Schedule.modifyDelay(({ duration }) => Effect.succeed(Duration.min(duration, Duration.seconds(5))))
)

/**
 * Tries again until it succeeds, and says in the log that it does.
 *
 * @param what a few words for the log
 * @since 0.1.0
 */
export const persisted = (what: string) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, never, R> =>
  effect.pipe(
    Effect.tapCause((cause) => Effect.logError(`${what} failed; it is tried again`, cause)),
    Effect.sandbox,
    Effect.retry(patience),
    Effect.orDie
  )
