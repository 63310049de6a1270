/**
 * Takes tasks from ConductorOne and has them carried out, a few at a time, until it is told to end; then lets what is under way come to a good end.
 *
 * @since 0.1.0
 */
import { BatonService, type Task } from "@access-kit/baton-protocol/gen/c1/connectorapi/baton/v1/baton_pb"
import { type Duration as DurationMessage, durationMs } from "@bufbuild/protobuf/wkt"
import { Code } from "@connectrpc/connect"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import * as Latch from "effect/Latch"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { RpcError } from "../RpcError.ts"
import * as Backoff from "./Backoff.ts"
import { C1Client } from "./C1Client.ts"
import type { TaskLedger } from "./TaskLedger.ts"
import * as TaskResult from "./TaskResult.ts"

/**
 * @since 0.1.0
 */
export interface Options {
  readonly hostId: string
  /** Tasks at a time. */
  readonly concurrency: number
  /** Ask for several tasks in one call (`BATON_GET_TASKS`). */
  readonly batch: boolean
  readonly ledger: TaskLedger
  /** Carries out a task. Nothing where C1 awaits no result. It may be interrupted. */
  readonly work: (task: Task) => Effect.Effect<TaskResult.TaskResult | undefined>
}

/**
 * How long the end may take.
 *
 * @since 0.1.0
 */
export interface Grace {
  /** For changes that are under way. */
  readonly changes: Duration.Duration
  /** For results that C1 has yet to take. */
  readonly results: Duration.Duration
}

/**
 * Together with what is asked already, less than the 30 seconds that Kubernetes and most others wait before they kill.
 *
 * @since 0.1.0
 */
export const GRACE: Grace = { changes: Duration.seconds(18), results: Duration.seconds(5) }

/**
 * @since 0.1.0
 */
export interface TaskLoop {
  /** Asks for tasks, for ever. */
  readonly run: Effect.Effect<never>
  /** Whether C1 answered when it was asked last. */
  readonly connected: Effect.Effect<boolean>
  /**
   * Takes no more tasks. Syncs are cancelled, changes finish, and all of it is reported. Answers how many results could not be handed over.
   */
  readonly drain: (grace: Grace) => Effect.Effect<number>
}

interface Answer {
  readonly tasks: ReadonlyArray<Task>
  readonly nextPoll: DurationMessage | undefined
}

interface Running {
  /** Whether it is cancelled at the end, and not waited for: reading changes nothing. */
  readonly isReading: boolean
  fiber: Fiber.Fiber<TaskResult.TaskResult | undefined> | undefined
}

const LONGEST_POLL = Duration.minutes(5)

/** Where C1 names no pause although it has nothing to do, it is still not asked all the time. */
const SHORTEST_POLL = Duration.millis(100)

/** Pause after an answer that had only tasks that are known. */
const KNOWN_ONLY = Duration.seconds(1)

/** Results that wait to be handed over, beyond which no further tasks are taken. */
const MOST_WAITING = 100

/** How long an answer that is under way is waited for at the end: it may bring a task, which nobody else would hear of. */
const LAST_ANSWER = Duration.seconds(2)

/** The most tasks of one answer. */
const MAX_PAGE = 100

const pauseOf = ({ nextPoll, tasks }: Answer, begun: number): Duration.Duration => {
  const asked = Duration.clamp(Duration.millis(nextPoll === undefined ? 0 : durationMs(nextPoll)), {
    minimum: Duration.zero,
    maximum: LONGEST_POLL
  })
  if (begun > 0) return asked
  return Duration.max(asked, tasks.length > 0 ? KNOWN_ONLY : SHORTEST_POLL)
}

/**
 * The tasks run in the scope.
 *
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<TaskLoop, never, C1Client | Scope.Scope> {
  const { batch, concurrency, hostId, ledger, work } = options
  const client = yield* C1Client
  const scope = yield* Effect.scope
  const tasks = yield* FiberSet.make<void>()
  const permits = yield* Semaphore.make(concurrency)
  const changed = yield* Latch.make()
  const running = new Map<string, Running>()
  let ending = false
  let connected = false
  let asking: Fiber.Fiber<Answer, RpcError> | undefined

  const question: Effect.Effect<Answer, RpcError> = batch
    ? Effect.gen(function*() {
      const knownTaskIds = [...yield* ledger.known]
      const pageSize = Math.min(MAX_PAGE, Math.max(1, 2 * concurrency - running.size))
      const { nextPoll, tasks } = yield* client.call(BatonService.method.getTasks, { hostId, pageSize, knownTaskIds })
      return { tasks, nextPoll }
    })
    : Effect.map(client.call(BatonService.method.getTask, { hostId }), ({ nextPoll, task }) => ({
      tasks: task === undefined ? [] : [task],
      nextPoll
    }))

  /** In a fiber of its own: an answer that is under way when the end comes may bring a task. */
  const ask = Effect.gen(function*() {
    const fiber = yield* Effect.forkIn(Effect.withSpan(question, "TaskLoop.ask", { root: true }), scope)
    asking = fiber
    const answer = yield* Fiber.join(fiber)
    asking = undefined
    connected = true
    return answer
  }).pipe(
    Effect.tapError((error) => {
      asking = undefined
      connected = false
      return Effect.logWarning(`ConductorOne could not be asked for tasks (${error.codeName}): ${error.message}`)
    }),
    // Without end, so that what is left as an error never comes.
    Effect.retry({ schedule: Backoff.squares }),
    Effect.orDie
  )

  const room = Effect.gen(function*() {
    while (true) {
      yield* changed.close
      if (running.size < concurrency && (yield* ledger.waiting) < MOST_WAITING) return
      yield* Effect.raceFirst(changed.await, Effect.sleep("1 second"))
    }
  })

  const endOf = (
    exit: Exit.Exit<TaskResult.TaskResult | undefined>,
    { isReading }: Running
  ): Effect.Effect<TaskResult.TaskResult | undefined> => {
    if (Exit.isSuccess(exit)) return Effect.succeed(exit.value)
    if (Cause.hasInterruptsOnly(exit.cause)) {
      return Effect.succeed(TaskResult.interrupted(
        isReading
          ? "the task was cancelled: the connector is shutting down"
          : "the task was cut off: the connector is shutting down. It may have been carried out; asking again is safe."
      ))
    }
    return Effect.as(
      Effect.logError("A task broke down. This is a mistake in the connector; please report it.", exit.cause),
      TaskResult.failure(Code.Internal, "the task broke down; the log of the connector says more")
    )
  }

  // A trace for each task, not one for as long as the service runs.
  const carryOut = Effect.fn("TaskLoop.carryOut", { root: true })(function*(task: Task, entry: Running) {
    if (ending) return yield* ledger.finish(task.id, notBegun)
    yield* Effect.logInfo("task begun").pipe(Effect.annotateLogs({ debug: task.debug }))
    const fiber = yield* Effect.forkIn(work(task), scope)
    entry.fiber = fiber
    // Begun at the very moment of the end: whoever ended the others did not see it.
    if (ending && entry.isReading) yield* Fiber.interrupt(fiber)
    const result = yield* Effect.flatMap(Fiber.await(fiber), (exit) => endOf(exit, entry))
    if (result === undefined) return yield* ledger.drop(task.id)
    yield* Effect.logInfo("task ended").pipe(Effect.annotateLogs(TaskResult.describe(result)))
    yield* ledger.finish(task.id, result)
  })

  const begin = Effect.fnUntraced(function*(task: Task) {
    const { id, taskType } = task
    if (taskType.case === "none") return false
    if (!(yield* ledger.open(id))) return false
    if (ending) {
      yield* ledger.finish(id, notBegun)
      return false
    }
    const entry: Running = { isReading: taskType.case === "syncFull" || taskType.case === "hello", fiber: undefined }
    running.set(id, entry)
    yield* FiberSet.run(
      tasks,
      permits.withPermits(1)(carryOut(task, entry)).pipe(
        Effect.annotateLogs({ task_id: id, task_type: taskType.case ?? "unknown" }),
        Effect.ensuring(Effect.sync(() => {
          running.delete(id)
          changed.openUnsafe()
        }))
      )
    )
    return true
  })

  const run = Effect.gen(function*() {
    while (true) {
      yield* room
      const answer = yield* ask
      let begun = 0
      for (const task of answer.tasks) if (yield* begin(task)) begun++
      yield* Effect.sleep(pauseOf(answer, begun))
    }
  })

  const drain = Effect.fn("TaskLoop.drain")(function*(grace: Grace) {
    ending = true
    yield* Effect.logInfo("ending; no more tasks are taken").pipe(Effect.annotateLogs({ running: running.size }))
    const last = asking
    const listening = last === undefined ? Effect.void : Fiber.await(last).pipe(
      Effect.timeout(LAST_ANSWER),
      Effect.flatMap((exit) => Exit.isSuccess(exit) ? Effect.forEach(exit.value.tasks, begin) : Effect.void),
      Effect.ignore
    )
    const stopping = Effect.forEach(
      [...running.values()],
      ({ fiber, isReading }) => isReading && fiber !== undefined ? Fiber.interrupt(fiber) : Effect.void,
      { concurrency: "unbounded", discard: true }
    )
    const finishing = Effect.gen(function*() {
      const done = yield* Effect.timeoutOption(FiberSet.awaitEmpty(tasks), grace.changes)
      if (done._tag === "Some") return
      yield* Effect.forEach(
        [...running.values()],
        ({ fiber }) => fiber === undefined ? Effect.void : Fiber.interrupt(fiber),
        { concurrency: "unbounded", discard: true }
      )
      yield* FiberSet.awaitEmpty(tasks)
    })
    yield* Effect.all([listening, stopping, finishing], { concurrency: "unbounded", discard: true }).pipe(
      // Also where something does not let itself be interrupted.
      Effect.timeoutOption(Duration.sum(grace.changes, LAST_ANSWER))
    )
    return yield* ledger.settle(grace.results)
  })

  return { run, connected: Effect.sync(() => connected), drain }
})

const notBegun = TaskResult.failure(
  Code.Unavailable,
  "the task was not begun: the connector is shutting down"
)
