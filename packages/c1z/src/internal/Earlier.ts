/**
 * The syncs that a file has already, for a sync that is added to them. They are read while the new one is under way, and copied together with it when
 * it is whole.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { rmSync } from "node:fs"
import * as C1z from "../C1z.ts"
import type { C1zError } from "../C1zError.ts"
import * as Failures from "./Failures.ts"
import type { Calls } from "./Protocol.ts"
import * as Retention from "./Retention.ts"
import { fill, type Schema } from "./Rewrite.ts"
import { type Store, storeOf } from "./Store.ts"
import type { Target } from "./Target.ts"
import type { WorkFile } from "./WorkFile.ts"

export interface Earlier {
  /** The latest full sync that was finished. */
  readonly latestFull: string | undefined
  /** Writes a database with the syncs that stay and the one of this file, which is finished, and answers its path. */
  readonly mergedWith: (file: WorkFile, endedAt: number, schema: Schema) => string
  readonly close: () => Promise<void>
}

const unreadable = (target: Target, error: C1zError) =>
  new Failures.StoreError({
    tag: "Corrupt",
    location: target.location,
    message:
      `The sync can't be added to "${target.location}". ${error.message} Or move the file away, or name another one.`
  }, { cause: error })

/** Opens the file that is there, of format v1: the only one that holds several syncs. */
const open = async (target: Target, options: C1z.OpenOptions, scope: Scope.Closeable) => {
  const opened = await Effect.runPromise(Effect.result(
    Effect.flatMap(
      C1z.open(target.path, options),
      (file) => Effect.map(Stream.runCollect(file.syncRuns), (runs) => ({ file, runs }))
    ).pipe(Scope.provide(scope))
  ))
  if (opened._tag === "Success") return opened.success
  throw unreadable(target, opened.failure)
}

const merge = (store: Store, syncIds: ReadonlyArray<string>, file: WorkFile, schema: Schema): string => {
  const path = file.target.merged
  rmSync(path, { force: true })
  const steps = fill(
    [store, file].map(({ database }, index) => ({
      database,
      syncIds: index === 0 ? syncIds.filter((id) => id !== file.syncId) : [file.syncId]
    })),
    schema,
    path
  )
  while (steps.next().done !== true);
  return path
}

/** Nothing where there is no file, or one that holds one sync only and so is replaced. */
export const of = async (
  target: Target,
  { keep, ...options }: NonNullable<Calls["begin"][0]["append"]>
): Promise<Earlier | undefined> => {
  if (target.format !== "v1") return undefined
  const scope = Effect.runSync(Scope.make())
  const close = () => Effect.runPromise(Scope.close(scope, Exit.void))
  try {
    const { file: earlier, runs } = await open(target, options, scope)
    const finished = Retention.latestFirst(runs.filter((run) => run.type === "full" && run.endedAt !== undefined))
    return {
      latestFull: finished[0]?.id,
      mergedWith: (file, endedAt, schema) => {
        const added = { id: file.syncId, type: file.syncType, startedAt: file.startedAt, endedAt }
        const staying = keep === null ? runs : Retention.plan([...runs, added], { keep, unfinished: false }).keep
        return merge(storeOf(earlier), staying.map((run) => run.id), file, schema)
      },
      close
    }
  } catch (error) {
    await close()
    throw error
  }
}
