/**
 * Who a bearer credential belongs to. The seam for OpenID Connect: a layer that also takes the tokens of an identity provider replaces this one.
 *
 * @since 0.1.0
 */
import type { CallerInfo } from "@access-kit/server-api/Authorization"
import type { Unauthorized, Unavailable } from "@access-kit/server-api/Problems"
import type { Token } from "@access-kit/server-api/Tokens"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import { Tokens } from "../Tokens.ts"

/**
 * @since 0.1.0
 */
export type Known = Pick<CallerInfo, "tokenId" | "tokenName" | "scopes">

const knownOf = (token: Token): Known => ({ tokenId: token.id, tokenName: token.name, scopes: token.scopes })

/**
 * @since 0.1.0
 */
export class Authenticator extends Context.Service<Authenticator, {
  readonly authenticate: (credential: Redacted.Redacted<string>) => Effect.Effect<Known, Unauthorized | Unavailable>
  /** Whose it is if that is remembered; who is not must be authenticated. */
  readonly recall: (credential: Redacted.Redacted<string>, nowMillis: number) => Known | undefined
}>()("@access-kit/http-server/http/Authenticator") {
  /**
   * The server's own tokens.
   *
   * @since 0.1.0
   */
  static readonly layer: Layer.Layer<Authenticator, never, Tokens> = Layer.effect(
    Authenticator,
    Effect.map(Tokens, (tokens) =>
      Authenticator.of({
        authenticate: (credential) => Effect.map(tokens.verify(credential), knownOf),
        recall: (credential, now) => {
          const token = tokens.recall(credential, now)
          return token === undefined ? undefined : knownOf(token)
        }
      }))
  )
}
