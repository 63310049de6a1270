/**
 * The published snapshots: a row for each in the database, a `.c1z` file for each in a directory or in an S3-compatible store.
 *
 * @since 0.1.0
 */
import * as C1z from "@access-kit/c1z/C1z"
import type { C1zError } from "@access-kit/c1z/C1zError"
import * as Diff from "@access-kit/c1z/Diff"
import * as Ksuid from "@access-kit/c1z/Ksuid"
import type { QueryError } from "@access-kit/c1z/QueryError"
import * as Snapshot from "@access-kit/c1z/Snapshot"
import { defaultLimit, maximumLimit, type Page, type PageRequest } from "@access-kit/server-api/Paging"
import { InvalidInput, NotFound, Unavailable } from "@access-kit/server-api/Problems"
import type { Difference, Snapshot as ApiSnapshot } from "@access-kit/server-api/Snapshots"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as RcMap from "effect/RcMap"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import * as PageToken from "./directory/PageToken.ts"
import { SnapshotFiles, SnapshotStoreError } from "./SnapshotFiles.ts"
import { available } from "./storage/Available.ts"

/**
 * @since 0.1.0
 */
export interface Options {
  /**
   * Snapshots of a connector that are kept, the newest ones. The one that reads are answered from is kept in any case.
   *
   * @default 30
   */
  readonly keep?: number
  /**
   * How long the files that were compared stay at hand for the next page.
   *
   * @default 1 minute
   */
  readonly idle?: Duration.Duration
}

/** A file that was begun so long ago and is not there belongs to a process that has died. */
const ABANDONED = Duration.toMillis(Duration.days(1))

const Counts = Schema.fromJsonString(Schema.Record(Schema.String, Schema.Int))
const decodeCounts = Schema.decodeUnknownEffect(Counts)

interface Row {
  readonly id: string
  readonly connector_id: string
  readonly sync_id: string
  readonly state: string
  readonly created_at: number
  readonly bytes: number
  readonly sha256: string
  readonly resources: string
  readonly entitlements: number
  readonly grants: number
  /** 0 or 1. */
  readonly shown: number
}

const keyOf = (row: Pick<Row, "connector_id" | "id">): string => `${row.connector_id}/${row.id}.c1z`

/**
 * @since 0.1.0
 */
export class Snapshots extends Context.Service<Snapshots, {
  /**
   * Takes a finished file in: stores it, writes its row. The file at `path` may be moved away. Kept snapshots per connector are bounded. Publishing the
   * same sync again answers what was published. Where the store does not take it, publishing it again goes on.
   */
  readonly publish: (request: {
    readonly connectorId: string
    readonly syncId: string
    readonly path: string
    readonly resources: Readonly<Record<string, number>>
    readonly entitlements: number
    readonly grants: number
  }) => Effect.Effect<ApiSnapshot, Unavailable | SnapshotStoreError>
  /** Newest first. */
  readonly list: (
    connectorId: string,
    page: PageRequest
  ) => Effect.Effect<Page<ApiSnapshot>, NotFound | InvalidInput | Unavailable>
  readonly get: (id: string) => Effect.Effect<ApiSnapshot, NotFound | Unavailable>
  /** Fails at its end if what was stored is not what was published. */
  readonly download: (id: string) => Effect.Effect<Stream.Stream<Uint8Array, Unavailable>, NotFound | Unavailable>
  /** A local file with the snapshot, for as long as the scope is open. Only for reading. */
  readonly local: (id: string) => Effect.Effect<string, NotFound | Unavailable, Scope.Scope>
  /** What has changed in `id` since `since`. */
  readonly diff: (
    id: string,
    since: string,
    page: PageRequest
  ) => Effect.Effect<Page<Difference>, NotFound | InvalidInput | Unavailable>
  readonly removeAll: (connectorId: string) => Effect.Effect<void, Unavailable>
}>()("@access-kit/http-server/Snapshots") {
  /**
   * @since 0.1.0
   */
  static readonly layer = (
    options: Options = {}
  ): Layer.Layer<Snapshots, never, SqlClient.SqlClient | SnapshotFiles | FileSystem.FileSystem> =>
    Layer.effect(Snapshots, make(options))
}

const storeFailed = (error: SnapshotStoreError) =>
  Effect.andThen(
    Effect.logError("The snapshot store failed", error),
    Effect.fail(new Unavailable({ detail: "The store of the snapshots does not answer. Try again." }))
  )

const unreadable = (error: C1zError | QueryError) =>
  Effect.andThen(
    Effect.logError("A snapshot can't be read", error),
    Effect.fail(new Unavailable({ detail: "The snapshot file can't be read. The log of the server says why." }))
  )

const damaged = (id: string) =>
  Effect.andThen(
    Effect.logError("A snapshot is not what was published: its SHA-256 differs").pipe(
      Effect.annotateLogs({ snapshotId: id })
    ),
    Effect.fail(
      new Unavailable({ detail: "The snapshot file was damaged in its store. Take another one, or sync again." })
    )
  )

const absent = (id: string) => new NotFound({ detail: `There is no snapshot "${id}". Old ones are removed in time.` })

const KINDS = ["resource", "entitlement", "grant"] as const

const isKind = (text: string): text is (typeof KINDS)[number] => KINDS.some((kind) => kind === text)

const CHANGES = { created: "added", deleted: "removed", modified: "changed" } as const

const differenceOf = (change: Diff.Change): ReadonlyArray<Difference> =>
  isKind(change.kind)
    ? [{
      what: change.kind,
      change: CHANGES[change.change],
      id: change.id,
      name: change.name,
      ...(change.fields.length === 0 ? {} : {
        fields: change.fields.map(({ after, before, path }) => ({
          field: path,
          ...(before === undefined ? {} : { before }),
          ...(after === undefined ? {} : { after })
        }))
      })
    }]
    : []

const make = Effect.fn("Snapshots.make")(function*(options: Options) {
  const sql = yield* SqlClient.SqlClient
  const files = yield* SnapshotFiles
  const fs = yield* FileSystem.FileSystem
  const keep = Math.max(1, options.keep ?? 30)
  const reading = available("Reading the snapshots")
  const writing = available("Publishing a snapshot")

  const columns = sql`s.id, s.connector_id, s.sync_id, s.state, s.created_at, s.bytes, s.sha256, s.resources,
    s.entitlements, s.grants, CASE WHEN d.connector_id IS NULL THEN 0 ELSE 1 END AS shown`
  const from = sql`snapshots AS s LEFT JOIN directories AS d
    ON d.connector_id = s.connector_id AND d.snapshot_id = s.id`

  const toApi = (row: Row): Effect.Effect<ApiSnapshot> =>
    Effect.map(Effect.orDie(decodeCounts(row.resources)), (resources) => ({
      id: row.id,
      connectorId: row.connector_id,
      syncId: row.sync_id,
      createdAt: new Date(row.created_at).toISOString(),
      bytes: row.bytes,
      sha256: row.sha256,
      resources,
      entitlements: row.entitlements,
      grants: row.grants,
      current: row.shown === 1
    }))

  const find = Effect.fnUntraced(function*(id: string) {
    const [row] = yield* sql<Row>`SELECT ${columns} FROM ${from} WHERE s.id = ${id} AND s.state = 'stored'`
    return row === undefined ? yield* absent(id) : row
  })

  /** Row last: whatever stops this, the next one goes on. */
  const discard = Effect.fnUntraced(function*(row: Pick<Row, "id" | "connector_id">) {
    yield* sql`UPDATE snapshots SET state = 'removing' WHERE id = ${row.id}`
    yield* files.remove(keyOf(row))
    yield* sql`DELETE FROM snapshots WHERE id = ${row.id}`
  })

  const prune = Effect.fn("Snapshots.prune")(function*(connectorId: string) {
    const now = yield* Clock.currentTimeMillis
    const rows = yield* sql<Row>`SELECT ${columns} FROM ${from} WHERE s.connector_id = ${connectorId}
      ORDER BY s.created_at DESC, s.id DESC`
    const stored = rows.filter((row) => row.state === "stored")
    const old = new Set(stored.slice(keep).filter((row) => row.shown === 0))
    for (const row of rows) {
      if (
        old.has(row) || row.state === "removing" || (row.state === "storing" && row.created_at < now - ABANDONED)
      ) yield* discard(row)
    }
  })

  const digest = (path: string) =>
    fs.stream(path).pipe(
      Stream.runFold(
        () => ({ hash: createHash("sha256"), bytes: 0 }),
        ({ bytes, hash }, chunk) => ({ hash: hash.update(chunk), bytes: bytes + chunk.byteLength })
      ),
      Effect.map(({ bytes, hash }) => ({ bytes, sha256: hash.digest("hex") })),
      Effect.catch((error) =>
        Effect.andThen(
          Effect.logError("The file of a finished sync can't be read", error),
          Effect.fail(
            new SnapshotStoreError({ reason: "Refused", message: "The file of the sync can't be read. Sync again." })
          )
        )
      )
    )

  const publish = Effect.fn("Snapshots.publish")(
    function*(request: Parameters<Snapshots["Service"]["publish"]>[0]) {
      const known = yield* sql<Row>`SELECT ${columns} FROM ${from} WHERE s.sync_id = ${request.syncId}`
      const [before] = known
      if (before?.state === "stored") return yield* toApi(before)
      const file = yield* digest(request.path)
      const id = before?.id ?? (yield* Ksuid.make)
      const values = {
        state: "storing",
        created_at: yield* Clock.currentTimeMillis,
        resources: JSON.stringify(request.resources),
        entitlements: request.entitlements,
        grants: request.grants,
        ...file
      }
      yield* before === undefined
        ? sql`INSERT INTO snapshots ${
          sql.insert({ id, connector_id: request.connectorId, sync_id: request.syncId, ...values })
        }`
        : sql`UPDATE snapshots SET ${sql.update(values)} WHERE id = ${id}`
      yield* files.put(keyOf({ connector_id: request.connectorId, id }), { path: request.path, ...file })
      yield* sql`UPDATE snapshots SET state = 'stored' WHERE id = ${id}`
      const published = yield* Effect.flatMap(Effect.orDie(find(id)), toApi)
      // What is published stays so, also if an old one does not go.
      yield* Effect.catch(
        prune(request.connectorId),
        (error) => Effect.logWarning("Old snapshots stay for now", error)
      )
      return published
    },
    writing
  )

  const list = Effect.fn("Snapshots.list")(function*(connectorId: string, page: PageRequest) {
    const [connector] = yield* sql`SELECT id FROM connectors WHERE id = ${connectorId}`
    if (connector === undefined) {
      return yield* new NotFound({
        detail: `There is no connector "${connectorId}". \`GET /v1/connectors\` lists them.`
      })
    }
    const question = ["snapshots", connectorId]
    const limit = Math.min(page.limit ?? defaultLimit, maximumLimit)
    const conditions = [sql`s.connector_id = ${connectorId}`, sql`s.state = 'stored'`]
    if (page.pageToken !== undefined) {
      const [at, id] = yield* PageToken.read(question, 2, page.pageToken)
      conditions.push(sql`(s.created_at, s.id) < (${Number(at)}, ${id})`)
    }
    const rows = yield* sql<Row>`SELECT ${columns} FROM ${from} WHERE ${sql.and(conditions)}
      ORDER BY s.created_at DESC, s.id DESC LIMIT ${limit + 1}`
    const shown = rows.slice(0, limit)
    const last = rows.length > limit ? shown.at(-1) : undefined
    return {
      items: yield* Effect.forEach(shown, toApi),
      ...(last === undefined
        ? {}
        : { nextPageToken: PageToken.make(question, [String(last.created_at), last.id]) })
    }
  }, reading)

  const get = Effect.fn("Snapshots.get")((id: string) => Effect.flatMap(find(id), toApi), reading)

  /** The stored bytes, and a failure after them if they are not those that were published. */
  const verified = Effect.fnUntraced(function*(row: Row) {
    const stored = yield* files.get(keyOf(row))
    return Stream.suspend(() => {
      const hash = createHash("sha256")
      return stored.pipe(
        Stream.tap((chunk) => Effect.sync(() => hash.update(chunk))),
        Stream.catchTag("SnapshotStoreError", (error) => Stream.fromEffect(storeFailed(error))),
        Stream.concat(
          Stream.drain(
            Stream.fromEffect(Effect.suspend(() => hash.digest("hex") === row.sha256 ? Effect.void : damaged(row.id)))
          )
        )
      )
    })
  }, Effect.catchTag("SnapshotStoreError", storeFailed))

  const download = Effect.fn("Snapshots.download")((id: string) => Effect.flatMap(find(id), verified), reading)

  const localOf = Effect.fnUntraced(function*(row: Row) {
    const path = files.pathOf(keyOf(row))
    if (path !== undefined) {
      const { sha256 } = yield* Effect.catchTag(digest(path), "SnapshotStoreError", storeFailed)
      if (sha256 !== row.sha256) return yield* damaged(row.id)
      return path
    }
    const noRoom = (cause: unknown) =>
      Effect.andThen(
        Effect.logError("There is no place for a temporary copy of a snapshot", cause),
        Effect.fail(new Unavailable({ detail: "The server has no room for a copy of the snapshot." }))
      )
    const directory = yield* Effect.catch(fs.makeTempDirectoryScoped({ prefix: "snapshot-" }), noRoom)
    const copy = `${directory}/snapshot.c1z`
    yield* Stream.run(yield* verified(row), fs.sink(copy)).pipe(Effect.catchTag("PlatformError", noRoom))
    return copy
  })

  const local = Effect.fn("Snapshots.local")((id: string) => Effect.flatMap(find(id), localOf), reading)

  /** Unpacking a file takes longer than reading a page of what has changed, so it stays open for the next page. */
  const opened = yield* RcMap.make({
    lookup: (id: string) =>
      Effect.gen(function*() {
        const path = yield* local(id)
        return yield* Effect.flatMap(C1z.open(path), (file) => Snapshot.of(file)).pipe(
          Effect.catchTags({ C1zError: unreadable, QueryError: unreadable })
        )
      }),
    idleTimeToLive: options.idle ?? Duration.minutes(1)
  })

  const diff = Effect.fn("Snapshots.diff")(function*(id: string, since: string, page: PageRequest) {
    const [newer, older] = [yield* find(id), yield* find(since)]
    if (newer.connector_id !== older.connector_id) {
      const message = "It is a snapshot of another connector. Only snapshots of one connector are compared."
      return yield* new InvalidInput({ detail: message, errors: [{ field: "since", message }] })
    }
    const question = ["diff", id, since]
    const limit = Math.min(page.limit ?? defaultLimit, maximumLimit)
    const [kind, after] = page.pageToken === undefined ? [] : yield* PageToken.read(question, 2, page.pageToken)
    const place = kind === undefined || after === undefined || !isKind(kind) ? {} : { after: { kind, id: after } }
    return yield* Effect.scoped(Effect.gen(function*() {
      const [before, now] = [yield* RcMap.get(opened, since), yield* RcMap.get(opened, id)]
      const found = yield* Diff.changes(before, now, { kinds: KINDS, ...place }).pipe(
        Stream.take(limit + 1),
        Stream.map(differenceOf),
        Stream.flattenIterable,
        Stream.runCollect,
        Effect.catchTag("C1zError", unreadable)
      )
      const items = found.slice(0, limit)
      const last = found.length > limit ? items.at(-1) : undefined
      return {
        items,
        ...(last === undefined ? {} : { nextPageToken: PageToken.make(question, [last.what, last.id]) })
      }
    }))
  }, reading)

  const removeAll = Effect.fn("Snapshots.removeAll")(
    function*(connectorId: string) {
      const rows = yield* sql<Row>`SELECT ${columns} FROM ${from} WHERE s.connector_id = ${connectorId}`
      yield* Effect.forEach(rows, discard, { discard: true })
    },
    Effect.catchTag("SnapshotStoreError", storeFailed),
    writing
  )

  return Snapshots.of({ publish, list, get, download, local, diff, removeAll })
})
