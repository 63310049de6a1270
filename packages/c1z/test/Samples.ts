/** The files that Go's SDK wrote, and variants of them as writers of other ages would have written them. */
import { Effect, Stream } from "effect"
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { fileURLToPath } from "node:url"
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib"
import * as Directory from "./Directory.ts"

export const path = (name: string): string => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url))

const MAGIC = Buffer.from("C1ZF\0", "latin1")

/** Packs a database into a v1 file. */
export const pack = (database: Uint8Array): Buffer =>
  Buffer.concat([
    MAGIC,
    zstdCompressSync(database, {
      pledgedSrcSize: database.length,
      params: { [constants.ZSTD_c_checksumFlag]: 1 }
    })
  ])

/** A sample whose database was changed by SQL. */
export const changed = (name: string, change: (database: DatabaseSync) => void) =>
  Effect.gen(function*() {
    const directory = yield* Directory.temporary
    const file = join(directory, "db")
    writeFileSync(file, zstdDecompressSync(readFileSync(path(name)).subarray(MAGIC.length)))
    const database = new DatabaseSync(file)
    change(database)
    database.close()
    const target = join(directory, "changed.c1z")
    writeFileSync(target, pack(readFileSync(file)))
    return target
  })

/** What is left in a directory that was given for temporary files. */
export const leftIn = (directory: string): ReadonlyArray<string> => readdirSync(directory)

/** JSON that comes in pieces. */
export const json = <E, R>(chunks: Stream.Stream<Uint8Array, E, R>): Effect.Effect<unknown, E, R> =>
  Effect.map(Stream.runCollect(chunks), (all) => JSON.parse(Buffer.concat(all).toString("utf8")))
