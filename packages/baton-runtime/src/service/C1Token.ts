/**
 * Access tokens of ConductorOne: got with an assertion that is signed with the connector's key (RFC 7523, RFC 8037), kept until shortly before
 * they expire, and asked for once however many calls wait for one.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import { importJWK, SignJWT } from "jose"
import { randomBytes } from "node:crypto"
import * as ConnectionFault from "../internal/service/ConnectionFault.ts"
import type { Address, C1Credentials } from "./C1Credentials.ts"

/**
 * No token was given out:
 *
 * - `Rejected`: C1 does not accept the client: it does not know it, its key is another one, or it was revoked.
 * - `ClockSkew`: C1 does not accept the assertion, and the clocks of both machines differ by more than assertions allow.
 * - `Unavailable`: C1 can't be reached, or answered that it can't work now.
 * - `UnexpectedResponse`: what came is no token.
 *
 * @since 0.1.0
 */
export class C1TokenError extends Schema.TaggedError<C1TokenError>()("C1TokenError", {
  reason: Schema.Literals(["Rejected", "ClockSkew", "Unavailable", "UnexpectedResponse"]),
  /** The HTTP status, where there was an answer. */
  status: Schema.optionalKey(Schema.Int),
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

/**
 * @since 0.1.0
 */
export interface C1Token {
  /** The value for the header `authorization`, for example `Bearer …`. */
  readonly authorization: Effect.Effect<Redacted.Redacted<string>, C1TokenError>
  /** Forgets a token that was not accepted, unless another has taken its place already. */
  readonly forget: (used: Redacted.Redacted<string>) => Effect.Effect<void>
}

/**
 * @since 0.1.0
 */
export interface Options {
  readonly credentials: C1Credentials
  /** Where the token endpoint is, when not at the host of the client id. */
  readonly address?: Address
  readonly userAgent: string
}

const PATH = "/auth/v1/token"

const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

/** Seconds that an assertion holds before and after the moment of its making. */
const VALIDITY = 120

/** Milliseconds of a token's life that are not used, so that no call is under way with it when it ends. */
const EARLY = 10_000

/** Milliseconds that the endpoint has for its answer. */
const PATIENCE = 30_000

const TokenResponse = Schema.fromJsonString(Schema.Struct({
  access_token: Schema.NonEmptyString,
  token_type: Schema.optionalKey(Schema.String),
  expires_in: Schema.Finite
}))

const Refusal = Schema.fromJsonString(Schema.Struct({
  error: Schema.optionalKey(Schema.String),
  error_description: Schema.optionalKey(Schema.String)
}))

const decodeToken = Schema.decodeUnknownEffect(TokenResponse)
const decodeRefusal = Schema.decodeUnknownOption(Refusal)

const sign = (credentials: C1Credentials, now: number): Effect.Effect<string, C1TokenError> =>
  Effect.tryPromise({
    try: async () => {
      const jwk = Redacted.value(credentials.key)
      const seconds = Math.floor(now / 1000)
      const { clientId, host } = credentials
      return await new SignJWT({ aud: host })
        .setProtectedHeader({
          alg: "EdDSA",
          nonce: randomBytes(16).toString("hex"),
          ...(jwk.kid === undefined ? {} : { kid: jwk.kid })
        })
        .setIssuer(clientId)
        .setSubject(clientId)
        .setIssuedAt(seconds)
        .setNotBefore(seconds - VALIDITY)
        .setExpirationTime(seconds + VALIDITY)
        .sign(await importJWK(jwk, "EdDSA"))
    },
    // The cause could quote the key.
    catch: () =>
      new C1TokenError({ reason: "Rejected", message: "Nothing can be signed with the key in the client secret." })
  })

/** What C1 says about a refusal: its code and its sentence, as RFC 6749 has them, and nothing else of the body. */
const saidIn = (body: string): string => {
  const refusal = Option.getOrUndefined(decodeRefusal(body))
  const said = [refusal?.error, refusal?.error_description].filter((part) => part !== undefined && part !== "")
  return said.length === 0 ? "" : ` It says: ${said.join(": ").slice(0, 300)}.`
}

const seconds = (milliseconds: number): string => {
  const whole = Math.round(Math.abs(milliseconds) / 1000)
  return whole < 120 ?
    `${whole} seconds` :
    whole < 7_200 ?
    `${Math.round(whole / 60)} minutes` :
    `${Math.round(whole / 3_600)} hours`
}

/** How far this clock is ahead of the server's, by the time that the answer carries. */
const aheadBy = (response: HttpClientResponse.HttpClientResponse, now: number): number | undefined => {
  const date = response.headers["date"]
  const server = date === undefined ? Number.NaN : Date.parse(date)
  return Number.isNaN(server) ? undefined : now - server
}

const refused = (
  host: string,
  response: HttpClientResponse.HttpClientResponse,
  body: string,
  now: number
): C1TokenError => {
  const { status } = response
  if (status === 408 || status === 429 || status >= 500) {
    return new C1TokenError({
      reason: "Unavailable",
      status,
      message: `ConductorOne (${host}) gives out no token now: it answered ${status}.${saidIn(body)}`
    })
  }
  if (status < 400) {
    return new C1TokenError({
      reason: "UnexpectedResponse",
      status,
      message: `${host} answered ${status} where a token was expected. Look whether the host of the client id is right.`
    })
  }
  const ahead = aheadBy(response, now)
  if (ahead !== undefined && Math.abs(ahead) >= (VALIDITY - 30) * 1000) {
    return new C1TokenError({
      reason: "ClockSkew",
      status,
      message: `ConductorOne (${host}) refused the client (${status}), and the clock of this machine is ${
        seconds(ahead)
      } ${
        ahead > 0 ? "ahead of" : "behind"
      } its own; ${VALIDITY} seconds are allowed. Compare the clocks and set this one right (NTP).${saidIn(body)}`
    })
  }
  return new C1TokenError({
    reason: "Rejected",
    status,
    message:
      `ConductorOne (${host}) refused the client (${status}).${
        saidIn(body)
      } Look whether client id and client secret belong together and `
      + "whether the client was revoked; if both are right, compare the clocks of both machines."
  })
}

/** C1 writes `bearer`, and its services want the word with a capital. */
const schemeOf = (type: string | undefined): string =>
  type === undefined || type.toLowerCase() === "bearer" ? "Bearer" : type

/**
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<C1Token, never, HttpClient.HttpClient> {
  const { credentials, userAgent } = options
  const address = options.address ?? credentials.address
  const client = yield* HttpClient.HttpClient
  const one = yield* Semaphore.make(1)
  let kept: { readonly value: Redacted.Redacted<string>; readonly until: number } | undefined

  const host = address.host.includes(":") ? `[${address.host}]` : address.host
  const url = `https://${host}:${address.port}${PATH}`

  const ask = Effect.fn("C1Token.ask")(function*() {
    const now = yield* Clock.currentTimeMillis
    const assertion = yield* sign(credentials, now)
    const unreachable = (message: string, cause?: unknown) =>
      new C1TokenError({
        reason: "Unavailable",
        message: `ConductorOne can't be reached at ${host}:${address.port}: ${message}.`,
        ...(cause === undefined ? {} : { cause })
      })
    const { body, response } = yield* HttpClientRequest.post(url).pipe(
      HttpClientRequest.setHeader("user-agent", userAgent),
      HttpClientRequest.bodyUrlParams({
        client_id: credentials.clientId,
        grant_type: "client_credentials",
        client_assertion_type: ASSERTION_TYPE,
        client_assertion: assertion
      }),
      client.execute,
      Effect.flatMap((response) => Effect.map(response.text, (body) => ({ body, response }))),
      Effect.scoped,
      Effect.mapError((cause) => unreachable(ConnectionFault.words(cause), ConnectionFault.root(cause))),
      Effect.timeoutOrElse({
        duration: PATIENCE,
        orElse: () => Effect.fail(unreachable(`no answer in ${PATIENCE / 1000} seconds`))
      })
    )
    if (response.status !== 200) return yield* refused(host, response, body, now)
    const token = yield* decodeToken(body).pipe(
      // What came may hold a token all the same, so none of it is told.
      Effect.mapError(() =>
        new C1TokenError({
          reason: "UnexpectedResponse",
          status: 200,
          message: `${host} answered something that is no token. Look whether the host of the client id is right.`
        })
      )
    )
    const value = Redacted.make(`${schemeOf(token.token_type)} ${token.access_token}`, { label: "access-token" })
    kept = { value, until: now + token.expires_in * 1000 - EARLY }
    return value
  })

  const current = Effect.map(
    Clock.currentTimeMillis,
    (now) => kept !== undefined && now < kept.until ? kept : undefined
  )

  return {
    authorization: one.withPermits(1)(
      Effect.flatMap(current, (token) => token === undefined ? ask() : Effect.succeed(token.value))
    ),
    forget: (used) =>
      Effect.sync(() => {
        if (kept?.value === used) kept = undefined
      })
  }
})
