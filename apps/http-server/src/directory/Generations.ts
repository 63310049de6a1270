/**
 * Generations of a directory: each load writes a new one, which is shown in one step in place of the one before. What is no longer shown goes a batch
 * at a time, so that requests get their turn.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import * as Rows from "./Rows.ts"
import type { SearchIndex } from "./SearchIndex.ts"

/** Rows that go at once. */
const BATCH = 500

/** A load that has written nothing for so long has died with its process. */
const ABANDONED = 15 * 60_000

/**
 * @since 0.1.0
 */
export const make = Effect.fn("DirectoryGenerations.make")(function*(index: SearchIndex) {
  const sql = yield* SqlClient.SqlClient

  const begin = Effect.fnUntraced(function*(connectorId: string, snapshotId: string) {
    const now = yield* Clock.currentTimeMillis
    const rows = yield* sql<{ readonly generation: number }>`INSERT INTO directory_generations ${
      sql.insert({ connector_id: connectorId, snapshot_id: snapshotId, state: "loading", touched_at: now }).returning(
        "generation"
      )
    }`
    const [row] = rows
    return row === undefined ? yield* Effect.die(new Error("INSERT … RETURNING gave no row")) : row.generation
  })

  /** It will not be shown; its rows go with the next sweep. */
  const abandon = (generation: number) =>
    sql`UPDATE directory_generations SET state = 'old' WHERE generation = ${generation} AND state = 'loading'`

  /** Says that its load is alive. False if somebody took it for dead and cleared it away. */
  const touch = Effect.fnUntraced(function*(generation: number) {
    const now = yield* Clock.currentTimeMillis
    const rows = yield* sql`UPDATE directory_generations SET touched_at = ${now} WHERE generation = ${generation}
      AND state = 'loading' RETURNING generation`
    return rows.length > 0
  })

  const clearTable = Effect.fnUntraced(function*(table: string, generation: number) {
    const below = Rows.refOf(generation + 1, 0)
    let from = Rows.refOf(generation, 0)
    for (;;) {
      const [first] = yield* sql<{ readonly ref: number | null }>`SELECT min(ref) AS ref FROM ${sql(table)}
        WHERE ref >= ${from} AND ref < ${below}`
      if (first?.ref === undefined || first.ref === null) return
      from = Math.min(first.ref + BATCH, below)
      yield* sql.withTransaction(
        Effect.andThen(
          table === "directory_grants" ? Effect.void : index.clear(first.ref, from),
          sql`DELETE FROM ${sql(table)} WHERE ref >= ${first.ref} AND ref < ${from}`
        )
      )
      yield* Effect.yieldNow
    }
  })

  /** Everything that a generation wrote, itself last: whatever stops this, the next one goes on. */
  const clear = Effect.fn("DirectoryGenerations.clear")(function*(generation: number) {
    yield* sql`UPDATE directory_generations SET state = 'old' WHERE generation = ${generation}`
    yield* clearTable("directory_grants", generation)
    yield* clearTable("directory_entitlements", generation)
    yield* clearTable("directory_resources", generation)
    yield* sql`DELETE FROM directory_generations WHERE generation = ${generation}`
  })

  /** The generations of a connector that nobody sees or will see. */
  const sweep = Effect.fn("DirectoryGenerations.sweep")(function*(connectorId: string) {
    const now = yield* Clock.currentTimeMillis
    const rows = yield* sql<{ readonly generation: number }>`SELECT generation FROM directory_generations
      WHERE connector_id = ${connectorId} AND (state = 'old' OR (state = 'loading' AND touched_at < ${
      now - ABANDONED
    }))`
    for (const { generation } of rows) yield* clear(generation)
  })

  return { begin, abandon, touch, clear, sweep }
})

/**
 * @since 0.1.0
 */
export type Generations = Effect.Success<ReturnType<typeof make>>
