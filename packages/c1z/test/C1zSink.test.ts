import { C1z, C1zSink } from "@access-kit/c1z"
import { Holders, type Page, SnapshotSink } from "@access-kit/connector-model"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { zstdDecompressSync } from "node:zlib"
import * as Directory from "./Directory.ts"

const inside = (path: string): Buffer => zstdDecompressSync(readFileSync(path).subarray(5))

describe("what is published", () => {
  it.effect("holds what was written", () =>
    Effect.gen(function*() {
      const directory = yield* Directory.temporary
      const path = join(directory, "out.c1z")
      const { settled, summary } = yield* Directory.sync(path, Directory.pages(120, 7, 30))
      assert.deepStrictEqual(settled, { resources: { group: 7, user: 120 }, duplicates: 0, missingPrincipals: [] })
      assert.deepStrictEqual(
        [summary.resources, summary.entitlements, summary.grants, summary.location, summary.bytes],
        [{ group: 7, user: 120 }, 7, 210, path, statSync(path).size]
      )
      const file = yield* Directory.contents(path)
      assert.deepStrictEqual(file.runs.map((run) => [run.id, run.type, run.token]), [[summary.syncId, "full", ""]])
      assert.strictEqual(file.resources[0]?.message.displayName, "Person u0")
      assert.strictEqual(file.resources.length, 127)
      assert.strictEqual(file.grants.length, 210)
      for (const { key, message } of file.grants) {
        assert.strictEqual(key, message.id)
        assert.strictEqual(key, `${message.entitlement?.id}:user:${message.principal?.id?.resource}`)
        assert.strictEqual(
          message.entitlement?.resource?.displayName,
          `Group ${message.entitlement?.resource?.id?.resource}`
        )
      }
      assert.deepStrictEqual(readdirSync(directory), ["out.c1z"])
    }).pipe(Effect.scoped))

  it.effect("has the frame that every reader takes", () =>
    Effect.gen(function*() {
      const path = join(yield* Directory.temporary, "out.c1z")
      yield* Directory.sync(path, Directory.pages(3000, 40, 200))
      const bytes = readFileSync(path)
      assert.strictEqual(bytes.toString("latin1", 0, 5), "C1ZF\0")
      assert.strictEqual(bytes.readUInt32LE(5), 0xfd2fb528)
      const descriptor = bytes.readUInt8(9)
      const database = inside(path)
      assert.strictEqual(descriptor & 0x04, 0x04, "no checksum")
      assert.strictEqual(descriptor & 0x20, 0, "a single segment")
      assert.strictEqual(descriptor >> 6, 2, "no content size of four bytes")
      assert.strictEqual(bytes.readUInt32LE(11), database.length)
      assert.isAtMost(10 + (bytes.readUInt8(10) >> 3), 23, "window")
      assert.strictEqual(database.toString("latin1", 0, 16), "SQLite format 3\0")
      // Rollback journal, not write-ahead log.
      assert.deepStrictEqual([database.readUInt8(18), database.readUInt8(19)], [1, 1])
      assert.strictEqual(database.length % database.readUInt16BE(16), 0)
    }).pipe(Effect.scoped))

  it.effect("is the same for the same directory, but for ids and times", () =>
    Effect.gen(function*() {
      const directory = yield* Directory.temporary
      const [one, two] = [join(directory, "one.c1z"), join(directory, "two.c1z")]
      const content = Directory.pages(300, 9, 80)
      const first = yield* Directory.sync(one, content)
      // Members in another order: the endpoint promises none.
      const reversed = content.map((page) =>
        page.map((record) => ({ ...record, grants: [...record.grants].reverse() }))
      )
      const second = yield* Directory.sync(two, reversed)
      assert.notStrictEqual(first.summary.syncId, second.summary.syncId)
      // The test clock stands still, so that only the id differs.
      const renamed = Buffer.from(
        inside(one).toString("latin1").replaceAll(first.summary.syncId, second.summary.syncId),
        "latin1"
      )
      assert.isTrue(renamed.equals(inside(two)))
    }).pipe(Effect.scoped))

  it.effect("has times of the clock, in UTC", () =>
    Effect.gen(function*() {
      const path = join(yield* Directory.temporary, "out.c1z")
      yield* TestClock.setTime(Date.UTC(2026, 10, 24, 1, 2, 3, 40))
      yield* Directory.sync(path, Directory.pages(3, 1, 2))
      const file = new DatabaseSync(":memory:")
      file.close()
      const c1z = yield* C1z.open(path)
      const [run] = yield* Stream.runCollect(c1z.syncRuns)
      assert.strictEqual(run?.startedAt, Date.UTC(2026, 10, 24, 1, 2, 3, 40))
      assert.isTrue(inside(path).includes("2026-11-24 01:02:03.04"))
    }).pipe(Effect.scoped))

  it.effect("comes back from any writing: property", () =>
    Effect.gen(function*() {
      const directory = yield* Directory.temporary
      const name = fc.oneof(
        fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 }),
        fc.constantFrom(
          "a:b",
          "a\"b",
          "a\\b",
          "a\nb",
          "a\0b",
          "é",
          "日本",
          "\u{1f600}",
          "'; DROP TABLE v1_grants; --",
          "x".repeat(300)
        )
      )
      const directories = fc.uniqueArray(name, { minLength: 1, maxLength: 12 }).chain((people) =>
        fc.record({
          people: fc.constant(people),
          groups: fc.uniqueArray(
            fc.record({ name, members: fc.subarray(people) }),
            { selector: (each) => each.name, maxLength: 4 }
          )
        })
      )
      let number = 0
      yield* Effect.promise(() =>
        fc.assert(
          fc.asyncProperty(directories, async ({ groups, people }) => {
            const path = join(directory, `${number++}.c1z`)
            const records = [
              ...people.map((person) => Directory.account(person)),
              ...groups.map((each) => Directory.group(each.name, each.members))
            ]
            const file = await Effect.runPromise(
              Effect.andThen(Directory.sync(path, [records]), Directory.contents(path))
            )
            assert.deepStrictEqual(
              file.resources.map(({ key, message }) => [key, message.id?.resourceType, message.id?.resource]),
              records.map(({ resource: { id } }) => [`${id.resourceType}:${id.resource}`, id.resourceType, id.resource])
            )
            assert.deepStrictEqual(
              file.grants.map(({ key, message }) => [key, message.id, message.principal?.id?.resource]).sort(),
              records.flatMap(({ grants }) => grants.map((grant) => [grant.id, grant.id, grant.principal.resource]))
                .sort()
            )
          }),
          { numRuns: 25 }
        )
      )
    }).pipe(Effect.scoped))
})

/** A begun sink, for tests that go through its steps one by one. */
const begun = Effect.fnUntraced(function*(path: string, header = Directory.HEADER) {
  const sink = yield* C1zSink.make({ path })
  const start = yield* sink.begin(header)
  return { sink, start }
})

const indexesOf = (path: string): ReadonlyArray<unknown> => {
  const database = `${path}.db`
  writeFileSync(database, inside(path))
  const opened = new DatabaseSync(database)
  const indexes = opened.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'index' ORDER BY name").all()
  opened.close()
  return indexes
}

const flat = (content: ReadonlyArray<ReadonlyArray<Page.ResourceRecord>>) => content.flat()

describe("settling", () => {
  it.effect("keeps the last of rows that come more than once, and counts them", () =>
    Effect.gen(function*() {
      const path = join(yield* Directory.temporary, "out.c1z")
      const { sink } = yield* begun(path)
      const records = flat(Directory.pages(50, 3, 10))
      yield* sink.write(records, () => "1")
      yield* sink.write([
        Directory.account("u3", { displayName: "Renamed" }),
        Directory.group("g1", ["u1", "u1", "u49"])
      ], () => "2")
      const settled = yield* sink.settle({ missingLimit: 10 })
      // One account, one group with its entitlement, a member that is listed twice, and one that was listed before.
      const before = records.find((record) => record.resource.id.resource === "g1")?.grants.map((grant) =>
        grant.principal.resource
      ) ?? []
      const again = ["u1", "u49"].filter((member) => before.includes(member)).length
      assert.deepStrictEqual(settled, {
        resources: { group: 3, user: 50 },
        duplicates: 4 + again,
        missingPrincipals: []
      })
      yield* sink.finish
      const file = yield* Directory.contents(path)
      assert.strictEqual(file.resources.find((row) => row.key === "user:u3")?.message.displayName, "Renamed")
      assert.strictEqual(new Set(file.grants.map((row) => row.key)).size, file.grants.length)
    }).pipe(Effect.scoped))

  it.effect("comes to the same where grants were indexed early and more of them came all the same", () =>
    Effect.gen(function*() {
      const directory = yield* Directory.temporary
      const [accounts, groups] = [Directory.pages(300, 0, 0), Directory.pages(300, 130, 60).slice(30)]
      const again = [Directory.group("g1", ["u1", "u7", "u1"]), Directory.group("g999", ["u2"])]
      const write = (path: string, early: boolean) =>
        Effect.gen(function*() {
          const { sink } = yield* begun(path)
          const told = early ? sink.grantsComplete ?? Effect.die("the sink does not want to know") : Effect.void
          yield* sink.write(flat(groups), () => "1")
          yield* told
          yield* sink.write(flat(accounts), () => "2")
          yield* sink.write(again, () => "3")
          yield* told
          const settled = yield* sink.settle({ missingLimit: 10 })
          yield* sink.finish
          return settled
        }).pipe(Effect.scoped)
      const [early, late] = [join(directory, "early.c1z"), join(directory, "late.c1z")]
      assert.deepStrictEqual(yield* write(early, true), yield* write(late, false))
      assert.deepStrictEqual(Directory.digest(early), Directory.digest(late))
      assert.deepStrictEqual(indexesOf(early), indexesOf(late))
    }).pipe(Effect.scoped))

  it.effect("comes to the same whether grants are listed or their holders are", () =>
    Effect.gen(function*() {
      const directory = yield* Directory.temporary
      const content = Directory.pages(60, 9, 20)
      const short = content.map((page) =>
        page.map((record) => {
          const [entitlement] = record.entitlements
          return entitlement === undefined ? record : Holders.record(record.resource, record.entitlements, {
            holders: [{
              entitlementId: entitlement.id,
              principalType: "user",
              principals: record.grants.map((grant) => grant.principal.resource)
            }],
            others: []
          })
        })
      )
      const [listed, held] = [join(directory, "listed.c1z"), join(directory, "held.c1z")]
      yield* Directory.sync(listed, content)
      yield* Directory.sync(held, short)
      assert.deepStrictEqual(Directory.digest(held), Directory.digest(listed))
    }).pipe(Effect.scoped))

  it.effect("finds principals that nothing describes, in a stable order and up to a limit", () =>
    Effect.gen(function*() {
      const path = join(yield* Directory.temporary, "out.c1z")
      const { sink } = yield* begun(path)
      const strange = Directory.group("g2", [])
      yield* sink.write([
        Directory.account("u1"),
        Directory.group("g1", ["u1", "ghost-b", "ghost-a"]),
        {
          ...strange,
          grants: [
            {
              id: "group:g2:member:user:ghost-a",
              entitlementId: "group:g2:member",
              principal: { resourceType: "user", resource: "ghost-a" }
            },
            {
              id: "group:g2:member:robot:r1",
              entitlementId: "group:g2:member",
              principal: { resourceType: "robot", resource: "r1" }
            }
          ]
        }
      ], () => "1")
      const expected = [
        { id: { resourceType: "user", resource: "ghost-a" }, grants: 2 },
        { id: { resourceType: "user", resource: "ghost-b" }, grants: 1 }
      ]
      assert.deepStrictEqual((yield* sink.settle({ missingLimit: 10 })).missingPrincipals, expected)
      assert.deepStrictEqual((yield* sink.settle({ missingLimit: 1 })).missingPrincipals, expected.slice(0, 1))

      assert.strictEqual(yield* sink.dropGrantsTo([{ resourceType: "user", resource: "ghost-a" }]), 2)
      yield* sink.write([Directory.account("ghost-b")], () => "2")
      assert.deepStrictEqual((yield* sink.settle({ missingLimit: 10 })).missingPrincipals, [])
      const summary = yield* sink.finish
      // Of a type that the header does not know nothing can be missing.
      assert.strictEqual(summary.grants, 3)
      assert.deepStrictEqual((yield* Directory.contents(path)).grants.map((row) => row.key).sort(), [
        "group:g1:member:user:ghost-b",
        "group:g1:member:user:u1",
        "group:g2:member:robot:r1"
      ])
    }).pipe(Effect.scoped))

  it.effect("forgets a type with its entitlements and grants", () =>
    Effect.gen(function*() {
      const path = join(yield* Directory.temporary, "out.c1z")
      const { sink } = yield* begun(path)
      yield* sink.write(flat(Directory.pages(30, 4, 10)), () => "1")
      yield* sink.settle({ missingLimit: 0 })
      yield* sink.write([Directory.group("late", ["u1"])], () => "2")
      yield* sink.discard("group", () => "3")
      yield* sink.write([Directory.group("g9", ["u2"])], () => "4")
      const settled = yield* sink.settle({ missingLimit: 10 })
      assert.deepStrictEqual(settled.resources, { group: 1, user: 30 })
      yield* sink.finish
      const file = yield* Directory.contents(path)
      assert.deepStrictEqual(file.grants.map((row) => row.key), ["group:g9:member:user:u2"])
      assert.deepStrictEqual(file.entitlements.map((row) => row.key), ["group:g9:member"])
    }).pipe(Effect.scoped))

  it.effect("keeps grants that are not plain", () =>
    Effect.gen(function*() {
      const path = join(yield* Directory.temporary, "out.c1z")
      const { sink } = yield* begun(path)
      const record = Directory.group("g1", ["u1"])
      const entitlementId = "group:g1:member"
      const expandable = { entitlementIds: ["group:g2:member"], shallow: true, resourceTypes: ["user"] }
      yield* sink.write([{
        ...record,
        grants: [
          ...record.grants,
          { id: "an-id-of-the-connector", entitlementId, principal: { resourceType: "user", resource: "u2" } },
          {
            id: `${entitlementId}:group:g2`,
            entitlementId,
            principal: { resourceType: "group", resource: "g2" },
            expandable
          },
          {
            id: `${entitlementId}:group:g3`,
            entitlementId,
            principal: { resourceType: "group", resource: "g3" },
            expandable: { ...expandable, entitlementIds: [" "] }
          }
        ]
      }], () => "1")
      yield* sink.settle({ missingLimit: 0 })
      yield* sink.finish
      const rows = new Map((yield* Directory.contents(path)).grants.map((row) => [row.key, row]))
      assert.deepStrictEqual([...rows.keys()].sort(), [
        "an-id-of-the-connector",
        `${entitlementId}:group:g2`,
        `${entitlementId}:group:g3`,
        `${entitlementId}:user:u1`
      ])
      assert.strictEqual(rows.get("an-id-of-the-connector")?.message.id, "an-id-of-the-connector")
      assert.deepStrictEqual(rows.get(`${entitlementId}:group:g2`)?.expansion?.entitlementIds, ["group:g2:member"])
      assert.isTrue(rows.get(`${entitlementId}:group:g2`)?.needsExpansion)
      // Blank entitlement ids expand to nothing, and Go's SDK then has no expansion at all.
      assert.isUndefined(rows.get(`${entitlementId}:group:g3`)?.expansion)
      assert.isFalse(rows.get(`${entitlementId}:group:g3`)?.needsExpansion)
    }).pipe(Effect.scoped))

  it.effect("gives the same file whether entitlements have few grants or many", () =>
    Effect.gen(function*() {
      const directory = yield* Directory.temporary
      // Enough rows to decide about the indexes: many long runs first, then so many short ones that the decision is taken back.
      const records = [
        ...Array.from({ length: 900 }, (_, index) => Directory.account(`u${index}`)),
        ...Array.from({ length: 12 }, (_, index) =>
          Directory.group(`long${index}`, Array.from({ length: 600 }, (_, member) => `u${member}`))),
        ...Array.from({ length: 2000 }, (_, index) =>
          Directory.group(`short${index}`, [`u${index % 900}`]))
      ]
      const path = join(directory, "out.c1z")
      const { summary } = yield* Directory.sync(path, records.map((record) => [record]))
      assert.strictEqual(summary.grants, 12 * 600 + 2000)
      writeFileSync(join(directory, "db"), inside(path))
      const database = new DatabaseSync(join(directory, "db"))
      assert.deepStrictEqual(database.prepare("PRAGMA integrity_check").all().map((row) => row["integrity_check"]), [
        "ok"
      ])
      assert.strictEqual(
        database.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE type = 'index'").get()?.["n"],
        16
      )
      database.close()
    }).pipe(Effect.scoped))
})

describe("the file before", () => {
  it.effect("stays as it is until the new one takes its place, and gives it its permissions", () =>
    Effect.gen(function*() {
      const directory = yield* Directory.temporary
      const path = join(directory, "out.c1z")
      yield* Directory.sync(path, Directory.pages(5, 1, 2))
      chmodSync(path, 0o640)
      const before = readFileSync(path)
      const { sink } = yield* begun(path)
      yield* sink.write(flat(Directory.pages(20, 2, 5)), () => "1")
      yield* sink.settle({ missingLimit: 0 })
      assert.isTrue(readFileSync(path).equals(before))
      const work = readdirSync(directory).filter((name) => name !== "out.c1z")
      assert.include(work, ".out.c1z.partial")
      for (const name of work) {
        assert.strictEqual(statSync(join(directory, name)).mode & 0o077, 0, `${name} is open to others`)
      }
      yield* sink.finish
      assert.isFalse(readFileSync(path).equals(before))
      assert.strictEqual(statSync(path).mode & 0o777, 0o640)
      assert.deepStrictEqual(readdirSync(directory), ["out.c1z"])
    }).pipe(Effect.scoped))

  it.effect("stays when the sync ends early; what has a checkpoint is kept, and nothing else", () =>
    Effect.gen(function*() {
      const directory = yield* Directory.temporary
      const path = join(directory, "out.c1z")
      yield* Effect.scoped(Effect.gen(function*() {
        const { sink } = yield* begun(path)
        yield* sink.write(flat(Directory.pages(20, 2, 5)), () => "1")
      }))
      assert.deepStrictEqual(readdirSync(directory), [])
      yield* Effect.scoped(Effect.gen(function*() {
        const { sink } = yield* begun(path)
        yield* sink.write(flat(Directory.pages(20, 2, 5)), () => "1")
        yield* sink.settle({ missingLimit: 0 })
      }))
      assert.deepStrictEqual(readdirSync(directory), [".out.c1z.partial"])
      const { start } = yield* begun(path)
      assert.strictEqual(start.checkpoint, "1")
    }).pipe(Effect.scoped))
})

describe("misuse", () => {
  it.effect("is an error: writing before the beginning, and a worker that is not there", () =>
    Effect.gen(function*() {
      const path = join(yield* Directory.temporary, "out.c1z")
      const sink = yield* C1zSink.make({ path })
      const early = yield* Effect.flip(sink.write([Directory.account("u1")], () => "1"))
      assert.strictEqual(early.reason._tag, "StorageFailure")
      const absent = yield* C1zSink.make({ path, worker: new URL("./absent.ts", import.meta.url) })
      const error = yield* Effect.flip(absent.begin(Directory.HEADER))
      assert.strictEqual(error.reason._tag, "StorageFailure")
      assert.include(error.message, "absent.ts")
      assert.isFalse(existsSync(path))
    }).pipe(Effect.scoped))

  it.effect("after a failure nothing succeeds any more", () =>
    Effect.gen(function*() {
      const path = join(yield* Directory.temporary, "out.c1z")
      const { sink } = yield* begun(path)
      const exit = yield* Effect.exit(sink.begin(Directory.HEADER))
      assert.isTrue(Exit.isFailure(exit))
      assert.isTrue(Exit.isFailure(yield* Effect.exit(sink.finish)))
      assert.isFalse(existsSync(path))
    }).pipe(Effect.scoped))

  it.effect("provides the service as a layer", () =>
    Effect.gen(function*() {
      const path = join(yield* Directory.temporary, "out.c1z")
      const start = yield* Effect.flatMap(SnapshotSink.SnapshotSink, (sink) => sink.begin(Directory.HEADER)).pipe(
        Effect.provide(C1zSink.layer({ path }))
      )
      assert.match(start.syncId, /^[0-9A-Za-z]{27}$/)
    }).pipe(Effect.scoped))
})
