/**
 * Opens the outside of a v3 file, and makes a database of its rows where the payload is nothing but a log.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { closeSync, fstatSync, openSync, readSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import * as C1zError from "../C1zError.ts"
import { decodingError, error, type Limits, temporaryDirectory, tooLarge, unreadable } from "./Decompression.ts"
import { codeOf, sqliteCodeOf } from "./Failures.ts"
import { BatchFault } from "./PebbleBatch.ts"
import { type Container, ContainerFault, MAGIC, read } from "./V3Container.ts"
import { fill, ImportFault, ImportLimit } from "./V3Import.ts"
import { LogFault } from "./WriteAheadLog.ts"

/** What a file begins with. */
export type Kind = "v1" | "v3" | "other"

const MAGIC_LENGTH = 5

const kindOf = (file: number): Kind => {
  const start = Buffer.alloc(MAGIC_LENGTH)
  const magic = start.toString("latin1", 0, readSync(file, start, 0, MAGIC_LENGTH, 0))
  return magic === "C1ZF\0" ? "v1" : magic === MAGIC ? "v3" : "other"
}

/** An open file, closed when the scope closes. */
export const file = (path: string): Effect.Effect<number, C1zError.C1zError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.try({ try: () => openSync(path, "r"), catch: (cause) => unreadable(path, cause) }),
    (opened) => Effect.sync(() => closeSync(opened))
  )

/** What the file at a path begins with. */
export const kind = (path: string): Effect.Effect<Kind, C1zError.C1zError> =>
  Effect.scoped(Effect.flatMap(
    file(path),
    (opened) => Effect.try({ try: () => kindOf(opened), catch: (cause) => unreadable(path, cause) })
  ))

const unsupported = (path: string): C1zError.C1zError =>
  error(
    new C1zError.UnsupportedFormat({
      path,
      format: "v3",
      message:
        `"${path}" has format v3, and its rows are in Pebble tables, which only baton reads. Its syncs and counts are shown by "snapshot info"; for its rows, `
        + `run the connector that wrote it again with --storage-engine sqlite, which writes a file of format v1.`
    })
  )

const faultOf = (path: string, limits: Limits, database: string, cause: unknown): C1zError.C1zError => {
  if (cause instanceof ImportLimit) return tooLarge(path, limits.maxDecodedBytes)
  if (cause instanceof ImportFault) return unsupported(path)
  if (cause instanceof ContainerFault) {
    if (cause.kind === "truncated") {
      return error(
        new C1zError.Truncated({
          path,
          message: `"${path}" is not whole: ${cause.message}. Copy it again, or sync again.`
        })
      )
    }
    if (cause.kind === "trailing") {
      return error(
        new C1zError.TrailingBytes({
          path,
          offset: cause.offset,
          message: `"${path}" has bytes that do not belong to it: ${cause.message}. Get the original, or sync again.`
        })
      )
    }
  }
  const told = cause instanceof ContainerFault || cause instanceof LogFault || cause instanceof BatchFault
  if (!told && codeOf(cause)?.startsWith("E") === true && codeOf(cause) !== "ERR_SQLITE_ERROR") {
    return decodingError(path, database, limits, cause)
  }
  if (sqliteCodeOf(cause) === 13) return decodingError(path, database, limits, { code: "ENOSPC" })
  const detail = told && cause instanceof Error ? cause.message : "its rows can't be decoded"
  return error(
    new C1zError.Damaged({ path, message: `"${path}" is damaged: ${detail}. Get the original, or sync again.` }),
    cause
  )
}

/** Manifest and names of the parts. */
export const container = (path: string, opened: number, limits: Limits): Effect.Effect<Container, C1zError.C1zError> =>
  Effect.try({
    try: () => read(opened, fstatSync(opened).size),
    catch: (cause) => faultOf(path, limits, "", cause)
  })

/** A database with the rows, in a directory that is gone when the scope closes. */
export const database = Effect.fnUntraced(function*(
  path: string,
  limits: Limits
): Effect.fn.Return<
  { readonly directory: string; readonly database: string; readonly container: Container },
  C1zError.C1zError,
  Scope.Scope
> {
  const directory = yield* temporaryDirectory(path, limits)
  const target = join(directory, "db")
  const found = yield* Effect.scoped(Effect.gen(function*() {
    const opened = yield* file(path)
    const outside = yield* container(path, opened, limits)
    const attempt = <A>(run: () => A) =>
      Effect.try({ try: run, catch: (cause) => faultOf(path, limits, target, cause) })
    const filled = yield* Effect.acquireRelease(
      attempt(() => new DatabaseSync(target)),
      (filled) => Effect.sync(() => filled.close())
    )
    const steps = fill(opened, outside, filled, limits.maxDecodedBytes)
    while ((yield* attempt(() => steps.next())).done !== true) yield* Effect.yieldNow
    return outside
  }))
  return { directory, database: target, container: found }
})
