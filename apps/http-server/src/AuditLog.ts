/**
 * The audit log: a line for everything that somebody asked for and everything that came of it. Lines are added and never changed.
 *
 * @since 0.1.0
 */
import type { AuditEntry } from "@access-kit/server-api/Audit"
import type { Page, PageRequest } from "@access-kit/server-api/Paging"
import type { InvalidInput, Unavailable } from "@access-kit/server-api/Problems"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"

/**
 * On whose behalf something happens: the caller of a request, or the server itself (`schedule`, `expiry`, `cli`).
 *
 * @since 0.1.0
 */
export interface Actor {
  readonly name: string
  readonly tokenId?: string
  readonly requestId?: string
  readonly address?: string
}

/**
 * @since 0.1.0
 */
export interface AuditFilter {
  readonly connectorId?: string
  readonly actor?: string
  readonly action?: string
  readonly subjectId?: string
  /** RFC 3339, the first moment that counts. */
  readonly since?: string
  /** RFC 3339, the first moment that no longer counts. */
  readonly until?: string
}

/**
 * @since 0.1.0
 */
export class AuditLog extends Context.Service<AuditLog, {
  /** Within the transaction of the caller, if there is one, so that no change is acknowledged without its line. */
  readonly append: (
    actor: Actor,
    entry: Pick<AuditEntry, "action" | "connectorId" | "subjectId" | "details">
  ) => Effect.Effect<void, Unavailable>
  /** Newest first. */
  readonly list: (
    filter: AuditFilter,
    page: PageRequest
  ) => Effect.Effect<Page<AuditEntry>, InvalidInput | Unavailable>
  /** Oldest first, in bounded memory. */
  readonly export: (filter: AuditFilter) => Stream.Stream<AuditEntry, Unavailable>
}>()("@access-kit/http-server/AuditLog") {}
