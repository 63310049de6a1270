/**
 * Reads a `.c1z` file of format v1.
 *
 * @since 0.1.0
 */
import {
  type GrantExpandable,
  GrantExpandableSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_grant_pb"
import { type Entitlement, EntitlementSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/entitlement_pb"
import { type Grant, GrantSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/grant_pb"
import {
  type Resource,
  ResourceSchema,
  type ResourceType,
  ResourceTypeSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"
import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { DatabaseSync, type StatementSync } from "node:sqlite"
import { pathToFileURL } from "node:url"
import * as C1zError from "./C1zError.ts"
import { decompress, remove } from "./internal/Decompression.ts"
import { integer, type Row as SqlRow, text } from "./internal/Row.ts"
import * as Timestamp from "./internal/Timestamp.ts"

/**
 * One row of a table: the message it holds, and what the table says beside it.
 *
 * @since 0.1.0
 */
export interface Row<A> {
  /** Position in the table; rows come in this order. */
  readonly rowId: number
  /** The key within a sync: for a resource `<type>:<id>`, otherwise the id. */
  readonly key: string
  readonly syncId: string
  /** Epoch milliseconds, by the clock and in the time zone of the writer. */
  readonly discoveredAt: number | undefined
  readonly message: A
}

/**
 * @since 0.1.0
 */
export interface GrantRow extends Row<Grant> {
  /** Present if whoever holds certain entitlements is to hold this one too. */
  readonly expansion: GrantExpandable | undefined
  readonly needsExpansion: boolean
}

/**
 * One sync of the file.
 *
 * @since 0.1.0
 */
export interface SyncRun {
  readonly id: string
  /** `full`, `partial`, `resources_only`, `partial_upserts` or `partial_deletions`. */
  readonly type: string
  /** Epoch milliseconds. */
  readonly startedAt: number | undefined
  /** Absent for a sync that was not finished. */
  readonly endedAt: number | undefined
  readonly token: string
  readonly parentId: string
  readonly linkedId: string
  readonly supportsDiff: boolean
  /** Counts as the writer noted them, JSON. */
  readonly stats: string | undefined
}

/**
 * @since 0.1.0
 */
export interface ReadOptions {
  /** Only rows of this sync; otherwise those of all. */
  readonly syncId?: string
}

/**
 * @since 0.1.0
 */
export interface OpenOptions {
  /**
   * Refuses contents that decompress to more.
   *
   * @default 10 GiB, as Go's SDK
   */
  readonly maxDecodedBytes?: number
  /**
   * Where the contents are decompressed to. Needs room for all of them.
   *
   * @default the system's
   */
  readonly temporaryDirectory?: string
}

/**
 * An open file. Its streams read as they are consumed, a page of rows at a time.
 *
 * @since 0.1.0
 */
export interface C1z {
  readonly path: string
  readonly syncRuns: Stream.Stream<SyncRun, C1zError.C1zError>
  readonly resourceTypes: (options?: ReadOptions) => Stream.Stream<Row<ResourceType>, C1zError.C1zError>
  readonly resources: (options?: ReadOptions) => Stream.Stream<Row<Resource>, C1zError.C1zError>
  readonly entitlements: (options?: ReadOptions) => Stream.Stream<Row<Entitlement>, C1zError.C1zError>
  readonly grants: (options?: ReadOptions) => Stream.Stream<GrantRow, C1zError.C1zError>
}

const DEFAULT_LIMIT = 10 * 1024 * 1024 * 1024

const PAGE = 512

const damaged = (path: string, detail: string, cause: unknown): C1zError.C1zError =>
  new C1zError.C1zError({
    reason: new C1zError.Damaged({
      path,
      message: `"${path}" is damaged: ${detail}. Get the original, or sync again.`
    }),
    cause
  })

const blob = (row: SqlRow, column: string): Uint8Array | undefined => {
  const value = row[column]
  return value instanceof Uint8Array ? value : undefined
}

/** Everything after opening: the file's rows as streams. */
class Reader implements C1z {
  readonly path: string
  private readonly database: DatabaseSync
  private readonly tables: ReadonlySet<string>

  constructor(path: string, database: DatabaseSync) {
    this.path = path
    this.database = database
    this.tables = new Set(
      database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all().map((row) => text(row, "name"))
    )
  }

  private attempt<A>(detail: string, run: () => A): Effect.Effect<A, C1zError.C1zError> {
    return Effect.try({ try: run, catch: (cause) => damaged(this.path, detail, cause) })
  }

  /** Rows of a table by position. A table that the file lacks, as old ones may, has none. */
  private rows<A>(table: string, options: ReadOptions | undefined, decode: (row: SqlRow) => A) {
    if (!this.tables.has(table)) return Stream.empty
    const filter = options?.syncId
    let statement: StatementSync | undefined
    return Stream.paginate(0, (after) =>
      this.attempt(`a row of ${table} after row ${after} can't be read`, () => {
        statement ??= this.database.prepare(
          `SELECT * FROM ${table} WHERE id > ?1 AND (?2 IS NULL OR sync_id = ?2) ORDER BY id LIMIT ${PAGE}`
        )
        const rows = statement.all(after, filter ?? null)
        const last = rows.at(-1)
        const next = last === undefined || rows.length < PAGE
          ? Option.none<number>()
          : Option.some(integer(last, "id"))
        return [rows.map(decode), next] as const
      }))
  }

  private messages<Desc extends DescMessage>(table: string, schema: Desc, options: ReadOptions | undefined) {
    return this.rows(table, options, (row): Row<MessageShape<Desc>> => this.rowOf(row, schema))
  }

  private rowOf<Desc extends DescMessage>(row: SqlRow, schema: Desc): Row<MessageShape<Desc>> {
    const data = blob(row, "data")
    if (data === undefined) throw new Error("no data")
    return {
      rowId: integer(row, "id"),
      key: text(row, "external_id"),
      syncId: text(row, "sync_id"),
      discoveredAt: Timestamp.parse(text(row, "discovered_at")),
      message: fromBinary(schema, data)
    }
  }

  get syncRuns(): Stream.Stream<SyncRun, C1zError.C1zError> {
    return this.rows("v1_sync_runs", undefined, (row): SyncRun => ({
      id: text(row, "sync_id"),
      type: text(row, "sync_type") || "full",
      startedAt: Timestamp.parse(text(row, "started_at")),
      endedAt: Timestamp.parse(text(row, "ended_at")),
      token: text(row, "sync_token"),
      parentId: text(row, "parent_sync_id"),
      linkedId: text(row, "linked_sync_id"),
      supportsDiff: integer(row, "supports_diff") === 1,
      stats: text(row, "stats") || undefined
    }))
  }

  resourceTypes(options?: ReadOptions): Stream.Stream<Row<ResourceType>, C1zError.C1zError> {
    return this.messages("v1_resource_types", ResourceTypeSchema, options)
  }

  resources(options?: ReadOptions): Stream.Stream<Row<Resource>, C1zError.C1zError> {
    return this.messages("v1_resources", ResourceSchema, options)
  }

  entitlements(options?: ReadOptions): Stream.Stream<Row<Entitlement>, C1zError.C1zError> {
    return this.messages("v1_entitlements", EntitlementSchema, options)
  }

  grants(options?: ReadOptions): Stream.Stream<GrantRow, C1zError.C1zError> {
    return this.rows("v1_grants", options, (row): GrantRow => {
      const expansion = blob(row, "expansion")
      return {
        ...this.rowOf(row, GrantSchema),
        expansion: expansion === undefined ? undefined : fromBinary(GrantExpandableSchema, expansion),
        needsExpansion: integer(row, "needs_expansion") === 1
      }
    })
  }
}

/**
 * Opens a file. It is decompressed into a temporary file, which is gone as soon as it is open (on Windows, when the scope closes). Its checksum is
 * verified on the way.
 *
 * @since 0.1.0
 */
export const open = Effect.fn("C1z.open")(function*(
  path: string,
  options: OpenOptions = {}
): Effect.fn.Return<C1z, C1zError.C1zError, Scope.Scope> {
  const limits = {
    maxDecodedBytes: options.maxDecodedBytes ?? DEFAULT_LIMIT,
    temporaryDirectory: options.temporaryDirectory
  }
  const decompressed = yield* decompress(path, limits)
  const database = yield* Effect.acquireRelease(
    Effect.try({
      try: () => {
        // Immutable: no locks, no journals, and a header that speaks of a write-ahead log is no reason to look for one.
        const url = pathToFileURL(decompressed.database)
        url.searchParams.set("immutable", "1")
        const opened = new DatabaseSync(url, { readOnly: true })
        opened.exec("PRAGMA cache_size = -8000; PRAGMA trusted_schema = OFF")
        opened.prepare("SELECT count(*) FROM sqlite_schema").get()
        return opened
      },
      catch: (cause) => damaged(path, "what it holds is no database", cause)
    }),
    (opened) => Effect.sync(() => opened.close())
  )
  // An open file needs no name, and what has no name does not stay behind when the process is killed.
  if (process.platform !== "win32") yield* remove(decompressed.directory)
  return yield* Effect.try({
    try: () => new Reader(path, database),
    catch: (cause) => damaged(path, "its list of tables can't be read", cause)
  })
})
