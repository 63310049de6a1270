/** Files that are damaged, hostile or of another kind: every one a typed error, and no temporary file stays. */
import { C1z, C1zSink } from "@access-kit/c1z"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Stream } from "effect"
import * as fc from "fast-check"
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib"
import * as Directory from "./Directory.ts"

const fixture = (name: string) => join(import.meta.dirname, "fixtures", name)

const MAGIC = Buffer.from("C1ZF\0", "latin1")

const frame = (content: Buffer, params: Record<number, number> = {}) =>
  zstdCompressSync(content, { params: { [constants.ZSTD_c_checksumFlag]: 1, ...params } })

/** A place of its own for temporary files, which must be empty afterwards. */
const bench = Effect.gen(function*() {
  const directory = yield* Directory.temporary
  const temporaryDirectory = join(directory, "temporary")
  mkdirSync(temporaryDirectory)
  yield* Effect.addFinalizer(() => Effect.sync(() => assert.deepStrictEqual(readdirSync(temporaryDirectory), [])))
  const path = join(directory, "file.c1z")
  const read = (options: C1z.OpenOptions = {}) =>
    Effect.scoped(Effect.gen(function*() {
      const file = yield* C1z.open(path, { temporaryDirectory, ...options })
      yield* Stream.runDrain(file.syncRuns)
      yield* Stream.runDrain(file.resourceTypes())
      yield* Stream.runDrain(file.entitlements())
      yield* Stream.runDrain(file.grants())
      return yield* Stream.runCollect(file.resources())
    }))
  const readBytes = (bytes: Uint8Array, options: C1z.OpenOptions = {}) =>
    Effect.suspend(() => {
      writeFileSync(path, bytes)
      return read(options)
    })
  return { path, read, readBytes }
})

const sample = readFileSync(fixture("v1-minimal.c1z"))
const inside = zstdDecompressSync(sample.subarray(5))

describe("files of the Go SDK", () => {
  it.effect("are read: one sync", () =>
    Effect.scoped(Effect.gen(function*() {
      const file = yield* C1z.open(fixture("v1-sync.c1z"))
      const [run] = yield* Stream.runCollect(file.syncRuns)
      assert.deepStrictEqual(
        [run?.id, run?.type, run?.startedAt, run?.endedAt, run?.supportsDiff],
        [
          "3MWOmhyWiOY0bs76XpCrLdHvfoa",
          "full",
          Date.UTC(2026, 10, 23, 19, 43, 37, 73),
          Date.UTC(2026, 10, 23, 19, 43, 37, 119),
          true
        ]
      )
      assert.strictEqual(JSON.parse(run?.stats ?? "null").grants, 6)
      const types = yield* Stream.runCollect(file.resourceTypes())
      assert.deepStrictEqual(types.map((row) => row.message.displayName), ["User", "Group"])
      const grants = yield* Stream.runCollect(file.grants())
      assert.deepStrictEqual(grants.map((row) => row.needsExpansion), [false, true, false, false, false, false])
      assert.deepStrictEqual(grants[1]?.expansion?.entitlementIds, ["group:g-eng:member"])
    })))

  it.effect("are read: two syncs, and one of them alone", () =>
    Effect.scoped(Effect.gen(function*() {
      const file = yield* C1z.open(fixture("v1-two-syncs.c1z"))
      const runs = yield* Stream.runCollect(file.syncRuns)
      assert.strictEqual(runs.length, 2)
      const all = yield* Stream.runCollect(file.resources())
      const second = yield* Stream.runCollect(file.resources({ syncId: runs[1]?.id ?? "" }))
      assert.isAbove(all.length, second.length)
      assert.isTrue(second.every((row) => row.syncId === runs[1]?.id))
    })))

  it.effect("are read: an unfinished sync", () =>
    Effect.scoped(Effect.gen(function*() {
      const file = yield* C1z.open(fixture("v1-minimal-unfinished.c1z"))
      const [run] = yield* Stream.runCollect(file.syncRuns)
      assert.isUndefined(run?.endedAt)
    })))

  it.effect("of format v3 are known and named", () =>
    Effect.scoped(Effect.gen(function*() {
      const error = yield* Effect.flip(C1z.open(fixture("v3-sync.c1z")))
      assert.strictEqual(error.reason._tag, "UnsupportedFormat")
      assert.include(error.message, "--storage-engine sqlite")
    })))
})

describe("shapes that are allowed", () => {
  const shapes: ReadonlyArray<readonly [string, () => Buffer]> = [
    ["no checksum", () => frame(inside, { [constants.ZSTD_c_checksumFlag]: 0 })],
    ["no content size", () => frame(inside, { [constants.ZSTD_c_contentSizeFlag]: 0 })],
    ["the highest level", () => frame(inside, { [constants.ZSTD_c_compressionLevel]: 19 })],
    ["two frames", () => Buffer.concat([frame(inside.subarray(0, 5000)), frame(inside.subarray(5000))])],
    ["a frame to skip at the end", () => Buffer.concat([frame(inside), Buffer.from("502a4d1803000000616263", "hex")])],
    ["a header that speaks of a write-ahead log", () => {
      const wal = Buffer.from(inside)
      wal.writeUInt16BE(0x0202, 18)
      return frame(wal)
    }]
  ]
  for (const [name, make] of shapes) {
    it.effect(name, () =>
      Effect.scoped(Effect.gen(function*() {
        const { readBytes } = yield* bench
        assert.strictEqual((yield* readBytes(Buffer.concat([MAGIC, make()]))).length, 5)
      })))
  }

  it.effect("tables and columns that old files lack", () =>
    Effect.scoped(Effect.gen(function*() {
      const directory = yield* Directory.temporary
      const old = join(directory, "old.db")
      writeFileSync(old, inside)
      const database = new DatabaseSync(old)
      database.exec(`
        DROP TABLE v1_assets; DROP TABLE v1_entitlements;
        DROP INDEX idx_grants_sync_expansion_v1; DROP INDEX idx_grants_sync_needs_expansion_v1;
        ALTER TABLE v1_grants DROP COLUMN expansion; ALTER TABLE v1_grants DROP COLUMN needs_expansion;
        ALTER TABLE v1_sync_runs DROP COLUMN stats; ALTER TABLE v1_sync_runs DROP COLUMN sync_type`)
      database.close()
      const { readBytes } = yield* bench
      assert.strictEqual((yield* readBytes(Buffer.concat([MAGIC, frame(readFileSync(old))]))).length, 5)
    })))
})

describe("refused", () => {
  /** A frame of one stored byte whose header claims whatever it is given. */
  const claiming = (window: number, contentSize: bigint) => {
    const header = Buffer.alloc(14)
    header.writeUInt32LE(0xfd2fb528, 0)
    header.writeUInt8(0xc0, 4)
    header.writeUInt8(window, 5)
    header.writeBigUInt64LE(contentSize, 6)
    return Buffer.concat([MAGIC, header, Buffer.from("09000061", "hex")])
  }
  const MEBIBYTES_8 = 13 << 3
  const TEBIBYTES_2 = 31 << 3
  const wrongSize = () => {
    const bytes = Buffer.concat([MAGIC, frame(inside)])
    // The content size of two or four bytes behind the descriptor: one more than there is.
    const descriptor = bytes.readUInt8(9)
    const at = 10 + ((descriptor & 0x20) === 0 ? 1 : 0)
    if (descriptor >> 6 === 2) bytes.writeUInt32LE(bytes.readUInt32LE(at) + 1, at)
    else bytes.writeUInt16LE(bytes.readUInt16LE(at) + 1, at)
    return bytes
  }
  const cases: ReadonlyArray<readonly [string, () => Buffer, string, C1z.OpenOptions?]> = [
    ["an empty file", () => Buffer.alloc(0), "NotAC1z"],
    ["another kind of file", () => Buffer.from("PK\u0003\u0004 a zip file"), "NotAC1z"],
    ["a bare database", () => inside, "NotAC1z"],
    ["nothing behind the first bytes", () => MAGIC, "Truncated"],
    ["no frame behind them", () => Buffer.concat([MAGIC, Buffer.from("no frame here")]), "Damaged"],
    ["a frame that is cut short", () => sample.subarray(0, sample.length - 1), "Truncated"],
    ["bytes behind the end", () => Buffer.concat([sample, Buffer.from("trailing")]), "TrailingBytes"],
    ["a second snapshot behind the first", () => Buffer.concat([sample, sample]), "TrailingBytes"],
    ["a wrong checksum", () => {
      const bytes = Buffer.from(sample)
      bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1)
      return bytes
    }, "Damaged"],
    ["a wrong content size", wrongSize, "Damaged"],
    ["a block of the reserved type", () => Buffer.concat([MAGIC, Buffer.from("28b52ffd0038070000", "hex")]), "Damaged"],
    ["a content size beyond all limits", () => claiming(MEBIBYTES_8, BigInt(2) ** BigInt(62)), "TooLarge"],
    ["a window that takes terabytes to decode", () => claiming(TEBIBYTES_2, BigInt(1)), "TooLarge"],
    ["contents over the limit, by their header", () => sample, "TooLarge", { maxDecodedBytes: 100_000 }],
    [
      "contents over the limit, without a header that says so",
      () => Buffer.concat([MAGIC, frame(Buffer.alloc(50_000_000), { [constants.ZSTD_c_contentSizeFlag]: 0 })]),
      "TooLarge",
      { maxDecodedBytes: 1_000_000 }
    ],
    [
      "contents that are no database",
      () => Buffer.concat([MAGIC, frame(Buffer.from("not a database".repeat(500)))]),
      "Damaged"
    ],
    ["a database that is cut short", () => Buffer.concat([MAGIC, frame(inside.subarray(0, 8192))]), "Damaged"]
  ]
  for (const [name, make, tag, options] of cases) {
    it.effect(name, () =>
      Effect.scoped(Effect.gen(function*() {
        const { path, readBytes } = yield* bench
        const error = yield* Effect.flip(readBytes(make(), options))
        assert.strictEqual(error.reason._tag, tag, error.message)
        assert.include(error.message, path)
      })))
  }

  it.effect("paths that are none", () =>
    Effect.scoped(Effect.gen(function*() {
      const directory = yield* Directory.temporary
      for (const path of [join(directory, "absent.c1z"), directory]) {
        const error = yield* Effect.flip(C1z.open(path))
        assert.strictEqual(error.reason._tag, "Unreadable")
      }
      const error = yield* Effect.flip(
        C1z.open(fixture("v1-sync.c1z"), { temporaryDirectory: join(directory, "absent") })
      )
      assert.strictEqual(error.reason._tag, "NoTemporaryFile")
    })))

  it.effect("rows that hold no message", () =>
    Effect.scoped(Effect.gen(function*() {
      const directory = yield* Directory.temporary
      const spoilt = join(directory, "spoilt.db")
      writeFileSync(spoilt, inside)
      const database = new DatabaseSync(spoilt)
      database.exec("UPDATE v1_resources SET data = x'ff' WHERE id = 3")
      database.close()
      const { readBytes } = yield* bench
      const error = yield* Effect.flip(readBytes(Buffer.concat([MAGIC, frame(readFileSync(spoilt))])))
      assert.strictEqual(error.reason._tag, "Damaged")
      assert.include(error.message, "v1_resources")
    })))
})

describe("fuzzing", () => {
  it.effect("every truncation is Truncated, or too short to be told from something else", () =>
    Effect.scoped(Effect.gen(function*() {
      const { readBytes } = yield* bench
      for (let length = 0; length < sample.length; length += length < 40 ? 1 : 97) {
        const error = yield* Effect.flip(readBytes(sample.subarray(0, length)))
        assert.strictEqual(error.reason._tag, length < 5 ? "NotAC1z" : "Truncated", `${length} bytes`)
      }
    })))

  it.effect("changed bytes never make a defect, a hang or another content", () =>
    Effect.scoped(Effect.gen(function*() {
      const { readBytes } = yield* bench
      const expected = (yield* readBytes(sample)).map((row) => row.key)
      yield* Effect.promise(() =>
        fc.assert(
          fc.asyncProperty(
            fc.array(fc.tuple(fc.nat(sample.length - 1), fc.integer({ min: 1, max: 255 })), {
              minLength: 1,
              maxLength: 3
            }),
            async (changes) => {
              const bytes = Buffer.from(sample)
              for (const [at, mask] of changes) bytes.writeUInt8(bytes.readUInt8(at) ^ mask, at)
              const exit = await Effect.runPromise(Effect.exit(readBytes(bytes, { maxDecodedBytes: 10_000_000 })))
              if (Exit.isSuccess(exit)) assert.deepStrictEqual(exit.value.map((row) => row.key), expected)
              else assert.isTrue(Exit.hasFails(exit), String(exit.cause))
            }
          ),
          { numRuns: 200 }
        )
      )
    })))

  it.effect("changed databases under a right checksum never make a defect or a hang", () =>
    Effect.scoped(Effect.gen(function*() {
      const { readBytes } = yield* bench
      yield* Effect.promise(() =>
        fc.assert(
          fc.asyncProperty(
            fc.array(fc.tuple(fc.nat(inside.length - 1), fc.integer({ min: 1, max: 255 })), {
              minLength: 1,
              maxLength: 40
            }),
            async (changes) => {
              const bytes = Buffer.from(inside)
              for (const [at, mask] of changes) bytes.writeUInt8(bytes.readUInt8(at) ^ mask, at)
              const exit = await Effect.runPromise(Effect.exit(readBytes(Buffer.concat([MAGIC, frame(bytes)]))))
              assert.isTrue(Exit.isSuccess(exit) || Exit.hasFails(exit), String(exit))
            }
          ),
          { numRuns: 200 }
        )
      )
    })))
})

it.effect("reads what the sink writes, a page of rows at a time", () =>
  Effect.scoped(Effect.gen(function*() {
    const directory = yield* Directory.temporary
    const path = join(directory, "out.c1z")
    const sink = yield* C1zSink.make({ path })
    yield* sink.begin(Directory.HEADER)
    yield* sink.write(Directory.pages(1500, 2, 700).flat(), () => "1")
    yield* sink.settle({ missingLimit: 0 })
    yield* sink.finish
    const file = yield* C1z.open(path)
    const some = yield* file.grants().pipe(Stream.take(3), Stream.runCollect)
    assert.strictEqual(some.length, 3)
    const all = yield* Stream.runCollect(file.resources())
    assert.deepStrictEqual(all.map((row) => row.rowId), Array.from({ length: 1502 }, (_, index) => index + 1))
  })))
