/**
 * A file that appears in one step: it is written under another name beside its place and renamed when it is whole. Nothing stays behind if that
 * fails or is interrupted.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { randomBytes } from "node:crypto"
import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync } from "node:fs"
import { basename, dirname, join, resolve } from "node:path"
import * as WriteError from "../WriteError.ts"
import { codeOf, failureOf } from "./Failures.ts"

/** Any thrown value as an error about the output. */
export const writeError = (path: string, cause: unknown): WriteError.WriteError => {
  const { tag } = failureOf(cause, path)
  const detail = codeOf(cause) ?? (cause instanceof Error ? cause.message : String(cause))
  const make = (reason: WriteError.WriteErrorReason) => new WriteError.WriteError({ reason, cause })
  switch (tag) {
    case "InvalidTarget":
      return make(
        new WriteError.InvalidTarget({
          path,
          message: `"${path}" can't be written (${detail}). Give the path of a file in a directory that exists.`
        })
      )
    case "NotWritable":
      return make(
        new WriteError.NotWritable({
          path,
          message: `"${path}" can't be written (${detail}). Choose a directory that this user may write to.`
        })
      )
    case "StorageFull":
      return make(
        new WriteError.StorageFull({ path, message: `No space is left to write "${path}". Free some and try again.` })
      )
    default:
      return make(
        new WriteError.StorageFailure({ path, message: `Writing "${path}" failed (${detail}). Check the disk.` })
      )
  }
}

/** Runs code that writes, with errors about the output. */
export const attempt = <A>(path: string, run: () => A): Effect.Effect<A, WriteError.WriteError> =>
  Effect.try({ try: run, catch: (cause) => writeError(path, cause) })

/**
 * Gives `write` the name to write to, and puts what it wrote to its place.
 *
 * @returns the size of the file in bytes
 */
export const replace = <E, R>(
  path: string,
  write: (temporary: string) => Effect.Effect<void, E, R>
): Effect.Effect<number, E | WriteError.WriteError, R> =>
  Effect.acquireUseRelease(
    attempt(path, () => {
      const target = resolve(path)
      const existing = statSync(target, { throwIfNoEntry: false })
      if (existing?.isDirectory() === true) throw Object.assign(new Error("it is a directory"), { code: "EISDIR" })
      const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString("hex")}.tmp`)
      closeSync(openSync(temporary, "wx", existing === undefined ? 0o600 : existing.mode & 0o777))
      return { target, temporary }
    }),
    ({ target, temporary }) =>
      Effect.flatMap(write(temporary), () =>
        attempt(path, () => {
          const file = openSync(temporary, "r+")
          try {
            fsyncSync(file)
          } finally {
            closeSync(file)
          }
          const { size } = statSync(temporary)
          renameSync(temporary, target)
          return size
        })),
    ({ temporary }, exit) =>
      Effect.sync(() => {
        if (Exit.isFailure(exit)) {
          for (const name of [temporary, `${temporary}-journal`, `${temporary}-wal`, `${temporary}-shm`]) {
            rmSync(name, { force: true })
          }
        }
      })
  )
