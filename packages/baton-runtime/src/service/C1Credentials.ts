/**
 * The client id and the client secret that ConductorOne (C1) gives out for a connector, taken apart and checked before anything is sent.
 *
 * - client id: `<name>@<host>[:port]/<suffix>`, for example `brave-otter-12345@acme.conductor.one/ccc`.
 * - client secret: four parts between colons, of which the third is `v1` and the fourth a private Ed25519 key as JWK, in base64url.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { createPrivateKey, createPublicKey } from "node:crypto"

/**
 * Why a client id, a secret or the address of C1 can't be used. The message never holds any of the secret.
 *
 * @since 0.1.0
 */
export class C1CredentialsError extends Schema.TaggedError<C1CredentialsError>()("C1CredentialsError", {
  reason: Schema.Literals(["InvalidClientId", "InvalidClientSecret", "InvalidApiHost"]),
  message: Schema.String
}) {}

/**
 * A private Ed25519 key (RFC 8037).
 *
 * @since 0.1.0
 */
export const PrivateJwk = Schema.Struct({
  kty: Schema.Literal("OKP"),
  crv: Schema.Literal("Ed25519"),
  d: Schema.NonEmptyString,
  x: Schema.NonEmptyString,
  kid: Schema.optionalKey(Schema.String)
})

/**
 * @since 0.1.0
 */
export type PrivateJwk = typeof PrivateJwk.Type

/**
 * @since 0.1.0
 */
export interface Address {
  readonly host: string
  readonly port: number
}

/**
 * @since 0.1.0
 */
export interface C1Credentials {
  /** The whole client id, which is what C1 knows the connector by. */
  readonly clientId: string
  /** What stands before the at sign. */
  readonly name: string
  /** The host of the client id, without a port: whom assertions are for, also when C1 is reached by another name. */
  readonly host: string
  /** Where C1 is, unless `BATON_C1_API_HOST` says otherwise. */
  readonly address: Address
  readonly key: Redacted.Redacted<PrivateJwk>
}

const DEFAULT_PORT = 443

const HOST = /^(\[[\da-fA-F:.]+\]|[^\s:/?#@[\]]+)(?::(\d{1,5}))?$/

const addressOf = (text: string): Address | undefined => {
  const [, host, port] = HOST.exec(text) ?? []
  if (host === undefined || Number(port ?? DEFAULT_PORT) > 65_535 || Number(port ?? DEFAULT_PORT) === 0) {
    return undefined
  }
  return { host: host.replaceAll(/[[\]]/g, ""), port: Number(port ?? DEFAULT_PORT) }
}

const invalid = (reason: C1CredentialsError["reason"], message: string) => new C1CredentialsError({ reason, message })

/**
 * The address in `BATON_C1_API_HOST`: a host, or a host and a port.
 *
 * @since 0.1.0
 */
export const parseApiHost = Effect.fn("C1Credentials.parseApiHost")(function*(
  text: string
): Effect.fn.Return<Address, C1CredentialsError> {
  const address = addressOf(text.trim())
  return address ?? (yield* invalid(
    "InvalidApiHost",
    `BATON_C1_API_HOST: ${
      JSON.stringify(text)
    } is not HOST or HOST:PORT, for example acme.conductor.one. Give it without https://.`
  ))
})

const parseClientId = Effect.fnUntraced(function*(clientId: string) {
  if (clientId.startsWith("secret-token:")) {
    return yield* invalid(
      "InvalidClientId",
      "The client id is a client secret. Look whether client id and client secret (BATON_CLIENT_ID, BATON_CLIENT_SECRET) were exchanged, "
        + "and make a new secret in ConductorOne if this one was seen by others."
    )
  }
  const at = clientId.indexOf("@")
  const slash = clientId.indexOf("/", at)
  const address = at < 1 || slash < 0 || slash === clientId.length - 1
    ? undefined
    : addressOf(clientId.slice(at + 1, slash))
  if (address === undefined) {
    return yield* invalid(
      "InvalidClientId",
      `invalid client id: ${JSON.stringify(clientId)} is not of the form NAME@HOST/SUFFIX, for example `
        + "brave-otter-12345@acme.conductor.one/ccc. Copy it again from ConductorOne."
    )
  }
  return { name: clientId.slice(0, at), address }
})

const secretFault = (what: string) =>
  invalid(
    "InvalidClientSecret",
    `invalid client secret: ${what}. It begins with secret-token:conductorone.com:v1: and is shown only once; `
      + "copy all of it, or make a new one in ConductorOne."
  )

const decodeJwk = Schema.decodeUnknownEffect(Schema.fromJsonString(PrivateJwk))

/** Whether `x` is the public half of `d`: a secret that was put together from two would be refused by C1 without a word about why. */
const belongsTogether = (jwk: PrivateJwk): boolean => {
  const { crv, d, kty, x } = jwk
  const made = createPublicKey(createPrivateKey({ key: { kty, crv, d, x }, format: "jwk" })).export({ format: "jwk" })
  return made.x === x
}

const parseSecret = Effect.fnUntraced(function*(secret: string) {
  const parts = secret.split(":")
  const [, , version, key] = parts
  if (parts.length !== 4 || version === undefined || key === undefined) {
    return yield* secretFault(`it has ${parts.length} parts between colons instead of 4`)
  }
  if (version !== "v1") return yield* secretFault("its third part is not v1, and no other version is known")
  if (!/^[\w-]+={0,2}$/.test(key)) return yield* secretFault("its last part is not base64url")
  const jwk = yield* decodeJwk(Buffer.from(key, "base64url").toString()).pipe(
    // What the decoder found would quote the key.
    Effect.mapError(() => secretFault("its last part is no private Ed25519 key (JWK)"))
  )
  const sound = yield* Effect.orElseSucceed(
    Effect.try({ try: () => belongsTogether(jwk), catch: () => "unusable" as const }),
    () => false
  )
  if (!sound) return yield* secretFault("its key is no Ed25519 key, or the two halves of it don't belong together")
  return Redacted.make(jwk, { label: "client-secret" })
})

/**
 * Takes both apart. White space around them, as files and manifests leave it, is cut off.
 *
 * @since 0.1.0
 */
export const parse = Effect.fn("C1Credentials.parse")(function*(
  clientId: string,
  clientSecret: Redacted.Redacted<string>
): Effect.fn.Return<C1Credentials, C1CredentialsError> {
  const whole = clientId.trim()
  const { address, name } = yield* parseClientId(whole)
  const key = yield* parseSecret(Redacted.value(clientSecret).trim())
  return { clientId: whole, name, host: address.host, address, key }
})
