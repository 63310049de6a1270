/**
 * What one process at a time looks after for all: syncs that are due, jobs that a process which died has left behind, revocations that failed, and rows
 * that nobody needs any more.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import type * as Sharding from "effect/cluster/Sharding"
import * as Singleton from "effect/cluster/Singleton"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import type { AuditLog } from "../AuditLog.ts"
import { type ConnectorRow, scheduleJson } from "../connectors/ConnectorRow.ts"
import * as NextSync from "../NextSync.ts"
import { Syncs } from "../Syncs.ts"
import * as Expiry from "../timedGrants/Expiry.ts"
import { Drain } from "./Drain.ts"
import { Jobs } from "./Jobs.ts"
import * as Purge from "./Purge.ts"

/**
 * @since 0.1.0
 */
export interface Options {
  readonly retention?: Partial<Purge.Retention>
}

/** Rows of one kind that one round looks at. */
const ROUND = 200

/** Milliseconds that a job may take from its row to the engine before it counts as left behind. */
const HAND_OVER = 3_000

/**
 * Starts the syncs that are due. The next time of each is computed from now, so that missed ones are caught up once, and a connector whose sync still
 * waits or runs gets no second one.
 *
 * @since 0.1.0
 */
export const startDue = Effect.fn("Caretaker.startDue")(function*() {
  const sql = yield* SqlClient.SqlClient
  const syncs = yield* Syncs
  const now = yield* Clock.currentTimeMillis
  const due = yield* sql<ConnectorRow>`SELECT * FROM connectors
    WHERE next_sync_at <= ${now} AND paused = 0 ORDER BY next_sync_at LIMIT ${ROUND}`
  for (const connector of due) {
    const schedule = Schema.decodeSync(scheduleJson)(connector.schedule)
    const next = NextSync.after(schedule, now, connector.consecutive_failures, yield* Random.next) ?? null
    const [taken] = yield* sql`UPDATE connectors SET next_sync_at = ${next}
      WHERE id = ${connector.id} AND next_sync_at = ${connector.next_sync_at} RETURNING id`
    const [busy] = yield* sql`SELECT id FROM syncs
      WHERE connector_id = ${connector.id} AND state IN ('queued', 'running') LIMIT 1`
    if (taken === undefined || busy !== undefined) continue
    yield* syncs.start({ name: "schedule" }, connector.id, "schedule").pipe(
      // Paused or deleted in between.
      Effect.catchTag(["Conflict", "NotFound"], () => Effect.void)
    )
  }
})

/**
 * Hands over what stands in the tables and never came to the engine, and begins revocations again that have failed.
 *
 * @since 0.1.0
 */
export const sweep = Effect.fn("Caretaker.sweep")(function*() {
  const sql = yield* SqlClient.SqlClient
  const jobs = yield* Jobs
  const now = yield* Clock.currentTimeMillis
  const operations = yield* sql<
    { readonly id: string; readonly connector_id: string }
  >`SELECT id, connector_id FROM operations
    WHERE state = 'queued' AND handed_over = 0 AND requested_at < ${now - HAND_OVER} ORDER BY sequence LIMIT ${ROUND}`
  for (const { connector_id, id } of operations) yield* jobs.carryOut(connector_id, id)
  const syncs = yield* sql<{ readonly id: string; readonly connector_id: string }>`SELECT id, connector_id FROM syncs
    WHERE state = 'queued' AND handed_over = 0 AND requested_at < ${now - HAND_OVER} LIMIT ${ROUND}`
  for (const { connector_id, id } of syncs) yield* jobs.runSync(connector_id, id)
  const expiries = yield* sql<
    { readonly id: string; readonly generation: number }
  >`SELECT id, generation FROM timed_grants
    WHERE state = 'active' AND handed_over <> generation ORDER BY expires_at LIMIT ${ROUND}`
  for (const { generation, id } of expiries) yield* jobs.expire(id, generation)
  const failed = yield* sql<{ readonly id: string }>`SELECT id FROM timed_grants
    WHERE state = 'revoking' AND retry_at <= ${now} ORDER BY retry_at LIMIT ${ROUND}`
  for (const { id } of failed) {
    const begun = yield* Expiry.begin(id, undefined)
    if (begun !== undefined) yield* jobs.carryOut(begun.connectorId, begun.operationId)
  }
})

/** A round that fails is logged, and the next one comes. */
const rounds = <E, R>(what: string, interval: Duration.Input, round: Effect.Effect<void, E, R>) =>
  Effect.gen(function*() {
    const drain = yield* Drain
    if (yield* drain.isDraining) return
    yield* Effect.catchCause(round, (cause) => Effect.logWarning(`${what} failed`, cause))
  }).pipe(Effect.repeat(Schedule.spaced(Duration.fromInputUnsafe(interval))), Effect.asVoid)

/**
 * @since 0.1.0
 */
export const layer = (
  options: Options = {}
): Layer.Layer<never, never, AuditLog | Drain | Jobs | Sharding.Sharding | SqlClient.SqlClient | Syncs> =>
  Singleton.make(
    "caretaker",
    Effect.all([
      rounds("Starting syncs that are due", "1 second", startDue()),
      rounds("Looking for jobs that were left behind", "2 seconds", sweep()),
      rounds("Removing old rows", "10 minutes", Purge.run({ ...Purge.retention, ...options.retention }))
    ], { concurrency: "unbounded", discard: true })
  )
