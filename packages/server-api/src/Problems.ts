/**
 * Every error that the server answers, as RFC 9457 problem details. The `type` tells them apart; `detail` is for people and says what to do.
 *
 * @since 0.1.0
 */
import * as HttpApiError from "effect/http-api/HttpApiError"
import * as Schema from "effect/Schema"

const extensions = {
  /** The id of the request, as in the header `X-Request-Id` and in the server's log. */
  requestId: Schema.optionalKey(Schema.String)
}

/** One value of a request that can't be right. */
const Fault = Schema.Struct({ field: Schema.String, message: Schema.String })

/**
 * The request can't be read: malformed JSON, an unknown shape, a parameter of the wrong form.
 *
 * @since 0.1.0
 */
export class BadRequest extends HttpApiError.Problem<BadRequest>()("BadRequest", {
  type: "urn:access-kit:problem:bad-request",
  status: 400,
  title: "Bad Request"
}, { ...extensions, errors: Schema.optionalKey(Schema.Array(Fault)) }) {}

/**
 * No token, an unknown one, or one that was revoked or has expired.
 *
 * @since 0.1.0
 */
export class Unauthorized extends HttpApiError.Problem<Unauthorized>()("Unauthorized", {
  type: "urn:access-kit:problem:unauthorized",
  status: 401,
  title: "Unauthorized"
}, extensions) {}

/**
 * The token lacks the scope.
 *
 * @since 0.1.0
 */
export class Forbidden extends HttpApiError.Problem<Forbidden>()("Forbidden", {
  type: "urn:access-kit:problem:forbidden",
  status: 403,
  title: "Forbidden"
}, { ...extensions, requiredScope: Schema.optionalKey(Schema.String) }) {}

/**
 * @since 0.1.0
 */
export class NotFound extends HttpApiError.Problem<NotFound>()("NotFound", {
  type: "urn:access-kit:problem:not-found",
  status: 404,
  title: "Not Found"
}, extensions) {}

/**
 * The path is known, and not with this method; the header `Allow` says with which.
 *
 * @since 0.1.0
 */
export class MethodNotAllowed extends HttpApiError.Problem<MethodNotAllowed>()("MethodNotAllowed", {
  type: "urn:access-kit:problem:method-not-allowed",
  status: 405,
  title: "Method Not Allowed"
}, extensions) {}

/**
 * The state of things does not allow it: a sync is running, a connector is paused, an operation has ended.
 *
 * @since 0.1.0
 */
export class Conflict extends HttpApiError.Problem<Conflict>()("Conflict", {
  type: "urn:access-kit:problem:conflict",
  status: 409,
  title: "Conflict"
}, extensions) {}

/**
 * Somebody else changed it since it was read (`If-Match`, RFC 9110 section 13.1.1).
 *
 * @since 0.1.0
 */
export class PreconditionFailed extends HttpApiError.Problem<PreconditionFailed>()("PreconditionFailed", {
  type: "urn:access-kit:problem:precondition-failed",
  status: 412,
  title: "Precondition Failed"
}, extensions) {}

/**
 * @since 0.1.0
 */
export class PayloadTooLarge extends HttpApiError.Problem<PayloadTooLarge>()("PayloadTooLarge", {
  type: "urn:access-kit:problem:payload-too-large",
  status: 413,
  title: "Content Too Large"
}, extensions) {}

/**
 * The body of a request is JSON, `application/json`.
 *
 * @since 0.1.0
 */
export class UnsupportedMediaType extends HttpApiError.Problem<UnsupportedMediaType>()("UnsupportedMediaType", {
  type: "urn:access-kit:problem:unsupported-media-type",
  status: 415,
  title: "Unsupported Media Type"
}, extensions) {}

/**
 * The request is well formed and still can't be right: an unknown setting, a malformed e-mail address, an expiry in the past.
 *
 * @since 0.1.0
 */
export class InvalidInput extends HttpApiError.Problem<InvalidInput>()("InvalidInput", {
  type: "urn:access-kit:problem:invalid-input",
  status: 422,
  title: "Unprocessable Content"
}, { ...extensions, errors: Schema.optionalKey(Schema.Array(Fault)) }) {}

/**
 * The `Idempotency-Key` was used before, for another request.
 *
 * @since 0.1.0
 */
export class IdempotencyKeyReused extends HttpApiError.Problem<IdempotencyKeyReused>()("IdempotencyKeyReused", {
  type: "urn:access-kit:problem:idempotency-key-reused",
  status: 422,
  title: "Idempotency Key Reused"
}, extensions) {}

/**
 * @since 0.1.0
 */
export class TooManyRequests extends HttpApiError.Problem<TooManyRequests>()("TooManyRequests", {
  type: "urn:access-kit:problem:too-many-requests",
  status: 429,
  title: "Too Many Requests"
}, {
  ...extensions,
  /** Seconds, as in the header `Retry-After`. */
  retryAfter: Schema.optionalKey(Schema.Number)
}) {}

/**
 * The source system (the SCIM endpoint) failed or answered something that can't be used.
 *
 * @since 0.1.0
 */
export class SourceFailed extends HttpApiError.Problem<SourceFailed>()("SourceFailed", {
  type: "urn:access-kit:problem:source-failed",
  status: 502,
  title: "Bad Gateway"
}, {
  ...extensions,
  /** The tag of the connector error, for example `Unauthenticated`. */
  reason: Schema.optionalKey(Schema.String)
}) {}

/**
 * The server shuts down, or its storage can't be reached. Try again.
 *
 * @since 0.1.0
 */
export class Unavailable extends HttpApiError.Problem<Unavailable>()("Unavailable", {
  type: "urn:access-kit:problem:unavailable",
  status: 503,
  title: "Service Unavailable"
}, { ...extensions, retryAfter: Schema.optionalKey(Schema.Number) }) {}

/**
 * A fault of the server itself. The log has the same request id.
 *
 * @since 0.1.0
 */
export class Internal extends HttpApiError.Problem<Internal>()("Internal", {
  type: "urn:access-kit:problem:internal",
  status: 500,
  title: "Internal Server Error"
}, extensions) {}
