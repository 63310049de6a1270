/**
 * Tells ConductorOne that a task is worked on, and hears from it when the work is no longer wanted.
 *
 * @since 0.1.0
 */
import { BatonService } from "@access-kit/baton-protocol/gen/c1/connectorapi/baton/v1/baton_pb"
import { type Duration as DurationMessage, durationMs } from "@bufbuild/protobuf/wkt"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { C1Client } from "./C1Client.ts"

/**
 * Work has to stop: C1 has cancelled the task, or nothing was heard from it for too long.
 *
 * @since 0.1.0
 */
export class HeartbeatStop extends Data.TaggedError("HeartbeatStop")<{
  readonly reason: "cancelled" | "lost"
  readonly message: string
}> {}

/** Failures in a row after which nobody may wait for the result any more. */
const FAILURES = 9

const DEFAULT_INTERVAL = Duration.seconds(30)
const SHORTEST = Duration.seconds(1)
const LONGEST = Duration.minutes(5)

const PATIENCE = Duration.seconds(30)

/**
 * The pause that C1 asks for: 30 seconds where it asks for none, at least a second, at most five minutes.
 *
 * @since 0.1.0
 */
export const interval = (asked: DurationMessage | undefined): Duration.Duration => {
  const millis = asked === undefined ? 0 : durationMs(asked)
  return millis <= 0
    ? DEFAULT_INTERVAL
    : Duration.clamp(Duration.millis(millis), { minimum: SHORTEST, maximum: LONGEST })
}

/** One heartbeat; answers the pause before the next. */
const beat = Effect.fn("Heartbeat.beat")(function*(hostId: string, taskId: string) {
  const client = yield* C1Client
  const response = yield* client.call(BatonService.method.heartbeat, { hostId, taskId }, { patience: PATIENCE })
  if (response.cancelled || response.cancelledTaskIds.includes(taskId)) {
    return yield* new HeartbeatStop({ reason: "cancelled", message: "the task was cancelled by ConductorOne" })
  }
  return interval(response.nextHeartbeat)
})

/**
 * Runs `work` while C1 hears of it. The first heartbeat comes before the work: a task that is no longer wanted is not begun. Work that has to stop is
 * interrupted.
 *
 * @since 0.1.0
 */
export const around = <A, E, R>(
  options: { readonly hostId: string; readonly taskId: string },
  work: Effect.Effect<A, E, R>
): Effect.Effect<A, E | HeartbeatStop, R | C1Client> =>
  Effect.gen(function*() {
    let failures = 0
    let pause: Duration.Duration = DEFAULT_INTERVAL
    /** Answers whether it was answered. */
    const one = Effect.suspend(() => beat(options.hostId, options.taskId)).pipe(
      Effect.map((next) => {
        failures = 0
        pause = next
        return true
      }),
      Effect.catchTag("RpcError", (error) => {
        failures++
        return failures >= FAILURES
          ? Effect.fail(
            new HeartbeatStop({
              reason: "lost",
              message: `task failed heartbeat: ${failures} in a row were not answered. ${error.message}`
            })
          )
          : Effect.as(
            Effect.logWarning(`A heartbeat was not answered (${failures} of ${FAILURES}): ${error.message}`),
            false
          )
      })
    )
    const beats = Effect.forever(Effect.andThen(Effect.suspend(() => Effect.sleep(pause)), one))
    yield* Effect.repeat(one, { schedule: Schedule.spaced(SHORTEST), until: (answered) => answered })
    return yield* Effect.raceFirst(work, beats)
  }).pipe(Effect.withSpan("Heartbeat.around"))
