/**
 * Copies chosen syncs into a new database with the tables of v1, clean and in today's shape, and packs it into a file.
 */
import { GrantSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/grant_pb"
import { toBinary } from "@bufbuild/protobuf"
import { createReadStream, createWriteStream, statSync } from "node:fs"
import { DatabaseSync, type SQLInputValue } from "node:sqlite"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import { constants, createZstdCompress } from "node:zlib"
import * as Grants from "./Grants.ts"
import { ProtoReader } from "./ProtoReader.ts"
import { integer, type Row } from "./Row.ts"
import * as TableSchema from "./TableSchema.ts"

/** `v1-legacy` has the columns of SDK v0.7, for tools that refuse columns they do not know. */
export type Schema = "v1" | "v1-legacy"

const tablesOf = (
  schema: Schema
): ReadonlyArray<readonly [name: string, statement: string, columns: ReadonlyArray<string>]> =>
  TableSchema.TABLES.map((statement) => {
    const name = /CREATE TABLE (\w+)/.exec(statement)?.[1] ?? ""
    const lines = statement.split("\n").slice(1, -1).map((line) => line.trim().replace(/,$/, ""))
    const kept = lines.filter((line) =>
      schema === "v1" || name !== "v1_sync_runs" ||
      !Object.hasOwn(TableSchema.LATER_SYNC_COLUMNS, line.split(" ")[0] ?? "")
    )
    const columns = kept.map((line) => line.split(" ")[0] ?? "").filter((column) => column !== "id")
    return [name, `CREATE TABLE ${name} (\n    ${kept.join(",\n    ")}\n  )`, columns]
  })

/** Grants of some writers leave out what the columns say, which other readers can't bear. */
const wholeGrant = (row: Row): Uint8Array | undefined => {
  const data = row["data"]
  if (!(data instanceof Uint8Array)) return undefined
  const reader = new ProtoReader(data)
  let seen = 0
  while (reader.next()) if (reader.field === 1 || reader.field === 2) seen |= reader.field
  return seen === 3 ? data : toBinary(GrantSchema, Grants.messageOf(row, data))
}

const NEXT = Symbol("next")

/** Syncs of one database. */
export interface Source {
  readonly database: DatabaseSync
  readonly syncIds: ReadonlyArray<string>
}

/**
 * Fills a database of its own with the syncs; sessions, which belong to a run and not to its result, stay behind. Yields between some hundred
 * rows.
 */
export const fill = function*(
  sources: ReadonlyArray<Source>,
  schema: Schema,
  path: string
): Generator<typeof NEXT, void> {
  const target = new DatabaseSync(path)
  try {
    target.exec("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; BEGIN")
    for (const [name, statement, columns] of tablesOf(schema)) {
      target.exec(statement)
      if (name === "v1_connector_sessions") continue
      const insert = target.prepare(
        `INSERT INTO ${name} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`
      )
      for (const { database, syncIds } of sources) {
        const page = database.prepare(
          `SELECT id, ${columns.join(", ")} FROM ${name}
           WHERE id > ?1 AND sync_id IN (SELECT value FROM json_each(?2)) ORDER BY id LIMIT 500`
        )
        for (let after = 0;;) {
          const rows = page.all(after, JSON.stringify(syncIds))
          for (const row of rows) {
            after = integer(row, "id")
            const data = name === "v1_grants" ? wholeGrant(row) : undefined
            insert.run(
              ...columns.map((column): SQLInputValue =>
                column === "data" && data !== undefined
                  ? data
                  : column === "grants_backfilled"
                  ? 1
                  : row[column] ?? null
              )
            )
          }
          yield NEXT
          if (rows.length < 500) break
        }
      }
    }
    const indexes = [
      ...TableSchema.EARLY,
      ...TableSchema.BY_ENTITLEMENT,
      ...TableSchema.IDENTITY.map(([, index]) => index),
      ...TableSchema.LATE
    ]
    for (const index of indexes) {
      target.exec(TableSchema.create([index]))
      yield NEXT
    }
    target.exec("COMMIT")
  } finally {
    target.close()
  }
}

/** Packs a database as a v1 file. */
export const pack = async (database: string, target: string, signal: AbortSignal): Promise<void> => {
  const { size } = statSync(database)
  const output = createWriteStream(target, { flags: "r+" })
  output.write(Buffer.from("C1ZF\0", "latin1"))
  await pipeline(
    Readable.from(createReadStream(database, { highWaterMark: 256 * 1024 })),
    createZstdCompress({
      chunkSize: 256 * 1024,
      pledgedSrcSize: size,
      params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 }
    }),
    output,
    { signal }
  )
}
