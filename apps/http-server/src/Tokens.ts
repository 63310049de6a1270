/**
 * API tokens: made at random, shown once, kept as hashes.
 *
 * @since 0.1.0
 */
import type { Scope } from "@access-kit/server-api/Authorization"
import type { Page, PageRequest } from "@access-kit/server-api/Paging"
import type { Conflict, InvalidInput, NotFound, Unauthorized, Unavailable } from "@access-kit/server-api/Problems"
import type { Token } from "@access-kit/server-api/Tokens"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type { Actor } from "./AuditLog.ts"

/**
 * @since 0.1.0
 */
export class Tokens extends Context.Service<Tokens, {
  readonly create: (
    actor: Actor,
    request: { readonly name: string; readonly scopes: ReadonlyArray<Scope>; readonly expiresIn?: Duration.Duration }
  ) => Effect.Effect<{ readonly token: Token; readonly text: Redacted.Redacted<string> }, Conflict | Unavailable>
  /** Cheap: what was verified a moment ago is remembered, and forgotten within seconds of being revoked. */
  readonly verify: (text: Redacted.Redacted<string>) => Effect.Effect<Token, Unauthorized | Unavailable>
  readonly list: (page: PageRequest) => Effect.Effect<Page<Token>, InvalidInput | Unavailable>
  readonly get: (id: string) => Effect.Effect<Token, NotFound | Unavailable>
  /** The last admin token can't be revoked over HTTP. */
  readonly revoke: (actor: Actor, id: string) => Effect.Effect<void, NotFound | Conflict | Unavailable>
  /** Makes the first admin token if there is none at all. */
  readonly bootstrap: Effect.Effect<Redacted.Redacted<string> | undefined, Unavailable>
}>()("@access-kit/http-server/Tokens") {}
