/**
 * Trusts the authorities in the file that `SSL_CERT_FILE` names, as every connector of the Go SDK does, beside those that Node.js trusts (its own list
 * and `NODE_EXTRA_CA_CERTS`): for networks whose proxy issues certificates, and for tests.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Tls from "node:tls"

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/**
 * For all connections of the process that are opened from then on. A file that can't be used is a warning: what it was needed for fails by itself, and
 * says why.
 *
 * @since 0.1.0
 */
export const trust: Effect.Effect<void, never, FileSystem.FileSystem> = Effect.gen(function*() {
  const path = yield* Config.option(Config.NonEmptyString("SSL_CERT_FILE")).pipe(
    Effect.orElseSucceed(() => Option.none<string>())
  )
  if (Option.isNone(path)) return
  const files = yield* FileSystem.FileSystem
  const text = yield* Effect.orElseSucceed(files.readFileString(path.value), () => "")
  const found = text.match(CERTIFICATE) ?? []
  const trusted = yield* Effect.try({
    try: () => {
      if (found.length > 0) Tls.setDefaultCACertificates([...Tls.getCACertificates("default"), ...found])
      return found.length > 0
    },
    catch: () => "unreadable" as const
  }).pipe(Effect.orElseSucceed(() => false))
  if (trusted) return
  yield* Effect.logWarning(
    `SSL_CERT_FILE: ${JSON.stringify(path.value)} has no certificates in PEM that can be read; it adds nobody to trust.`
  )
})
