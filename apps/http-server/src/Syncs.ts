/**
 * Syncs: asked for by people, schedules and new connectors, carried out by the jobs, followed while they run.
 *
 * @since 0.1.0
 */
import type { Page, PageRequest } from "@access-kit/server-api/Paging"
import type { Conflict, InvalidInput, NotFound, Unavailable } from "@access-kit/server-api/Problems"
import type { Sync, SyncEvent, SyncLogEntry, SyncState } from "@access-kit/server-api/Syncs"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { Actor } from "./AuditLog.ts"

/**
 * @since 0.1.0
 */
export class Syncs extends Context.Service<Syncs, {
  /** Queues a sync. One that is queued already is answered instead of a second one; a paused connector is a conflict. */
  readonly start: (
    actor: Actor,
    connectorId: string,
    trigger: Sync["trigger"]
  ) => Effect.Effect<Sync, NotFound | Conflict | Unavailable>
  /** Newest first. */
  readonly list: (
    connectorId: string,
    filter: { readonly state?: SyncState },
    page: PageRequest
  ) => Effect.Effect<Page<Sync>, NotFound | InvalidInput | Unavailable>
  readonly get: (id: string) => Effect.Effect<Sync, NotFound | Unavailable>
  /** Whichever process runs it. */
  readonly cancel: (actor: Actor, id: string) => Effect.Effect<Sync, NotFound | Conflict | Unavailable>
  /** Publishes a sync that is `held`. */
  readonly publish: (actor: Actor, id: string) => Effect.Effect<Sync, NotFound | Conflict | Unavailable>
  /** What is there already, then what comes, until the sync has ended; from whichever process runs it. */
  readonly events: (
    id: string
  ) => Effect.Effect<Stream.Stream<SyncEvent, Unavailable>, NotFound | Unavailable>
  readonly logs: (
    id: string,
    page: PageRequest
  ) => Effect.Effect<Page<SyncLogEntry>, NotFound | InvalidInput | Unavailable>
}>()("@access-kit/http-server/Syncs") {}
