/**
 * Makes a stored snapshot the one that questions are answered from, and says so in the sync, the connector and the audit log. May be done again after a
 * crash at any point.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import type { Actor } from "../AuditLog.ts"
import { AuditLog } from "../AuditLog.ts"
import { Directory } from "../Directory.ts"
import { Snapshots } from "../Snapshots.ts"
import * as SyncLog from "./SyncLog.ts"
import { countsJson, type SyncRow } from "./SyncRow.ts"

/**
 * Answers whether it was this call that ended the sync.
 *
 * @since 0.1.0
 */
export const show = Effect.fn("Publication.show")(function*(actor: Actor, row: SyncRow, snapshotId: string) {
  const sql = yield* SqlClient.SqlClient
  const audit = yield* AuditLog
  const directory = yield* Directory
  const snapshots = yield* Snapshots
  yield* Effect.scoped(Effect.flatMap(
    snapshots.local(snapshotId),
    (path) => directory.load(row.connector_id, snapshotId, path)
  ))
  const counts = row.counts === null ? undefined : countsJson.decode(row.counts)
  return yield* sql.withTransaction(Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    const [ended] = yield* sql<{ readonly id: string }>`UPDATE syncs SET ${
      sql.update({ state: "succeeded", ended_at: now, snapshot_id: snapshotId, error: null })
    }, revision = revision + 1 WHERE id = ${row.id} AND state IN ('running', 'held') RETURNING id`
    if (ended === undefined) return false
    yield* SyncLog.append(row.id, "info", "The snapshot is published. Questions are answered from it.")
    yield* sql`UPDATE connectors SET ${
      sql.update({
        current_snapshot_id: snapshotId,
        last_success_at: now,
        last_error: null,
        consecutive_failures: 0
      })
    } WHERE id = ${row.connector_id}`
    yield* audit.append(actor, {
      action: row.state === "held" ? "sync.published" : "sync.succeeded",
      connectorId: row.connector_id,
      subjectId: row.id,
      details: { snapshotId, ...(counts === undefined ? {} : { counts }) }
    })
    return true
  }))
})
