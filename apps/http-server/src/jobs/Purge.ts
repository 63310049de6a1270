/**
 * Removes what nobody needs any more: messages of the engine whose job has ended, which it keeps for ever by itself, and rows about jobs that ended long
 * ago. The audit log is never touched.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as MachineId from "effect/cluster/MachineId"
import * as Snowflake from "effect/cluster/Snowflake"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"

/**
 * How long things are kept after they have ended.
 *
 * @since 0.1.0
 */
export interface Retention {
  readonly messages: Duration.Duration
  readonly syncs: Duration.Duration
  readonly operations: Duration.Duration
}

/**
 * @since 0.1.0
 */
export const retention: Retention = {
  messages: Duration.days(1),
  syncs: Duration.days(90),
  operations: Duration.days(400)
}

/** Executions that one statement removes; more are removed by the next. */
const BATCH = 500

const ids = (rows: ReadonlyArray<{ readonly id: string }>) => rows.map(({ id }) => id)

/**
 * Messages of workflows that have ended, with everything else that was sent to the same execution, and requests to connectors that were answered. A
 * workflow that sleeps has an answer too: it says that it is suspended, and must stay.
 *
 * The job's own row keeps it from being carried out again, should somebody hand it over once more.
 *
 * @since 0.1.0
 */
export const messages = Effect.fn("Purge.messages")(function*(before: number) {
  const sql = yield* SqlClient.SqlClient
  const cutoff = sql.literal(
    String(Snowflake.make({ machineId: MachineId.make(0), sequence: 0, timestamp: before }))
  )
  const yes = sql.literal(sql.onDialectOrElse({ pg: () => "TRUE", orElse: () => "1" }))
  const idOf = (column: string) =>
    sql.literal(
      sql.onDialectOrElse({ pg: () => `${column}::text AS id`, orElse: () => `CAST(${column} AS TEXT) AS id` })
    )

  let removed = 0
  while (true) {
    const ended = yield* sql<{ readonly entity_id: string }>`SELECT m.entity_id FROM cluster_messages m
      JOIN cluster_replies r ON r.id = m.last_reply_id
      WHERE m.tag = 'run' AND m.entity_type LIKE 'Workflow/%' AND m.processed = ${yes} AND m.id < ${cutoff}
        AND r.payload NOT LIKE '%"Suspended"%' LIMIT ${BATCH}`
    const answered = yield* sql<{ readonly id: string }>`SELECT ${idOf("m.id")} FROM cluster_messages m
      WHERE m.entity_type IN ('ConnectorChanges', 'ConnectorSyncs') AND m.processed = ${yes} AND m.id < ${cutoff}
      LIMIT ${BATCH}`
    const executions = ended.map(({ entity_id }) => entity_id)
    // Ids are numbers that this statement read; as text they are not rounded.
    const requests = answered.length === 0 ? undefined : sql.literal(ids(answered).join(","))
    yield* sql.withTransaction(Effect.gen(function*() {
      if (executions.length > 0) {
        yield* sql`DELETE FROM cluster_replies WHERE request_id IN (
          SELECT id FROM cluster_messages WHERE entity_type LIKE 'Workflow/%' AND entity_id IN ${sql.in(executions)})`
        yield* sql`DELETE FROM cluster_messages WHERE entity_type LIKE 'Workflow/%' AND entity_id IN ${
          sql.in(executions)
        }`
      }
      if (requests !== undefined) {
        yield* sql`DELETE FROM cluster_replies WHERE request_id IN (${requests})`.unprepared
        yield* sql`DELETE FROM cluster_messages WHERE id IN (${requests})`.unprepared
      }
    }))
    removed += executions.length + answered.length
    if (executions.length < BATCH && answered.length < BATCH) return removed
  }
})

/**
 * Rows of the server about syncs and operations. What is held back, and what a connector shows, stays.
 *
 * @since 0.1.0
 */
export const rows = Effect.fn("Purge.rows")(function*(now: number, kept: Retention) {
  const sql = yield* SqlClient.SqlClient
  const syncsBefore = now - Duration.toMillis(kept.syncs)
  const operationsBefore = now - Duration.toMillis(kept.operations)
  yield* sql`DELETE FROM syncs WHERE ended_at < ${syncsBefore} AND state <> 'held'
    AND id NOT IN (SELECT last_sync_id FROM connectors WHERE last_sync_id IS NOT NULL)
    AND (snapshot_id IS NULL
      OR snapshot_id NOT IN (SELECT current_snapshot_id FROM connectors WHERE current_snapshot_id IS NOT NULL))`
  yield* sql`DELETE FROM timed_grants WHERE ended_at < ${operationsBefore}`
  yield* sql`DELETE FROM operations WHERE ended_at < ${operationsBefore}`
})

/**
 * @since 0.1.0
 */
export const run = Effect.fn("Purge.run")(function*(kept: Retention) {
  const now = yield* Clock.currentTimeMillis
  yield* messages(now - Duration.toMillis(kept.messages))
  yield* rows(now, kept)
})
