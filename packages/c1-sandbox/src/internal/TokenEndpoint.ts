/**
 * `POST /auth/v1/token`: an access token for a signed assertion (RFC 6749 §4.4 with RFC 7523 §2.2), as baton's SDK asks for one. Refusals have the form of
 * RFC 6749 §5.2; which of its codes C1 uses in each case is not known.
 */
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { verify } from "node:crypto"
import type { Clients } from "./Clients.ts"

export const PATH = "/auth/v1/token"

const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

/** The SDK's assertions are valid for two minutes to either side of the moment in which they are made. */
const LONGEST_LIFE_SECONDS = 600

const Header = Schema.fromJsonString(Schema.Struct({
  alg: Schema.String,
  nonce: Schema.optionalKey(Schema.String),
  kid: Schema.optionalKey(Schema.String)
}))

const Claims = Schema.fromJsonString(Schema.Struct({
  iss: Schema.String,
  sub: Schema.String,
  aud: Schema.Union([Schema.String, Schema.Array(Schema.String)]),
  exp: Schema.Number,
  iat: Schema.Number,
  nbf: Schema.Number
}))

const decodeHeader = Schema.decodeUnknownOption(Header)
const decodeClaims = Schema.decodeUnknownOption(Claims)

export interface Refusal {
  readonly status: 400 | 401
  readonly error: "invalid_request" | "unsupported_grant_type" | "invalid_client"
  readonly description: string
}

export interface Granted {
  readonly clientId: string
}

const badRequest = (description: string): Refusal => ({ status: 400, error: "invalid_request", description })
const badClient = (description: string): Refusal => ({ status: 401, error: "invalid_client", description })

/** What is wrong with the times of an assertion. `skew` is what clocks may differ by. */
const timeFault = (claims: typeof Claims.Type, now: number, skew: number): string | undefined => {
  const { exp, iat, nbf } = claims
  if (exp + skew <= now) {
    return `the assertion expired ${Math.round(now - exp)} s ago; is the clock of the client right?`
  }
  if (nbf - skew > now) {
    return `the assertion is not valid for another ${Math.round(nbf - now)} s; is the clock of the client right?`
  }
  if (iat - skew > now) {
    return `the assertion was made ${Math.round(iat - now)} s in the future; is the clock of the client right?`
  }
  if (exp - iat > LONGEST_LIFE_SECONDS) return `the assertion is valid for ${exp - iat} s, which is too long`
  return undefined
}

export class TokenEndpoint {
  readonly #clients: Clients
  readonly #audience: string
  readonly #skewSeconds: number
  readonly #now: () => number
  /** Nonces until the assertion with which they came is worth nothing, in epoch seconds. */
  readonly #nonces = new Map<string, number>()

  constructor(
    options: {
      readonly clients: Clients
      readonly audience: string
      readonly skewSeconds: number
      readonly now: () => number
    }
  ) {
    this.#clients = options.clients
    this.#audience = options.audience
    this.#skewSeconds = options.skewSeconds
    this.#now = options.now
  }

  /** Looks at a request's body. */
  check(contentType: string | undefined, body: string): Result.Result<Granted, Refusal> {
    if (!/^application\/x-www-form-urlencoded\b/i.test(contentType ?? "")) {
      return Result.fail(badRequest("the body has to be application/x-www-form-urlencoded"))
    }
    const form = new URLSearchParams(body)
    if (form.get("grant_type") !== "client_credentials") {
      return Result.fail({
        status: 400,
        error: "unsupported_grant_type",
        description: "grant_type has to be client_credentials"
      })
    }
    if (form.get("client_assertion_type") !== ASSERTION_TYPE) {
      return Result.fail(badRequest(`client_assertion_type has to be ${ASSERTION_TYPE}`))
    }
    const clientId = form.get("client_id")
    const assertion = form.get("client_assertion")
    if (clientId === null || assertion === null) {
      return Result.fail(badRequest("client_id or client_assertion is missing"))
    }
    const fault = this.#assertionFault(clientId, assertion)
    return fault === undefined ? Result.succeed({ clientId }) : Result.fail(badClient(fault))
  }

  #assertionFault(clientId: string, assertion: string): string | undefined {
    const parts = assertion.split(".")
    const [head = "", payload = "", signature = ""] = parts
    if (parts.length !== 3) return "the assertion is not a compact JWS"
    const header = decodeHeader(Buffer.from(head, "base64url").toString("utf8"))
    if (Option.isNone(header)) return "the header of the assertion can't be read"
    if (header.value.alg !== "EdDSA") return `the assertion is signed with "${header.value.alg}" and not with EdDSA`
    const client = this.#clients.find(clientId)
    if (client === undefined) return "there is no such client"
    if (client.revoked) return "the client is revoked"
    if (!verify(null, Buffer.from(`${head}.${payload}`), client.key, Buffer.from(signature, "base64url"))) {
      return "the signature of the assertion is not from the client's key"
    }
    const claims = decodeClaims(Buffer.from(payload, "base64url").toString("utf8"))
    if (Option.isNone(claims)) return "a claim is missing from the assertion, or has the wrong type"
    const { aud, exp, iss, sub } = claims.value
    if (iss !== clientId || sub !== clientId) return "iss and sub have to be the client id"
    const audiences = typeof aud === "string" ? [aud] : aud
    if (!audiences.includes(this.#audience)) return `aud has to be the host name without port, "${this.#audience}"`
    const now = this.#now() / 1000
    const late = timeFault(claims.value, now, this.#skewSeconds)
    if (late !== undefined) return late
    const { nonce } = header.value
    if (nonce === undefined || !/^[0-9a-f]{32}$/.test(nonce)) return "the nonce has to be 32 hexadecimal digits"
    for (const [old, until] of this.#nonces) {
      if (until <= now) this.#nonces.delete(old)
    }
    if (this.#nonces.has(nonce)) return "the assertion was used before"
    this.#nonces.set(nonce, exp + this.#skewSeconds)
    return undefined
  }
}
