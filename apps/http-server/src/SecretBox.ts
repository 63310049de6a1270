/**
 * Encrypts what must not be readable in the database: AES-256-GCM with a key that is not in the database, each value bound to the place where it
 * stands, so that ciphertexts can't be swapped.
 *
 * The key can be changed without a pause: the first of the configured keys seals, all of them open, and what was sealed with an older one is sealed
 * again when the server starts.
 *
 * @since 0.1.0
 */
import { Unavailable } from "@access-kit/server-api/Problems"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from "node:crypto"

/**
 * No usable key. The message says how to make one, and repeats none.
 *
 * @since 0.1.0
 */
export class SecretKeyError extends Schema.TaggedError<SecretKeyError>()("SecretKeyError", {
  message: Schema.String
}) {}

/**
 * 32 bytes, and the short name by which a sealed value says which key opens it.
 *
 * @since 0.1.0
 */
export interface SecretKey {
  readonly id: string
  readonly bytes: Redacted.Redacted<Uint8Array>
}

/**
 * At least one; the first seals.
 *
 * @since 0.1.0
 */
export type SecretKeys = readonly [SecretKey, ...Array<SecretKey>]

const KEY_BYTES = 32
const IV_BYTES = 12
const TAG_BYTES = 16

/** The command that makes a key, for messages. */
const HOW = "Make one with: openssl rand -base64 32"

/** Of a hash, so that nobody has to name keys and a name tells nothing. */
const idOf = (bytes: Uint8Array): string =>
  createHash("sha256").update("access-kit key id").update(bytes).digest("hex").slice(0, 8)

const keyOf = (bytes: Uint8Array): SecretKey => ({
  id: idOf(bytes),
  bytes: Redacted.make(bytes, { label: "secret-key" })
})

const decodeKey = (text: string): Uint8Array | undefined => {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, "hex")
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return undefined
  const decoded = Buffer.from(text, "base64")
  return decoded.length === KEY_BYTES ? decoded : undefined
}

/**
 * Reads keys as they are written in a variable or a file: base64 or hexadecimal, 32 bytes each, separated by line breaks or commas, the current one
 * first. Lines that begin with `#` are left out.
 *
 * @since 0.1.0
 */
export const parseKeys = (text: Redacted.Redacted<string>): Effect.Effect<SecretKeys, SecretKeyError> =>
  Effect.suspend(() => {
    const words = Redacted.value(text).split(/[\r\n,]+/).map((word) => word.trim())
      .filter((word) => word !== "" && !word.startsWith("#"))
    const keys: Array<SecretKey> = []
    for (const [index, word] of words.entries()) {
      const bytes = decodeKey(word)
      if (bytes === undefined) {
        return Effect.fail(
          new SecretKeyError({
            message: `Secret key number ${index + 1} is not 32 bytes in base64 or hexadecimal. ${HOW}`
          })
        )
      }
      keys.push(keyOf(bytes))
    }
    const [first, ...others] = keys
    return first === undefined
      ? Effect.fail(new SecretKeyError({ message: `There is no secret key. ${HOW}` }))
      : Effect.succeed<SecretKeys>([first, ...others])
  })

/**
 * A new key, as it is written.
 *
 * @since 0.1.0
 */
export const generateKey: Effect.Effect<Redacted.Redacted<string>> = Effect.sync(() =>
  Redacted.make(randomBytes(KEY_BYTES).toString("base64"), { label: "secret-key" })
)

/**
 * A secret for another purpose that every process with the same keys comes to, one for each key. Knowing it tells nothing about the key.
 *
 * @since 0.1.0
 */
export const derive = (
  keys: SecretKeys,
  purpose: string
): readonly [Redacted.Redacted<string>, ...Array<Redacted.Redacted<string>>] => {
  const of = (key: SecretKey) =>
    Redacted.make(
      Buffer.from(hkdfSync("sha256", Redacted.value(key.bytes), "", `access-kit ${purpose}`, KEY_BYTES)).toString(
        "base64url"
      ),
      { label: purpose }
    )
  const [first, ...others] = keys
  return [of(first), ...others.map(of)]
}

const VERSION = "v1"

/** What is authenticated beside the value: everything that says what the value is. */
const associated = (keyId: string, place: string): Buffer => Buffer.from(`${VERSION}\0${keyId}\0${place}`, "utf8")

const sealWith = (key: SecretKey, place: string, plain: Redacted.Redacted<string>): string => {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv("aes-256-gcm", Redacted.value(key.bytes), iv)
  cipher.setAAD(associated(key.id, place))
  const sealed = Buffer.concat([iv, cipher.update(Redacted.value(plain), "utf8"), cipher.final(), cipher.getAuthTag()])
  return `${VERSION}.${key.id}.${sealed.toString("base64url")}`
}

const openWith = (key: SecretKey, place: string, sealed: Buffer): string => {
  const decipher = createDecipheriv("aes-256-gcm", Redacted.value(key.bytes), sealed.subarray(0, IV_BYTES))
  decipher.setAAD(associated(key.id, place))
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES))
  return Buffer.concat([
    decipher.update(sealed.subarray(IV_BYTES, sealed.length - TAG_BYTES)),
    decipher.final()
  ]).toString("utf8")
}

/**
 * @since 0.1.0
 */
export class SecretBox extends Context.Service<SecretBox, {
  /** `place` is authenticated with the value, for example `connector/<id>/scim-token`. */
  readonly seal: (place: string, plain: Redacted.Redacted<string>) => Effect.Effect<string, Unavailable>
  /** Knows by the key id in the sealed text which of the configured keys to use. */
  readonly open: (place: string, sealed: string) => Effect.Effect<Redacted.Redacted<string>, Unavailable>
  /** Whether the value should be sealed again with the current key. */
  readonly isStale: (sealed: string) => boolean
}>()("@access-kit/http-server/SecretBox") {
  /**
   * @since 0.1.0
   */
  static readonly layer = (keys: SecretKeys): Layer.Layer<SecretBox> => {
    const [current] = keys
    const known = new Map(keys.map((key) => [key.id, key]))

    const refused = (place: string, why: string, what: string) =>
      Effect.andThen(
        Effect.logError(`A secret can't be read: ${why}`, { place }),
        Effect.fail(new Unavailable({ detail: `The secret ${place} can't be read. ${what}` }))
      )

    return Layer.succeed(SecretBox, {
      seal: (place, plain) => Effect.sync(() => sealWith(current, place, plain)),
      open: Effect.fn("SecretBox.open")(function*(place, sealed) {
        const [version, id, body, ...rest] = sealed.split(".")
        const key = known.get(id ?? "")
        if (version !== VERSION || body === undefined || rest.length > 0) {
          return yield* refused(place, "it is not in the form that this server writes", "Enter it again.")
        }
        if (key === undefined) {
          return yield* refused(
            place,
            `it was sealed with the key ${id}, which is not configured`,
            "Whoever runs this server must configure the key that it was sealed with, or somebody enters the secret again."
          )
        }
        return yield* Effect.try({
          try: () => Redacted.make(openWith(key, place, Buffer.from(body, "base64url")), { label: place }),
          catch: () => "damaged" as const
        }).pipe(Effect.catch(() => refused(place, "it was changed, or belongs to another place", "Enter it again.")))
      }),
      isStale: (sealed) => !sealed.startsWith(`${VERSION}.${current.id}.`)
    })
  }
}
