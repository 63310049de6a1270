/**
 * Failures of files and of SQLite, as the sink's reasons with words that say what to do. Plain code for the worker thread.
 */
import type { Failure } from "./Protocol.ts"

/** Carries a {@link Failure} up to where it is sent back. */
export class StoreError extends Error {
  readonly failure: Failure

  constructor(failure: Failure, options?: ErrorOptions) {
    super(failure.message, options)
    this.failure = failure
  }
}

export const fail = (tag: Failure["tag"], location: string, message: string): never => {
  throw new StoreError({ tag, location, message })
}

const property = (error: unknown, name: "code" | "errcode"): unknown =>
  typeof error === "object" && error !== null && name in error ? Reflect.get(error, name) : undefined

/** The code of a system error, such as `ENOENT`. */
export const codeOf = (error: unknown): string | undefined => {
  const code = property(error, "code")
  return typeof code === "string" ? code : undefined
}

/** The primary result code of an SQLite error. */
export const sqliteCodeOf = (error: unknown): number | undefined => {
  const code = property(error, "errcode")
  return typeof code === "number" ? code & 0xff : undefined
}

const SQLITE = {
  busy: 5,
  locked: 6,
  readonly: 8,
  corrupt: 11,
  full: 13,
  cantOpen: 14,
  auth: 23,
  notADatabase: 26,
  perm: 3
}

export const isConstraint = (error: unknown): boolean => sqliteCodeOf(error) === 19

const tagOfSystem = (code: string | undefined): Failure["tag"] | undefined => {
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
    case "EFBIG":
      return "StorageFull"
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return "NotWritable"
    case "ENOENT":
    case "ENOTDIR":
    case "EISDIR":
    case "ELOOP":
    case "ENAMETOOLONG":
      return "InvalidTarget"
    default:
      return undefined
  }
}

const tagOfSqlite = (code: number | undefined): Failure["tag"] | undefined => {
  switch (code) {
    case SQLITE.full:
      return "StorageFull"
    case SQLITE.busy:
    case SQLITE.locked:
      return "Busy"
    case SQLITE.readonly:
    case SQLITE.cantOpen:
    case SQLITE.auth:
    case SQLITE.perm:
      return "NotWritable"
    case SQLITE.corrupt:
    case SQLITE.notADatabase:
      return "Corrupt"
    default:
      return undefined
  }
}

const wordsOf = (tag: Failure["tag"], location: string, detail: string): string => {
  switch (tag) {
    case "StorageFull":
      return `No space is left to write "${location}". Free some space and run the sync again: it goes on where it stopped.`
    case "NotWritable":
      return `"${location}" can't be written (${detail}). Choose a directory that this user may write to, or change its permissions.`
    case "InvalidTarget":
      return `"${location}" can't be used as the output (${detail}). Give the path of a file in a directory that exists.`
    case "Busy":
      return `Another process is writing "${location}". Wait for it to end, or choose another output file.`
    case "Corrupt":
      return `"${location}" is what an earlier sync left behind, and it is damaged (${detail}). Delete it and run the sync again.`
    case "StorageFailure":
      return `Writing "${location}" failed (${detail}). Run the sync again; if it fails again, check the disk.`
  }
}

/** Any thrown value as a failure at a path. */
export const failureOf = (error: unknown, location: string): Failure => {
  if (error instanceof StoreError) return error.failure
  const detail = error instanceof Error ? error.message : String(error)
  const tag = tagOfSqlite(sqliteCodeOf(error)) ?? tagOfSystem(codeOf(error)) ?? "StorageFailure"
  return { tag, location, message: wordsOf(tag, location, detail), detail }
}

/** Runs code, naming the path that it is about if it fails. */
export const at = <A>(location: string, run: () => A): A => {
  try {
    return run()
  } catch (error) {
    if (error instanceof StoreError) throw error
    throw new StoreError(failureOf(error, location), { cause: error })
  }
}
