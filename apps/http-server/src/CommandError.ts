/**
 * A command could not do what it was asked; the message says what to do.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * @since 0.1.0
 */
export class CommandError extends Schema.TaggedError<CommandError>()("CommandError", {
  reason: Schema.Literals([
    "Usage",
    "InvalidConfiguration",
    "NotFound",
    "Conflict",
    "Unavailable",
    "NotWritable",
    "PortUnavailable"
  ]),
  message: Schema.String
}) {}
