/**
 * The same snapshot in another format.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as C1zError from "./C1zError.ts"
import { storeOf } from "./internal/Store.ts"
import * as Writing from "./internal/Writing.ts"
import type { Snapshot } from "./Snapshot.ts"
import type * as WriteError from "./WriteError.ts"

/**
 * - `v1`: read by every baton tool; today's columns.
 * - `v1-legacy`: the columns of SDK v0.7, for old tools that copy syncs and stumble over newer columns.
 * - `v3`: read by SDK v0.18 and newer; the payload is a log only. References take the place of the copies that v1 keeps inside entitlements and
 *   grants.
 *
 * @since 0.1.0
 */
export const formats = ["v1", "v1-legacy", "v3"] as const

/**
 * @since 0.1.0
 */
export type Format = typeof formats[number]

/**
 * Writes the sync of the snapshot to a file of its own. The file appears in one step; one that is there is replaced. It may be the file that is read.
 *
 * @returns the size of the file in bytes
 * @since 0.1.0
 */
export const convert = Effect.fn("Convert.convert")(function*(
  snapshot: Snapshot,
  options: { readonly format: Format; readonly path: string }
): Effect.fn.Return<number, C1zError.C1zError | WriteError.WriteError> {
  const store = storeOf(snapshot.file)
  if (options.format !== "v3") return yield* Writing.v1(store, [snapshot.sync.id], options.format, options.path)
  return yield* Writing.v3(store, snapshot.sync.id, options.path)
})
