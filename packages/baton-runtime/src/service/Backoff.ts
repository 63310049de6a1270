/**
 * How long to wait before ConductorOne is asked again.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"

const growing = (
  pause: (failures: number) => Duration.Duration,
  cap: Duration.Duration
): Schedule.Schedule<unknown> =>
  Schedule.forever.pipe(
    Schedule.modifyDelay(({ attempt }) => Effect.succeed(Duration.min(cap, pause(Math.max(1, attempt)))))
  )

/**
 * One second, two, four, up to `cap`: for what is asked once and has to succeed.
 *
 * @since 0.1.0
 */
export const doubling = (cap: Duration.Duration): Schedule.Schedule<unknown> =>
  growing((failures) => Duration.seconds(2 ** Math.min(failures - 1, 20)), cap)

/**
 * One second, four, nine, up to a minute: for polls.
 *
 * @since 0.1.0
 */
export const squares: Schedule.Schedule<unknown> = growing(
  (failures) => Duration.seconds(failures ** 2),
  Duration.minutes(1)
)

/**
 * The same pauses, of which one ends early when `wake` does.
 *
 * @since 0.1.0
 */
export const wakeable = <Output, Input>(
  schedule: Schedule.Schedule<Output, Input>,
  wake: Effect.Effect<void>
): Schedule.Schedule<Output, Input> =>
  Schedule.modifyDelay(
    schedule,
    ({ duration }) => Effect.as(Effect.raceFirst(Effect.sleep(duration), wake), Duration.zero)
  )
