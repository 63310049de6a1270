/**
 * Steps that all files made of a snapshot have in common.
 */
import * as Effect from "effect/Effect"
import { mkdtempSync, rmSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import type * as C1zError from "../C1zError.ts"
import * as WorkDirectory from "../WorkDirectory.ts"
import type * as WriteError from "../WriteError.ts"
import { codeOf, sqliteCodeOf } from "./Failures.ts"
import * as OutputFile from "./OutputFile.ts"
import { fill, pack, type Schema } from "./Rewrite.ts"
import { damaged, type Store } from "./Store.ts"
import * as V3Export from "./V3Export.ts"

/** Errors of reading are the snapshot's, errors of files the output's. */
const faultOf = (store: Store, path: string, cause: unknown): C1zError.C1zError | WriteError.WriteError =>
  codeOf(cause)?.startsWith("E") === true && (sqliteCodeOf(cause) === undefined || sqliteCodeOf(cause) === 13)
    ? OutputFile.writeError(path, cause)
    : damaged(store.path, cause instanceof Error ? cause.message : "a row can't be read", cause)

/** Runs a generator to its end, letting others run at each of its steps. */
export const steps = (
  store: Store,
  path: string,
  start: () => Generator<unknown, void>
): Effect.Effect<void, C1zError.C1zError | WriteError.WriteError> =>
  Effect.acquireUseRelease(
    Effect.sync(start),
    (generator) =>
      Effect.gen(function*() {
        const next = Effect.try({
          try: () => generator.next(),
          catch: (cause) => faultOf(store, path, cause)
        })
        while ((yield* next).done !== true) yield* Effect.yieldNow
      }),
    (generator) => Effect.sync(() => void generator.return())
  )

/** A directory beside a file that is made, for what goes into it. */
const beside = <A, E>(
  path: string,
  use: (directory: string) => Effect.Effect<A, E>
): Effect.Effect<A, E | WriteError.WriteError> =>
  Effect.acquireUseRelease(
    WorkDirectory.sweep(dirname(resolve(path)), ".c1z").pipe(
      Effect.andThen(WorkDirectory.prefix(".c1z")),
      Effect.flatMap((prefix) => OutputFile.attempt(path, () => mkdtempSync(join(dirname(resolve(path)), prefix))))
    ),
    use,
    (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
  )

const packed = (
  path: string,
  run: (signal: AbortSignal) => Promise<void>
): Effect.Effect<void, WriteError.WriteError> =>
  Effect.tryPromise({ try: run, catch: (cause) => OutputFile.writeError(path, cause) })

/** Writes syncs as a v1 file. */
export const v1 = (
  store: Store,
  syncIds: ReadonlyArray<string>,
  schema: Schema,
  path: string
): Effect.Effect<number, C1zError.C1zError | WriteError.WriteError> =>
  OutputFile.replace(path, (temporary) =>
    beside(path, (directory) => {
      const database = join(directory, "db")
      return Effect.andThen(
        steps(store, path, () => fill([{ database: store.database, syncIds }], schema, database)),
        packed(path, (signal) => pack(database, temporary, signal))
      )
    }))

/** Writes a sync as a v3 file. */
export const v3 = (
  store: Store,
  syncId: string,
  path: string
): Effect.Effect<number, C1zError.C1zError | WriteError.WriteError> =>
  OutputFile.replace(path, (temporary) =>
    beside(path, (directory) => {
      const payload = join(directory, "payload")
      let before: Uint8Array = new Uint8Array()
      return Effect.andThen(
        steps(store, path, function*() {
          before = yield* V3Export.write(store.database, syncId, payload)
        }),
        packed(path, (signal) => V3Export.pack(before, payload, temporary, signal))
      )
    }))
