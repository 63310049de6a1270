/**
 * Every way in which a connector can fail, in words that hold for any source system. An adapter maps the reason to an exit code, an
 * HTTP status or a gRPC code; a person reads the message.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

const words = {
  /** What happened and what to do about it, in one or two sentences. Never holds a secret. */
  message: Schema.String
}

/**
 * A setting is missing or can't be right.
 *
 * @since 0.1.0
 */
export class InvalidConfiguration extends Schema.TaggedError<InvalidConfiguration>()("InvalidConfiguration", {
  ...words,
  /** Name of the {@link ConfigField} at fault, if it is one. */
  field: Schema.optionalKey(Schema.String)
}) {}

/**
 * The source does not accept the credential.
 *
 * @since 0.1.0
 */
export class Unauthenticated extends Schema.TaggedError<Unauthenticated>()("Unauthenticated", words) {}

/**
 * The credential is accepted but may not do this.
 *
 * @since 0.1.0
 */
export class PermissionDenied extends Schema.TaggedError<PermissionDenied>()("PermissionDenied", words) {}

/**
 * A resource that was named does not exist.
 *
 * @since 0.1.0
 */
export class NotFound extends Schema.TaggedError<NotFound>()("NotFound", {
  ...words,
  resourceType: Schema.String,
  /** What was looked for, as the caller gave it. */
  key: Schema.String
}) {}

/**
 * A name fits several resources, and the connector does not guess.
 *
 * @since 0.1.0
 */
export class Ambiguous extends Schema.TaggedError<Ambiguous>()("Ambiguous", {
  ...words,
  resourceType: Schema.String,
  key: Schema.String,
  /** Ids of the resources that fit. */
  matches: Schema.Array(Schema.String)
}) {}

/**
 * What the caller gave can't be right, whatever the state of the source.
 *
 * @since 0.1.0
 */
export class InvalidInput extends Schema.TaggedError<InvalidInput>()("InvalidInput", {
  ...words,
  field: Schema.optionalKey(Schema.String)
}) {}

/**
 * The change contradicts what the source holds, and the connector can't settle it.
 *
 * @since 0.1.0
 */
export class Conflict extends Schema.TaggedError<Conflict>()("Conflict", words) {}

/**
 * This connector, or this source, does not do that at all.
 *
 * @since 0.1.0
 */
export class Unsupported extends Schema.TaggedError<Unsupported>()("Unsupported", {
  ...words,
  resourceType: Schema.optionalKey(Schema.String)
}) {}

/**
 * The source asked to slow down for longer than the connector is willing to wait.
 *
 * @since 0.1.0
 */
export class RateLimited extends Schema.TaggedError<RateLimited>()("RateLimited", {
  ...words,
  /** Milliseconds until a new attempt makes sense, if the source says. */
  retryAfterMillis: Schema.optionalKey(Schema.Number)
}) {}

/**
 * The source can't be reached, or fails for reasons of its own; later may be better.
 *
 * @since 0.1.0
 */
export class Unavailable extends Schema.TaggedError<Unavailable>()("Unavailable", words) {}

/**
 * The source did not answer in time.
 *
 * @since 0.1.0
 */
export class Timeout extends Schema.TaggedError<Timeout>()("Timeout", words) {}

/**
 * The source answered something that can't be an answer to the question: another kind of server, a broken body.
 *
 * @since 0.1.0
 */
export class UnexpectedResponse extends Schema.TaggedError<UnexpectedResponse>()("UnexpectedResponse", words) {}

/**
 * A listing could not be read to its end. There is no partial answer: a shorter list would look like lost access.
 *
 * @since 0.1.0
 */
export class IncompleteListing extends Schema.TaggedError<IncompleteListing>()("IncompleteListing", {
  ...words,
  resourceType: Schema.String,
  /** Rows that the source announced. */
  expected: Schema.optionalKey(Schema.Number),
  /** Distinct rows that arrived. */
  received: Schema.Number
}) {}

/**
 * The directory changed while it was read, in a way that makes the rows read so far unreliable. Reading again is the cure.
 *
 * @since 0.1.0
 */
export class DirectoryChanged extends Schema.TaggedError<DirectoryChanged>()("DirectoryChanged", {
  ...words,
  resourceType: Schema.String
}) {}

/**
 * The source accepted a change, and reading back shows that it was not carried out.
 *
 * @since 0.1.0
 */
export class NotApplied extends Schema.TaggedError<NotApplied>()("NotApplied", words) {}

/**
 * The change would go beyond a limit that the operator set.
 *
 * @since 0.1.0
 */
export class LimitExceeded extends Schema.TaggedError<LimitExceeded>()("LimitExceeded", {
  ...words,
  limit: Schema.Number,
  /** Changes asked for so far, this one included. */
  requested: Schema.Number
}) {}

/**
 * @since 0.1.0
 */
export const Reason = Schema.Union([
  InvalidConfiguration,
  Unauthenticated,
  PermissionDenied,
  NotFound,
  Ambiguous,
  InvalidInput,
  Conflict,
  Unsupported,
  RateLimited,
  Unavailable,
  Timeout,
  UnexpectedResponse,
  IncompleteListing,
  DirectoryChanged,
  NotApplied,
  LimitExceeded
])

/**
 * @since 0.1.0
 */
export type Reason = typeof Reason.Type

/**
 * The one error of the Connector contract. `Effect.catchReason` and `Effect.unwrapReason` take it apart.
 *
 * @since 0.1.0
 */
export class ConnectorError extends Schema.TaggedError<ConnectorError>()("ConnectorError", {
  /** What the connector was asked to do, for example `grant`. */
  operation: Schema.String,
  reason: Reason,
  /** What lies below, for logs and crash reports; it holds no secret. */
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    return this.reason.message
  }

  /** Whether the same call may well succeed later without anybody changing anything. */
  get isRetryable(): boolean {
    switch (this.reason._tag) {
      case "RateLimited":
      case "Unavailable":
      case "Timeout":
      case "DirectoryChanged":
        return true
      default:
        return false
    }
  }
}

/**
 * @since 0.1.0
 */
export const make = (operation: string, reason: Reason, cause?: unknown): ConnectorError =>
  new ConnectorError(cause === undefined ? { operation, reason } : { operation, reason, cause })
