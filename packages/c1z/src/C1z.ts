/**
 * Reads a `.c1z` file: format v1 of any age, and v3 where its payload is a log only.
 *
 * @since 0.1.0
 */
import {
  type GrantExpandable,
  GrantExpandableSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_grant_pb"
import { type Entitlement, EntitlementSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/entitlement_pb"
import type { Grant } from "@access-kit/baton-protocol/gen/c1/connector/v2/grant_pb"
import {
  type Resource,
  ResourceSchema,
  type ResourceType,
  ResourceTypeSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"
import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import { fstatSync, statSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { pathToFileURL } from "node:url"
import type * as C1zError from "./C1zError.ts"
import { decompress, framesOf, opened, remove } from "./internal/Decompression.ts"
import * as Grants from "./internal/Grants.ts"
import * as Migration from "./internal/Migration.ts"
import { integer, type Row as SqlRow, text } from "./internal/Row.ts"
import { damaged, register, Store } from "./internal/Store.ts"
import * as Timestamp from "./internal/Timestamp.ts"
import * as V3Open from "./internal/V3Open.ts"

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
  readonly format: "v1" | "v3"
  readonly syncRuns: Stream.Stream<SyncRun, C1zError.C1zError>
  readonly resourceTypes: (options?: ReadOptions) => Stream.Stream<Row<ResourceType>, C1zError.C1zError>
  readonly resources: (options?: ReadOptions) => Stream.Stream<Row<Resource>, C1zError.C1zError>
  readonly entitlements: (options?: ReadOptions) => Stream.Stream<Row<Entitlement>, C1zError.C1zError>
  readonly grants: (options?: ReadOptions) => Stream.Stream<GrantRow, C1zError.C1zError>
}

const DEFAULT_LIMIT = 10 * 1024 * 1024 * 1024

const blob = (row: SqlRow, column: string): Uint8Array | undefined => {
  const value = row[column]
  return value instanceof Uint8Array ? value : undefined
}

/** Everything after opening: the file's rows as streams. */
class Reader implements C1z {
  readonly path: string
  readonly format: "v1" | "v3"
  private readonly store: Store

  constructor(store: Store) {
    this.path = store.path
    this.format = store.format
    this.store = store
    register(this, store)
  }

  private rows<A>(table: string, options: ReadOptions | undefined, decode: (row: SqlRow) => A) {
    return this.store.rows(table, { syncId: options?.syncId }, decode)
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
      const data = blob(row, "data")
      if (data === undefined) throw new Error("no data")
      return {
        rowId: integer(row, "id"),
        key: text(row, "external_id"),
        syncId: text(row, "sync_id"),
        discoveredAt: Timestamp.parse(text(row, "discovered_at")),
        message: Grants.messageOf(row, data),
        expansion: expansion === undefined ? undefined : fromBinary(GrantExpandableSchema, expansion),
        needsExpansion: integer(row, "needs_expansion") === 1
      }
    })
  }
}

/** Settings that hold for any connection. */
const SETTINGS = "PRAGMA cache_size = -8000; PRAGMA trusted_schema = OFF"

const openDatabase = (path: string): DatabaseSync => {
  // Immutable: no locks, no journals, and a header that speaks of a write-ahead log is no reason to look for one.
  const url = pathToFileURL(path)
  url.searchParams.set("immutable", "1")
  const opened = new DatabaseSync(url, { readOnly: true })
  try {
    opened.exec(SETTINGS)
    if (!Migration.isNeeded(opened)) return opened
  } catch (cause) {
    opened.close()
    throw cause
  }
  opened.close()
  const copy = new DatabaseSync(path)
  try {
    copy.exec(SETTINGS)
    Migration.run(copy)
    return copy
  } catch (cause) {
    copy.close()
    throw cause
  }
}

/**
 * Opens a file. It is decompressed into a temporary file, which is gone as soon as it is open (on Windows, when the scope closes). Its checksum is
 * verified on the way. What files of older writers lack (tables, columns, indexes) is added to the temporary copy; the file itself is never
 * written to.
 *
 * A file of format v3 is read if its payload is nothing but a log, as {@link https://github.com/conductorone/baton-sdk | baton} accepts it and
 * this package writes it; the others fail with {@link C1zError.UnsupportedFormat}.
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
  const format = (yield* V3Open.kind(path)) === "v3" ? "v3" : "v1"
  const decoded = yield* format === "v3" ? V3Open.database(path, limits) : decompress(path, limits)
  const database = yield* Effect.acquireRelease(
    Effect.try({
      try: () => openDatabase(decoded.database),
      catch: (cause) => damaged(path, "what it holds is no database of a snapshot", cause)
    }),
    (opened) => Effect.sync(() => opened.close())
  )
  // An open file needs no name, and what has no name does not stay behind when the process is killed.
  if (process.platform !== "win32") yield* remove(decoded.directory)
  return new Reader(new Store(path, format, database))
})

/**
 * A sync as the manifest of a v3 file tells of it.
 *
 * @since 0.1.0
 */
export interface ManifestSync {
  readonly id: string
  readonly type: string
  /** Epoch milliseconds. */
  readonly startedAt: number | undefined
  readonly endedAt: number | undefined
  /** Absent where the writer has not counted. */
  readonly counts: Readonly<Record<"resourceTypes" | "resources" | "entitlements" | "grants", number>> | undefined
}

/**
 * What the outside of a file says, without decoding what is in it.
 *
 * @since 0.1.0
 */
export interface Inspection {
  readonly path: string
  readonly format: "v1" | "v3"
  /** Size of the file. */
  readonly bytes: number
  /** Size of the contents, where the file says it. */
  readonly decodedBytes: number | undefined
  /** Whether a checksum guards the contents. */
  readonly checksum: boolean
  /** Whether {@link open} reads its rows. */
  readonly readable: boolean
  /** Only of format v3. */
  readonly manifest:
    | {
      readonly engine: string
      readonly schemaVersion: number
      readonly payload: "tar" | "tar+zstd" | "indexed zstd"
      readonly files: number | undefined
      readonly syncs: ReadonlyArray<ManifestSync>
    }
    | undefined
}

const PAYLOADS: Readonly<Record<number, "tar" | "tar+zstd" | "indexed zstd">> = {
  1: "tar+zstd",
  2: "tar",
  5: "indexed zstd"
}

const SYNC_TYPES = ["", "full", "partial", "resources_only", "partial_upserts", "partial_deletions"]

const milliseconds = (
  timestamp: { readonly seconds: bigint; readonly nanos: number } | undefined
): number | undefined =>
  timestamp === undefined ? undefined : Number(timestamp.seconds) * 1000 + Math.floor(timestamp.nanos / 1_000_000)

/**
 * Looks at a file from outside: format, sizes, checksum, and for v3 its manifest. Nothing is decompressed, so it takes no time however large the file
 * is; only a v3 payload that is compressed as a whole must be, to see what it holds. That the contents are whole is what {@link open} tells.
 *
 * @since 0.1.0
 */
export const inspect = Effect.fn("C1z.inspect")(function*(
  path: string,
  options: OpenOptions = {}
): Effect.fn.Return<Inspection, C1zError.C1zError> {
  const limits = {
    maxDecodedBytes: options.maxDecodedBytes ?? DEFAULT_LIMIT,
    temporaryDirectory: options.temporaryDirectory
  }
  if ((yield* V3Open.kind(path)) !== "v3") {
    // Nothing is decoded, so that no size is too large.
    const frames = yield* framesOf(path, { ...limits, maxDecodedBytes: Number.MAX_SAFE_INTEGER })
    const sizes = frames.map((frame) => frame.contentSize)
    return {
      path,
      format: "v1",
      bytes: statSync(path).size,
      decodedBytes: sizes.includes(undefined) ? undefined : sizes.reduce((sum, size) => sum + Number(size ?? 0), 0),
      checksum: frames.every((frame) => frame.hasChecksum),
      readable: true,
      manifest: undefined
    }
  }
  return yield* Effect.scoped(Effect.gen(function*() {
    const file = yield* opened(path)
    const container = yield* V3Open.container(path, file, limits)
    const { manifest, members } = container
    const payload = PAYLOADS[manifest.payloadEncoding]
    if (payload === undefined) return yield* damaged(path, "its payload is packed in an unknown way", undefined)
    const readable = yield* V3Open.isReadable(path, file, container, limits)
    const inspection: Inspection = {
      path,
      format: "v3",
      bytes: fstatSync(file).size,
      decodedBytes: members?.reduce((sum, member) => sum + member.size, 0),
      checksum: payload === "indexed zstd" || readable,
      readable,
      manifest: {
        engine: manifest.engine,
        schemaVersion: manifest.engineSchemaVersion,
        payload,
        files: members?.length,
        syncs: manifest.syncRuns.map((sync) => ({
          id: sync.syncId,
          type: SYNC_TYPES[sync.type] ?? String(sync.type),
          startedAt: milliseconds(sync.startedAt),
          endedAt: milliseconds(sync.endedAt),
          counts: sync.stats === undefined ? undefined : {
            resourceTypes: Number(sync.stats.resourceTypes),
            resources: Number(sync.stats.resources),
            entitlements: Number(sync.stats.entitlements),
            grants: Number(sync.stats.grants)
          }
        }))
      }
    }
    return inspection
  }))
})
