/**
 * When a connector is synced by itself the next time. The time is computed from now, so that runs that were missed while every process was down are
 * caught up once and not one by one.
 *
 * @since 0.1.0
 */
import type { Schedule } from "@access-kit/server-api/Connectors"
import * as Cron from "effect/Cron"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"

/** How long a connector that fails is left alone at the most, unless its own interval is longer. */
const LONGEST_PAUSE = Duration.toMillis(Duration.days(1))

/** What a failure of a connector with a cron expression costs at least, doubled by each further one. */
const SHORTEST_PAUSE = Duration.toMillis(Duration.minutes(5))

/** Doubled no more often than this. */
const DOUBLINGS = 8

const growth = (failures: number): number => 2 ** Math.min(Math.max(0, failures), DOUBLINGS)

/** The first time after `from`, or why there is none. */
const nextOf = (schedule: Extract<Schedule, { readonly type: "cron" }>, from: number): Result.Result<number, string> =>
  Cron.parse(schedule.expression, schedule.timeZone ?? "UTC").pipe(
    Result.mapError((error) => error.message),
    Result.flatMap((cron) =>
      Result.try({
        try: () => Cron.next(cron, new Date(from)).getTime(),
        // The thirtieth of February.
        catch: () => "no such time comes"
      })
    )
  )

/**
 * What is wrong with a schedule, or `undefined`.
 *
 * @since 0.1.0
 */
export const faultOf = (schedule: Schedule): string | undefined => {
  if (schedule.type !== "cron") return undefined
  const next = nextOf(schedule, 0)
  return Result.isFailure(next)
    ? `The cron expression "${schedule.expression}" can't be used${
      schedule.timeZone === undefined ? "" : ` in the time zone "${schedule.timeZone}"`
    }: ${next.failure}. Give five or six fields that name a time which comes, for example "0 3 * * *", and a zone such as "Europe/Berlin".`
    : undefined
}

/**
 * Epoch milliseconds, or `undefined` for a connector that is synced by hand only.
 *
 * @param failures syncs that failed in a row
 * @param random from 0 up to, not including, 1
 * @since 0.1.0
 */
export const after = (schedule: Schedule, now: number, failures: number, random: number): number | undefined => {
  if (schedule.type === "manual") return undefined
  const jitter = Math.floor(random * (schedule.jitterSeconds ?? 0) * 1_000)
  if (schedule.type === "interval") {
    const interval = schedule.everySeconds * 1_000
    return now + Math.min(interval * growth(failures), Math.max(interval, LONGEST_PAUSE)) + jitter
  }
  const pause = failures === 0 ? 0 : Math.min(SHORTEST_PAUSE * growth(failures - 1), LONGEST_PAUSE)
  return nextOf(schedule, now + pause).pipe(Result.map((next) => next + jitter), Result.getOrUndefined)
}
