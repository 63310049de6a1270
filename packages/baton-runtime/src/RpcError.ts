/**
 * How failures travel: reasons of connector errors as gRPC statuses and back, and what a failed call tells its caller.
 *
 * | reason | status |
 * | --- | --- |
 * | InvalidConfiguration, Ambiguous | FailedPrecondition |
 * | Unauthenticated, PermissionDenied, NotFound | the same |
 * | InvalidInput | InvalidArgument |
 * | Conflict | AlreadyExists |
 * | Unsupported | Unimplemented |
 * | RateLimited, Unavailable | Unavailable |
 * | Timeout | DeadlineExceeded |
 * | UnexpectedResponse | Unknown |
 * | IncompleteListing | DataLoss |
 * | DirectoryChanged | Aborted |
 * | NotApplied | Internal |
 * | LimitExceeded | ResourceExhausted |
 *
 * Unavailable and DeadlineExceeded are the two that callers of baton connectors repeat by themselves, for ever; so a directory that changed while it
 * was read is Aborted, since only a new listing cures it.
 *
 * @since 0.1.0
 */
import {
  RateLimitDescription_Status,
  RateLimitDescriptionSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_ratelimit_pb"
import { ErrorInfoSchema } from "@access-kit/baton-protocol/gen/google/rpc/error_details_pb"
import * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import { create, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf"
import { timestampMs } from "@bufbuild/protobuf/wkt"
import { Code, ConnectError } from "@connectrpc/connect"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { timestampOfMillis } from "./ToMessage.ts"

/** Whose words the reasons in `google.rpc.ErrorInfo` details are. */
const DOMAIN = "access-kit/connector-model"

/** The domain and the reason with which a connector of the Go SDK says that it declines a grant on purpose. */
const SDK_DOMAIN = "github.com/conductorone/baton-sdk"
const GRANT_CANCELLED = "grant_cancelled"

const CODES = {
  InvalidConfiguration: Code.FailedPrecondition,
  Unauthenticated: Code.Unauthenticated,
  PermissionDenied: Code.PermissionDenied,
  NotFound: Code.NotFound,
  Ambiguous: Code.FailedPrecondition,
  InvalidInput: Code.InvalidArgument,
  Conflict: Code.AlreadyExists,
  Unsupported: Code.Unimplemented,
  RateLimited: Code.Unavailable,
  Unavailable: Code.Unavailable,
  Timeout: Code.DeadlineExceeded,
  UnexpectedResponse: Code.Unknown,
  IncompleteListing: Code.DataLoss,
  DirectoryChanged: Code.Aborted,
  NotApplied: Code.Internal,
  LimitExceeded: Code.ResourceExhausted
} as const satisfies Record<ConnectorError.Reason["_tag"], Code>

/**
 * The gRPC status code of a reason, 1 to 16: what a process that follows baton's habits exits with.
 *
 * @since 0.1.0
 */
export const codeOf = (reason: ConnectorError.Reason): number => CODES[reason._tag]

/**
 * The room left under a rate limit, as a failed call tells it.
 *
 * @since 0.1.0
 */
export interface RateLimit {
  readonly remaining: number
  /** Epoch milliseconds. */
  readonly resetAt: number
}

/**
 * A call that failed.
 *
 * @since 0.1.0
 */
export class RpcError extends Schema.TaggedError<RpcError>()("RpcError", {
  /** The gRPC status code, 1 to 16. */
  code: Schema.Int,
  /** What the other side wrote. */
  message: Schema.String,
  /** Package, service and method, for example `c1.connector.v2.GrantsService/ListGrants`. */
  method: Schema.String,
  rateLimit: Schema.optionalKey(Schema.Struct({ remaining: Schema.Number, resetAt: Schema.Number })),
  /** No answer came, since the connection broke or was never there. The code is Unavailable, and the call may have been carried out. */
  lost: Schema.optionalKey(Schema.Literal(true)),
  /** What went wrong in words of connector-model, where the other side says it. */
  reason: Schema.optionalKey(Schema.String),
  cause: Schema.optionalKey(Schema.Defect())
}) {
  /** The name of the code as people know it, for example `NotFound`. */
  get codeName(): string {
    return Code[this.code] ?? "Unknown"
  }
}

/**
 * The status that a server answers with. `now` is epoch milliseconds, for the time at which a rate limit ends.
 *
 * @since 0.1.0
 */
export const toStatus = (error: ConnectorError.ConnectorError, prefix: string, now: number): ConnectError => {
  const { reason } = error
  const details: Array<{ desc: DescMessage; value: MessageInitShape<DescMessage> }> = [
    { desc: ErrorInfoSchema, value: create(ErrorInfoSchema, { reason: reason._tag, domain: DOMAIN }) }
  ]
  if (reason._tag === "RateLimited") {
    details.unshift({
      desc: RateLimitDescriptionSchema,
      value: create(RateLimitDescriptionSchema, {
        status: RateLimitDescription_Status.OVERLIMIT,
        ...(reason.retryAfterMillis === undefined ? {} : { resetAt: timestampOfMillis(now + reason.retryAfterMillis) })
      })
    })
  }
  return new ConnectError(prefix + reason.message, CODES[reason._tag], undefined, details)
}

/** Whether an error comes from the connection and not from the other side: connect-es has several codes for that, Go's clients one. */
const isLost = (error: ConnectError): boolean => {
  if (error.isWireError) return false
  switch (error.code) {
    case Code.Aborted:
    case Code.Canceled:
    case Code.Unavailable:
      return true
    case Code.Internal:
      return Predicate.hasProperty(error.cause, "code") && typeof error.cause.code === "string"
    default:
      return false
  }
}

/**
 * What a failed call says.
 *
 * @since 0.1.0
 */
export const fromStatus = (method: string, error: ConnectError): RpcError => {
  const [limit] = error.findDetails(RateLimitDescriptionSchema)
  const info = error.findDetails(ErrorInfoSchema).find((detail) => detail.domain === DOMAIN)
  const cancelled = error.findDetails(ErrorInfoSchema).find((detail) =>
    detail.domain === SDK_DOMAIN && detail.reason === GRANT_CANCELLED
  )
  const declined = cancelled?.metadata["reason"]
  const lost = isLost(error)
  return new RpcError({
    code: lost ? Code.Unavailable : error.code,
    message: declined === undefined ? error.rawMessage : `${error.rawMessage} (${declined})`,
    method,
    ...(lost ? { lost } : {}),
    ...(limit?.resetAt === undefined
      ? {}
      : { rateLimit: { remaining: Number(limit.remaining), resetAt: timestampMs(limit.resetAt) } }),
    ...(info === undefined ? {} : { reason: info.reason }),
    ...(error.cause === undefined ? {} : { cause: error.cause })
  })
}

/**
 * A failed call as a connector error. What the other side wrote is kept; nothing is made up around it.
 *
 * @since 0.1.0
 */
export const toConnectorError = (
  operation: string,
  error: RpcError,
  about: { readonly resourceType: string; readonly key: string },
  now: number
): ConnectorError.ConnectorError => {
  const message = error.message === "" ? `The connector answered ${error.codeName} to ${error.method}.` : error.message
  const words = { message }
  const reason = (): ConnectorError.Reason => {
    const { resourceType } = about
    // Only what the code leaves open; a word that doesn't fit its code is not believed.
    switch (error.code) {
      case Code.InvalidArgument:
      case Code.OutOfRange:
        return new ConnectorError.InvalidInput(words)
      case Code.NotFound:
        return new ConnectorError.NotFound({ ...words, ...about })
      case Code.AlreadyExists:
        return new ConnectorError.Conflict(words)
      case Code.PermissionDenied:
        return new ConnectorError.PermissionDenied(words)
      case Code.Unauthenticated:
        return new ConnectorError.Unauthenticated(words)
      case Code.Unimplemented:
        return new ConnectorError.Unsupported({ ...words, resourceType })
      case Code.FailedPrecondition:
        return error.reason === "Ambiguous"
          ? new ConnectorError.Ambiguous({ ...words, ...about, matches: [] })
          : error.reason === "InvalidConfiguration"
          ? new ConnectorError.InvalidConfiguration(words)
          : new ConnectorError.Conflict(words)
      case Code.Aborted:
        return new ConnectorError.DirectoryChanged({ ...words, resourceType })
      case Code.DataLoss:
        return new ConnectorError.IncompleteListing({ ...words, resourceType, received: 0 })
      case Code.DeadlineExceeded:
        return new ConnectorError.Timeout(words)
      case Code.Unavailable:
        return error.rateLimit !== undefined && error.rateLimit.remaining <= 0
          ? new ConnectorError.RateLimited({ ...words, retryAfterMillis: Math.max(0, error.rateLimit.resetAt - now) })
          : error.reason === "RateLimited"
          ? new ConnectorError.RateLimited(words)
          : new ConnectorError.Unavailable(words)
      case Code.Internal:
        return error.reason === "NotApplied"
          ? new ConnectorError.NotApplied(words)
          : new ConnectorError.UnexpectedResponse(words)
      default:
        return new ConnectorError.UnexpectedResponse(words)
    }
  }
  return ConnectorError.make(operation, reason(), error)
}
