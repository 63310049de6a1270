/**
 * How two processes that speak gRPC know each other: not at all on one machine (h2c), by the server's certificate (TLS), or by certificates
 * on both sides (mTLS).
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type * as Redacted from "effect/Redacted"

/**
 * Certificates are PEM text, one or a chain; the key is PKCS #8 in PEM.
 *
 * - `Plaintext`: HTTP/2 with prior knowledge. Servers refuse it for addresses that are not loopback.
 * - `Tls`: a server needs `certificate` and `key`; a client needs `authority` unless the machine's own list of authorities is meant.
 * - `MutualTls`: both sides need all three.
 *
 * @since 0.1.0
 */
export type Security = Data.TaggedEnum<{
  readonly Plaintext: {}
  readonly Tls: {
    readonly certificate?: string
    readonly key?: Redacted.Redacted<string>
    readonly authority?: string
  }
  readonly MutualTls: {
    readonly certificate: string
    readonly key: Redacted.Redacted<string>
    readonly authority: string
  }
}>

/**
 * @since 0.1.0
 */
export const { $is, $match, MutualTls, Plaintext, Tls } = Data.taggedEnum<Security>()
