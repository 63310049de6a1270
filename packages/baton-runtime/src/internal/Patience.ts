/**
 * When a call is repeated: as baton's retry helper does, waiting a step longer each time, unless the failure names the time at which a rate
 * limit ends.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"

export interface Options<E> {
  /** Attempts beyond the first. */
  readonly retries: number
  /** The first pause, by which each further one is longer. */
  readonly step: Duration.Duration
  /** The longest pause. */
  readonly cap: Duration.Duration
  /** How long the failure asks to wait, in milliseconds, if it does. */
  readonly asked: (error: E, now: number) => number | undefined
}

export const schedule = <E>(options: Options<E>): Schedule.Schedule<unknown, E> =>
  Schedule.spaced(Duration.zero).pipe(
    Schedule.upTo({ times: options.retries }),
    Schedule.setInputType<E>(),
    Schedule.modifyDelay(({ attempt, input, now }) =>
      Effect.succeed(Duration.min(
        options.cap,
        Duration.millis(
          options.asked(input, now) ?? Math.max(1, attempt) * Duration.toMillis(options.step)
        )
      ))
    )
  )

/** Room under a rate limit: nothing left means waiting for its end, else what is left is spread over the time until then. */
export const untilReset = (limit: { readonly remaining: number; readonly resetAt: number }, now: number) => {
  const wait = limit.resetAt - now
  if (wait <= 0) return undefined
  return limit.remaining <= 0 ? wait : Math.ceil(wait / limit.remaining / 1000) * 1000
}
