/**
 * A task as C1 sees it.
 *
 * ```
 * queued ──offered──> taken ──heartbeat──> running ──FinishTask──> finished
 *   ^                   │                     │
 *   └── lease over ─────┴─────────────────────┤
 *   cancelled <── cancel, and then FinishTask or the end of the lease
 * ```
 *
 * @since 0.1.0
 */
import type { Task } from "@access-kit/baton-protocol/gen/c1/connectorapi/baton/v1/baton_pb"
import type { Any } from "@bufbuild/protobuf/wkt"

/**
 * @since 0.1.0
 */
export type State = "queued" | "taken" | "running" | "finished" | "cancelled"

/**
 * The `task_type` of a task, for example `grant` or `syncFull`.
 *
 * @since 0.1.0
 */
export type Kind = NonNullable<Task["taskType"]["case"]>

/**
 * What FinishTask said.
 *
 * @since 0.1.0
 */
export type Outcome =
  | {
    readonly _tag: "Succeeded"
    /** What the connector answered; absent for tasks that have no answer, such as a sync. */
    readonly response: Any | undefined
    readonly annotations: ReadonlyArray<Any>
  }
  | {
    readonly _tag: "Failed"
    /** The gRPC status code. */
    readonly code: number
    readonly message: string
    readonly details: ReadonlyArray<Any>
    readonly nonRetryable: boolean
    readonly annotations: ReadonlyArray<Any>
  }

/**
 * One time that the task was handed out.
 *
 * @since 0.1.0
 */
export interface Offer {
  /** Epoch milliseconds. */
  readonly at: number
  readonly clientId: string
  readonly hostId: string
}

/**
 * @since 0.1.0
 */
export interface TaskRecord {
  /** 27 letters and digits. */
  readonly id: string
  readonly kind: Kind
  readonly task: Task
  readonly state: State
  readonly offers: ReadonlyArray<Offer>
  /** How many heartbeats came. */
  readonly heartbeats: number
  /** Whether the task was to be cancelled, however it ended. */
  readonly cancelRequested: boolean
  readonly outcome: Outcome | undefined
  /** Outcomes that were told more than once count each time. */
  readonly finishes: number
}
