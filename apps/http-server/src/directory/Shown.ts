/**
 * What is shown of a connector: the generation of its directory that answers are read from.
 *
 * @since 0.1.0
 */
import { NotFound } from "@access-kit/server-api/Problems"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type * as Statement from "effect/sql/Statement"
import type { Read } from "../storage/Reading.ts"

/**
 * @since 0.1.0
 */
export interface Shown {
  readonly generation: number
  /** When its sync began. */
  readonly asOf: number
}

/**
 * @since 0.1.0
 */
export const make = Effect.map(SqlClient.SqlClient, (sql) => {
  /** None before the first sync of a connector has ended. */
  const find = Effect.fnUntraced(function*(
    connectorId: string,
    read: Read
  ): Effect.fn.Return<Shown | undefined, SqlError | NotFound> {
    const rows = yield* read.rows(
      sql<
        { readonly generation: number | null; readonly as_of: number | null }
      >`SELECT generation, as_of FROM directories WHERE connector_id = ${connectorId}`
    )
    const [row] = rows
    if (row !== undefined && row.generation !== null) return { generation: row.generation, asOf: row.as_of ?? 0 }
    const [connector] = yield* read.rows(sql`SELECT id FROM connectors WHERE id = ${connectorId}`)
    if (connector === undefined) {
      return yield* new NotFound({
        detail: `There is no connector "${connectorId}". \`GET /v1/connectors\` lists them.`
      })
    }
    return undefined
  })

  /** An expression: its number. */
  const generation = (connectorId: string): Statement.Fragment =>
    sql`(SELECT shown.generation FROM directories AS shown WHERE shown.connector_id = ${connectorId})`

  return { find, generation }
})

/**
 * @since 0.1.0
 */
export const nothing = (what: string, id: string): NotFound =>
  new NotFound({ detail: `There is no ${what} "${id}" in the latest snapshot or since.` })
