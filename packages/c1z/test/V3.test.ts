/** v3 files: every way in which a payload may be packed, of logs only and with tables of Pebble. */
import { C1z, C1zError } from "@access-kit/c1z"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import * as fc from "fast-check"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Directory from "./Directory.ts"
import * as Repacked from "./Repacked.ts"
import * as Samples from "./Samples.ts"

const PACKINGS: ReadonlyArray<Repacked.Packing> = ["TAR", "TAR_ZSTD", "INDEXED_ZSTD"]

const NAMES = { TAR: "tar", TAR_ZSTD: "tar+zstd", INDEXED_ZSTD: "indexed zstd" } as const

/** A log that our writer has made. */
const logOnly = Effect.gen(function*() {
  const path = join(yield* Directory.temporary, "v3.c1z")
  yield* Directory.sync(path, Directory.pages(300, 5, 40), Directory.HEADER, "v3")
  return { path, unpacked: Repacked.unpack(path) }
})

const written = (bytes: Uint8Array) =>
  Effect.map(Directory.temporary, (directory) => {
    const path = join(directory, "repacked.c1z")
    writeFileSync(path, bytes)
    return path
  })

/** Opens with a directory for temporary files of its own, in which nothing may stay. */
const tried = (path: string, options: C1z.OpenOptions = {}) =>
  Effect.gen(function*() {
    const temporary = yield* Directory.temporary
    const result = yield* Effect.result(Effect.scoped(Effect.gen(function*() {
      const file = yield* C1z.open(path, { ...options, temporaryDirectory: temporary })
      return (yield* Stream.runCollect(file.grants())).map((row) => row.message.id).sort()
    })))
    assert.deepStrictEqual(Samples.leftIn(temporary), [])
    return result._tag === "Failure" ? result.failure.reason._tag : result.success
  }).pipe(Effect.scoped)

describe("a payload of a log only", () => {
  it.effect("is packed by the writer, into a fraction of its size", () =>
    Effect.gen(function*() {
      const { path, unpacked } = yield* logOnly
      const inspection = yield* C1z.inspect(path)
      assert.strictEqual(inspection.manifest?.payload, "tar+zstd")
      const size = unpacked.files.reduce((sum, { content }) => sum + content.length, 0)
      assert.isBelow(inspection.bytes, size / 4)
    }).pipe(Effect.scoped))

  for (const packing of PACKINGS) {
    it.effect(`is read where it is packed as ${packing}`, () =>
      Effect.gen(function*() {
        const { path, unpacked } = yield* logOnly
        const packed = yield* written(Repacked.pack(unpacked, packing))
        const grants = yield* tried(packed)
        assert.deepStrictEqual(grants, yield* tried(path))
        assert.strictEqual(grants.length, 200)
        const inspection = yield* C1z.inspect(packed)
        assert.deepStrictEqual(
          [inspection.readable, inspection.manifest?.payload, inspection.manifest?.syncs[0]?.counts?.grants],
          [true, NAMES[packing], 200]
        )
        assert.strictEqual(yield* tried(packed, { maxDecodedBytes: 10_000 }), "TooLarge")
      }).pipe(Effect.scoped))

    it.effect(`in two logs is read as both, where it is packed as ${packing}`, () =>
      Effect.gen(function*() {
        const { path, unpacked } = yield* logOnly
        // The engine starts a log when it is opened; an empty one says nothing, and one before the first that counts is done with.
        const more = [
          { name: "000001.log", content: Buffer.from("no longer of interest") },
          ...unpacked.files,
          { name: "000004.log", content: new Uint8Array(0) }
        ]
        const packed = yield* written(Repacked.pack({ ...unpacked, files: more }, packing))
        assert.deepStrictEqual(yield* tried(packed), yield* tried(path))
      }).pipe(Effect.scoped))

    it.effect(`is refused where it is cut or changed, packed as ${packing}`, () =>
      Effect.gen(function*() {
        const { unpacked } = yield* logOnly
        const good = Repacked.pack(unpacked, packing)
        for (const part of [0.2, 0.5, 0.9]) {
          const cut = yield* tried(yield* written(good.subarray(0, Math.floor(good.length * part))))
          assert.include(["Truncated", "Damaged"], String(cut))
        }
        const changed = Buffer.from(good)
        const at = Math.floor(good.length / 2)
        changed.writeUInt8(changed.readUInt8(at) ^ 0x55, at)
        assert.strictEqual(yield* tried(yield* written(changed)), "Damaged")
        const longer = yield* tried(yield* written(Buffer.concat([good, Buffer.from("junk that follows")])))
        // What is at the end of an indexed payload is its footer.
        assert.strictEqual(longer, packing === "INDEXED_ZSTD" ? "Truncated" : "TrailingBytes")
      }).pipe(Effect.scoped))
  }

  it.effect("is refused where a checksum or a size of the index is not true", () =>
    Effect.gen(function*() {
      const { unpacked } = yield* logOnly
      for (const planted of [{ sha256: Buffer.alloc(32, 7) }, { size: 77 }]) {
        assert.strictEqual(yield* tried(yield* written(Repacked.pack(unpacked, "INDEXED_ZSTD", planted))), "Damaged")
      }
      const hostile = yield* written(Repacked.pack(unpacked, "INDEXED_ZSTD", { size: 2 ** 50 }))
      assert.strictEqual(yield* tried(hostile), "TooLarge")
    }).pipe(Effect.scoped))

  it("never crashes, hangs or leaves a file when it was mutated, however it is packed", async () => {
    const { unpacked } = await Effect.runPromise(Effect.scoped(logOnly))
    const packed = PACKINGS.map((packing) => Repacked.pack(unpacked, packing))
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...packed),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.uint8Array({ minLength: 1, maxLength: 8 }),
        (good, place, bytes) => {
          const copy = Buffer.from(good)
          copy.set(bytes, Math.floor(place * (copy.length - bytes.length)))
          return Effect.runPromise(
            Effect.scoped(Effect.flatMap(written(copy), (path) =>
              Effect.andThen(
                tried(path, { maxDecodedBytes: 4_000_000 }),
                Effect.map(Effect.result(C1z.inspect(path)), (result) => {
                  if (result._tag === "Failure") assert.instanceOf(result.failure, C1zError.C1zError)
                })
              )))
          )
        }
      ),
      { numRuns: 60 }
    )
  })
})

describe("a payload with tables of Pebble", () => {
  for (const packing of PACKINGS) {
    it.effect(`is refused with what to do, its manifest shown, packed as ${packing}`, () =>
      Effect.gen(function*() {
        const path = yield* written(Repacked.pack(Repacked.unpack(Samples.path("v3-sync.c1z")), packing))
        assert.strictEqual(yield* tried(path), "UnsupportedFormat")
        const error = yield* Effect.flip(Effect.scoped(C1z.open(path)))
        assert.match(error.message, /baton sanitize .*--out-engine sqlite|--storage-engine sqlite/)
        const inspection = yield* C1z.inspect(path)
        assert.deepStrictEqual(
          [inspection.readable, inspection.manifest?.engine, inspection.manifest?.syncs[0]?.counts?.grants],
          [false, "pebble3", 6]
        )
      }).pipe(Effect.scoped))
  }

  it.effect("is told by the engine's list of files, also where the tables themselves are missing", () =>
    Effect.gen(function*() {
      const { files, manifest } = Repacked.unpack(Samples.path("v3-sync.c1z"))
      const without = files.filter((file) => !file.name.endsWith(".sst"))
      for (const packing of PACKINGS) {
        const path = yield* written(Repacked.pack({ manifest, files: without }, packing))
        assert.strictEqual(yield* tried(path), "UnsupportedFormat")
        assert.strictEqual((yield* C1z.inspect(path)).readable, false)
      }
    }).pipe(Effect.scoped))
})

it.effect("a payload packed in a way that no version has is damage", () =>
  Effect.gen(function*() {
    const bytes = readFileSync(Samples.path("v3-sync.c1z"))
    // The third field of the manifest: its tag, then the number of the packing.
    const at = bytes.indexOf(Buffer.of(0x20, 0x05))
    assert.isAbove(at, 0)
    bytes.writeUInt8(0x04, at + 1)
    assert.strictEqual(yield* tried(yield* written(bytes)), "Damaged")
  }).pipe(Effect.scoped))
