/**
 * How the server reads what is committed, where nothing depends on a transaction under way.
 *
 * SQLite has one connection that writes, used by one transaction at a time. Whoever only reads has a second one beside it, and neither waits for the
 * other. PostgreSQL has a pool, and reads like everything else.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type * as Statement from "effect/sql/Statement"

/**
 * @since 0.1.0
 */
export interface Read {
  /** The rows of a statement. Where nothing has to be waited for, they are there when this returns. */
  readonly rows: <Row extends object>(
    statement: Statement.Statement<Row>
  ) => Effect.Effect<ReadonlyArray<Row>, SqlError>
  /** The same for a text that is known already, with what belongs in its places. */
  readonly text: <Row extends object>(
    sql: SqlClient.SqlClient,
    text: string,
    params: ReadonlyArray<string | number>
  ) => Effect.Effect<ReadonlyArray<Row>, SqlError>
}

/**
 * By default the connection of the statement itself.
 *
 * @since 0.1.0
 */
export const Reading = Context.Reference<Read>("@access-kit/http-server/storage/Reading", {
  defaultValue: () => ({
    rows: (statement) => statement,
    text: (sql, text, params) => sql.unsafe(text, params)
  })
})
