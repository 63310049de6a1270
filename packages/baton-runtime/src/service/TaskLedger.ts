/**
 * Which tasks are known, and the results that ConductorOne has yet to take.
 *
 * A result is handed over until C1 takes it, however long it is away. A task that C1 gives out twice is carried out once: while it is under way the
 * second is passed over, and afterwards its result is handed over again. Only a failure that C1 may repeat is begun anew.
 *
 * It lives in memory. What a process that is killed had not handed over is lost with it; C1 then hears nothing of the task, and gives it out again.
 *
 * @since 0.1.0
 */
import { BatonService } from "@access-kit/baton-protocol/gen/c1/connectorapi/baton/v1/baton_pb"
import { Code } from "@connectrpc/connect"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Latch from "effect/Latch"
import type * as Scope from "effect/Scope"
import type { RpcError } from "../RpcError.ts"
import * as Backoff from "./Backoff.ts"
import { C1Client } from "./C1Client.ts"
import * as TaskResult from "./TaskResult.ts"

/**
 * @since 0.1.0
 */
export interface TaskLedger {
  /** Whether the task is to be carried out. Where it is known, what has to be done about that is done. */
  readonly open: (taskId: string) => Effect.Effect<boolean>
  /** The task has come to an end of which C1 is not told. */
  readonly drop: (taskId: string) => Effect.Effect<void>
  /** Hands over the result, and does not wait for that. */
  readonly finish: (taskId: string, result: TaskResult.TaskResult) => Effect.Effect<void>
  /** Tasks that were opened and of which C1 doesn't know the end. */
  readonly known: Effect.Effect<ReadonlyArray<string>>
  /** How many results C1 has yet to take. */
  readonly waiting: Effect.Effect<number>
  /**
   * Tries once more with every result that waits, and answers how many are left after that time. Each of them is told in the log, with all that it says.
   */
  readonly settle: (within: Duration.Duration) => Effect.Effect<number>
}

type Entry =
  | { readonly _tag: "Open" }
  | { readonly _tag: "Waiting"; readonly result: TaskResult.TaskResult; readonly again: Latch.Latch }
  | { readonly _tag: "Taken"; readonly result: TaskResult.TaskResult }

/** Ends that are remembered for the case that a task comes again. */
const REMEMBERED = 1_000

const PATIENCE = Duration.seconds(30)

const LONGEST_PAUSE = Duration.minutes(1)

/** C1 has answered, and would answer the same again. */
const isVerdict = (error: RpcError): boolean => {
  switch (error.code) {
    case Code.InvalidArgument:
    case Code.NotFound:
    case Code.AlreadyExists:
    case Code.FailedPrecondition:
    case Code.OutOfRange:
    case Code.Unimplemented:
      return error.lost !== true
    default:
      return false
  }
}

/** The call may have arrived though its answer did not. */
const mayHaveArrived = (error: RpcError): boolean =>
  error.lost === true || error.code === Code.DeadlineExceeded || error.code === Code.Unavailable

/** What C1 answers about a task that it has closed. */
const isClosed = (error: RpcError): boolean =>
  error.code === Code.NotFound || error.code === Code.AlreadyExists || error.code === Code.FailedPrecondition

/**
 * Handing over goes on in the scope.
 *
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  hostId: string
): Effect.fn.Return<TaskLedger, never, C1Client | Scope.Scope> {
  const client = yield* C1Client
  const deliveries = yield* FiberSet.make<void>()
  const entries = new Map<string, Entry>()

  const remember = (taskId: string, result: TaskResult.TaskResult) => {
    // Set anew, it is the youngest.
    entries.delete(taskId)
    entries.set(taskId, { _tag: "Taken", result })
    let taken = 0
    for (const entry of entries.values()) if (entry._tag === "Taken") taken++
    for (const [id, entry] of entries) {
      if (taken <= REMEMBERED) break
      if (entry._tag !== "Taken") continue
      entries.delete(id)
      taken--
    }
  }

  /** The pause before the next try ends early when there is word of C1. */
  const deliver = Effect.fn("TaskLedger.deliver")(function*(
    taskId: string,
    result: TaskResult.TaskResult,
    again: Latch.Latch
  ) {
    let unanswered = false
    const request = TaskResult.toRequest(hostId, taskId, result)
    const attempt = Effect.gen(function*() {
      yield* again.close
      yield* client.call(BatonService.method.finishTask, request, { patience: PATIENCE }).pipe(
        Effect.catchIf(
          (error) => unanswered && isClosed(error),
          () => Effect.logInfo("ConductorOne had taken the result at an earlier try whose answer got lost")
        ),
        Effect.tapError((error) => {
          unanswered ||= mayHaveArrived(error)
          return isVerdict(error)
            ? Effect.logError(`ConductorOne does not take the result of a task (${error.codeName}): ${error.message}`)
              .pipe(
                Effect.annotateLogs(TaskResult.describe(result))
              )
            : Effect.logWarning(
              `The result of a task could not be handed over and is kept (${error.codeName}): ${error.message}`
            )
        })
      )
    })
    const schedule = Backoff.doubling(LONGEST_PAUSE)
    yield* attempt.pipe(
      Effect.catchIf(isVerdict, () => Effect.void),
      Effect.retry({ schedule: Backoff.wakeable(schedule, again.await) })
    )
    remember(taskId, result)
  })

  const finish = (taskId: string, result: TaskResult.TaskResult) =>
    Effect.gen(function*() {
      const again = yield* Latch.make()
      entries.set(taskId, { _tag: "Waiting", result, again })
      yield* FiberSet.run(
        deliveries,
        deliver(taskId, result, again).pipe(Effect.ignore, Effect.annotateLogs({ task_id: taskId }))
      )
    })

  const waitingEntries = () =>
    [...entries].flatMap(([id, entry]) => entry._tag === "Waiting" ? [[id, entry] as const] : [])

  return {
    open: Effect.fn("TaskLedger.open")(function*(taskId) {
      const entry = entries.get(taskId)
      switch (entry?._tag) {
        case undefined:
          entries.set(taskId, { _tag: "Open" })
          return true
        case "Open":
          yield* Effect.logDebug("a task that is under way was given out once more")
          return false
        case "Waiting":
          yield* Effect.logDebug("a task was given out once more whose result waits to be handed over")
          yield* entry.again.open
          return false
        case "Taken":
          if (entry.result._tag === "Failure" && !entry.result.nonRetryable) {
            entries.set(taskId, { _tag: "Open" })
            return true
          }
          yield* Effect.logWarning("a task that is done was given out once more; its result is handed over again")
          yield* finish(taskId, entry.result)
          return false
      }
    }),
    drop: (taskId) => Effect.sync(() => entries.delete(taskId)),
    finish,
    known: Effect.sync(() => [...entries].flatMap(([id, entry]) => entry._tag === "Taken" ? [] : [id])),
    waiting: Effect.sync(() => waitingEntries().length),
    settle: Effect.fn("TaskLedger.settle")(function*(within) {
      yield* Effect.forEach(waitingEntries(), ([, entry]) => entry.again.open, { discard: true })
      yield* Effect.ignore(Effect.timeout(FiberSet.awaitEmpty(deliveries), within))
      const left = waitingEntries()
      for (const [taskId, { result }] of left) {
        yield* Effect.logError(
          "The result of a task was not handed over before the end. ConductorOne will give the task out again."
        ).pipe(Effect.annotateLogs({ task_id: taskId, ...TaskResult.describe(result) }))
      }
      return left.length
    })
  }
})
