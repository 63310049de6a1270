/**
 * Grants with an end: just-in-time access without C1. The expiry is kept across restarts, and one that passed while every process was down is honoured
 * as soon as one is up.
 *
 * @since 0.1.0
 */
import type { TimedGrant } from "@access-kit/server-api/Directory"
import type { Page, PageRequest } from "@access-kit/server-api/Paging"
import type { Conflict, InvalidInput, NotFound, Unavailable } from "@access-kit/server-api/Problems"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Actor } from "./AuditLog.ts"

/**
 * @since 0.1.0
 */
export class TimedGrants extends Context.Service<TimedGrants, {
  /** The next to expire first. */
  readonly list: (
    filter: { readonly connectorId?: string; readonly state?: TimedGrant["state"] },
    page: PageRequest
  ) => Effect.Effect<Page<TimedGrant>, InvalidInput | Unavailable>
  readonly get: (id: string) => Effect.Effect<TimedGrant, NotFound | Unavailable>
  /** Extends, shortens, or, with a time that has passed, ends it now. */
  readonly setExpiry: (
    actor: Actor,
    id: string,
    expiresAt: string
  ) => Effect.Effect<TimedGrant, NotFound | Conflict | InvalidInput | Unavailable>
}>()("@access-kit/http-server/TimedGrants") {}
