/**
 * The number that the process ends with, as every baton connector has it: that of the gRPC status that tells what happened, and 2 for everything
 * that has none, the command line and the settings included.
 *
 * @since 0.1.0
 */
import * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as CommandError from "./CommandError.ts"

/**
 * @since 0.1.0
 */
export const OTHER = 2

/**
 * Stopped by Ctrl-C.
 *
 * @since 0.1.0
 */
export const INTERRUPTED = 130

/**
 * Stopped by SIGTERM.
 *
 * @since 0.1.0
 */
export const TERMINATED = 143

const command: Readonly<Record<CommandError.Reason, number>> = {
  Usage: OTHER,
  InvalidValue: OTHER,
  InvalidConfigFile: OTHER,
  NotOffered: 12,
  UnknownId: 5,
  UnusableSnapshot: OTHER,
  Refused: 9,
  Unhealthy: OTHER
}

/**
 * The number for whatever made the command fail.
 *
 * @since 0.1.0
 */
export const of = Effect.fnUntraced(function*(error: unknown) {
  if (error instanceof CommandError.CommandError) return command[error.reason]
  if (error instanceof ConnectorError.ConnectorError) {
    // A setting that is wrong is like a flag that is wrong, wherever it is found.
    if (error.reason._tag === "InvalidConfiguration") return OTHER
    const { codeOf } = yield* Effect.promise(() => import("../RpcError.ts"))
    return codeOf(error.reason)
  }
  return Predicate.isTagged(error, "RpcError") && Predicate.hasProperty(error, "code") && typeof error.code === "number"
    ? error.code
    : OTHER
})
