/**
 * How the client proves who it is: a static bearer token (RFC 6750) or OAuth 2.0 client credentials (RFC 6749 §4.4).
 *
 * @since 0.1.0
 */
import type * as Redacted from "effect/Redacted"

/**
 * @since 0.1.0
 */
export type Auth = Bearer | ClientCredentials

/**
 * @since 0.1.0
 */
export interface Bearer {
  readonly _tag: "Bearer"
  readonly token: Redacted.Redacted<string>
}

/**
 * @since 0.1.0
 */
export interface ClientCredentials {
  readonly _tag: "ClientCredentials"
  /** `https`, or `http` on a loopback address. */
  readonly tokenUrl: string
  readonly clientId: string
  readonly clientSecret: Redacted.Redacted<string>
  readonly scope: string | undefined
  /** Where the server wants the audience named. */
  readonly audience: string | undefined
  /** `basic` sends the credentials in the `Authorization` header (RFC 6749 §2.3.1), `body` as form fields. */
  readonly style: "basic" | "body"
}

/**
 * A token that the server's administrator made.
 *
 * @since 0.1.0
 */
export const bearer = (token: Redacted.Redacted<string>): Auth => ({ _tag: "Bearer", token })

/**
 * Access tokens from a token endpoint. A token is kept until shortly before it expires, asked for by one fibre at a time,
 * and asked for once more when the server answers 401.
 *
 * @since 0.1.0
 */
export const clientCredentials = (options: {
  readonly tokenUrl: string
  readonly clientId: string
  readonly clientSecret: Redacted.Redacted<string>
  readonly scope?: string | undefined
  readonly audience?: string | undefined
  /** Default `basic`. */
  readonly style?: "basic" | "body" | undefined
}): Auth => ({
  _tag: "ClientCredentials",
  tokenUrl: options.tokenUrl,
  clientId: options.clientId,
  clientSecret: options.clientSecret,
  scope: options.scope,
  audience: options.audience,
  style: options.style ?? "basic"
})
