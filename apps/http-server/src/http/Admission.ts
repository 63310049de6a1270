/**
 * Who may come in, and how often: the token, its scope, its rate. Every request below `/v1` is admitted here, whichever way it is answered.
 *
 * @since 0.1.0
 */
import { type CallerInfo, RequiredScope, type Scope as TokenScope } from "@access-kit/server-api/Authorization"
import * as Problems from "@access-kit/server-api/Problems"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import { createHash } from "node:crypto"
import { Authenticator, type Known } from "./Authenticator.ts"
import type { RequestFacts } from "./CurrentRequest.ts"
import { HttpLimits } from "./HttpLimits.ts"
import * as TokenBuckets from "./TokenBuckets.ts"

/**
 * The scope that an endpoint needs.
 *
 * @since 0.1.0
 */
export const scopeOf = (endpoint: HttpApiEndpoint.Top): TokenScope =>
  Context.getOrElse(endpoint.annotations, RequiredScope, () => "read" as const)

/** As many counters as there will ever be, however many addresses somebody has. */
const failureKey = (address: string): string =>
  `failed:${createHash("sha256").update(address).digest().readUInt16BE(0) % 4_096}`

/**
 * @since 0.1.0
 */
export class Admission extends Context.Service<Admission, {
  /** The caller, written into the facts of the request, too. Who is remembered need not wait: then this has succeeded or failed when it returns. */
  readonly admit: (
    credential: Redacted.Redacted<string>,
    scope: TokenScope,
    facts: RequestFacts
  ) => Effect.Effect<
    CallerInfo,
    Problems.Unauthorized | Problems.Forbidden | Problems.TooManyRequests | Problems.Unavailable
  >
}>()("@access-kit/http-server/http/Admission") {
  /**
   * @since 0.1.0
   */
  static readonly layer: Layer.Layer<Admission, never, Authenticator> = Layer.effect(
    Admission,
    Effect.gen(function*() {
      const authenticator = yield* Authenticator
      const { requestsPerMinute } = yield* HttpLimits
      const minute = Duration.toMillis(Duration.minutes(1))
      const requests = TokenBuckets.make({ limit: requestsPerMinute, windowMillis: minute })
      const failures = TokenBuckets.make({ limit: 2 * requestsPerMinute, windowMillis: minute })

      const limited = (
        buckets: TokenBuckets.TokenBuckets,
        key: string,
        facts: RequestFacts,
        detail: string
      ): Effect.Effect<void, Problems.TooManyRequests> => {
        const wait = buckets.take(key, facts.begun)
        return wait === 0
          ? Effect.void
          : Effect.fail(new Problems.TooManyRequests({ detail, retryAfter: Math.max(1, Math.ceil(wait / 1_000)) }))
      }

      const entered = (known: Known, scope: TokenScope, facts: RequestFacts) => {
        facts.tokenId = known.tokenId
        return Effect.flatMapEager(
          limited(
            requests,
            known.tokenId,
            facts,
            `A token may make ${requestsPerMinute} requests per minute. Wait a little.`
          ),
          (): Effect.Effect<CallerInfo, Problems.Forbidden> =>
            known.scopes.includes(scope) || known.scopes.includes("admin")
              ? Effect.succeed({ ...known, requestId: facts.id, address: facts.address })
              : Effect.fail(
                new Problems.Forbidden({
                  detail: `This needs a token with the scope "${scope}"; the token "${known.tokenName}" has ${
                    known.scopes.map((name) => `"${name}"`).join(", ")
                  }.`,
                  requiredScope: scope
                })
              )
        )
      }

      return Admission.of({
        admit: (credential, scope, facts) => {
          const recalled = authenticator.recall(credential, facts.begun)
          if (recalled !== undefined) return entered(recalled, scope, facts)
          return authenticator.authenticate(credential).pipe(
            Effect.tapError((error) =>
              error._tag === "Unauthorized"
                ? limited(
                  failures,
                  failureKey(facts.address),
                  facts,
                  "Too many requests without a valid token have come from this address. Wait a little."
                )
                : Effect.void
            ),
            Effect.flatMap((known) => entered(known, scope, facts))
          )
        }
      })
    })
  )
}
