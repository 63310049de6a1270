/**
 * Syncs: asked for by people, schedules and new connectors, carried out by the jobs, followed while they run.
 *
 * @since 0.1.0
 */
import * as Ksuid from "@access-kit/c1z/Ksuid"
import { defaultLimit, type Page, type PageRequest } from "@access-kit/server-api/Paging"
import { Conflict, type InvalidInput, NotFound, type Unavailable } from "@access-kit/server-api/Problems"
import type { Sync, SyncEvent, SyncLogEntry, SyncState } from "@access-kit/server-api/Syncs"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import { type Actor, AuditLog } from "./AuditLog.ts"
import type { Directory } from "./Directory.ts"
import * as PageToken from "./directory/PageToken.ts"
import { Jobs } from "./jobs/Jobs.ts"
import { Signals } from "./jobs/Signals.ts"
import type { Snapshots } from "./Snapshots.ts"
import { available } from "./storage/Available.ts"
import * as Publication from "./syncs/Publication.ts"
import * as SyncLog from "./syncs/SyncLog.ts"
import { hasEnded, type SyncLogRow, type SyncRow, toLogEntry, toSync } from "./syncs/SyncRow.ts"

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
}>()("@access-kit/http-server/Syncs") {
  /**
   * @since 0.1.0
   */
  static readonly layer: Layer.Layer<
    Syncs,
    never,
    SqlClient.SqlClient | AuditLog | Directory | Jobs | Signals | Snapshots
  > = Layer.effect(Syncs, Effect.suspend(() => make))
}

const missing = (id: string) => new NotFound({ detail: `There is no sync ${id}.` })

/** Log lines that one step of the event stream reads. */
const EVENT_LINES = 500

interface Position {
  readonly revision: number
  readonly sequence: number
}

const make = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const audit = yield* AuditLog
  const jobs = yield* Jobs
  const signals = yield* Signals
  const services = yield* Effect.context<SqlClient.SqlClient | AuditLog | Directory | Snapshots>()

  const rowOf = Effect.fnUntraced(function*(id: string) {
    const [row] = yield* sql<SyncRow>`SELECT * FROM syncs WHERE id = ${id}`
    return row === undefined ? yield* missing(id) : row
  })

  const requireConnector = Effect.fnUntraced(function*(id: string) {
    const [found] = yield* sql`SELECT id FROM connectors WHERE id = ${id}`
    if (found === undefined) return yield* new NotFound({ detail: `There is no connector ${id}.` })
  })

  const linesAfter = (id: string, sequence: number, limit: number) =>
    sql<SyncLogRow>`SELECT sequence, at, level, message FROM sync_logs
      WHERE sync_id = ${id} AND sequence > ${sequence} ORDER BY sequence LIMIT ${limit}`

  return Syncs.of({
    start: Effect.fn("Syncs.start")(function*(actor, connectorId, trigger) {
      const made = yield* sql.withTransaction(Effect.gen(function*() {
        const [connector] = yield* sql.onDialectOrElse({
          pg: () =>
            sql<{ readonly paused: number }>`SELECT paused FROM connectors WHERE id = ${connectorId} FOR UPDATE`,
          orElse: () => sql<{ readonly paused: number }>`SELECT paused FROM connectors WHERE id = ${connectorId}`
        })
        if (connector === undefined) return yield* new NotFound({ detail: `There is no connector ${connectorId}.` })
        if (connector.paused === 1) {
          return yield* new Conflict({ detail: "The connector is paused. Resume it to sync it." })
        }
        const [queued] = yield* sql<
          SyncRow
        >`SELECT * FROM syncs WHERE connector_id = ${connectorId} AND state = 'queued'`
        if (queued !== undefined) return queued
        const id = yield* Ksuid.make
        const [row] = yield* sql<SyncRow>`INSERT INTO syncs ${
          sql.insert({
            id,
            connector_id: connectorId,
            state: "queued",
            cause: trigger,
            requested_by: actor.name,
            requested_at: yield* Clock.currentTimeMillis
          })
        } RETURNING *`
        yield* sql`UPDATE connectors SET last_sync_id = ${id} WHERE id = ${connectorId}`
        yield* audit.append(actor, {
          action: "sync.requested",
          connectorId,
          subjectId: id,
          details: { trigger }
        })
        return row ?? (yield* missing(id))
      }))
      yield* jobs.runSync(connectorId, made.id)
      return toSync(made)
    }, available("Starting a sync")),

    list: Effect.fn("Syncs.list")(function*(connectorId, filter, page) {
      yield* requireConnector(connectorId)
      const question = ["syncs", connectorId, filter.state]
      const before = page.pageToken === undefined ? undefined : yield* PageToken.read(question, 2, page.pageToken)
      const limit = page.limit ?? defaultLimit
      const rows = yield* sql<SyncRow>`SELECT * FROM syncs WHERE ${
        sql.and([
          sql`connector_id = ${connectorId}`,
          ...(filter.state === undefined ? [] : [sql`state = ${filter.state}`]),
          ...(before === undefined
            ? []
            : [
              sql`(requested_at < ${Number(before[0])} OR (requested_at = ${Number(before[0])} AND id < ${before[1]}))`
            ])
        ])
      } ORDER BY requested_at DESC, id DESC LIMIT ${limit + 1}`
      const items = rows.slice(0, limit)
      const last = items.at(-1)
      return {
        items: items.map(toSync),
        ...(last !== undefined && rows.length > limit
          ? { nextPageToken: PageToken.make(question, [String(last.requested_at), last.id]) }
          : {})
      }
    }, available("Listing syncs")),

    get: Effect.fn("Syncs.get")((id) => Effect.map(rowOf(id), toSync), available("Reading a sync")),

    cancel: Effect.fn("Syncs.cancel")(function*(actor, id) {
      const row = yield* sql.withTransaction(Effect.gen(function*() {
        const before = yield* rowOf(id)
        if (hasEnded(before)) {
          return yield* new Conflict({ detail: `The sync has ended already: it is ${before.state}.` })
        }
        const now = yield* Clock.currentTimeMillis
        // What waits ends at once; what runs is ended by the process that runs it.
        yield* sql`UPDATE syncs SET state = 'cancelled', ended_at = ${now}, revision = revision + 1
          WHERE id = ${id} AND state = 'queued'`
        yield* sql`UPDATE syncs SET cancel_requested = 1 WHERE id = ${id}`
        yield* audit.append(actor, {
          action: "sync.cancelled",
          connectorId: before.connector_id,
          subjectId: id,
          details: {}
        })
        yield* SyncLog.append(id, "warning", `${actor.name} cancels the sync.`)
        return yield* rowOf(id)
      })).pipe(Effect.provideContext(services))
      yield* signals.changed(id)
      return toSync(row)
    }, available("Cancelling a sync")),

    publish: Effect.fn("Syncs.publish")(function*(actor, id) {
      const row = yield* rowOf(id)
      if (row.state !== "held" || row.snapshot_id === null) {
        return yield* new Conflict({ detail: `The sync is not held back: it is ${row.state}.` })
      }
      // To its end, even if who asked has hung up.
      const done = yield* Effect.uninterruptible(Publication.show(actor, row, row.snapshot_id)).pipe(
        Effect.provideContext(services),
        Effect.catchTag(
          "NotFound",
          () => new Conflict({ detail: "The snapshot of the sync is gone, as old ones are. Start a new sync." })
        )
      )
      if (!done) return yield* new Conflict({ detail: "Somebody else has published the sync at the same time." })
      yield* signals.changed(id)
      return toSync(yield* rowOf(id))
    }, available("Publishing a sync")),

    events: Effect.fn("Syncs.events")(function*(id) {
      yield* rowOf(id)
      const steps = Stream.paginate<Position, SyncEvent, NotFound | Unavailable>(
        { revision: 0, sequence: 0 },
        (seen) =>
          Effect.gen(function*() {
            const row = yield* signals.follow(
              id,
              rowOf(id),
              (now) => now.revision > seen.revision || now.log_lines > seen.sequence || hasEnded(now)
            )
            const lines = yield* linesAfter(id, seen.sequence, EVENT_LINES)
            const sequence = lines.at(-1)?.sequence ?? seen.sequence
            const behind = sequence < row.log_lines
            const events: Array<SyncEvent> = lines.map((line) => ({ type: "log", entry: toLogEntry(line) }))
            // Its last state comes after its last line.
            const tell = row.revision > seen.revision && !behind
            if (tell) events.push({ type: "sync", sync: toSync(row) })
            const next = { revision: tell ? row.revision : seen.revision, sequence }
            return [events, hasEnded(row) && !behind ? Option.none<Position>() : Option.some(next)] as const
          }).pipe(available("Following a sync"))
      )
      // Its connector was deleted meanwhile: nothing more comes.
      return Stream.catchTag(steps, "NotFound", () => Stream.empty)
    }, available("Following a sync")),

    logs: Effect.fn("Syncs.logs")(function*(id, page) {
      yield* rowOf(id)
      const question = ["sync-logs", id]
      const after = page.pageToken === undefined ? undefined : yield* PageToken.read(question, 1, page.pageToken)
      const limit = page.limit ?? defaultLimit
      const rows = yield* linesAfter(id, Number(after?.[0] ?? 0), limit + 1)
      const items = rows.slice(0, limit)
      const last = items.at(-1)
      return {
        items: items.map(toLogEntry),
        ...(last !== undefined && rows.length > limit
          ? { nextPageToken: PageToken.make(question, [String(last.sequence)]) }
          : {})
      }
    }, available("Reading the log of a sync"))
  })
})
