/**
 * Encrypts what must not be readable in the database: AES-256-GCM with a key that is not in the database, each value bound to the place where it
 * stands, so that ciphertexts can't be swapped.
 *
 * @since 0.1.0
 */
import type { Unavailable } from "@access-kit/server-api/Problems"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"

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
}>()("@access-kit/http-server/SecretBox") {}
