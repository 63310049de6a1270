/**
 * Every row of a snapshot file of format v1 as JSON, to compare whole stores: what is in it, not how it got there. Ids of syncs and times of discovery
 * differ between any two syncs and are left out.
 */
import { EntitlementSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/entitlement_pb"
import { GrantSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/grant_pb"
import { ResourceSchema, ResourceTypeSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"
import { registry } from "@access-kit/baton-protocol/Registry"
import { type DescMessage, fromBinary, toJson } from "@bufbuild/protobuf"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { DatabaseSync } from "node:sqlite"
import { zstdDecompressSync } from "node:zlib"

const TABLES: ReadonlyArray<readonly [string, DescMessage]> = [
  ["resource_types", ResourceTypeSchema],
  ["resources", ResourceSchema],
  ["entitlements", EntitlementSchema],
  ["grants", GrantSchema]
]

const MAGIC = "C1ZF\0"

/** Rows by table and id. */
export type C1zRows = Readonly<Record<string, Readonly<Record<string, unknown>>>>

export interface Options {
  /** Leave out the annotations of resource types, which tell a syncer how to list and nothing about the directory. */
  readonly withoutTypeMarks?: boolean
  /** Which of the syncs, by number from the first on. @default all, of which there should be one */
  readonly sync?: number
}

const bytesOf = (value: unknown): Uint8Array => {
  if (value instanceof Uint8Array) return value
  throw new Error("A row of the snapshot has no data.")
}

const rowsOf = (
  database: DatabaseSync,
  table: string,
  schema: DescMessage,
  sync: string | undefined
): Readonly<Record<string, unknown>> => {
  const grants = table === "grants"
  const columns = grants ? "external_id, data, hex(expansion) AS expansion, needs_expansion" : "external_id, data"
  const rows: Record<string, unknown> = {}
  const found = database.prepare(
    `SELECT ${columns} FROM v1_${table} WHERE ?1 IS NULL OR sync_id = ?1 ORDER BY external_id`
  )
  for (const row of found.all(sync ?? null)) {
    rows[String(row["external_id"])] = {
      message: toJson(schema, fromBinary(schema, bytesOf(row["data"])), { registry }),
      ...(grants ? { expansion: row["expansion"] } : {})
    }
  }
  return rows
}

/** A sync as its row says it. */
export interface SyncRow {
  readonly id: string
  readonly type: string
  /** By number, as in {@link Options}. */
  readonly parent: number | undefined
  readonly finished: boolean
}

const syncsOf = (database: DatabaseSync): ReadonlyArray<SyncRow> => {
  const rows = database.prepare("SELECT * FROM v1_sync_runs ORDER BY id").all()
  return rows.map((row) => {
    const parent = rows.findIndex((other) => other["sync_id"] === row["parent_sync_id"])
    return {
      id: String(row["sync_id"]),
      type: String(row["sync_type"]),
      parent: parent < 0 ? undefined : parent,
      finished: row["ended_at"] !== null
    }
  })
}

/** Runs code over the database of a file. */
const within = Effect.fnUntraced(function*<A>(path: string, look: (database: DatabaseSync) => A) {
  const fs = yield* FileSystem.FileSystem
  const file = yield* fs.readFile(path)
  if (new TextDecoder().decode(file.subarray(0, MAGIC.length)) !== MAGIC) {
    return yield* Effect.die(new Error(`${path} is no snapshot of format v1.`))
  }
  const folder = yield* fs.makeTempDirectoryScoped({ prefix: "c1z-rows-" })
  yield* fs.writeFile(`${folder}/db`, zstdDecompressSync(file.subarray(MAGIC.length)))
  return yield* Effect.sync(() => {
    const database = new DatabaseSync(`${folder}/db`)
    try {
      return look(database)
    } finally {
      database.close()
    }
  })
}, Effect.scoped)

/** The syncs of a file, in the order in which they were added. */
export const syncs = Effect.fn("C1zRows.syncs")(function*(path: string) {
  return yield* within(path, syncsOf)
})

export const read = Effect.fn("C1zRows.read")(function*(path: string, options: Options = {}) {
  return yield* within(path, (database): C1zRows => {
    const sync = options.sync === undefined ? undefined : syncsOf(database)[options.sync]?.id
    const tables = Object.fromEntries(TABLES.map(([table, schema]) => [table, rowsOf(database, table, schema, sync)]))
    if (options.withoutTypeMarks !== true) return tables
    const plain = Object.entries(tables["resource_types"] ?? {}).map(([id, row]) => {
      const { annotations: _, ...message } = Object(Object(row).message)
      return [id, { message }]
    })
    return { ...tables, resource_types: Object.fromEntries(plain) }
  })
})
