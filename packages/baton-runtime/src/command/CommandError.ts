/**
 * What can go wrong with the command itself, beside the connector, the snapshot file and the wire.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * - `Usage`: the command line is not understood, or flags contradict each other.
 * - `InvalidValue`: a flag, a variable or a line of the configuration file has a value that can't be right.
 * - `InvalidConfigFile`: the configuration file can't be read.
 * - `NotOffered`: this connector does not do that at all, or no connector of this runtime.
 * - `UnknownId`: nothing has that id: neither the snapshot nor the connector.
 * - `UnusableSnapshot`: the snapshot file is missing, damaged or of a kind that can't be read.
 * - `Refused`: it could be done, and must not.
 * - `Unhealthy`: the health endpoint does not answer that all is well.
 *
 * @since 0.1.0
 */
export const Reason = Schema.Literals([
  "Usage",
  "InvalidValue",
  "InvalidConfigFile",
  "NotOffered",
  "UnknownId",
  "UnusableSnapshot",
  "Refused",
  "Unhealthy"
])

/**
 * @since 0.1.0
 */
export type Reason = typeof Reason.Type

/**
 * @since 0.1.0
 */
export class CommandError extends Schema.TaggedError<CommandError>()("CommandError", {
  reason: Reason,
  /** What happened and what to do about it. Never holds the value of a secret. */
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

/**
 * @since 0.1.0
 */
export const make = (reason: Reason, message: string, cause?: unknown): CommandError =>
  new CommandError(cause === undefined ? { reason, message } : { reason, message, cause })
