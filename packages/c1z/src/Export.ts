/**
 * Snapshots as files that other programs open: CSV and XLSX with the columns of baton, lines of JSON, a plain SQLite database, Parquet.
 *
 * Each file appears in one step when it is whole, and memory does not grow with the snapshot.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { createWriteStream, openSync } from "node:fs"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import { ReadableStream } from "node:stream/web"
import * as BatonTable from "./BatonTable.ts"
import type * as C1zError from "./C1zError.ts"
import * as Entitlements from "./Entitlements.ts"
import * as Grants from "./Grants.ts"
import * as OutputFile from "./internal/OutputFile.ts"
import * as ParquetExport from "./internal/ParquetExport.ts"
import * as SqliteExport from "./internal/SqliteExport.ts"
import { storeOf } from "./internal/Store.ts"
import { halves } from "./internal/TableHalves.ts"
import * as Writing from "./internal/Writing.ts"
import * as Resources from "./Resources.ts"
import type { Snapshot } from "./Snapshot.ts"
import type * as WriteError from "./WriteError.ts"

/** A spreadsheet takes a text that begins like this for a formula, and whoever names a group could run one on the reader's machine. */
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/u

const csvField = (text: string): string => {
  // Nothing in it that anybody could take for anything else.
  if (/^[A-Za-z0-9][A-Za-z0-9 .:@_-]*[A-Za-z0-9]$/.test(text) || text === "") return text
  const safe = FORMULA.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll("\"", "\"\"")}"` : safe
}

const csvFields = (fields: ReadonlyArray<string>): string => fields.map(csvField).join(",")

/**
 * RFC 4180. A text that a spreadsheet would take for a formula gets an apostrophe in front.
 *
 * @since 0.1.0
 */
export const csv = (snapshot: Snapshot): Stream.Stream<string, C1zError.C1zError> =>
  Stream.concat(
    Stream.succeed(`${csvFields(BatonTable.columns)}\r\n`),
    Stream.mapArray(halves(snapshot), (rows) => [
      rows.map(([who, what]) => `${who.joined(csvFields)},${what.joined(csvFields)}\r\n`).join("")
    ])
  )

const time = (milliseconds: number | undefined): string | null =>
  milliseconds === undefined ? null : new Date(milliseconds).toISOString()

/**
 * A line of JSON for the sync, then one for each resource type, resource, entitlement and grant. `kind` says which.
 *
 * @since 0.1.0
 */
export const ndjson = (snapshot: Snapshot): Stream.Stream<string, C1zError.C1zError> => {
  const { sync } = snapshot
  const lines = <A>(rows: Stream.Stream<A, C1zError.C1zError>, line: (row: A) => unknown) =>
    Stream.mapArray(rows, (chunk) => [chunk.map((row) => `${JSON.stringify(line(row))}\n`).join("")])
  return lines(Stream.succeed(sync), () => ({
    kind: "sync",
    id: sync.id,
    type: sync.type,
    startedAt: time(sync.startedAt),
    endedAt: time(sync.endedAt)
  })).pipe(
    Stream.concat(lines(Resources.types(snapshot), (row) => ({ kind: "resourceType", ...row, cursor: undefined }))),
    Stream.concat(lines(Resources.list(snapshot), ({ createdAt, lastLogin, ...row }) => ({
      kind: "resource",
      ...row,
      cursor: undefined,
      createdAt: time(createdAt),
      lastLogin: time(lastLogin)
    }))),
    Stream.concat(lines(Entitlements.list(snapshot), ({ resource, ...row }) => ({
      kind: "entitlement",
      ...row,
      cursor: undefined,
      resource: { type: resource.type, id: resource.id, displayName: resource.displayName }
    }))),
    Stream.concat(lines(Grants.list(snapshot), ({ discoveredAt, principal, resource, ...row }) => ({
      kind: "grant",
      ...row,
      cursor: undefined,
      resource: { type: resource.type, id: resource.id, displayName: resource.displayName },
      principal: {
        type: principal.type,
        id: principal.id,
        displayName: principal.displayName,
        email: principal.email,
        login: principal.login,
        status: principal.status
      },
      discoveredAt: time(discoveredAt)
    })))
  )
}

/**
 * Writes text as it comes to a file.
 *
 * @returns the size of the file in bytes
 * @since 0.1.0
 */
export const toFile = <E, R>(
  path: string,
  text: Stream.Stream<string, E, R>
): Effect.Effect<number, E | WriteError.WriteError, R> =>
  OutputFile.replace(path, (temporary) =>
    Effect.acquireUseRelease(
      OutputFile.attempt(path, () => createWriteStream("", { fd: openSync(temporary, "w") })),
      (output) =>
        Stream.runForEach(text, (chunk) =>
          Effect.callback<void, WriteError.WriteError>((resume) => {
            output.write(chunk, (error) => {
              resume(error == null ? Effect.void : Effect.fail(OutputFile.writeError(path, error)))
            })
          })),
      (output) =>
        Effect.callback<void>((resume) => {
          output.once("close", () => resume(Effect.void))
          // Without an end of its own the stream would keep the file open.
          output.end(() => output.destroy())
        })
    ))

/**
 * A workbook with one sheet, or more where Excel's limit of a million rows is passed.
 *
 * @returns the size of the file in bytes
 * @since 0.1.0
 */
export const xlsx = Effect.fn("Export.xlsx")(function*(
  snapshot: Snapshot,
  path: string
): Effect.fn.Return<number, C1zError.C1zError | WriteError.WriteError> {
  const { writeXlsxStream } = yield* Effect.promise(() => import("hucre/xlsx"))
  let failure: C1zError.C1zError | undefined
  const rows = BatonTable.rows(snapshot).pipe(
    Stream.map((row) => [...row]),
    Stream.tapError((error) =>
      Effect.sync(() => {
        failure = error
      })
    )
  )
  const context = yield* Effect.context<never>()
  return yield* OutputFile.replace(path, (temporary) =>
    Effect.tryPromise({
      try: (signal) =>
        pipeline(
          Readable.fromWeb(
            ReadableStream.from(
              writeXlsxStream(Stream.toAsyncIterableWith(rows, context), {
                name: "Access",
                columns: BatonTable.columns.map((header) => ({ header, width: header === "Type" ? 12 : 24 })),
                freezePane: { rows: 1 }
              })
            )
          ),
          createWriteStream(temporary, { flags: "r+" }),
          { signal }
        ),
      catch: (cause) => failure ?? OutputFile.writeError(path, cause)
    }))
})

/**
 * A database of its own with plain tables: `resource_types`, `resources`, `emails`, `entitlements`, `grants`, `grant_sources`, and the view `access`
 * that joins them.
 *
 * @returns the size of the file in bytes
 * @since 0.1.0
 */
export const sqlite = Effect.fn("Export.sqlite")(function*(
  snapshot: Snapshot,
  path: string
): Effect.fn.Return<number, C1zError.C1zError | WriteError.WriteError> {
  return yield* OutputFile.replace(
    path,
    (temporary) => Writing.steps(storeOf(snapshot.file), path, () => SqliteExport.write(snapshot, temporary))
  )
})

/**
 * One row for each grant, with what is known about its principal and its resource.
 *
 * @returns the size of the file in bytes
 * @since 0.1.0
 */
export const parquet = Effect.fn("Export.parquet")(function*(
  snapshot: Snapshot,
  path: string
): Effect.fn.Return<number, C1zError.C1zError | WriteError.WriteError> {
  return yield* OutputFile.replace(path, (temporary) => ParquetExport.write(snapshot, path, temporary))
})
