/**
 * Turns the sealed database into the published file: five bytes, one zstd frame, a new name. Or its rows into that of format v3.
 */
import {
  chmodSync,
  closeSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync
} from "node:fs"
import { constants, createZstdCompress } from "node:zlib"
import type { Format } from "../Convert.ts"
import type { Earlier } from "./Earlier.ts"
import * as Failures from "./Failures.ts"
import type { Calls, Published } from "./Protocol.ts"
import type { WorkFile } from "./WorkFile.ts"

const MAGIC = Buffer.from("C1ZF\0", "latin1")

/** Level 3 takes twice the time for the same size on these files. */
const LEVEL = 1

const CHUNK = 256 * 1024

/** What comes out is written at once, and is garbage then. */
const OUTPUT = 64 * 1024

/** Reads the database from `input` and appends its frame to `output`. */
const compress = (input: number, size: number, output: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const stream = createZstdCompress({
      chunkSize: OUTPUT,
      // With the size known the frame says it, and readers can refuse a hostile one before they decode it.
      pledgedSrcSize: size,
      params: { [constants.ZSTD_c_compressionLevel]: LEVEL, [constants.ZSTD_c_checksumFlag]: 1 }
    })
    // One is being compressed, one waits for that, so that nobody waits for the disk; the third was handed over last and may still be looked at.
    const chunks = Array.from({ length: 3 }, () => Buffer.allocUnsafeSlow(CHUNK))
    let position = 0
    const feed = (): void => {
      const chunk = chunks.shift()
      if (chunk === undefined || stream.writableEnded) return
      chunks.push(chunk)
      try {
        const read = readSync(input, chunk, 0, Math.min(CHUNK, size - position), position)
        position += read
        if (read === 0) stream.end()
        else stream.write(chunk.subarray(0, read), (error) => error == null && feed())
      } catch (error) {
        stream.destroy(error instanceof Error ? error : new Error(String(error)))
      }
    }
    stream.on("data", (compressed: Buffer) => {
      try {
        let written = 0
        while (written < compressed.length) written += writeSync(output, compressed, written)
      } catch (error) {
        stream.destroy(error instanceof Error ? error : new Error(String(error)))
      }
    })
    stream.once("error", reject)
    stream.once("end", resolve)
    feed()
    feed()
  })

const syncDirectory = (path: string): void => {
  // Windows knows no such thing: there a directory can't be opened.
  if (process.platform === "win32") return
  const directory = openSync(path, "r")
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}

/** The rows as the log of a v3 file. What it needs is loaded here: other formats do without. */
const writeLog = async (file: WorkFile): Promise<void> => {
  const { pack, write } = await import("./V3Export.ts")
  const { merged, temporary } = file.target
  const steps = write(file.database, file.syncId, merged)
  let step = steps.next()
  while (step.done !== true) step = steps.next()
  await pack(step.value, merged, temporary)
}

const write = async (file: WorkFile, format: Format, database: number): Promise<number> => {
  const { target } = file
  if (format === "v3") await writeLog(file)
  const output = openSync(target.temporary, "r+")
  try {
    if (format !== "v3") {
      writeSync(output, MAGIC)
      await compress(database, fstatSync(database).size, output)
    }
    if (target.mode !== undefined) chmodSync(target.temporary, target.mode)
    fsyncSync(output)
  } finally {
    closeSync(output)
  }
  return statSync(target.temporary).size
}

const total = (by: Readonly<Record<string, number>>): number => Object.values(by).reduce((sum, each) => sum + each, 0)

/** Publishes the work file and removes it. If that fails, the work file can be resumed and nothing else is left. */
export const publish = async (
  file: WorkFile,
  { format, now }: Calls["finish"][0],
  earlier: Earlier | undefined
): Promise<Published> => {
  const { target } = file
  let database: number | undefined
  let renamed = false
  try {
    // It exists before the database is sealed: a sealed database without it has been published.
    closeSync(openSync(target.temporary, "wx"))
    const counts = file.seal(now, format)
    // The work file's lock would end if this were closed before SQLite itself has closed it.
    database = openSync(
      // A file of format v3 holds one sync.
      earlier === undefined || format === "v3" ? target.work : earlier.mergedWith(file, now, format),
      "r"
    )
    const bytes = await write(file, format, database)
    renameSync(target.temporary, target.path)
    renamed = true
    file.remove()
    syncDirectory(target.directory)
    return {
      syncId: file.syncId,
      startedAt: file.startedAt,
      endedAt: now,
      location: target.location,
      bytes,
      resources: counts.resources,
      entitlements: total(counts.entitlements),
      grants: total(counts.grants)
    }
  } catch (error) {
    if (!renamed) {
      rmSync(target.temporary, { force: true })
      file.unseal()
    }
    throw new Failures.StoreError(Failures.failureOf(error, target.location), { cause: error })
  } finally {
    // Windows removes no file that is open; elsewhere the order is the one that keeps the lock.
    const locked = process.platform === "win32" ? [] : [() => file.close()]
    const close = () => database === undefined ? undefined : closeSync(database)
    for (const step of [...locked, close, () => rmSync(target.merged, { force: true }), () => file.close()]) step()
  }
}
