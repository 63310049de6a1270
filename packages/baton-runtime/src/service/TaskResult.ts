/**
 * What came of a task, and how `FinishTask` says it.
 *
 * @since 0.1.0
 */
import {
  type BatonServiceFinishTaskRequest,
  BatonServiceFinishTaskRequest_ErrorSchema,
  BatonServiceFinishTaskRequest_SuccessSchema,
  BatonServiceFinishTaskRequestSchema
} from "@access-kit/baton-protocol/gen/c1/connectorapi/baton/v1/baton_pb"
import { StatusSchema } from "@access-kit/baton-protocol/gen/google/rpc/status_pb"
import { create, type DescMessage, type MessageShape } from "@bufbuild/protobuf"
import { type Any, AnySchema } from "@bufbuild/protobuf/wkt"
import { Code, type ConnectError } from "@connectrpc/connect"
import * as Data from "effect/Data"
import * as ToMessage from "../ToMessage.ts"

/**
 * - `Success`: `response` is what the connector answered, absent where the task has no answer (a sync).
 * - `Failure`: a gRPC status. With `nonRetryable` C1 does not give the task out again.
 *
 * @since 0.1.0
 */
export type TaskResult = Data.TaggedEnum<{
  readonly Success: {
    readonly response?: Any
    readonly annotations: ReadonlyArray<Any>
  }
  readonly Failure: {
    readonly code: number
    readonly message: string
    readonly details: ReadonlyArray<Any>
    readonly nonRetryable: boolean
  }
}>

/**
 * @since 0.1.0
 */
export const { $is, Failure, Success } = Data.taggedEnum<TaskResult>()

/** The most annotations that C1 takes. */
const MAX_ANNOTATIONS = 16

/** How the Go SDK ends the text of such an error, which people and scripts look for. */
const FINAL = "\ntask failed and is non-retryable"

/**
 * @since 0.1.0
 */
export const success = <Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
  annotations: ReadonlyArray<Any> = []
): TaskResult => Success({ response: ToMessage.annotation(schema, message), annotations })

/**
 * A task that failed. C1 may give it out again, unless it is `nonRetryable`.
 *
 * @since 0.1.0
 */
export const failure = (
  code: number,
  message: string,
  options: { readonly nonRetryable?: boolean; readonly details?: ReadonlyArray<Any> } = {}
): TaskResult => {
  const nonRetryable = options.nonRetryable ?? false
  return Failure({
    code,
    message: nonRetryable ? message + FINAL : message,
    details: options.details ?? [],
    nonRetryable
  })
}

/**
 * A status, as a service of the connector answers it or as it would: its code, its text and its details.
 *
 * @since 0.1.0
 */
export const ofStatus = (error: ConnectError, nonRetryable: boolean): TaskResult =>
  failure(error.code, error.rawMessage, {
    nonRetryable,
    details: error.details.map((detail) =>
      "desc" in detail
        ? ToMessage.annotation(detail.desc, create(detail.desc, detail.value))
        : create(AnySchema, { typeUrl: `type.googleapis.com/${detail.type}`, value: detail.value })
    )
  })

/**
 * The connector is about to end. Nothing is wrong with the task.
 *
 * @since 0.1.0
 */
export const interrupted = (what: string): TaskResult => failure(Code.Canceled, what)

/**
 * @since 0.1.0
 */
export const toRequest = (hostId: string, taskId: string, result: TaskResult): BatonServiceFinishTaskRequest =>
  create(BatonServiceFinishTaskRequestSchema, {
    hostId,
    taskId,
    ...(result._tag === "Success"
      ? {
        finalState: {
          case: "success",
          value: create(BatonServiceFinishTaskRequest_SuccessSchema, {
            annotations: result.annotations.slice(0, MAX_ANNOTATIONS),
            ...(result.response === undefined ? {} : { response: result.response })
          })
        }
      }
      : {
        status: create(StatusSchema, {
          code: result.code,
          message: result.message,
          details: [...result.details]
        }),
        finalState: {
          case: "error",
          value: create(BatonServiceFinishTaskRequest_ErrorSchema, { nonRetryable: result.nonRetryable })
        }
      })
  })

/**
 * For a log: everything that somebody needs who has to do by hand what C1 was not told.
 *
 * @since 0.1.0
 */
export const describe = (result: TaskResult): Readonly<Record<string, unknown>> =>
  result._tag === "Success"
    ? { result: "success", annotations: result.annotations.map((annotation) => annotation.typeUrl) }
    : { result: "error", code: Code[result.code], error: result.message, non_retryable: result.nonRetryable }
