/**
 * What can go wrong between this client and a SCIM server: one error with the facts of the exchange and a tagged reason
 * that says what kind of failure it is.
 *
 * No field ever holds a credential, a query value or a request body. Texts that a server sent are clipped, and every
 * occurrence of the credential in them is blanked out.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

const words = {
  /** What happened and what to do about it, in one or two sentences. */
  message: Schema.String
}

/**
 * A setting of the client that cannot be right: a base URL that is none, a token with a line break, an id that no path
 * can hold. Nothing was sent.
 *
 * @since 0.1.0
 */
export class InvalidConfiguration extends Schema.TaggedError<InvalidConfiguration>()("InvalidConfiguration", {
  ...words,
  /** The option at fault, such as `baseUrl`. */
  option: Schema.String
}) {}

/**
 * 401: the server does not accept the credential.
 *
 * @since 0.1.0
 */
export class Unauthorized extends Schema.TaggedError<Unauthorized>()("Unauthorized", words) {}

/**
 * 403: the server accepts the credential, but it may not do this.
 *
 * @since 0.1.0
 */
export class Forbidden extends Schema.TaggedError<Forbidden>()("Forbidden", words) {}

/**
 * The OAuth 2.0 token endpoint gave no access token.
 *
 * @since 0.1.0
 */
export class TokenRequestFailed extends Schema.TaggedError<TokenRequestFailed>()("TokenRequestFailed", {
  ...words,
  /** The `error` word of RFC 6749 §5.2, such as `invalid_client`. */
  error: Schema.optionalKey(Schema.String)
}) {}

/**
 * 404 for one resource.
 *
 * @since 0.1.0
 */
export class NotFound extends Schema.TaggedError<NotFound>()("NotFound", words) {}

/**
 * 404 for a whole endpoint, or a 404 page that no SCIM server wrote: the base URL is wrong.
 *
 * @since 0.1.0
 */
export class WrongUrl extends Schema.TaggedError<WrongUrl>()("WrongUrl", words) {}

/**
 * An answer that is not JSON, most often the HTML of a login page, a proxy or another server.
 *
 * @since 0.1.0
 */
export class NotScim extends Schema.TaggedError<NotScim>()("NotScim", {
  ...words,
  contentType: Schema.optionalKey(Schema.String),
  /** The beginning of the body, at most 200 characters. */
  snippet: Schema.String
}) {}

/**
 * The server redirected. Redirects are never followed: the credential would go to wherever they point.
 *
 * @since 0.1.0
 */
export class RedirectRefused extends Schema.TaggedError<RedirectRefused>()("RedirectRefused", {
  ...words,
  /** Scheme and host of the target, without path or query. */
  target: Schema.optionalKey(Schema.String)
}) {}

/**
 * 409, or another status that says so in words: a resource with such an attribute exists already.
 *
 * @since 0.1.0
 */
export class Conflict extends Schema.TaggedError<Conflict>()("Conflict", words) {}

/**
 * 412: the resource is no longer the version that `If-Match` named.
 *
 * @since 0.1.0
 */
export class PreconditionFailed extends Schema.TaggedError<PreconditionFailed>()("PreconditionFailed", words) {}

/**
 * 400, 422 and every other refusal of the request itself. `scimType` and `detail` of the {@link ScimError} say more.
 *
 * @since 0.1.0
 */
export class InvalidRequest extends Schema.TaggedError<InvalidRequest>()("InvalidRequest", words) {}

/**
 * 413: the request body is larger than the server takes.
 *
 * @since 0.1.0
 */
export class RequestTooLarge extends Schema.TaggedError<RequestTooLarge>()("RequestTooLarge", words) {}

/**
 * The server lists resources only with a filter (`scimType` `tooMany`).
 *
 * @since 0.1.0
 */
export class FilterRequired extends Schema.TaggedError<FilterRequired>()("FilterRequired", words) {}

/**
 * 405, 501, or a request that the chosen {@link Dialect} says the server cannot serve.
 *
 * @since 0.1.0
 */
export class NotSupported extends Schema.TaggedError<NotSupported>()("NotSupported", words) {}

/**
 * 429, or a dialect's equivalent.
 *
 * @since 0.1.0
 */
export class TooManyRequests extends Schema.TaggedError<TooManyRequests>()("TooManyRequests", words) {}

/**
 * The server wants a longer pause than the {@link RetryPolicy} allows.
 *
 * @since 0.1.0
 */
export class RateLimitExhausted extends Schema.TaggedError<RateLimitExhausted>()("RateLimitExhausted", {
  ...words,
  /** Milliseconds waited for this request so far. */
  waitedMillis: Schema.Number
}) {}

/**
 * 5xx.
 *
 * @since 0.1.0
 */
export class ServerFailure extends Schema.TaggedError<ServerFailure>()("ServerFailure", words) {}

/**
 * No answer in time.
 *
 * @since 0.1.0
 */
export class Timeout extends Schema.TaggedError<Timeout>()("Timeout", {
  ...words,
  /** What did not come: the beginning of the answer, or the rest of it. */
  phase: Schema.Literals(["headers", "body"]),
  millis: Schema.Number
}) {}

/**
 * The connection could not be made, or broke.
 *
 * @since 0.1.0
 */
export class Network extends Schema.TaggedError<Network>()("Network", {
  ...words,
  /** The system's word, such as `ECONNREFUSED` or `ENOTFOUND`. */
  code: Schema.optionalKey(Schema.String)
}) {}

/**
 * The server's certificate is not accepted, or no TLS connection comes about.
 *
 * @since 0.1.0
 */
export class Tls extends Schema.TaggedError<Tls>()("Tls", {
  ...words,
  /** The TLS library's word, such as `DEPTH_ZERO_SELF_SIGNED_CERT`. */
  code: Schema.optionalKey(Schema.String)
}) {}

/**
 * A body that breaks off, is no JSON, or is no resource.
 *
 * @since 0.1.0
 */
export class Decode extends Schema.TaggedError<Decode>()("Decode", words) {}

/**
 * The answer is larger than `maxBodyBytes`; reading stopped there.
 *
 * @since 0.1.0
 */
export class TooLarge extends Schema.TaggedError<TooLarge>()("TooLarge", {
  ...words,
  /** Bytes. */
  limit: Schema.Number
}) {}

/**
 * JSON came, but no list: `Resources` is missing although rows are announced, or it is something else than a list.
 *
 * @since 0.1.0
 */
export class InvalidListResponse extends Schema.TaggedError<InvalidListResponse>()("InvalidListResponse", words) {}

/**
 * The walk makes no progress: the server sends the same page, or the same cursor, again.
 *
 * @since 0.1.0
 */
export class PaginationStalled extends Schema.TaggedError<PaginationStalled>()("PaginationStalled", {
  ...words,
  /** Rows read before. */
  received: Schema.Number
}) {}

/**
 * The server announced more rows than it sent.
 *
 * @since 0.1.0
 */
export class IncompleteList extends Schema.TaggedError<IncompleteList>()("IncompleteList", {
  ...words,
  expected: Schema.Number,
  received: Schema.Number
}) {}

/**
 * The directory changed during the walk in a way that may have hidden rows from it.
 *
 * @since 0.1.0
 */
export class DirectoryDrift extends Schema.TaggedError<DirectoryDrift>()("DirectoryDrift", words) {}

/**
 * The walk reached `maxPages`.
 *
 * @since 0.1.0
 */
export class PageLimitExceeded extends Schema.TaggedError<PageLimitExceeded>()("PageLimitExceeded", {
  ...words,
  limit: Schema.Number
}) {}

/**
 * The server no longer knows the cursor (RFC 9865 `expiredCursor`, `invalidCursor`).
 *
 * @since 0.1.0
 */
export class CursorExpired extends Schema.TaggedError<CursorExpired>()("CursorExpired", words) {}

/**
 * A create request got no clear answer, and looking for the resource did not settle whether it was carried out. Nothing
 * was sent again.
 *
 * @since 0.1.0
 */
export class OutcomeUnknown extends Schema.TaggedError<OutcomeUnknown>()("OutcomeUnknown", words) {}

/**
 * @since 0.1.0
 */
export const Reason = Schema.Union([
  InvalidConfiguration,
  Unauthorized,
  Forbidden,
  TokenRequestFailed,
  NotFound,
  WrongUrl,
  NotScim,
  RedirectRefused,
  Conflict,
  PreconditionFailed,
  InvalidRequest,
  RequestTooLarge,
  FilterRequired,
  NotSupported,
  TooManyRequests,
  RateLimitExhausted,
  ServerFailure,
  Timeout,
  Network,
  Tls,
  Decode,
  TooLarge,
  InvalidListResponse,
  PaginationStalled,
  IncompleteList,
  DirectoryDrift,
  PageLimitExceeded,
  CursorExpired,
  OutcomeUnknown
])

/**
 * @since 0.1.0
 */
export type Reason = typeof Reason.Type

/**
 * The error of every operation of this package. Match on `reason` with `Effect.catchReason("ScimError", "NotFound", …)`.
 *
 * @since 0.1.0
 */
export class ScimError extends Schema.TaggedError<ScimError>()("ScimError", {
  reason: Reason,
  /** HTTP method of the request that failed. */
  method: Schema.optionalKey(Schema.String),
  /** Path below the base URL, without the query. */
  path: Schema.optionalKey(Schema.String),
  /** HTTP status, if there was an answer. */
  status: Schema.optionalKey(Schema.Number),
  /** RFC 7644 table 9, or any other word that the server uses. */
  scimType: Schema.optionalKey(Schema.String),
  /** The server's own explanation, at most 500 characters. */
  detail: Schema.optionalKey(Schema.String),
  /** The server's id of the request, for its support. */
  requestId: Schema.optionalKey(Schema.String),
  /** Milliseconds that the server wants the client to wait. */
  retryAfterMillis: Schema.optionalKey(Schema.Number)
}) {
  override get message(): string {
    return this.reason.message
  }

  /**
   * Whether the same operation, a list from its beginning, may succeed later with nothing changed but the time.
   *
   * @since 0.1.0
   */
  get isRetryable(): boolean {
    switch (this.reason._tag) {
      case "TooManyRequests":
      case "RateLimitExhausted":
      case "ServerFailure":
      case "Timeout":
      case "DirectoryDrift":
      case "IncompleteList":
      case "CursorExpired":
        return true
      case "Network":
        // A name that does not exist and a server that speaks no HTTP stay so.
        return this.reason.code !== "ENOTFOUND" && this.reason.code?.startsWith("HPE_") !== true
      case "Decode":
        // A body that breaks off is an accident of transport, so long as there was an answer at all.
        return this.status !== undefined && this.status < 300
      default:
        return false
    }
  }
}

/**
 * Everything an error says about the exchange besides its reason.
 *
 * @since 0.1.0
 */
export interface Facts {
  readonly method?: string | undefined
  readonly path?: string | undefined
  readonly status?: number | undefined
  readonly scimType?: string | undefined
  readonly detail?: string | undefined
  readonly requestId?: string | undefined
  readonly retryAfterMillis?: number | undefined
}

/**
 * Builds the error; `undefined` facts are left out.
 *
 * @since 0.1.0
 */
export const make = (reason: Reason, facts?: Facts): ScimError =>
  new ScimError({
    reason,
    ...(facts?.method === undefined ? {} : { method: facts.method }),
    ...(facts?.path === undefined ? {} : { path: facts.path }),
    ...(facts?.status === undefined ? {} : { status: facts.status }),
    ...(facts?.scimType === undefined ? {} : { scimType: facts.scimType }),
    ...(facts?.detail === undefined ? {} : { detail: facts.detail }),
    ...(facts?.requestId === undefined ? {} : { requestId: facts.requestId }),
    ...(facts?.retryAfterMillis === undefined ? {} : { retryAfterMillis: facts.retryAfterMillis })
  })
