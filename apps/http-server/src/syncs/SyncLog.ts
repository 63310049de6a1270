/**
 * Writes the log of a sync. Lines are numbered without gaps, whichever process writes them.
 *
 * @since 0.1.0
 */
import type { SyncLogEntry } from "@access-kit/server-api/Syncs"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"

/** Characters of a line. A source may say more in an error than anybody reads. */
const LONGEST = 4_000

/**
 * @since 0.1.0
 */
export const append = Effect.fnUntraced(function*(syncId: string, level: SyncLogEntry["level"], message: string) {
  const sql = yield* SqlClient.SqlClient
  yield* sql.withTransaction(Effect.gen(function*() {
    const [row] = yield* sql<
      { readonly log_lines: number }
    >`UPDATE syncs SET log_lines = log_lines + 1 WHERE id = ${syncId} RETURNING log_lines`
    if (row === undefined) return
    yield* sql`INSERT INTO sync_logs ${
      sql.insert({
        sync_id: syncId,
        sequence: row.log_lines,
        at: yield* Clock.currentTimeMillis,
        level,
        message: message.length > LONGEST ? `${message.slice(0, LONGEST)} …` : message
      })
    }`
  }))
})
