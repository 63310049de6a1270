/**
 * The database inside a `.c1z` file, decompressed into a temporary file of its own. Nothing is trusted: sizes are checked before and while decoding.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import {
  closeSync,
  createReadStream,
  createWriteStream,
  fstatSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  type WriteStream
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Transform } from "node:stream"
import { pipeline } from "node:stream/promises"
import { constants, createZstdDecompress } from "node:zlib"
import * as C1zError from "../C1zError.ts"
import { codeOf } from "./Failures.ts"
import { find, type ZstdFault, type ZstdFrame } from "./ZstdFrames.ts"

export interface Limits {
  readonly maxDecodedBytes: number
  readonly temporaryDirectory: string | undefined
}

/** Go's decoder refuses larger windows, and so need not be fed by any writer. */
const MAX_WINDOW = 128 * 1024 * 1024

const MAGIC_LENGTH = 5

export const error = (reason: C1zError.C1zErrorReason, cause?: unknown): C1zError.C1zError =>
  cause === undefined ? new C1zError.C1zError({ reason }) : new C1zError.C1zError({ reason, cause })

export const tooLarge = (path: string, limit: number): C1zError.C1zError =>
  error(
    new C1zError.TooLarge({
      path,
      limit,
      message:
        `The contents of "${path}" are larger than the limit of ${limit} bytes. If you trust the file, raise the limit.`
    })
  )

const faultOf = (path: string, fault: ZstdFault, first: boolean): C1zError.C1zError => {
  switch (fault.fault) {
    case "truncated":
      return error(
        new C1zError.Truncated({
          path,
          message: `"${path}" ends too early: it was not copied or written to its end. Copy it again, or sync again.`
        })
      )
    case "not a frame":
      return first
        ? error(
          new C1zError.Damaged({
            path,
            message: `"${path}" is damaged: no compressed data follow its first bytes. Sync again.`
          })
        )
        : error(
          new C1zError.TrailingBytes({
            path,
            offset: fault.offset,
            message:
              `"${path}" has bytes after its end (at ${fault.offset}) that do not belong to it. Get the original, or sync again.`
          })
        )
    case "damaged":
      return error(
        new C1zError.Damaged({
          path,
          message: `"${path}" is damaged at byte ${fault.offset}. Get the original, or sync again.`
        })
      )
  }
}

/** Looks at the first bytes and at every frame's header. */
const inspect = (path: string, file: number, limits: Limits): ReadonlyArray<ZstdFrame> | C1zError.C1zError => {
  const { size } = fstatSync(file)
  const magic = Buffer.alloc(MAGIC_LENGTH)
  const kind = magic.toString("latin1", 0, readSync(file, magic, 0, MAGIC_LENGTH, 0))
  if (kind !== "C1ZF\0") {
    return error(new C1zError.NotAC1z({ path, message: `"${path}" is not a .c1z file. Check the path.` }))
  }
  const frames = find(file, MAGIC_LENGTH, size)
  if ("fault" in frames) return faultOf(path, frames, "offset" in frames && frames.offset === MAGIC_LENGTH)
  let total = BigInt(0)
  for (const { contentSize, windowSize } of frames) {
    if (windowSize > BigInt(MAX_WINDOW)) return tooLarge(path, MAX_WINDOW)
    total += contentSize ?? BigInt(0)
  }
  return total > BigInt(limits.maxDecodedBytes) ? tooLarge(path, limits.maxDecodedBytes) : frames
}

class LimitExceeded extends Error {}

const bounded = (limit: number, sofar: number): { readonly transform: Transform; readonly total: () => number } => {
  let total = sofar
  return {
    total: () => total,
    transform: new Transform({
      transform(chunk: Buffer, _encoding, done) {
        total += chunk.length
        if (total > limit) done(new LimitExceeded())
        else done(null, chunk)
      }
    })
  }
}

const decodeFrames = async (
  path: string,
  frames: ReadonlyArray<ZstdFrame>,
  open: () => WriteStream,
  limit: number,
  signal: AbortSignal
): Promise<void> => {
  let total = 0
  for (const frame of frames) {
    const counter = bounded(limit, total)
    await pipeline(
      createReadStream(path, { start: frame.start, end: frame.end - 1, highWaterMark: 64 * 1024 }),
      createZstdDecompress({
        chunkSize: 64 * 1024,
        params: { [constants.ZSTD_d_windowLogMax]: 27 }
      }),
      counter.transform,
      open(),
      { signal }
    )
    const decoded = counter.total() - total
    if (frame.contentSize !== undefined && frame.contentSize !== BigInt(decoded)) {
      throw new Error(`the frame announces ${frame.contentSize} bytes and holds ${decoded}`)
    }
    total = counter.total()
  }
}

export const decodingError = (path: string, database: string, limits: Limits, cause: unknown): C1zError.C1zError => {
  if (cause instanceof LimitExceeded) return tooLarge(path, limits.maxDecodedBytes)
  const code = codeOf(cause) ?? ""
  if (code.startsWith("E")) {
    return error(
      new C1zError.NoTemporaryFile({
        path,
        message:
          `"${path}" could not be decompressed into "${database}" (${code}). Free some space, or choose another temporary directory.`
      }),
      cause
    )
  }
  return error(
    new C1zError.Damaged({
      path,
      message: `"${path}" is damaged: its contents do not match their checksum. Get the original, or sync again.`
    }),
    cause
  )
}

export const unreadable = (path: string, cause: unknown): C1zError.C1zError => {
  const code = codeOf(cause)
  return error(
    new C1zError.Unreadable({
      path,
      message: code === "ENOENT"
        ? `There is no file "${path}". Check the path.`
        : code === "EISDIR"
        ? `"${path}" is a directory. Give the path of a .c1z file.`
        : `"${path}" can't be read (${code ?? String(cause)}). Check its permissions.`
    }),
    cause
  )
}

export const framesOf = (path: string, limits: Limits): Effect.Effect<ReadonlyArray<ZstdFrame>, C1zError.C1zError> =>
  Effect.acquireUseRelease(
    Effect.try({ try: () => openSync(path, "r"), catch: (cause) => unreadable(path, cause) }),
    (file) =>
      Effect.flatMap(
        Effect.try({ try: () => inspect(path, file, limits), catch: (cause) => unreadable(path, cause) }),
        (found) => found instanceof C1zError.C1zError ? Effect.fail(found) : Effect.succeed(found)
      ),
    (file) => Effect.sync(() => closeSync(file))
  )

export const remove = (directory: string): Effect.Effect<void> =>
  Effect.sync(() => rmSync(directory, { recursive: true, force: true }))

/** A directory for the database that is read, which is gone when the scope closes. */
export const temporaryDirectory = (
  path: string,
  limits: Limits
): Effect.Effect<string, C1zError.C1zError, Scope.Scope> => {
  const parent = limits.temporaryDirectory ?? tmpdir()
  return Effect.acquireRelease(
    Effect.try({
      try: () => mkdtempSync(join(parent, "c1z-")),
      catch: (cause) => decodingError(path, parent, limits, cause)
    }),
    remove
  )
}

/**
 * Decompresses into a directory of its own, which is gone when the scope closes.
 */
export const decompress = Effect.fnUntraced(function*(
  path: string,
  limits: Limits
): Effect.fn.Return<{ readonly directory: string; readonly database: string }, C1zError.C1zError, Scope.Scope> {
  const frames = yield* framesOf(path, limits)
  const directory = yield* temporaryDirectory(path, limits)
  const database = join(directory, "db")
  const open = () => createWriteStream(database, { flags: "a", mode: 0o600 })
  yield* Effect.tryPromise({
    try: (signal) => decodeFrames(path, frames, open, limits.maxDecodedBytes, signal),
    catch: (cause) => decodingError(path, database, limits, cause)
  })
  return { directory, database }
})
