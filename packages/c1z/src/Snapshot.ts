/**
 * One sync of an open file: what every question is asked about.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type * as C1z from "./C1z.ts"
import type * as C1zError from "./C1zError.ts"
import * as QueryError from "./QueryError.ts"

/**
 * @since 0.1.0
 */
export interface Snapshot {
  readonly file: C1z.C1z
  readonly sync: C1z.SyncRun
}

/**
 * @since 0.1.0
 */
export interface Options {
  /** Without, the sync that ended last; or if none has ended, the one that began last. */
  readonly syncId?: string
}

const latest = (syncs: ReadonlyArray<C1z.SyncRun>, time: (sync: C1z.SyncRun) => number | undefined) =>
  syncs.toSorted((a, b) => (time(b) ?? 0) - (time(a) ?? 0) || (a.id < b.id ? 1 : -1))[0]

/**
 * Chooses the sync to ask about, as `baton` does.
 *
 * @since 0.1.0
 */
export const of = Effect.fn("Snapshot.of")(function*(
  file: C1z.C1z,
  options: Options = {}
): Effect.fn.Return<Snapshot, C1zError.C1zError | QueryError.QueryError> {
  const syncs = yield* Stream.runCollect(file.syncRuns)
  const finished = syncs.filter((sync) => sync.endedAt !== undefined)
  const sync = options.syncId !== undefined
    ? syncs.find((sync) => sync.id === options.syncId)
    : latest(finished, (sync) => sync.endedAt) ?? latest(syncs, (sync) => sync.startedAt)
  if (sync !== undefined) return { file, sync }
  return yield* new QueryError.QueryError({
    reason: options.syncId === undefined
      ? new QueryError.NoSync({ message: `"${file.path}" holds no sync. Sync again.` })
      : new QueryError.NotFound({
        message: `"${file.path}" has no sync "${options.syncId}". It has: ${
          syncs.map((sync) => sync.id).join(", ") || "none"
        }.`
      })
  })
})
