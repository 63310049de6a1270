/**
 * Brings a database of any age to the tables, columns and indexes of today, in the temporary copy that a reader has of it. Go's SDK does the same
 * whenever it opens a file.
 */
import { GrantExpandableSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_grant_pb"
import { GrantSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/grant_pb"
import { fromBinary, toBinary } from "@bufbuild/protobuf"
import { anyIs, anyUnpack } from "@bufbuild/protobuf/wkt"
import type { DatabaseSync } from "node:sqlite"
import { isConstraint } from "./Failures.ts"
import { integer, text } from "./Row.ts"
import * as TableSchema from "./TableSchema.ts"

/** Columns that tables did not have from the beginning. */
const LATER_COLUMNS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  v1_resources: {
    parent_resource_type_id: "text",
    parent_resource_id: "text"
  },
  v1_grants: {
    expansion: "blob",
    needs_expansion: "integer not null default 0"
  },
  v1_sync_runs: {
    sync_type: "text not null default 'full'",
    parent_sync_id: "text not null default ''",
    linked_sync_id: "text not null default ''",
    supports_diff: "integer not null default 0",
    ...TableSchema.LATER_SYNC_COLUMNS
  }
}

const INDEXES: ReadonlyArray<TableSchema.Index> = [
  ...TableSchema.EARLY,
  ...TableSchema.BY_ENTITLEMENT,
  ...TableSchema.IDENTITY.map(([, index]) => index),
  ...TableSchema.LATE
]

/** Those that reading is slow without. The others serve writers only. */
const NEEDED: ReadonlySet<string> = new Set([
  "idx_resources_parent_resource_id_v1",
  "idx_entitlements_external_sync_v1",
  "idx_entitlements_resource_id_v1",
  "idx_grants_external_sync_v1",
  "idx_grants_principal_id_v1",
  "idx_grants_resource_type_id_resource_id_v1",
  "idx_grants_entitlement_id_principal_id_v1",
  "idx_grants_sync_expansion_v1"
])

const tableOf = (statement: string): string => /CREATE TABLE (\w+)/.exec(statement)?.[1] ?? ""

const namesOf = (database: DatabaseSync, type: "table" | "index"): Set<string> =>
  new Set(
    database.prepare("SELECT name FROM sqlite_schema WHERE type = ?").all(type).map((row) => text(row, "name"))
  )

const columnsOf = (database: DatabaseSync, table: string): Set<string> =>
  new Set(database.prepare("SELECT name FROM pragma_table_info(?)").all(table).map((row) => text(row, "name")))

const missingColumns = (database: DatabaseSync, table: string): ReadonlyArray<readonly [string, string]> => {
  const present = columnsOf(database, table)
  return Object.entries(LATER_COLUMNS[table] ?? {}).filter(([column]) => !present.has(column))
}

/** Syncs whose grants may still carry inside them what has a column of its own today. */
const hasOldGrants = (database: DatabaseSync): boolean =>
  database.prepare("SELECT 1 FROM v1_sync_runs WHERE grants_backfilled = 0 LIMIT 1").get() !== undefined

/** Whether anything is missing, so that the copy must be written to. */
export const isNeeded = (database: DatabaseSync): boolean => {
  const tables = namesOf(database, "table")
  const indexes = namesOf(database, "index")
  return TableSchema.TABLES.some((statement) => !tables.has(tableOf(statement)))
    || Object.keys(LATER_COLUMNS).some((table) => missingColumns(database, table).length > 0)
    || [...NEEDED].some((index) => !indexes.has(index))
    || hasOldGrants(database)
}

const expandable = "c1.connector.v2.GrantExpandable"

/** Moves the annotation out of the grants of old syncs, as writers do today. */
const backfill = (database: DatabaseSync): void => {
  const next = database.prepare(
    `SELECT id, data FROM v1_grants
     WHERE id > ?1 AND expansion IS NULL AND instr(data, CAST(?2 AS BLOB)) > 0
       AND sync_id IN (SELECT sync_id FROM v1_sync_runs WHERE grants_backfilled = 0)
     ORDER BY id LIMIT 500`
  )
  const update = database.prepare("UPDATE v1_grants SET data = ?, expansion = ?, needs_expansion = ? WHERE id = ?")
  for (let after = 0;;) {
    const rows = next.all(after, expandable)
    if (rows.length === 0) return
    for (const row of rows) {
      after = integer(row, "id")
      const data = row["data"]
      if (!(data instanceof Uint8Array)) continue
      const grant = fromBinary(GrantSchema, data)
      const found = grant.annotations.find((annotation) => anyIs(annotation, GrantExpandableSchema))
      const message = found === undefined ? undefined : anyUnpack(found, GrantExpandableSchema)
      if (message === undefined) continue
      grant.annotations = grant.annotations.filter((annotation) => annotation !== found)
      const expands = message.entitlementIds.some((id) => id.trim() !== "")
      const expansion = expands ? toBinary(GrantExpandableSchema, message) : null
      update.run(toBinary(GrantSchema, grant), expansion, expands ? 1 : 0, after)
    }
  }
}

/** Adds what is missing. The database must be a copy that nobody else has. */
export const run = (database: DatabaseSync): void => {
  database.exec("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN")
  const tables = namesOf(database, "table")
  for (const statement of TableSchema.TABLES) {
    if (!tables.has(tableOf(statement))) database.exec(statement)
  }
  for (const table of Object.keys(LATER_COLUMNS)) {
    for (const [column, declaration] of missingColumns(database, table)) {
      database.exec(`ALTER TABLE ${table} ADD COLUMN ${column} ${declaration}`)
    }
  }
  const indexes = namesOf(database, "index")
  for (const index of INDEXES) {
    if (indexes.has(index.name)) continue
    try {
      database.exec(TableSchema.create([index]))
    } catch (error) {
      // Repeated rows are for `verify` to find; they are no reason not to read the file.
      if (!isConstraint(error)) throw error
      database.exec(TableSchema.create([{ name: index.name, on: index.on }]))
    }
  }
  backfill(database)
  database.exec("COMMIT")
}
