/**
 * How much is in a snapshot.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as C1zError from "./C1zError.ts"
import { integer, text } from "./internal/Row.ts"
import { storeOf } from "./internal/Store.ts"
import type { Snapshot } from "./Snapshot.ts"

/**
 * @since 0.1.0
 */
export interface TypeStats {
  readonly type: string
  readonly resources: number
  readonly entitlements: number
  /** Grants of its entitlements. */
  readonly grants: number
}

/**
 * @since 0.1.0
 */
export interface Stats {
  readonly resourceTypes: number
  readonly resources: number
  readonly entitlements: number
  readonly grants: number
  /** Whoever holds a grant. */
  readonly principals: number
  readonly assets: number
  readonly byType: ReadonlyArray<TypeStats>
}

/**
 * Counts the rows of the snapshot; what the file says about its counts is not believed.
 *
 * @since 0.1.0
 */
export const of = Effect.fn("Stats.of")(function*(snapshot: Snapshot): Effect.fn.Return<Stats, C1zError.C1zError> {
  const store = storeOf(snapshot.file)
  const syncId = snapshot.sync.id
  return yield* store.attempt("its rows can't be counted", () => {
    const count = (table: string): number =>
      integer(store.database.prepare(`SELECT count(*) AS rows FROM ${table} WHERE sync_id = ?`).get(syncId), "rows")
    const by = (table: string): Map<string, number> =>
      new Map(
        store.database.prepare(
          `SELECT resource_type_id AS type, count(*) AS rows FROM ${table} WHERE sync_id = ? GROUP BY 1`
        )
          .all(syncId).map((row) => [text(row, "type"), integer(row, "rows")])
      )
    const [resources, entitlements, grants] = [by("v1_resources"), by("v1_entitlements"), by("v1_grants")]
    const types = store.database.prepare("SELECT external_id AS type FROM v1_resource_types WHERE sync_id = ?").all(
      syncId
    )
      .map((row) => text(row, "type"))
    const names = [...new Set([...types, ...resources.keys(), ...entitlements.keys(), ...grants.keys()])].sort()
    return {
      resourceTypes: types.length,
      resources: count("v1_resources"),
      entitlements: count("v1_entitlements"),
      grants: count("v1_grants"),
      principals: integer(
        store.database.prepare(
          "SELECT count(*) AS rows FROM (SELECT DISTINCT principal_resource_type_id, principal_resource_id FROM v1_grants WHERE sync_id = ?)"
        ).get(syncId),
        "rows"
      ),
      assets: count("v1_assets"),
      byType: names.map((type) => ({
        type,
        resources: resources.get(type) ?? 0,
        entitlements: entitlements.get(type) ?? 0,
        grants: grants.get(type) ?? 0
      }))
    }
  })
})
