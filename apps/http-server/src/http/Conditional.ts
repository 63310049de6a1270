/**
 * Entity tags (RFC 9110 section 13.1): an answer that the caller has already is not sent again, and a change that is based on an old version is
 * not made.
 *
 * @since 0.1.0
 */
import { PreconditionFailed } from "@access-kit/server-api/Problems"
import * as Effect from "effect/Effect"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"

/** Weak comparison: `If-None-Match` does not ask for the same bytes, and proxies that compress make tags weak. */
const opaque = (tag: string): string => tag.trim().replace(/^W\//, "")

/**
 * Whether one of the tags of `If-None-Match` is the current one.
 *
 * @since 0.1.0
 */
export const matches = (header: string, etag: string): boolean =>
  header.trim() === "*" || header.split(",").some((tag) => opaque(tag) === opaque(etag))

/**
 * A good answer to a read becomes 304 where the caller has it.
 *
 * @since 0.1.0
 */
export const notModified = (
  request: HttpServerRequest,
  response: HttpServerResponse.HttpServerResponse
): HttpServerResponse.HttpServerResponse => {
  const header = request.headers["if-none-match"]
  const etag = response.headers["etag"]
  return header !== undefined && etag !== undefined && response.status === 200
      && (request.method === "GET" || request.method === "HEAD") && matches(header, etag)
    ? HttpServerResponse.empty({ status: 304, headers: { etag } })
    : response
}

/**
 * The tag of a revision.
 *
 * @since 0.1.0
 */
export const etagOf = (revision: number): string => `"${revision}"`

/**
 * The revision that `If-Match` names; none for `*` and where there is no such header.
 *
 * @since 0.1.0
 */
export const revisionOf = (header: string | undefined): Effect.Effect<number | undefined, PreconditionFailed> => {
  if (header === undefined || header === "*") return Effect.succeed(undefined)
  const revision = /^"(\d{1,15})"$/.exec(header)?.[1]
  return revision === undefined
    ? Effect.fail(
      new PreconditionFailed({ detail: "If-Match does not name a version that was ever answered. Read it again." })
    )
    : Effect.succeed(Number(revision))
}
