/**
 * Requests that can't be decoded, told value by value; and answers that could not be encoded, which is a bug.
 *
 * @since 0.1.0
 */
import { BadRequest, Internal } from "@access-kit/server-api/Problems"
import { RequestProblems } from "@access-kit/server-api/RequestProblems"
import * as Effect from "effect/Effect"
import type { HttpApiSchemaError } from "effect/http-api/HttpApiError"
import { HttpApiSchemaError as SchemaError } from "effect/http-api/HttpApiError"
import * as Layer from "effect/Layer"
import * as SchemaIssue from "effect/SchemaIssue"
import type { unhandled } from "effect/Types"
import { CurrentRequest } from "./CurrentRequest.ts"

const issues = SchemaIssue.makeFormatterStandardSchemaV1()

const places: Readonly<Record<HttpApiSchemaError["kind"], string>> = {
  Params: "path",
  Headers: "header",
  Query: "query",
  Payload: "body",
  Body: "answer",
  ResponseHeaders: "answer"
}

const faults = (error: HttpApiSchemaError) =>
  issues(error.cause.issue).issues.map((issue) => ({
    field: [
      places[error.kind],
      ...(issue.path ?? []).map((segment) => String(typeof segment === "object" ? segment.key : segment))
    ].join("."),
    message: issue.message
  }))

/**
 * @since 0.1.0
 */
export const layer: Layer.Layer<RequestProblems> = Layer.succeed(
  RequestProblems,
  (httpEffect, { endpoint }) =>
    Effect.flatMap(CurrentRequest, (facts) => {
      facts.route = endpoint.path
      return Effect.catch(httpEffect, (error): Effect.Effect<never, unhandled | BadRequest | Internal> => {
        if (!SchemaError.is(error)) return Effect.fail(error)
        if (error.kind === "Body" || error.kind === "ResponseHeaders") {
          return Effect.andThen(
            Effect.logError(`The answer of ${endpoint.method} ${endpoint.path} does not fit its schema`, error.cause),
            Effect.fail(
              new Internal({
                detail: "Something went wrong in the server. Its log has the same request id; please report it."
              })
            )
          )
        }
        const errors = faults(error)
        return Effect.fail(
          new BadRequest({
            detail: errors.length === 1 && errors[0] !== undefined
              ? `${errors[0].field}: ${errors[0].message}`
              : `${errors.length} values of the request can't be read; "errors" lists them.`,
            errors
          })
        )
      })
    })
)
