/** The queue of tasks and what becomes of each. Nothing in here waits or watches a clock: leases are looked at when somebody asks. */
import {
  type BatonServiceFinishTaskRequest,
  BatonServiceFinishTaskRequest_ErrorSchema,
  BatonServiceFinishTaskRequest_SuccessSchema,
  type Task,
  Task_Status,
  TaskSchema
} from "@access-kit/baton-protocol/gen/c1/connectorapi/baton/v1/baton_pb"
import { StatusSchema } from "@access-kit/baton-protocol/gen/google/rpc/status_pb"
import * as Ksuid from "@access-kit/c1z/Ksuid"
import { clone, create, equals, type MessageInitShape } from "@bufbuild/protobuf"
import * as Result from "effect/Result"
import { randomBytes } from "node:crypto"
import type { Kind, Offer, Outcome, State, TaskRecord } from "../TaskRecord.ts"
import type { Changes } from "./Changes.ts"
import { conflict, notFound, type Refusal } from "./Refusal.ts"

export type TaskType = NonNullable<MessageInitShape<typeof TaskSchema>["taskType"]>

export interface Holder {
  readonly clientId: string
  readonly hostId: string
}

interface Entry {
  readonly id: string
  readonly kind: Kind
  readonly task: Task
  state: State
  readonly offers: Array<Offer>
  heartbeats: number
  cancelRequested: boolean
  outcome: Outcome | undefined
  finishes: number
  /** What ended the task, to know a repetition by. */
  finish: BatonServiceFinishTaskRequest | undefined
  /** Epoch milliseconds at which the task is nobody's again. */
  leaseUntil: number
}

export interface Options {
  readonly changes: Changes
  readonly now: () => number
  /** Milliseconds from handing out to FinishTask, or to the first heartbeat. */
  readonly finishWithin: number
  /** Milliseconds from one heartbeat to the next. */
  readonly heartbeatWithin: number
  /** How often a task is handed out whose failure may be retried. */
  readonly attempts: number
}

const isOver = (entry: Entry): boolean => entry.state === "finished" || entry.state === "cancelled"
const isHeld = (entry: Entry): boolean => entry.state === "taken" || entry.state === "running"

const outcomeOf = (request: BatonServiceFinishTaskRequest): Outcome => {
  const { finalState, status } = request
  if (finalState.case === "success") {
    return { _tag: "Succeeded", response: finalState.value.response, annotations: finalState.value.annotations }
  }
  return {
    _tag: "Failed",
    code: status?.code ?? 0,
    message: status?.message ?? "",
    details: status?.details ?? [],
    nonRetryable: finalState.value?.nonRetryable ?? false,
    annotations: finalState.value?.annotations ?? []
  }
}

/** Whether two requests say the same, whoever sends them. */
const isRepetition = (a: BatonServiceFinishTaskRequest, b: BatonServiceFinishTaskRequest): boolean => {
  if (!equals(StatusSchema, a.status ?? create(StatusSchema), b.status ?? create(StatusSchema))) return false
  if (a.finalState.case === "success" && b.finalState.case === "success") {
    return equals(BatonServiceFinishTaskRequest_SuccessSchema, a.finalState.value, b.finalState.value)
  }
  return a.finalState.case === "error" && b.finalState.case === "error"
    && equals(BatonServiceFinishTaskRequest_ErrorSchema, a.finalState.value, b.finalState.value)
}

export class TaskBoard {
  readonly #options: Options
  readonly #entries = new Map<string, Entry>()

  constructor(options: Options) {
    this.#options = options
  }

  add(taskType: TaskType, debug: boolean): string {
    const id = Ksuid.fromParts(this.#options.now(), randomBytes(16))
    const task = create(TaskSchema, { id, status: Task_Status.PENDING, debug, taskType })
    this.#entries.set(id, {
      id,
      kind: task.taskType.case ?? "none",
      task,
      state: "queued",
      offers: [],
      heartbeats: 0,
      cancelRequested: false,
      outcome: undefined,
      finishes: 0,
      finish: undefined,
      leaseUntil: Infinity
    })
    this.#options.changes.notify()
    return id
  }

  get records(): ReadonlyArray<TaskRecord> {
    this.#expire()
    return [...this.#entries.values()].map(recordOf)
  }

  record(id: string): TaskRecord | undefined {
    this.#expire()
    const entry = this.#entries.get(id)
    return entry === undefined ? undefined : recordOf(entry)
  }

  /** Hands out up to `most` tasks. With `again`, tasks that somebody has already come first. */
  take(holder: Holder, most: number, known: ReadonlySet<string>, again: boolean): ReadonlyArray<Task> {
    this.#expire()
    const all = [...this.#entries.values()]
    const twice = again ? all.filter(isHeld).slice(0, 1) : []
    const chosen = [...twice, ...all.filter((entry) => entry.state === "queued" && !known.has(entry.id))].slice(0, most)
    for (const entry of chosen) {
      entry.offers.push({ at: this.#options.now(), ...holder })
      // A task of nothing wants no answer.
      if (entry.kind === "none") entry.state = "finished"
      else if (entry.state === "queued") this.#hold(entry, "taken")
    }
    if (chosen.length > 0) this.#options.changes.notify()
    return chosen.map((entry) => {
      const task = clone(TaskSchema, entry.task)
      task.status = Task_Status.SCHEDULED
      return task
    })
  }

  /** The task if somebody is at work on it. */
  held(id: string): Result.Result<TaskRecord, Refusal> {
    this.#expire()
    const entry = this.#entries.get(id)
    if (entry === undefined) return Result.fail(notFound(`there is no task ${id}`))
    return isHeld(entry)
      ? Result.succeed(recordOf(entry))
      : Result.fail(conflict(`the task ${id} is ${entry.state}, and nobody is at work on it`))
  }

  /** Whether the task is cancelled; a heartbeat keeps it. */
  beat(id: string, struck: boolean): Result.Result<boolean, Refusal> {
    this.#expire()
    const entry = this.#entries.get(id)
    if (entry === undefined) return Result.fail(notFound(`there is no task ${id}`))
    if (entry.state === "cancelled") return Result.succeed(true)
    if (!isHeld(entry)) return Result.fail(conflict(`the task ${id} is ${entry.state}, and needs no heartbeat`))
    entry.heartbeats += 1
    entry.cancelRequested ||= struck
    this.#hold(entry, "running")
    this.#options.changes.notify()
    return Result.succeed(entry.cancelRequested)
  }

  finish(request: BatonServiceFinishTaskRequest): Result.Result<"first" | "repeated", Refusal> {
    this.#expire()
    const entry = this.#entries.get(request.taskId)
    if (entry === undefined) return Result.fail(notFound(`there is no task ${request.taskId}`))
    if (entry.finish !== undefined && isOver(entry)) {
      if (!isRepetition(entry.finish, request)) {
        return Result.fail(conflict(`the task ${entry.id} is finished already, with another outcome`))
      }
      entry.finishes += 1
      this.#options.changes.notify()
      return Result.succeed("repeated")
    }
    if (entry.offers.length === 0) {
      return Result.fail(conflict(`the task ${entry.id} was not handed out to anybody`))
    }
    entry.finishes += 1
    entry.finish = request
    entry.outcome = outcomeOf(request)
    const again = entry.outcome._tag === "Failed" && !entry.outcome.nonRetryable && !entry.cancelRequested
      && entry.offers.length < this.#options.attempts
    entry.state = again ? "queued" : entry.cancelRequested && entry.outcome._tag === "Failed" ? "cancelled" : "finished"
    this.#options.changes.notify()
    return Result.succeed("first")
  }

  /** Ends a task that is answered by other means than FinishTask. */
  close(id: string): Result.Result<void, Refusal> {
    const entry = this.#entries.get(id)
    if (entry === undefined) return Result.fail(notFound(`there is no task ${id}`))
    if (!isHeld(entry)) return Result.fail(conflict(`the task ${id} is ${entry.state}`))
    entry.state = "finished"
    entry.outcome = { _tag: "Succeeded", response: undefined, annotations: [] }
    this.#options.changes.notify()
    return Result.succeed(undefined)
  }

  /** False where there is no such task, or it is over. */
  cancel(id: string): boolean {
    const entry = this.#entries.get(id)
    if (entry === undefined || isOver(entry)) return false
    entry.cancelRequested = true
    if (entry.state === "queued") entry.state = "cancelled"
    this.#options.changes.notify()
    return true
  }

  /** Takes a task away from whoever is at work on it, as if the lease were over. False where nobody is. */
  expire(id: string): boolean {
    const entry = this.#entries.get(id)
    if (entry === undefined || !isHeld(entry)) return false
    entry.leaseUntil = -Infinity
    this.#expire()
    return true
  }

  #hold(entry: Entry, state: "taken" | "running"): void {
    const { finishWithin, heartbeatWithin, now } = this.#options
    entry.state = state
    entry.leaseUntil = now() + (state === "running" ? heartbeatWithin : finishWithin)
  }

  #expire(): void {
    const now = this.#options.now()
    let changed = false
    for (const entry of this.#entries.values()) {
      if (!isHeld(entry) || entry.leaseUntil > now) continue
      entry.state = entry.cancelRequested ? "cancelled" : "queued"
      changed = true
    }
    if (changed) this.#options.changes.notify()
  }
}

const recordOf = (entry: Entry): TaskRecord => ({
  id: entry.id,
  kind: entry.kind,
  task: entry.task,
  state: entry.state,
  offers: [...entry.offers],
  heartbeats: entry.heartbeats,
  cancelRequested: entry.cancelRequested,
  outcome: entry.outcome,
  finishes: entry.finishes
})
