/**
 * What every endpoint below `/v1` goes through: the token, its scope, its rate.
 *
 * @since 0.1.0
 */
import { Authorization, Caller, RequiredScope, type Scope as TokenScope } from "@access-kit/server-api/Authorization"
import * as Problems from "@access-kit/server-api/Problems"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as Layer from "effect/Layer"
import * as RateLimiter from "effect/persistence/RateLimiter"
import { createHash } from "node:crypto"
import { Authenticator } from "./Authenticator.ts"
import { CurrentRequest } from "./CurrentRequest.ts"
import { HttpLimits } from "./HttpLimits.ts"

const scopeOf = (endpoint: HttpApiEndpoint.Top): TokenScope =>
  Context.getOrElse(endpoint.annotations, RequiredScope, () => "read" as const)

/** As many counters as there will ever be, however many addresses somebody has. */
const failureKey = (address: string): string =>
  `failed:${createHash("sha256").update(address).digest().readUInt16BE(0) % 4_096}`

/**
 * @since 0.1.0
 */
export const layer = Layer.effect(
  Authorization,
  Effect.gen(function*() {
    const authenticator = yield* Authenticator
    const limiter = yield* RateLimiter.RateLimiter
    const limits = yield* HttpLimits

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

    return Authorization.of({
      bearer: Effect.fnUntraced(function*(httpEffect, { credential, endpoint }) {
        const facts = yield* CurrentRequest
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
        return yield* Effect.provideService(httpEffect, Caller, caller)
      })
    })
  })
)
