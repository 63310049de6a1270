/** A sync into each of the formats: what is in the file, that it is always the same, and that an interrupted one goes on. */
import { C1z, C1zSink, Convert } from "@access-kit/c1z"
import type { Page } from "@access-kit/connector-model"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { zstdDecompressSync } from "node:zlib"
import { changes } from "../src/internal/PebbleBatch.ts"
import { records } from "../src/internal/WriteAheadLog.ts"
import * as Directory from "./Directory.ts"
import * as Repacked from "./Repacked.ts"

const odd = ["plain", "a:b", "NUL\u0000and\u0001", "é 日本 \u{1f600}", "quote\"\\'", "x".repeat(300)]

/** Names of every kind, an account with a parent, and a group whose members hold another group. */
const content: ReadonlyArray<ReadonlyArray<Page.ResourceRecord>> = [
  odd.map((id) => Directory.account(id)),
  [
    Directory.group("g", odd),
    {
      ...Directory.group("h", odd.slice(0, 2)),
      grants: [
        ...Directory.group("h", odd.slice(0, 2)).grants,
        {
          id: "group:h:member:group:g",
          entitlementId: "group:h:member",
          principal: { resourceType: "group", resource: "g" },
          expandable: { entitlementIds: ["group:g:member"], shallow: false, resourceTypes: ["user"] }
        }
      ]
    }
  ],
  ...Directory.pages(200, 5, 40)
]

/** Rows without the copies that v3 keeps as references. */
const facts = (path: string) =>
  Effect.gen(function*() {
    const file = yield* C1z.open(path)
    const byId = <A extends { readonly key: string }>(rows: ReadonlyArray<A>) =>
      rows.toSorted((a, b) => a.key < b.key ? -1 : 1)
    return {
      runs: (yield* Stream.runCollect(file.syncRuns)).map(({ endedAt, startedAt, token, type }) => ({
        endedAt,
        startedAt,
        token,
        type
      })),
      types: byId(yield* Stream.runCollect(file.resourceTypes())).map((row) => row.message),
      resources: byId(yield* Stream.runCollect(file.resources())).map((row) => [
        row.key,
        row.discoveredAt,
        row.message
      ]),
      entitlements: byId(yield* Stream.runCollect(file.entitlements())).map(({ message }) => ({
        id: message.id,
        name: message.displayName,
        slug: message.slug,
        description: message.description,
        purpose: message.purpose,
        to: message.grantableTo.map((type) => type.id),
        on: message.resource?.id
      })),
      grants: byId(yield* Stream.runCollect(file.grants())).map((row) => ({
        key: row.key,
        id: row.message.id,
        discoveredAt: row.discoveredAt,
        entitlement: row.message.entitlement?.id,
        on: row.message.entitlement?.resource?.id,
        principal: row.message.principal?.id,
        expansion: row.expansion,
        needsExpansion: row.needsExpansion
      }))
    }
  }).pipe(Effect.scoped)

/** What a file holds inside, with the id of its sync taken out. */
const inside = (path: string, syncId: string): string => {
  const bytes = readFileSync(path)
  const plain = (content: Uint8Array) => Buffer.from(content).toString("latin1").replaceAll(syncId, "")
  if (bytes.toString("latin1", 0, 5) === "C1ZF\0") return plain(zstdDecompressSync(bytes.subarray(5)))
  const content = Repacked.unpack(path).files.find(({ name }) => name.endsWith(".log"))?.content
  assert(content !== undefined)
  return [...records((position, length) => Buffer.from(content).subarray(position, position + length), content.length)]
    .flatMap((record) => [...changes(record)])
    .map(({ key, value }) => `${plain(key)}=${plain(value ?? new Uint8Array(0))}`)
    .join("\n")
}

const columnsOfRuns = (database: DatabaseSync): ReadonlyArray<string> =>
  database.prepare("SELECT name FROM pragma_table_info('v1_sync_runs')").all().map((row) => String(row["name"]))

describe("a sync into each format", () => {
  for (const format of Convert.formats) {
    it.effect(`${format} holds the same rows`, () =>
      Effect.gen(function*() {
        const directory = yield* Directory.temporary
        yield* Directory.sync(join(directory, "v1.c1z"), content)
        const path = join(directory, "out.c1z")
        const { summary } = yield* Directory.sync(path, content, Directory.HEADER, format)
        assert.deepStrictEqual(yield* facts(path), yield* facts(join(directory, "v1.c1z")))
        assert.deepStrictEqual(readdirSync(directory).sort(), ["out.c1z", "v1.c1z"])
        assert.strictEqual(summary.bytes, readFileSync(path).length)
        assert.strictEqual((yield* C1z.inspect(path)).format, format === "v3" ? "v3" : "v1")
      }).pipe(Effect.scoped))

    it.effect(`${format} is the same for the same directory, but for ids and times`, () =>
      Effect.gen(function*() {
        const directory = yield* Directory.temporary
        const [one, two] = [join(directory, "one.c1z"), join(directory, "two.c1z")]
        const first = yield* Directory.sync(one, content, Directory.HEADER, format)
        const reversed = content.map((page) =>
          page.map((record) => ({ ...record, grants: record.grants.toReversed() }))
        )
        const second = yield* Directory.sync(two, reversed, Directory.HEADER, format)
        assert.notStrictEqual(first.summary.syncId, second.summary.syncId)
        assert.isTrue(inside(one, first.summary.syncId) === inside(two, second.summary.syncId))
      }).pipe(Effect.scoped))

    it.effect(`${format} goes on from what a sync into another format has kept, also when that was about to be published`, () =>
      Effect.gen(function*() {
        const directory = yield* Directory.temporary
        yield* Directory.sync(join(directory, "v1.c1z"), content)
        for (const before of Convert.formats) {
          const path = join(directory, "out.c1z")
          yield* Effect.scoped(Effect.gen(function*() {
            const sink = yield* C1zSink.make({ path, format: before })
            yield* sink.begin(Directory.HEADER)
            yield* sink.write(content.flat(), () => "all")
            yield* sink.settle({ missingLimit: 0 })
            // In the way of the rename, which is the last step.
            mkdirSync(path)
            assert.strictEqual((yield* Effect.flip(sink.finish)).reason._tag, "InvalidTarget")
          }))
          rmdirSync(path)
          assert.deepStrictEqual(readdirSync(directory).sort(), [".out.c1z.partial", "v1.c1z"])
          yield* Effect.scoped(Effect.gen(function*() {
            const sink = yield* C1zSink.make({ path, format })
            assert.strictEqual((yield* sink.begin(Directory.HEADER)).checkpoint, "all")
            yield* sink.settle({ missingLimit: 0 })
            yield* sink.finish
          }))
          assert.deepStrictEqual(yield* facts(path), yield* facts(join(directory, "v1.c1z")))
          assert.deepStrictEqual(readdirSync(directory).sort(), ["out.c1z", "v1.c1z"])
          rmSync(path)
        }
      }).pipe(Effect.scoped))
  }
})

describe("v1-legacy", () => {
  it.effect("has no column that SDK v0.7 does not know", () =>
    Effect.gen(function*() {
      const directory = yield* Directory.temporary
      const path = join(directory, "out.c1z")
      yield* Directory.sync(path, content, Directory.HEADER, "v1-legacy")
      writeFileSync(join(directory, "db"), zstdDecompressSync(readFileSync(path).subarray(5)))
      const database = new DatabaseSync(join(directory, "db"))
      assert.deepStrictEqual(columnsOfRuns(database), [
        "id",
        "sync_id",
        "started_at",
        "ended_at",
        "sync_token",
        "sync_type",
        "parent_sync_id",
        "linked_sync_id",
        "supports_diff"
      ])
      assert.strictEqual(database.prepare("PRAGMA integrity_check").get()?.["integrity_check"], "ok")
      database.close()
    }).pipe(Effect.scoped))

  it.effect("is taken up after the process died while it was compressed", () =>
    Effect.gen(function*() {
      const directory = yield* Directory.temporary
      const path = join(directory, "out.c1z")
      yield* Effect.scoped(Effect.gen(function*() {
        const sink = yield* C1zSink.make({ path })
        yield* sink.begin(Directory.HEADER)
        yield* sink.write(content.flat(), () => "all")
        yield* sink.settle({ missingLimit: 0 })
      }))
      // As it is then: sealed, without the columns, with the seal and the temporary file beside it.
      const database = new DatabaseSync(join(directory, ".out.c1z.partial"))
      const row = database.prepare("SELECT sync_id, sync_token FROM v1_sync_runs").get()
      database.exec("UPDATE v1_sync_runs SET ended_at = '2026-11-24 00:00:00', sync_token = ''")
      for (const column of columnsOfRuns(database).slice(9)) {
        database.exec(`ALTER TABLE v1_sync_runs DROP COLUMN ${column}`)
      }
      database.exec("PRAGMA application_id = 0")
      database.close()
      writeFileSync(
        join(directory, ".out.c1z.seal"),
        JSON.stringify({ syncId: row?.["sync_id"], token: JSON.parse(String(row?.["sync_token"])) })
      )
      writeFileSync(join(directory, ".out.c1z.tmp"), "")
      yield* Effect.scoped(Effect.gen(function*() {
        const sink = yield* C1zSink.make({ path })
        assert.strictEqual((yield* sink.begin(Directory.HEADER)).checkpoint, "all")
        yield* sink.settle({ missingLimit: 0 })
        yield* sink.finish
      }))
      yield* Directory.sync(join(directory, "whole.c1z"), content)
      assert.deepStrictEqual(yield* facts(path), yield* facts(join(directory, "whole.c1z")))
      assert.deepStrictEqual(readdirSync(directory).sort(), ["out.c1z", "whole.c1z"])
    }).pipe(Effect.scoped))
})
