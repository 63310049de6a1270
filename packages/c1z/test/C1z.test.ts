/** Reading files of every age and format, and files that are damaged or hostile. */
import { GrantSchema } from "@access-kit/baton-protocol/ConnectorV2"
import { C1z, C1zError, Convert, Snapshot } from "@access-kit/c1z"
import { fromBinary, toBinary } from "@bufbuild/protobuf"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import * as fc from "fast-check"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { DatabaseSync } from "node:sqlite"
import { deflateSync } from "node:zlib"
import * as Directory from "./Directory.ts"
import * as Samples from "./Samples.ts"

const original = Directory.contents(Samples.path("v1-sync.c1z"))

const withoutRuns = (contents: Effect.Success<typeof original>) => ({ ...contents, runs: [] })

/** Opens what is to fail, and looks whether anything stays behind. */
const failure = (path: string, options: C1z.OpenOptions = {}) =>
  Effect.scoped(Effect.gen(function*() {
    const temporary = yield* Directory.temporary
    const error = yield* Effect.flip(Effect.scoped(
      Effect.flatMap(C1z.open(path, { temporaryDirectory: temporary, ...options }), (file) =>
        Stream.runDrain(file.grants()))
    ))
    assert.deepStrictEqual(Samples.leftIn(temporary), [])
    assert.instanceOf(error, C1zError.C1zError)
    return error.reason._tag
  }))

const written = (bytes: Uint8Array) =>
  Effect.map(Directory.temporary, (directory) => {
    const path = join(directory, "file.c1z")
    writeFileSync(path, bytes)
    return path
  })

const dropIndexes = (database: DatabaseSync): void => {
  for (
    const { name } of database.prepare("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL").all()
  ) {
    database.exec(`DROP INDEX ${String(name)}`)
  }
}

const AGES: Readonly<Record<string, (database: DatabaseSync) => void>> = {
  "without indexes": dropIndexes,
  "of SDK 0.7": (database) => {
    for (
      const column of [
        "grants_backfilled",
        "stats",
        "ingest_invariant_generation",
        "ingest_invariant_coverage",
        "ingest_invariant_mode"
      ]
    ) database.exec(`ALTER TABLE v1_sync_runs DROP COLUMN ${column}`)
  },
  "of slim grants": (database) => {
    for (const { data, id } of database.prepare("SELECT id, data FROM v1_grants").all()) {
      if (!(data instanceof Uint8Array)) throw new Error("no data")
      const grant = fromBinary(GrantSchema, data)
      delete grant.entitlement
      delete grant.principal
      database.prepare("UPDATE v1_grants SET data = ? WHERE id = ?").run(toBinary(GrantSchema, grant), Number(id))
    }
  }
}

describe("C1z.open", () => {
  for (const [age, change] of Object.entries(AGES)) {
    it.effect(`reads files ${age}`, () =>
      Effect.gen(function*() {
        const path = yield* Samples.changed("v1-sync.c1z", change)
        const [before, after] = [yield* original, yield* Directory.contents(path)]
        if (age === "of slim grants") {
          assert.deepStrictEqual(after.grants.map((row) => row.message.id), before.grants.map((row) => row.message.id))
          for (const [index, row] of after.grants.entries()) {
            assert.deepStrictEqual(row.message.principal?.id, before.grants[index]?.message.principal?.id)
            assert.strictEqual(row.message.entitlement?.id, before.grants[index]?.message.entitlement?.id)
            assert.deepStrictEqual(
              row.message.entitlement?.resource?.id,
              before.grants[index]?.message.entitlement?.resource?.id
            )
          }
        } else {
          assert.deepStrictEqual(withoutRuns(after), withoutRuns(before))
        }
      }).pipe(Effect.scoped))
  }

  it.effect("reads the oldest files, where what is expandable stands in the grant itself", () =>
    Effect.gen(function*() {
      const path = yield* Samples.changed("v1-sync.c1z", (database) => {
        dropIndexes(database)
        for (const { data, expansion, id } of database.prepare("SELECT id, data, expansion FROM v1_grants").all()) {
          if (!(data instanceof Uint8Array) || !(expansion instanceof Uint8Array)) continue
          const grant = fromBinary(GrantSchema, data)
          grant.annotations.push({
            $typeName: "google.protobuf.Any",
            typeUrl: "type.googleapis.com/c1.connector.v2.GrantExpandable",
            value: expansion
          })
          database.prepare("UPDATE v1_grants SET data = ? WHERE id = ?").run(toBinary(GrantSchema, grant), Number(id))
        }
        for (const column of ["expansion", "needs_expansion"]) {
          database.exec(`ALTER TABLE v1_grants DROP COLUMN ${column}`)
        }
        for (
          const column of [
            "sync_type",
            "parent_sync_id",
            "linked_sync_id",
            "supports_diff",
            "grants_backfilled",
            "stats",
            "ingest_invariant_generation",
            "ingest_invariant_coverage",
            "ingest_invariant_mode"
          ]
        ) database.exec(`ALTER TABLE v1_sync_runs DROP COLUMN ${column}`)
      })
      const [before, after] = [yield* original, yield* Directory.contents(path)]
      assert.deepStrictEqual(withoutRuns(after), withoutRuns(before))
      assert.strictEqual(after.grants.filter((row) => row.expansion !== undefined).length, 1)
      assert.strictEqual(after.runs[0]?.type, "full")
    }).pipe(Effect.scoped))

  for (const name of ["v1-sync.c1z", "v1-two-syncs.c1z", "v1-minimal.c1z", "v1-minimal-unfinished.c1z"]) {
    it.effect(`brings ${name} to v3 and back with what v3 can hold`, () =>
      Effect.gen(function*() {
        const directory = yield* Directory.temporary
        const snapshot = yield* Snapshot.of(yield* C1z.open(Samples.path(name)))
        const v3 = join(directory, "v3.c1z")
        yield* Convert.convert(snapshot, { format: "v3", path: v3 })
        const there = yield* C1z.open(v3)
        assert.strictEqual(there.format, "v3")
        const back = join(directory, "v1.c1z")
        yield* Convert.convert(yield* Snapshot.of(there), { format: "v1", path: back })
        const syncId = snapshot.sync.id
        const facts = (file: C1z.C1z) =>
          Effect.gen(function*() {
            const resources = yield* Stream.runCollect(file.resources({ syncId }))
            const grants = yield* Stream.runCollect(file.grants({ syncId }))
            return {
              resources: resources.map((row) => row.message).sort((a, b) =>
                `${a.id?.resource}` < `${b.id?.resource}` ? -1 : 1
              ),
              grants: grants.map((row) => [row.message.id, row.message.sources, row.expansion, row.message.annotations])
                .sort(([a], [b]) => String(a) < String(b) ? -1 : 1)
            }
          })
        assert.deepStrictEqual(yield* facts(yield* C1z.open(back)), yield* facts(snapshot.file))
        assert.deepStrictEqual(Samples.leftIn(directory), ["v1.c1z", "v3.c1z"])
      }).pipe(Effect.scoped))
  }

  it.effect("knows v3 files with tables of Pebble, shows their manifest and says what to do", () =>
    Effect.gen(function*() {
      const inspection = yield* C1z.inspect(Samples.path("v3-sync.c1z"))
      assert.strictEqual(inspection.manifest?.engine, "pebble3")
      assert.strictEqual(inspection.readable, false)
      assert.deepStrictEqual(inspection.manifest?.syncs[0]?.counts, {
        resourceTypes: 2,
        resources: 5,
        entitlements: 2,
        grants: 6
      })
      assert.strictEqual(yield* failure(Samples.path("v3-sync.c1z")), "UnsupportedFormat")
    }))

  const good = readFileSync(Samples.path("v1-sync.c1z"))
  const flipped = Buffer.from(good)
  flipped.writeUInt8(flipped.readUInt8(flipped.length - 2) ^ 0xff, flipped.length - 2)
  const hostile = Buffer.from(good)
  // Frame_Content_Size of the sample's header: four bytes after the window.
  hostile.writeUInt32LE(0xfffffff0, 11)
  const BROKEN: ReadonlyArray<readonly [string, Uint8Array, string, C1z.OpenOptions?]> = [
    ["another kind of file", deflateSync(Buffer.from("something else")), "NotAC1z"],
    ["an empty file", Buffer.alloc(0), "NotAC1z"],
    ["nothing after the magic", good.subarray(0, 5), "Truncated"],
    ["a truncated frame", good.subarray(0, good.length - 100), "Truncated"],
    ["bytes after the end", Buffer.concat([good, Buffer.from("junk")]), "TrailingBytes"],
    ["a wrong checksum", flipped, "Damaged"],
    ["a size that is not true", hostile, "TooLarge", { maxDecodedBytes: 1 << 30 }],
    ["contents above the limit", good, "TooLarge", { maxDecodedBytes: 4096 }],
    ["contents that are no database", Samples.pack(Buffer.alloc(8192, 7)), "Damaged"],
    ["a v3 file without manifest", Buffer.from("C1Z3\0"), "Truncated"],
    ["a v3 file with a hostile manifest size", Buffer.from("C1Z3\0\xff\xff\xff\xff", "latin1"), "Damaged"]
  ]
  for (const [what, bytes, reason, options] of BROKEN) {
    it.effect(`refuses ${what}: ${reason}`, () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* failure(yield* written(bytes), options), reason)
      }).pipe(Effect.scoped))
  }

  it.effect("says that there is no file", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* failure("/nowhere/at all.c1z"), "Unreadable")
    }))

  it.effect("leaves nothing behind when it is interrupted", () =>
    Effect.gen(function*() {
      const directory = yield* Directory.temporary
      const temporary = yield* Directory.temporary
      const path = join(directory, "sync.c1z")
      yield* Directory.sync(path, Directory.pages(500, 20, 200))
      for (let turns = 0; turns < 12; turns++) {
        const fiber = yield* Effect.forkChild(Effect.scoped(C1z.open(path, { temporaryDirectory: temporary })))
        for (let turn = 0; turn < turns; turn++) yield* Effect.promise(() => new Promise((done) => setImmediate(done)))
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual(Samples.leftIn(temporary), [])
      }
    }).pipe(Effect.scoped))
})

describe("mutated files", () => {
  /** Reads all there is; an error must be the reader's. */
  const readAll = (bytes: Uint8Array) =>
    Effect.runPromise(Effect.scoped(Effect.gen(function*() {
      const temporary = yield* Directory.temporary
      const path = yield* written(bytes)
      const read = Effect.scoped(Effect.gen(function*() {
        const file = yield* C1z.open(path, { temporaryDirectory: temporary, maxDecodedBytes: 4_000_000 })
        yield* Stream.runDrain(file.syncRuns)
        yield* Stream.runDrain(file.resources())
        yield* Stream.runDrain(file.entitlements())
        yield* Stream.runDrain(file.grants())
      }))
      const result = yield* Effect.result(read)
      assert.deepStrictEqual(Samples.leftIn(temporary), [])
      if (result._tag === "Failure") assert.instanceOf(result.failure, C1zError.C1zError)
    })))

  const mutation = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
    cut: fc.option(fc.double({ min: 0, max: 1, noNaN: true }))
  })

  const mutate = (
    original: Uint8Array,
    { at, bytes, cut }: typeof mutation extends fc.Arbitrary<infer A> ? A : never
  ) => {
    const copy = Buffer.from(original)
    copy.set(bytes.subarray(0, Math.max(0, copy.length - 1)), Math.floor(at * Math.max(0, copy.length - bytes.length)))
    return cut === null ? copy : copy.subarray(0, Math.floor(cut * copy.length))
  }

  it("of v1 never crash, hang or leave a file", () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom("v1-sync.c1z", "v1-minimal-unfinished.c1z", "v3-sync.c1z"),
        mutation,
        (name, change) => readAll(mutate(readFileSync(Samples.path(name)), change))
      ),
      { numRuns: 60 }
    ))

  it("whose database is damaged under a right checksum neither", () =>
    fc.assert(
      fc.asyncProperty(mutation, (change) =>
        Effect.runPromise(Effect.scoped(Effect.gen(function*() {
          let database: Uint8Array = new Uint8Array(0)
          yield* Samples.changed("v1-sync.c1z", (opened) => {
            database = readFileSync(opened.location() ?? "")
          })
          return database
        }))).then((database) => readAll(Samples.pack(mutate(database, { ...change, cut: null }))))),
      { numRuns: 40 }
    ))

  it("of v3 neither", async () => {
    const v3 = await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
      const directory = yield* Directory.temporary
      const snapshot = yield* Snapshot.of(yield* C1z.open(Samples.path("v1-sync.c1z")))
      yield* Convert.convert(snapshot, { format: "v3", path: join(directory, "v3.c1z") })
      return readFileSync(join(directory, "v3.c1z"))
    })))
    await fc.assert(fc.asyncProperty(mutation, (change) => readAll(mutate(v3, change))), { numRuns: 60 })
  })
})
