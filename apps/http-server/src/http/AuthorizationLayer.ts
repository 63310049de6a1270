/**
 * What every endpoint below `/v1` goes through: the token, its scope, its rate, and for a change its `Idempotency-Key`.
 *
 * A change is carried to its end even if the caller hangs up: half of it would be worse than an answer that nobody reads.
 *
 * @since 0.1.0
 */
import { Authorization, Caller, RequiredScope, type Scope as TokenScope } from "@access-kit/server-api/Authorization"
import * as Problems from "@access-kit/server-api/Problems"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as Layer from "effect/Layer"
import * as RateLimiter from "effect/persistence/RateLimiter"
import { createHash } from "node:crypto"
import { Idempotency } from "../Idempotency.ts"
import { Authenticator } from "./Authenticator.ts"
import { CurrentRequest } from "./CurrentRequest.ts"
import { HttpLimits } from "./HttpLimits.ts"

const scopeOf = (endpoint: HttpApiEndpoint.Top): TokenScope =>
  Context.getOrElse(endpoint.annotations, RequiredScope, () => "read" as const)

/** Whether an endpoint takes the header, which is to say: whether it changes something. */
const isChange = (endpoint: HttpApiEndpoint.Top): boolean =>
  endpoint.method !== "GET" && !endpoint.path.endsWith("/test")

const keyPattern = /^[\x21-\x7e]{1,255}$/

/** As many counters as there will ever be, however many addresses somebody has. */
const failureKey = (address: string): string =>
  `failed:${createHash("sha256").update(address).digest().readUInt16BE(0) % 4_096}`

const sha256 = (...parts: ReadonlyArray<string | Uint8Array>): string => {
  const hash = createHash("sha256")
  // The length goes first, so that two parts are never taken for two others with the same text.
  for (const part of parts) hash.update(`${part.length}:`).update(part)
  return hash.digest("hex")
}

/**
 * @since 0.1.0
 */
export const layer = Layer.effect(
  Authorization,
  Effect.gen(function*() {
    const authenticator = yield* Authenticator
    const idempotency = yield* Idempotency
    const limiter = yield* RateLimiter.RateLimiter
    const limits = yield* HttpLimits
    const serverScope = yield* Effect.scope

    const limited = (key: string, limit: number, detail: string) =>
      limiter.consume({ algorithm: "token-bucket", key, limit, window: Duration.minutes(1) }).pipe(
        Effect.mapError((error) =>
          error.reason._tag === "RateLimitExceeded"
            ? new Problems.TooManyRequests({
              detail,
              retryAfter: Math.max(1, Math.ceil(Duration.toSeconds(error.reason.retryAfter)))
            })
            : new Problems.Unavailable({})
        ),
        Effect.asVoid
      )

    const fingerprint = Effect.fnUntraced(function*(request: HttpServerRequest) {
      const body = yield* Effect.orDie(request.arrayBuffer)
      return sha256(request.method, request.url, request.headers["if-match"] ?? "", new Uint8Array(body))
    })

    /** Goes on without the caller's patience, and ends with the server at the latest. */
    const toTheEnd = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
      Effect.flatMap(Effect.forkIn(effect, serverScope), Fiber.join)

    return Authorization.of({
      bearer: Effect.fnUntraced(function*(httpEffect, { credential, endpoint }) {
        const facts = yield* CurrentRequest
        const request = yield* HttpServerRequest
        facts.route = endpoint.path
        const known = yield* authenticator.authenticate(credential).pipe(
          Effect.tapError((error) =>
            error._tag === "Unauthorized"
              ? limited(
                failureKey(facts.address),
                2 * limits.requestsPerMinute,
                "Too many requests without a valid token have come from this address. Wait a little."
              )
              : Effect.void
          )
        )
        facts.tokenId = known.tokenId
        yield* limited(
          `token:${known.tokenId}`,
          limits.requestsPerMinute,
          `A token may make ${limits.requestsPerMinute} requests per minute. Wait a little.`
        )
        const scope = scopeOf(endpoint)
        if (!known.scopes.includes(scope) && !known.scopes.includes("admin")) {
          return yield* new Problems.Forbidden({
            detail: `This needs a token with the scope "${scope}"; the token "${known.tokenName}" has ${
              known.scopes.map((name) => `"${name}"`).join(", ")
            }.`,
            requiredScope: scope
          })
        }
        const caller = { ...known, requestId: facts.id, address: facts.address }
        const handled = Effect.provideService(httpEffect, Caller, caller)
        if (!isChange(endpoint)) return yield* handled
        const key = request.headers["idempotency-key"]
        // A key that can't be one is told by the endpoint, like any other value.
        if (key === undefined || !keyPattern.test(key)) return yield* toTheEnd(handled)
        const print = yield* fingerprint(request)
        return yield* toTheEnd(
          idempotency.run({ actor: known.tokenId, key, fingerprint: print, requestId: facts.id }, handled)
        )
      })
    })
  })
)
