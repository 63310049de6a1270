/**
 * Why a question to a snapshot has no answer.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

const words = {
  /** What is wrong and what to do about it. */
  message: Schema.String
}

/**
 * The file has no sync at all.
 *
 * @since 0.1.0
 */
export class NoSync extends Schema.TaggedError<NoSync>()("NoSync", words) {}

/**
 * What was named is not in the snapshot: a sync, a principal, an entitlement.
 *
 * @since 0.1.0
 */
export class NotFound extends Schema.TaggedError<NotFound>()("NotFound", words) {}

/**
 * A name fits several.
 *
 * @since 0.1.0
 */
export class Ambiguous extends Schema.TaggedError<Ambiguous>()("Ambiguous", {
  ...words,
  /** Ids of what it fits. */
  matches: Schema.Array(Schema.String)
}) {}

/**
 * The page token is damaged, or belongs to another question.
 *
 * @since 0.1.0
 */
export class InvalidPageToken extends Schema.TaggedError<InvalidPageToken>()("InvalidPageToken", words) {}

/**
 * @since 0.1.0
 */
export const QueryErrorReason = Schema.Union([NoSync, NotFound, Ambiguous, InvalidPageToken])

/**
 * @since 0.1.0
 */
export type QueryErrorReason = typeof QueryErrorReason.Type

/**
 * @since 0.1.0
 */
export class QueryError extends Schema.TaggedError<QueryError>()("QueryError", {
  reason: QueryErrorReason
}) {
  override get message(): string {
    return this.reason.message
  }
}
