/**
 * The database inside a `.c1z` file, decompressed into a temporary file of its own. Nothing is trusted: sizes are checked before and while decoding.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import { constants, createZstdDecompress } from "node:zlib"
import * as C1zError from "../C1zError.ts"
import * as WorkDirectory from "../WorkDirectory.ts"
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

/** The frames from an offset to another, judged by their headers before anything is decoded. */
export const framesBetween = (
  path: string,
  file: number,
  start: number,
  end: number,
  limits: Limits
): ReadonlyArray<ZstdFrame> | C1zError.C1zError => {
  const frames = find(file, start, end)
  if ("fault" in frames) return faultOf(path, frames, "offset" in frames && frames.offset === start)
  let total = BigInt(0)
  for (const { contentSize, windowSize } of frames) {
    if (windowSize > BigInt(MAX_WINDOW)) return tooLarge(path, MAX_WINDOW)
    total += contentSize ?? BigInt(0)
  }
  return total > BigInt(limits.maxDecodedBytes) ? tooLarge(path, limits.maxDecodedBytes) : frames
}

/** Looks at the first bytes and at every frame's header. */
const inspect = (path: string, file: number, limits: Limits): ReadonlyArray<ZstdFrame> | C1zError.C1zError => {
  const magic = Buffer.alloc(MAGIC_LENGTH)
  const kind = magic.toString("latin1", 0, readSync(file, magic, 0, MAGIC_LENGTH, 0))
  return kind === "C1ZF\0"
    ? framesBetween(path, file, MAGIC_LENGTH, fstatSync(file).size, limits)
    : error(new C1zError.NotAC1z({ path, message: `"${path}" is not a .c1z file. Check the path.` }))
}

class LimitExceeded extends Error {}

/** Few large chunks: what each of them costs on its way between threads is more than what decoding it does. */
const CHUNK = 1024 * 1024

/**
 * Decodes one frame and hands its content on, a chunk at a time.
 *
 * @returns how many bytes that were
 */
const decodeFrame = async (
  file: number,
  frame: Pick<ZstdFrame, "start" | "end">,
  write: (content: Buffer) => void,
  signal: AbortSignal
): Promise<number> => {
  let total = 0
  const decoder = createZstdDecompress({ chunkSize: CHUNK, params: { [constants.ZSTD_d_windowLogMax]: 27 } })
  const input = function*() {
    for (let position = frame.start; position < frame.end;) {
      const compressed = Buffer.allocUnsafe(Math.min(CHUNK / 4, frame.end - position))
      const read = readSync(file, compressed, 0, compressed.length, position)
      // The file has become shorter since its headers were looked at. The decoder says that something is missing.
      if (read === 0) return
      position += read
      yield compressed.subarray(0, read)
    }
  }
  await pipeline(
    Readable.from(input()),
    decoder,
    async (decoded: AsyncIterable<Buffer>) => {
      for await (const content of decoded) {
        total += content.length
        write(content)
      }
    },
    { signal }
  )
  return total
}

/** Decodes frames that follow each other, checking every size that a header claims, and no more than the limit. */
export const decodeFrames = async (
  file: number,
  frames: ReadonlyArray<ZstdFrame>,
  write: (content: Buffer) => void,
  limit: number,
  signal: AbortSignal
): Promise<void> => {
  let total = 0
  for (const frame of frames) {
    const decoded = await decodeFrame(file, frame, (content) => {
      total += content.length
      if (total > limit) throw new LimitExceeded()
      write(content)
    }, signal)
    if (frame.contentSize !== undefined && frame.contentSize !== BigInt(decoded)) {
      throw new Error(`the frame announces ${frame.contentSize} bytes and holds ${decoded}`)
    }
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

/** An open file, closed when the scope closes. */
export const opened = (path: string): Effect.Effect<number, C1zError.C1zError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.try({ try: () => openSync(path, "r"), catch: (cause) => unreadable(path, cause) }),
    (file) => Effect.sync(() => closeSync(file))
  )

/** Runs what judges the file, which answers with what it found or with what is wrong. */
export const judged = <A>(
  path: string,
  judge: () => A | C1zError.C1zError
): Effect.Effect<A, C1zError.C1zError> =>
  Effect.flatMap(
    Effect.try({ try: judge, catch: (cause) => unreadable(path, cause) }),
    (found) => found instanceof C1zError.C1zError ? Effect.fail(found) : Effect.succeed(found)
  )

export const framesOf = (path: string, limits: Limits): Effect.Effect<ReadonlyArray<ZstdFrame>, C1zError.C1zError> =>
  Effect.scoped(Effect.flatMap(opened(path), (file) => judged(path, () => inspect(path, file, limits))))

export const remove = (directory: string): Effect.Effect<void> =>
  Effect.sync(() => rmSync(directory, { recursive: true, force: true }))

/** A directory for the database that is read, which is gone when the scope closes. */
export const temporaryDirectory = (
  path: string,
  limits: Limits
): Effect.Effect<string, C1zError.C1zError, Scope.Scope> => {
  const parent = limits.temporaryDirectory ?? tmpdir()
  return Effect.acquireRelease(
    WorkDirectory.sweep(parent, "c1z").pipe(
      Effect.andThen(WorkDirectory.prefix("c1z")),
      Effect.flatMap((prefix) =>
        Effect.try({
          try: () => mkdtempSync(join(parent, prefix)),
          catch: (cause) => decodingError(path, parent, limits, cause)
        })
      )
    ),
    remove
  )
}

/** A file of that name, closed when the scope closes, and what appends to it. */
export const appending = (
  path: string,
  target: string,
  limits: Limits
): Effect.Effect<
  { readonly file: number; readonly append: (content: Uint8Array) => void },
  C1zError.C1zError,
  Scope.Scope
> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.try({
        try: () => openSync(target, "wx+", 0o600),
        catch: (cause) => decodingError(path, target, limits, cause)
      }),
      (file) => Effect.sync(() => closeSync(file))
    ),
    (file) => ({
      file,
      append: (content) => {
        for (let done = 0; done < content.length;) done += writeSync(file, content, done)
      }
    })
  )

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
  yield* Effect.scoped(Effect.gen(function*() {
    const input = yield* opened(path)
    const { append } = yield* appending(path, database, limits)
    yield* Effect.tryPromise({
      try: (signal) => decodeFrames(input, frames, append, limits.maxDecodedBytes, signal),
      catch: (cause) => decodingError(path, database, limits, cause)
    })
  }))
  return { directory, database }
})
