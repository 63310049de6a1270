/**
 * Whatever went wrong, as one message for a person or one line of JSON for a script, and the number that the process ends with.
 *
 * @since 0.1.0
 */
import * as C1zError from "@access-kit/c1z/C1zError"
import * as QueryError from "@access-kit/c1z/QueryError"
import * as WriteError from "@access-kit/c1z/WriteError"
import * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import * as SnapshotSink from "@access-kit/connector-model/SnapshotSink"
import * as SyncError from "@access-kit/connector-sync/SyncError"
import * as Cause from "effect/Cause"
import * as Schema from "effect/Schema"
import * as ExitCode from "./ExitCode.ts"

/**
 * A command ended in a way that is neither the connector's nor the sink's doing.
 *
 * @since 0.1.0
 */
export class CommandError extends Schema.TaggedError<CommandError>()("CommandError", {
  reason: Schema.Literals([
    "Usage",
    "ValidationFailed",
    "NotConfirmed",
    "SomeFailed",
    "PortUnavailable",
    "Interrupted",
    "OutputClosed",
    "StorageFull",
    "StorageFailure",
    "ProblemsFound",
    "Different",
    "AwaitingApproval",
    "InvalidTarget",
    "NotWritable",
    "Busy",
    "Corrupt",
    "FewerThanExpected",
    "TooManyMissingPrincipals",
    "ContractViolation"
  ]),
  message: Schema.String,
  /** The number to end with where it is not the reason's own. */
  exitCode: Schema.optionalKey(Schema.Number),
  /** Whether everything there is to say was printed already. */
  reported: Schema.optionalKey(Schema.Boolean)
}) {}

/**
 * @since 0.1.0
 */
export interface Failure {
  readonly reason: ExitCode.Reason
  readonly exitCode: number
  readonly message: string
  /** What the connector was asked to do. */
  readonly operation?: string
  /** Ids of the resources that a name fits. */
  readonly matches?: ReadonlyArray<string>
  readonly reported?: boolean
}

/**
 * @since 0.1.0
 */
export const fromError = (error: unknown): Failure => {
  if (error instanceof ConnectorError.ConnectorError) {
    return {
      reason: error.reason._tag,
      exitCode: ExitCode.of(error.reason._tag),
      message: error.message,
      operation: error.operation,
      ...(error.reason._tag === "Ambiguous" ? { matches: error.reason.matches } : {})
    }
  }
  if (error instanceof SnapshotSink.SinkError || error instanceof SyncError.SyncError) {
    return { reason: error.reason._tag, exitCode: ExitCode.of(error.reason._tag), message: error.message }
  }
  if (error instanceof C1zError.C1zError || error instanceof WriteError.WriteError) {
    return { reason: error.reason._tag, exitCode: ExitCode.of(error.reason._tag), message: error.message }
  }
  if (error instanceof QueryError.QueryError) {
    return {
      reason: error.reason._tag,
      exitCode: ExitCode.of(error.reason._tag),
      message: error.message,
      ...(error.reason._tag === "Ambiguous" ? { matches: error.reason.matches } : {})
    }
  }
  if (error instanceof CommandError) {
    return {
      reason: error.reason,
      exitCode: error.exitCode ?? ExitCode.of(error.reason),
      message: error.message,
      ...(error.reported === undefined ? {} : { reported: error.reported })
    }
  }
  return {
    reason: "Unexpected",
    exitCode: ExitCode.of("Unexpected"),
    message: `Something that should not happen did: ${
      error instanceof Error ? error.message : "a failure of unknown kind"
    }. Please report it with the output of --verbose.`
  }
}

/**
 * @since 0.1.0
 */
export const fromCause = (cause: Cause.Cause<unknown>): Failure =>
  Cause.hasInterruptsOnly(cause)
    ? { reason: "Interrupted", exitCode: ExitCode.of("Interrupted"), message: "Interrupted.", reported: true }
    : fromError(Cause.squash(cause))
