/**
 * What can go wrong with a sync itself, beside the connector (`ConnectorError`) and the storage (`SinkError`). After each of these the
 * snapshot that was there before is still there, untouched.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

const words = {
  /** What happened and what to do about it, in one or two sentences. */
  message: Schema.String
}

/**
 * The source has fewer resources of a type than the operator said must be there at the least. Nothing is published, so that a directory
 * that was emptied by mistake does not look like access that was taken away.
 *
 * @since 0.1.0
 */
export class FewerThanExpected extends Schema.TaggedError<FewerThanExpected>()("FewerThanExpected", {
  ...words,
  resourceType: Schema.String,
  expected: Schema.Number,
  received: Schema.Number
}) {}

/**
 * More principals than the limit hold grants but are in no listing, however often the listing is read.
 *
 * @since 0.1.0
 */
export class TooManyMissingPrincipals
  extends Schema.TaggedError<TooManyMissingPrincipals>()("TooManyMissingPrincipals", {
    ...words,
    /** How many were seen; there may be more. */
    found: Schema.Number,
    limit: Schema.Number
  })
{}

/**
 * The connector does not keep the contract. Only its author can mend that.
 *
 * @since 0.1.0
 */
export class ContractViolation extends Schema.TaggedError<ContractViolation>()("ContractViolation", {
  ...words,
  resourceType: Schema.String
}) {}

/**
 * @since 0.1.0
 */
export const Reason = Schema.Union([FewerThanExpected, TooManyMissingPrincipals, ContractViolation])

/**
 * @since 0.1.0
 */
export type Reason = typeof Reason.Type

/**
 * The one error of a sync. `Effect.catchReason` and `Effect.unwrapReason` take it apart.
 *
 * @since 0.1.0
 */
export class SyncError extends Schema.TaggedError<SyncError>()("SyncError", {
  reason: Reason
}) {
  override get message(): string {
    return this.reason.message
  }
}

/**
 * @since 0.1.0
 */
export const make = (reason: Reason): SyncError => new SyncError({ reason })
