/**
 * A change that the server has taken and not carried out, because a guard wants somebody else's word first. It stands as the cause in the
 * connector's error, so that a command can tell it from a failure.
 *
 * @since 0.1.0
 */
import type * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import * as Schema from "effect/Schema"

/**
 * @since 0.1.0
 */
export class AwaitingApproval extends Schema.TaggedError<AwaitingApproval>()("AwaitingApproval", {
  /** What waits, and how it is let through. */
  message: Schema.String
}) {}

/**
 * How a waiting operation or sync is let through.
 *
 * @param command what somebody runs to do so
 * @since 0.1.0
 */
export const explain = (reason: string, command: string): string =>
  `Nothing is done yet, it waits for approval: ${reason} Somebody with another token that has the scope "approve" lets it through with: ${command}`

/**
 * The wait behind an error, if it is one.
 *
 * @since 0.1.0
 */
export const behind = (error: ConnectorError.ConnectorError): AwaitingApproval | undefined =>
  error.cause instanceof AwaitingApproval ? error.cause : undefined
