/**
 * Opens the outside of a v3 file, and makes a database of its rows where the payload is nothing but a log.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { createHash } from "node:crypto"
import { fstatSync, readSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import * as C1zError from "../C1zError.ts"
import {
  appending,
  decodeFrames,
  decodingError,
  error,
  framesBetween,
  judged,
  type Limits,
  opened,
  temporaryDirectory,
  tooLarge,
  unreadable
} from "./Decompression.ts"
import { codeOf, sqliteCodeOf } from "./Failures.ts"
import { BatchFault } from "./PebbleBatch.ts"
import {
  type Container,
  ContainerFault,
  logsOf,
  MAGIC,
  type Member,
  read,
  readAt,
  tarMembers,
  versionsOf
} from "./V3Container.ts"
import { fill, ImportFault, ImportLimit, isLogOnly, type Logs } from "./V3Import.ts"
import { LogFault } from "./WriteAheadLog.ts"

/** What a file begins with. */
export type Kind = "v1" | "v3" | "other"

const MAGIC_LENGTH = 5

const kindOf = (file: number): Kind => {
  const start = Buffer.alloc(MAGIC_LENGTH)
  const magic = start.toString("latin1", 0, readSync(file, start, 0, MAGIC_LENGTH, 0))
  return magic === "C1ZF\0" ? "v1" : magic === MAGIC ? "v3" : "other"
}

/** What the file at a path begins with. */
export const kind = (path: string): Effect.Effect<Kind, C1zError.C1zError> =>
  Effect.scoped(Effect.flatMap(
    opened(path),
    (file) => Effect.try({ try: () => kindOf(file), catch: (cause) => unreadable(path, cause) })
  ))

const unsupported = (path: string): C1zError.C1zError =>
  error(
    new C1zError.UnsupportedFormat({
      path,
      format: "v3",
      message:
        `"${path}" has format v3, and its rows are in Pebble tables, which only baton reads; "snapshot info" shows its syncs and counts. `
        + `To have its rows in format v1, run the connector that wrote it again with --storage-engine sqlite. Without the connector, `
        + `baton sanitize -f "${path}" --out v1.c1z --out-engine sqlite converts it, but replaces every name and id.`
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

/** More than any list of files has, and little enough to be read at once. */
const MAX_VERSIONS = 16 * 1024 * 1024

/** The payload as members that can be read: as they are, or decompressed as a whole into a file in the directory. */
const plain = Effect.fnUntraced(function*(
  path: string,
  opened: number,
  outside: Container,
  directory: string,
  limits: Limits
): Effect.fn.Return<
  { readonly file: number; readonly members: ReadonlyArray<Member> },
  C1zError.C1zError,
  Scope.Scope
> {
  if (outside.members !== undefined) return { file: opened, members: outside.members }
  const frames = yield* judged(
    path,
    () => framesBetween(path, opened, outside.payloadStart, fstatSync(opened).size, limits)
  )
  const target = join(directory, "payload")
  const { append, file } = yield* appending(path, target, limits)
  yield* Effect.tryPromise({
    try: (signal) => decodeFrames(opened, frames, append, limits.maxDecodedBytes, signal),
    catch: (cause) => decodingError(path, target, limits, cause)
  })
  return yield* Effect.try({
    try: () => ({ file, members: tarMembers(file, 0, fstatSync(file).size) }),
    catch: (cause) => faultOf(path, limits, target, cause)
  })
})

/** A member as a file that can be read: where it is, or decompressed, with its size and checksum compared. */
const extracted = Effect.fnUntraced(function*(
  path: string,
  opened: number,
  member: Member,
  directory: string,
  limits: Limits
): Effect.fn.Return<
  { readonly file: number; readonly start: number },
  C1zError.C1zError,
  Scope.Scope
> {
  const { packed } = member
  if (packed === undefined) return { file: opened, start: member.start }
  if (member.size > limits.maxDecodedBytes) return yield* tooLarge(path, limits.maxDecodedBytes)
  const frames = yield* judged(
    path,
    () => framesBetween(path, opened, member.start, member.start + packed.size, limits)
  )
  const target = join(directory, `member-${member.start}`)
  const { append, file } = yield* appending(path, target, limits)
  const hash = createHash("sha256")
  yield* Effect.tryPromise({
    try: (signal) =>
      decodeFrames(
        opened,
        frames,
        (content) => {
          hash.update(content)
          append(content)
        },
        limits.maxDecodedBytes,
        signal
      ),
    catch: (cause) => decodingError(path, target, limits, cause)
  })
  const { size } = fstatSync(file)
  if (size !== member.size || !hash.digest().equals(packed.sha256)) {
    return yield* faultOf(
      path,
      limits,
      target,
      new ContainerFault("damaged", "a part of it is not what its checksum says")
    )
  }
  return { file, start: 0 }
})

/** What the payload holds where that is nothing but logs; undefined where rows are in tables of Pebble. */
export const logs = Effect.fnUntraced(function*(
  path: string,
  opened: number,
  outside: Container,
  directory: string,
  limits: Limits
): Effect.fn.Return<Logs | undefined, C1zError.C1zError, Scope.Scope> {
  const { file, members } = yield* plain(path, opened, outside, directory, limits)
  const found = logsOf(members)
  if (found === undefined) return undefined
  const content = (member: Member) =>
    Effect.map(extracted(path, file, member, directory, limits), (at) => ({
      name: member.name,
      size: member.size,
      read: (position: number, length: number) => readAt(at.file, at.start + position, length)
    }))
  const list = versionsOf(members)
  if (list !== undefined && list.size > MAX_VERSIONS) {
    return yield* faultOf(path, limits, "", new ContainerFault("damaged", "the list of its files is too large"))
  }
  const versions = list === undefined ? undefined : yield* content(list)
  return {
    versions: versions?.read(0, versions.size),
    logs: yield* Effect.forEach(found, content)
  }
})

/** A database with the rows, in a directory that is gone when the scope closes. */
export const database = Effect.fnUntraced(function*(
  path: string,
  limits: Limits
): Effect.fn.Return<
  { readonly directory: string; readonly database: string },
  C1zError.C1zError,
  Scope.Scope
> {
  const directory = yield* temporaryDirectory(path, limits)
  const target = join(directory, "db")
  yield* Effect.scoped(Effect.gen(function*() {
    const file = yield* opened(path)
    const outside = yield* container(path, file, limits)
    const payload = yield* logs(path, file, outside, directory, limits)
    if (payload === undefined) return yield* unsupported(path)
    const attempt = <A>(run: () => A) =>
      Effect.try({ try: run, catch: (cause) => faultOf(path, limits, target, cause) })
    const filled = yield* Effect.acquireRelease(
      attempt(() => new DatabaseSync(target)),
      (filled) => Effect.sync(() => filled.close())
    )
    const steps = fill(payload, filled, limits.maxDecodedBytes)
    while ((yield* attempt(() => steps.next())).done !== true) yield* Effect.yieldNow
  }))
  return { directory, database: target }
})

/** Whether the rows of a payload can be read: decompresses it where its names are inside. */
export const isReadable = (
  path: string,
  opened: number,
  outside: Container,
  limits: Limits
): Effect.Effect<boolean, C1zError.C1zError> =>
  Effect.scoped(Effect.gen(function*() {
    const directory = yield* temporaryDirectory(path, limits)
    const { file, members } = yield* plain(path, opened, outside, directory, limits)
    const list = versionsOf(members)
    if (logsOf(members) === undefined) return false
    if (list === undefined || list.size > MAX_VERSIONS) return list === undefined
    const at = yield* extracted(path, file, list, directory, limits)
    return yield* Effect.try({
      try: () => isLogOnly(readAt(at.file, at.start, list.size)),
      catch: (cause) => faultOf(path, limits, directory, cause)
    })
  }))
