/**
 * Runs a sync: reads the source into a file, stores the file, and makes it the one that questions are answered from. Whatever ends the process in
 * between, running the sync again goes on: in the same process's directory with the rows that were read, elsewhere from the beginning.
 *
 * @since 0.1.0
 */
import * as C1zSink from "@access-kit/c1z/C1zSink"
import { Connector } from "@access-kit/connector-model/Connector"
import type { ConnectorError } from "@access-kit/connector-model/ConnectorError"
import type { SinkError } from "@access-kit/connector-model/SnapshotSink"
import { SnapshotSink } from "@access-kit/connector-model/SnapshotSink"
import * as Sync from "@access-kit/connector-sync/Sync"
import type { SyncError } from "@access-kit/connector-sync/SyncError"
import type { SyncReport } from "@access-kit/connector-sync/SyncReport"
import type { Unavailable } from "@access-kit/server-api/Problems"
import type { NotFound } from "@access-kit/server-api/Problems"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import { mkdirSync, readdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { type Actor, AuditLog } from "../AuditLog.ts"
import { Connectors } from "../Connectors.ts"
import { type ConnectorRow, guardsJson, scheduleJson } from "../connectors/ConnectorRow.ts"
import type { Directory } from "../Directory.ts"
import * as NextSync from "../NextSync.ts"
import { Snapshots } from "../Snapshots.ts"
import * as Progress from "../syncs/Progress.ts"
import * as Publication from "../syncs/Publication.ts"
import * as Shrinkage from "../syncs/Shrinkage.ts"
import * as SyncLog from "../syncs/SyncLog.ts"
import { countsJson, errorJson, notesJson, type SyncRow } from "../syncs/SyncRow.ts"
import { Drain } from "./Drain.ts"
import { persisted } from "./Persistence.ts"
import { Signals } from "./Signals.ts"
import { Standstill } from "./Standstill.ts"

/**
 * @since 0.1.0
 */
export interface Options {
  /** Where files of running syncs are. No two processes have the same. */
  readonly workDirectory: string
  /** Where the worker that writes snapshot files is, in a bundle. */
  readonly worker?: URL
}

/**
 * @since 0.1.0
 */
export class SyncRunner extends Context.Service<SyncRunner, {
  /** Runs the sync unless it has ended. Never fails: what it came to stands in its row. */
  readonly run: (syncId: string) => Effect.Effect<void>
}>()("@access-kit/http-server/SyncRunner") {
  /**
   * @since 0.1.0
   */
  static readonly layer = (options: Options): Layer.Layer<
    SyncRunner,
    never,
    SqlClient.SqlClient | AuditLog | Connectors | Directory | Drain | Signals | Snapshots | Standstill
  > => Layer.effect(SyncRunner, make(options))
}

type Failure = ConnectorError | SinkError | SyncError | NotFound | Unavailable

/** How long a store that does not take a snapshot is asked again, before the sync fails and is tried again as a whole. */
const storePatience = Schedule.exponential("1 second").pipe(Schedule.upTo({ times: 2 }))

const errorOf = (error: Failure): { readonly reason: string; readonly message: string } =>
  "reason" in error
    ? { reason: error.reason._tag, message: error.message }
    : { reason: error._tag, message: error.detail ?? error._tag }

const actorOf = (row: SyncRow): Actor => ({ name: row.requested_by })

const make = Effect.fnUntraced(function*(options: Options) {
  const sql = yield* SqlClient.SqlClient
  const audit = yield* AuditLog
  const connectors = yield* Connectors
  const drain = yield* Drain
  const signals = yield* Signals
  const standstill = yield* Standstill
  const snapshots = yield* Snapshots
  const services = yield* Effect.context<SqlClient.SqlClient | AuditLog | Directory | Snapshots>()
  yield* Effect.sync(() => mkdirSync(options.workDirectory, { recursive: true, mode: 0o700 }))

  const pathOf = (connectorId: string) => join(options.workDirectory, `${connectorId}.c1z`)

  /** The work file, and what a sync that stopped has left beside it. */
  const discard = (connectorId: string) =>
    Effect.sync(() => {
      for (const name of readdirSync(options.workDirectory)) {
        if (name.includes(connectorId)) rmSync(join(options.workDirectory, name), { force: true, recursive: true })
      }
    })

  const log = (syncId: string, level: "info" | "warning" | "error", message: string) =>
    Effect.provideContext(SyncLog.append(syncId, level, message), services)

  const told = (row: SyncRow, message: string, more: Readonly<Record<string, string>>) =>
    Effect.annotateLogs(Effect.logInfo(message), {
      syncId: row.id,
      connectorId: row.connector_id,
      attempts: row.attempts,
      ...more
    })

  /** `undefined` if the sync has ended, was cancelled, or is gone with its connector. */
  const claim = Effect.fnUntraced(function*(syncId: string) {
    const now = yield* Clock.currentTimeMillis
    const [row] = yield* sql<SyncRow>`UPDATE syncs
      SET state = 'running', attempts = attempts + 1, started_at = COALESCE(started_at, ${now}), revision = revision + 1
      WHERE id = ${syncId} AND state IN ('queued', 'running') RETURNING *`
    if (row !== undefined) {
      yield* log(
        syncId,
        row.attempts === 1 ? "info" : "warning",
        row.attempts === 1 ? "The sync begins." : `The sync is taken up again, for the ${row.attempts}. time.`
      )
      yield* signals.changed(syncId)
      yield* told(row, "sync begins", {})
    }
    return row
  })

  /** The end of a sync that publishes nothing. Not if another process has taken it up since. */
  const end = Effect.fnUntraced(function*(
    row: SyncRow,
    state: "failed" | "cancelled" | "held",
    error: { readonly reason: string; readonly message: string } | undefined
  ) {
    yield* sql.withTransaction(Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      const [ended] = yield* sql`UPDATE syncs SET ${
        sql.update({ state, ended_at: now, error: error === undefined ? null : errorJson.encode(error) })
      }, revision = revision + 1 WHERE id = ${row.id} AND state = 'running' AND attempts = ${row.attempts} RETURNING id`
      if (ended === undefined) return
      yield* log(row.id, state === "failed" ? "error" : "warning", error?.message ?? "The sync was cancelled.")
      if (state === "failed") {
        const [connector] = yield* sql<ConnectorRow>`SELECT * FROM connectors WHERE id = ${row.connector_id}`
        if (connector !== undefined) {
          const failures = connector.consecutive_failures + 1
          const schedule = Schema.decodeSync(scheduleJson)(connector.schedule)
          const next = NextSync.after(schedule, now, failures, yield* Random.next) ?? null
          yield* sql`UPDATE connectors SET ${
            sql.update({
              consecutive_failures: failures,
              last_error: error?.message ?? null,
              ...(connector.paused === 1 ? {} : { next_sync_at: next })
            })
          } WHERE id = ${row.connector_id}`
        }
      }
      yield* audit.append(actorOf(row), {
        action: state === "cancelled" ? "sync.ended-by-cancellation" : `sync.${state}`,
        connectorId: row.connector_id,
        subjectId: row.id,
        details: error === undefined ? {} : { reason: error.reason, message: error.message }
      })
    }))
    yield* signals.changed(row.id)
    yield* told(row, "sync ended", { state, ...(error === undefined ? {} : { reason: error.reason }) })
  })

  /** Reads everything into the work file. */
  const read = Effect.fnUntraced(function*(row: SyncRow) {
    const connector = yield* connectors.open(row.connector_id)
    const progress = yield* Progress.make(row.id).pipe(Effect.provideContext(services))
    return yield* Sync.run({ progress: (event) => Effect.andThen(progress.tell(event), signals.changed(row.id)) }).pipe(
      Effect.provideService(Connector, connector),
      Effect.provideServiceEffect(
        SnapshotSink,
        C1zSink.make({
          path: pathOf(row.connector_id),
          // What a sync has kept is taken up by itself only: another one promises what is there now.
          resume: row.attempts > 1,
          ...(options.worker === undefined ? {} : { worker: options.worker })
        })
      ),
      Effect.scoped
    )
  })

  /** Ends when somebody cancels the sync, in whichever process. */
  const cancelled = (syncId: string) =>
    signals.follow(
      syncId,
      persisted("Looking whether a sync was cancelled")(
        sql<{ readonly cancel_requested: number }>`SELECT cancel_requested FROM syncs WHERE id = ${syncId}`
      ),
      ([row]) => row === undefined || row.cancel_requested === 1
    ).pipe(Effect.as("cancelled" as const))

  const store = Effect.fnUntraced(function*(row: SyncRow, report: SyncReport) {
    const { entitlements, grants, resources } = report.summary
    const snapshot = yield* snapshots.publish({
      connectorId: row.connector_id,
      syncId: row.id,
      path: pathOf(row.connector_id),
      resources,
      entitlements,
      grants
    }).pipe(
      Effect.tapError((error) =>
        error._tag === "SnapshotStoreError" ? log(row.id, "warning", error.message) : Effect.void
      ),
      Effect.retry({ schedule: storePatience, while: (error) => error._tag === "SnapshotStoreError" })
    )
    yield* sql`UPDATE syncs SET ${
      sql.update({
        snapshot_id: snapshot.id,
        counts: countsJson.encode({ resources, entitlements, grants }),
        notes: notesJson.encode(report.notes)
      })
    }, revision = revision + 1 WHERE id = ${row.id}`
    return snapshot.id
  })

  /** Why the snapshot should not be shown without somebody's approval. */
  const shrunk = Effect.fnUntraced(function*(row: SyncRow) {
    const [connector] = yield* sql<ConnectorRow>`SELECT * FROM connectors WHERE id = ${row.connector_id}`
    const [before] = yield* sql<SyncRow>`SELECT * FROM syncs
      WHERE connector_id = ${row.connector_id} AND snapshot_id = ${
      connector?.current_snapshot_id ?? null
    } AND state = 'succeeded'`
    const [now] = yield* sql<SyncRow>`SELECT * FROM syncs WHERE id = ${row.id}`
    if (connector === undefined || typeof before?.counts !== "string" || typeof now?.counts !== "string") {
      return undefined
    }
    return Shrinkage.reasonOf(
      countsJson.decode(before.counts),
      countsJson.decode(now.counts),
      Schema.decodeSync(guardsJson)(connector.guards).maxShrinkPercent
    )
  })

  const publish = Effect.fnUntraced(function*(row: SyncRow, snapshotId: string) {
    const reason = yield* shrunk(row)
    if (reason !== undefined) {
      return yield* end(row, "held", { reason: "Shrunk", message: reason })
    }
    const [now] = yield* sql<SyncRow>`SELECT * FROM syncs WHERE id = ${row.id}`
    const ended = yield* Effect.provideContext(Publication.show(actorOf(row), now ?? row, snapshotId), services)
    yield* signals.changed(row.id)
    if (ended) yield* told(row, "sync ended", { state: "succeeded" })
  })

  const carryOut = Effect.fnUntraced(function*(row: SyncRow) {
    // Taken up after its file was stored: it need not be read again.
    if (row.snapshot_id !== null) return yield* persisted("Publishing a sync")(publish(row, row.snapshot_id))
    const exit = yield* Effect.raceFirst(
      Effect.exit(read(row)),
      cancelled(row.id)
    )
    if (exit === "cancelled") {
      yield* discard(row.connector_id)
      return yield* persisted("Ending a cancelled sync")(end(row, "cancelled", undefined))
    }
    if (Exit.isSuccess(exit)) {
      const stored = yield* store(row, exit.value).pipe(
        Effect.map((snapshotId) => ({ snapshotId })),
        Effect.catchTag("SnapshotStoreError", ({ message }) => Effect.succeed({ message })),
        persisted("Storing a snapshot")
      )
      return yield* "snapshotId" in stored
        ? persisted("Publishing a sync")(publish(row, stored.snapshotId))
        : persisted("Ending a failed sync")(end(row, "failed", { reason: "SnapshotStore", message: stored.message }))
    }
    const failure = Cause.findErrorOption(exit.cause)
    // Stopped from outside: the row stays as it is, for whoever takes it up.
    if (failure._tag === "None" && Cause.hasInterruptsOnly(exit.cause)) return yield* Effect.failCause(exit.cause)
    const error = failure._tag === "Some"
      ? errorOf(failure.value)
      : { reason: "Defect", message: "The server has a fault. Its log says which." }
    if (failure._tag === "None") yield* Effect.logError(`Sync ${row.id} died`, exit.cause)
    // Another sync begins anew, so nobody needs what this one has read.
    yield* discard(row.connector_id)
    yield* persisted("Ending a failed sync")(end(row, "failed", error))
  })

  return SyncRunner.of({
    run: Effect.fn("SyncRunner.run")((syncId: string) =>
      drain.stopping(Effect.gen(function*() {
        yield* standstill.over
        const row = yield* persisted("Beginning a sync")(claim(syncId))
        if (row !== undefined) yield* carryOut(row)
      })).pipe(Effect.orDie)
    )
  })
})
