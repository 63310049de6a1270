/**
 * Every error as a problem document (RFC 9457), whoever made it: a service, the router, a body that could not be read, a defect.
 *
 * @since 0.1.0
 */
import * as Problems from "@access-kit/server-api/Problems"
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as HttpServerError from "effect/http/HttpServerError"
import * as HttpServerRespondable from "effect/http/HttpServerRespondable"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as ProblemDetails from "effect/http/ProblemDetails"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

const Document = Schema.fromJsonString(Schema.Record(Schema.String, Schema.Json))
const decode = Schema.decodeUnknownOption(Document)

/** A problem without words of its own, by the status that somebody answered with an empty or plain body. */
const ofStatus = (status: number): HttpServerRespondable.Respondable => {
  switch (status) {
    case 401:
      return new Problems.Unauthorized({})
    case 403:
      return new Problems.Forbidden({})
    case 404:
      return new Problems.NotFound({})
    case 405:
      return new Problems.MethodNotAllowed({})
    case 409:
      return new Problems.Conflict({})
    case 413:
      return new Problems.PayloadTooLarge({ detail: "The body of the request is larger than this server takes." })
    case 415:
      return new Problems.UnsupportedMediaType({
        detail: "Send the body as JSON, with Content-Type: application/json."
      })
    case 503:
      return new Problems.Unavailable({ retryAfter: 1 })
    default:
      return status < 500 ? new Problems.BadRequest({}) : new Problems.Internal({})
  }
}

/**
 * The media type of an answer; an empty text where it has none.
 *
 * @since 0.1.0
 */
export const contentTypeOf = (response: HttpServerResponse.HttpServerResponse): string =>
  response.headers["content-type"] ?? (response.body._tag === "Empty" ? "" : response.body.contentType ?? "")

/**
 * @since 0.1.0
 */
export const isProblem = (response: HttpServerResponse.HttpServerResponse): boolean =>
  contentTypeOf(response).startsWith(ProblemDetails.contentType)

/**
 * Gives a problem the id of its request, unless it has one, and the headers that go with its status.
 *
 * @since 0.1.0
 */
export const withRequestId = (
  response: HttpServerResponse.HttpServerResponse,
  requestId: string
): HttpServerResponse.HttpServerResponse => {
  const body = response.body
  const text = body._tag === "Uint8Array" ? new TextDecoder().decode(body.body) : ""
  const document = Option.getOrElse(decode(text), (): Readonly<Record<string, Schema.Json>> => ({}))
  const retryAfter = document["retryAfter"]
  return HttpServerResponse.jsonUnsafe({ ...document, requestId: document["requestId"] ?? requestId }, {
    status: response.status,
    contentType: ProblemDetails.contentType,
    headers: {
      ...Object.fromEntries(Object.entries(response.headers).filter(([name]) => !name.startsWith("content-"))),
      ...(typeof retryAfter === "number" ? { "retry-after": String(Math.max(1, Math.ceil(retryAfter))) } : {})
    }
  })
}

/**
 * An error answer that is none yet becomes a problem; others stay as they are.
 *
 * @since 0.1.0
 */
export const fromResponse = (
  response: HttpServerResponse.HttpServerResponse,
  requestId: string
): Effect.Effect<HttpServerResponse.HttpServerResponse> =>
  response.status < 400
    ? Effect.succeed(response)
    : isProblem(response)
    ? Effect.succeed(withRequestId(response, requestId))
    : Effect.map(
      HttpServerRespondable.toResponse(ofStatus(response.status)),
      (problem) =>
        withRequestId(
          HttpServerResponse.setHeaders(
            problem,
            response.headers["allow"] === undefined ? {} : { allow: response.headers["allow"] }
          ),
          requestId
        )
    )

/**
 * @since 0.1.0
 */
export const fromProblem = (
  problem: HttpServerRespondable.Respondable,
  requestId: string
): Effect.Effect<HttpServerResponse.HttpServerResponse> =>
  Effect.map(HttpServerRespondable.toResponse(problem), (response) => withRequestId(response, requestId))

/** A body that broke off or was too large arrives as a defect; it is the caller's fault all the same. */
const blameless = (cause: Cause.Cause<unknown>): HttpServerRespondable.Respondable | undefined => {
  for (const reason of cause.reasons) {
    const error = reason._tag === "Fail" ? reason.error : reason._tag === "Die" ? reason.defect : undefined
    if (HttpServerError.isHttpServerError(error)) {
      if (error.reason._tag === "RouteNotFound") {
        return new Problems.NotFound({ detail: "There is nothing at this path. /docs says what there is." })
      }
      if (error.reason._tag === "RequestParseError") {
        return error.reason.reason === "BodyTooLarge"
          ? new Problems.PayloadTooLarge({ detail: "The body of the request is larger than this server takes." })
          : new Problems.BadRequest({ detail: "The body of the request can't be read." })
      }
      return undefined
    }
    if (HttpServerRespondable.isRespondable(error)) return error
  }
  return undefined
}

/**
 * Whatever an endpoint ended with. What nobody foresaw is written to the log and answered without any of it.
 *
 * @since 0.1.0
 */
export const fromCause = Effect.fnUntraced(function*(cause: Cause.Cause<unknown>, requestId: string) {
  const foreseen = blameless(cause)
  if (foreseen !== undefined) {
    return yield* Effect.flatMap(
      HttpServerRespondable.toResponse(foreseen),
      (response) => fromResponse(response, requestId)
    )
  }
  yield* Effect.logError("A request ended in a fault of the server", cause)
  return yield* fromProblem(
    new Problems.Internal({
      detail: "Something went wrong in the server. Its log has the same request id; please report it."
    }),
    requestId
  )
})
