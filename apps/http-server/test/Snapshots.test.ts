import { NodeFileSystem, NodePath } from "@effect/platform-node"
import { assert } from "@effect/vitest"
import { Duration, Effect, Layer, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { createHash } from "node:crypto"
import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Directory } from "../src/Directory.ts"
import * as SnapshotFiles from "../src/SnapshotFiles.ts"
import { Snapshots } from "../src/Snapshots.ts"
import * as DirectoryStore from "../src/snapshots/DirectoryStore.ts"
import { fresh, onEachDatabase, temporaryDirectory } from "./Databases.ts"
import { account, connector, group, membership, people, write } from "./SnapshotFile.ts"

const C = "2mCONNECTOR0000000000000000"
const OTHER = "2mCONNECTOR0000000000000001"

const services = (store: string, keep: number) =>
  Layer.mergeAll(
    Snapshots.layer({ keep, idle: Duration.millis(50) }),
    Directory.layer({ grace: Duration.zero })
  ).pipe(
    Layer.provideMerge(DirectoryStore.layer(store)),
    Layer.provideMerge(fresh),
    Layer.provideMerge(Layer.merge(NodeFileSystem.layer, NodePath.layer))
  )

/** A connector, its snapshots, and a place to write files. */
const withStore = <A, E, R>(
  body: (place: string, store: string) => Effect.Effect<A, E, R>,
  keep = 30
) =>
  Effect.gen(function*() {
    const place = yield* temporaryDirectory
    const store = join(yield* temporaryDirectory, "snapshots")
    return yield* Effect.andThen(connector(C), body(place, store)).pipe(Effect.provide(services(store, keep)))
  })

const sample = (...names: ReadonlyArray<string>) => [
  ...people(names.map((name) => account(name))),
  group("eng", names.slice(0, 1).map((name) => membership("eng", name)))
]

const publish = Effect.fnUntraced(function*(
  place: string,
  syncId: string,
  records: Parameters<typeof write>[2],
  connectorId = C
) {
  const { path, summary } = yield* write(place, syncId, records)
  const contents = readFileSync(path)
  const snapshots = yield* Snapshots
  const published = yield* snapshots.publish({
    connectorId,
    syncId,
    path,
    resources: summary.resources,
    entitlements: summary.entitlements,
    grants: summary.grants
  })
  return { published, contents }
})

const filesIn = (store: string) => readdirSync(join(store, C)).toSorted()

onEachDatabase("Snapshots", (it) => {
  it.effect("keeps what was published, byte for byte", () =>
    withStore((place, store) =>
      Effect.gen(function*() {
        const snapshots = yield* Snapshots
        const { contents, published } = yield* publish(place, "sync-1", sample("a", "b"))
        assert.deepInclude(published, {
          connectorId: C,
          syncId: "sync-1",
          bytes: contents.length,
          sha256: createHash("sha256").update(contents).digest("hex"),
          resources: { user: 2, group: 1 },
          entitlements: 1,
          grants: 1,
          current: false
        })
        assert.deepStrictEqual(yield* snapshots.get(published.id), published)
        const chunks = yield* Stream.runCollect(yield* snapshots.download(published.id))
        assert.isTrue(Buffer.concat(chunks).equals(contents))
        const directory = yield* Directory
        yield* Effect.scoped(
          Effect.flatMap(snapshots.local(published.id), (path) => directory.load(C, published.id, path))
        )
        assert.isTrue((yield* snapshots.get(published.id)).current)
        // The same sync again, as after a crash between publishing and noting it.
        writeFileSync(join(place, "again.c1z"), contents)
        assert.strictEqual(
          (yield* snapshots.publish({
            connectorId: C,
            syncId: "sync-1",
            path: join(place, "again.c1z"),
            resources: {},
            entitlements: 0,
            grants: 0
          })).id,
          published.id
        )
        assert.deepStrictEqual(filesIn(store), [`${published.id}.c1z`])
        assert.strictEqual((yield* Effect.flip(snapshots.get("none")))._tag, "NotFound")
        assert.strictEqual((yield* Effect.flip(snapshots.download("none")))._tag, "NotFound")
      })
    ))

  it.effect("takes up a publication that a crash stopped", () =>
    withStore((place, store) =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const { published } = yield* publish(place, "sync-1", sample("a"))
        // As a process leaves it that died before the file was in the store.
        yield* sql`UPDATE snapshots SET state = 'storing'`
        const snapshots = yield* Snapshots
        assert.strictEqual((yield* Effect.flip(snapshots.get(published.id)))._tag, "NotFound")
        const { contents, published: again } = yield* publish(place, "sync-1", sample("a", "b"))
        assert.strictEqual(again.id, published.id)
        assert.isTrue(readFileSync(join(store, C, `${again.id}.c1z`)).equals(contents))
        assert.deepStrictEqual(filesIn(store), [`${again.id}.c1z`])
      })
    ))

  it.effect("keeps as many as it is told, and the one that is shown", () =>
    withStore(
      (place, store) =>
        Effect.gen(function*() {
          const snapshots = yield* Snapshots
          const directory = yield* Directory
          const ids: Array<string> = []
          for (const name of ["a", "b", "c", "d"]) {
            const { published } = yield* publish(place, `sync-${name}`, sample(name))
            ids.push(published.id)
            if (name === "a") {
              yield* Effect.scoped(
                Effect.flatMap(snapshots.local(published.id), (path) => directory.load(C, published.id, path))
              )
            }
            // Times order them, to the millisecond.
            yield* Effect.sleep("5 millis")
          }
          const [a, , c, d] = ids
          const page = yield* snapshots.list(C, {})
          assert.deepStrictEqual(page.items.map((item) => item.id), [d, c, a])
          assert.deepStrictEqual(page.items.map((item) => item.current), [false, false, true])
          assert.deepStrictEqual(filesIn(store), [`${a}.c1z`, `${c}.c1z`, `${d}.c1z`].toSorted())
          const first = yield* snapshots.list(C, { limit: 2 })
          const second = yield* snapshots.list(C, { limit: 2, pageToken: first.nextPageToken ?? "" })
          assert.deepStrictEqual([...first.items, ...second.items].map((item) => item.id), [d, c, a])
          assert.isUndefined(second.nextPageToken)
          assert.strictEqual((yield* Effect.flip(snapshots.list("none", {})))._tag, "NotFound")
          assert.strictEqual((yield* Effect.flip(snapshots.list(C, { pageToken: "x" })))._tag, "InvalidInput")
          yield* snapshots.removeAll(C)
          assert.deepStrictEqual((yield* snapshots.list(C, {})).items, [])
          assert.deepStrictEqual(filesIn(store), [])
        }),
      2
    ))

  it.effect("notices a file that was damaged in its store", () =>
    withStore((place, store) =>
      Effect.gen(function*() {
        const snapshots = yield* Snapshots
        const { contents, published } = yield* publish(place, "sync-1", sample("a"))
        truncateSync(join(store, C, `${published.id}.c1z`), contents.length - 1)
        const download = yield* snapshots.download(published.id)
        assert.strictEqual((yield* Effect.flip(Stream.runDrain(download)))._tag, "Unavailable")
        assert.strictEqual((yield* Effect.flip(Effect.scoped(snapshots.local(published.id))))._tag, "Unavailable")
      })
    ))

  it.effect("compares two, page by page", () =>
    withStore((place) =>
      Effect.gen(function*() {
        const snapshots = yield* Snapshots
        const { published: before } = yield* publish(place, "sync-1", sample("a", "b", "c"))
        const { published: after } = yield* publish(place, "sync-2", [
          ...people([account("a"), account("b", { displayName: "Beatrix" }), account("d")]),
          group("eng", [membership("eng", "d")])
        ])
        const whole = yield* snapshots.diff(after.id, before.id, {})
        assert.deepStrictEqual(whole.items.map((item) => [item.what, item.change, item.id]), [
          ["resource", "changed", "user:b"],
          ["resource", "removed", "user:c"],
          ["resource", "added", "user:d"],
          ["grant", "removed", membership("eng", "a").id],
          ["grant", "added", membership("eng", "d").id]
        ])
        assert.deepStrictEqual(whole.items[0]?.fields, [
          { field: "displayName", before: "Person b", after: "Beatrix" }
        ])
        assert.isUndefined(whole.nextPageToken)
        const paged: Array<string> = []
        let pageToken: string | undefined
        do {
          const page = yield* snapshots.diff(after.id, before.id, {
            limit: 2,
            ...(pageToken === undefined ? {} : { pageToken })
          })
          paged.push(...page.items.map((item) => item.id))
          pageToken = page.nextPageToken
        } while (pageToken !== undefined)
        assert.deepStrictEqual(paged, whole.items.map((item) => item.id))
        assert.deepStrictEqual((yield* snapshots.diff(after.id, after.id, {})).items, [])
        yield* connector(OTHER)
        const { published: foreign } = yield* publish(place, "sync-3", sample("a"), OTHER)
        assert.strictEqual((yield* Effect.flip(snapshots.diff(after.id, foreign.id, {})))._tag, "InvalidInput")
        assert.strictEqual((yield* Effect.flip(snapshots.diff(after.id, "none", {})))._tag, "NotFound")
      })
    ))

  it.effect("says what is wrong with a directory that it can't write to", () =>
    Effect.gen(function*() {
      const place = yield* temporaryDirectory
      writeFileSync(join(place, "file"), "")
      const check = (directory: string) =>
        Effect.flatMap(SnapshotFiles.SnapshotFiles, (files) => files.check).pipe(
          Effect.provide(
            DirectoryStore.layer(directory).pipe(Layer.provide(Layer.merge(NodeFileSystem.layer, NodePath.layer)))
          )
        )
      yield* check(join(place, "new", "directory"))
      assert.isTrue(existsSync(join(place, "new", "directory")))
      const error = yield* Effect.flip(check(join(place, "file")))
      assert.include(error.message, join(place, "file"))
      assert.include(error.message, "writable")
    }))
})
