/**
 * A change is carried to its end even if the caller hangs up, since half of it would be worse than an answer that nobody reads; and it happens once for
 * each `Idempotency-Key`.
 *
 * @since 0.1.0
 */
import { Caller } from "@access-kit/server-api/Authorization"
import { Changes } from "@access-kit/server-api/Changes"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as Layer from "effect/Layer"
import { createHash } from "node:crypto"
import { Idempotency } from "../Idempotency.ts"

/** Trying settings changes nothing. */
const isChange = (endpoint: HttpApiEndpoint.Top): boolean =>
  endpoint.method !== "GET" && !endpoint.path.endsWith("/test")

const keyPattern = /^[\x21-\x7e]{1,255}$/

/** The length goes first, so that two parts are never taken for two others with the same text. */
const sha256 = (...parts: ReadonlyArray<string | Uint8Array>): string => {
  const hash = createHash("sha256")
  for (const part of parts) hash.update(`${part.length}:`).update(part)
  return hash.digest("hex")
}

const fingerprint = (request: HttpServerRequest) =>
  Effect.map(
    Effect.orDie(request.arrayBuffer),
    (body) => sha256(request.method, request.url, request.headers["if-match"] ?? "", new Uint8Array(body))
  )

/**
 * @since 0.1.0
 */
export const layer: Layer.Layer<Changes, never, Idempotency> = Layer.effect(
  Changes,
  Effect.gen(function*() {
    const idempotency = yield* Idempotency
    const serverScope = yield* Effect.scope

    /** Goes on without the caller's patience, and ends with the server at the latest. */
    const toTheEnd = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
      Effect.flatMap(Effect.forkIn(effect, serverScope), Fiber.join)

    return Changes.of(Effect.fnUntraced(function*(httpEffect, { endpoint }) {
      if (!isChange(endpoint)) return yield* httpEffect
      const request = yield* HttpServerRequest
      const key = request.headers["idempotency-key"]
      // A key that can't be one is told by the endpoint, like any other value.
      if (key === undefined || !keyPattern.test(key)) return yield* toTheEnd(httpEffect)
      const caller = yield* Caller
      return yield* toTheEnd(idempotency.run({
        actor: caller.tokenId,
        key,
        fingerprint: yield* fingerprint(request),
        requestId: caller.requestId
      }, httpEffect))
    }))
  })
)
