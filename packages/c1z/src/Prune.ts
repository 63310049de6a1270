/**
 * Retention: what syncs a file keeps, and the file without the others.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type * as C1z from "./C1z.ts"
import type * as C1zError from "./C1zError.ts"
import * as Retention from "./internal/Retention.ts"
import { storeOf } from "./internal/Store.ts"
import * as Writing from "./internal/Writing.ts"
import type * as WriteError from "./WriteError.ts"

/**
 * @since 0.1.0
 */
export interface Options {
  /**
   * How many finished full syncs stay: the latest ones.
   *
   * @default 2, as baton
   */
  readonly keep?: number
  /**
   * Whether syncs that were not finished go as well.
   *
   * @default false
   */
  readonly unfinished?: boolean
}

/**
 * @since 0.1.0
 */
export interface Plan {
  readonly keep: ReadonlyArray<C1z.SyncRun>
  readonly remove: ReadonlyArray<C1z.SyncRun>
}

/**
 * Says what would go: full syncs beyond the latest `keep`, and syncs of other types that ended before the oldest of those began.
 *
 * @since 0.1.0
 */
export const plan = Effect.fn("Prune.plan")(function*(
  file: C1z.C1z,
  options: Options = {}
): Effect.fn.Return<Plan, C1zError.C1zError> {
  const syncs = yield* Stream.runCollect(file.syncRuns)
  return Retention.plan(syncs, { keep: options.keep ?? 2, unfinished: options.unfinished === true })
})

/**
 * Writes the file without the syncs that go. It may be the file itself, which is then replaced in one step.
 *
 * @returns the size of the file in bytes
 * @since 0.1.0
 */
export const prune = Effect.fn("Prune.prune")(function*(
  file: C1z.C1z,
  plan: Plan,
  path: string
): Effect.fn.Return<number, C1zError.C1zError | WriteError.WriteError> {
  return yield* Writing.v1(storeOf(file), plan.keep.map((sync) => sync.id), "v1", path)
})
