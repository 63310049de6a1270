/**
 * Grants as a Parquet file, a few thousand rows at a time.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type * as C1zError from "../C1zError.ts"
import * as Grants from "../Grants.ts"
import type { Snapshot } from "../Snapshot.ts"
import type * as WriteError from "../WriteError.ts"
import * as OutputFile from "./OutputFile.ts"

/** Rows of a row group. */
const GROUP = 20_000

type Cell = string | boolean | Date | null

interface Column {
  readonly name: string
  readonly type: "STRING" | "BOOLEAN" | "TIMESTAMP"
  readonly cell: (row: Grants.GrantRow) => Cell
}

const text = (name: string, cell: (row: Grants.GrantRow) => string): Column => ({ name, type: "STRING", cell })

const COLUMNS: ReadonlyArray<Column> = [
  text("grant_id", (row) => row.id),
  text("entitlement_id", (row) => row.entitlement.id),
  text("entitlement_slug", (row) => row.entitlement.slug),
  text("entitlement_name", (row) => row.entitlement.displayName),
  text("resource_type", (row) => row.resource.type),
  text("resource_id", (row) => row.resource.id),
  text("resource_name", (row) => row.resource.displayName),
  text("principal_type", (row) => row.principal.type),
  text("principal_id", (row) => row.principal.id),
  text("principal_name", (row) => row.principal.displayName),
  text("principal_email", (row) => row.principal.email),
  text("principal_login", (row) => row.principal.login),
  text("principal_status", (row) => row.principal.status ?? ""),
  { name: "direct", type: "BOOLEAN", cell: (row) => row.direct },
  text("via", (row) => row.via.join(" ")),
  {
    name: "discovered_at",
    type: "TIMESTAMP",
    cell: (row) => row.discoveredAt === undefined ? null : new Date(row.discoveredAt)
  }
]

export const write = Effect.fnUntraced(function*(
  snapshot: Snapshot,
  path: string,
  temporary: string
): Effect.fn.Return<void, C1zError.C1zError | WriteError.WriteError> {
  const { ParquetWriter, fileWriter } = yield* Effect.promise(() => import("hyparquet-writer"))
  const { schemaFromColumnData } = yield* Effect.promise(() => import("hyparquet-writer"))
  const columnData = (rows: ReadonlyArray<Grants.GrantRow>) =>
    COLUMNS.map(({ cell, name, type }) => ({ name, type, data: rows.map(cell), nullable: type === "TIMESTAMP" }))
  const writer = yield* OutputFile.attempt(path, () =>
    new ParquetWriter({
      writer: fileWriter(temporary),
      schema: schemaFromColumnData({ columnData: columnData([]) }),
      createdBy: "@access-kit/c1z"
    }))
  yield* Stream.runForEach(
    Stream.grouped(Grants.list(snapshot), GROUP),
    (rows) =>
      Effect.tryPromise({
        try: async () => writer.write({ columnData: columnData(rows), rowGroupSize: GROUP }),
        catch: (cause) => OutputFile.writeError(path, cause)
      })
  )
  yield* Effect.tryPromise({
    try: async () => writer.finish(),
    catch: (cause) => OutputFile.writeError(path, cause)
  })
})
