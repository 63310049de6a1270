/**
 * What can be held on resources.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type * as C1zError from "./C1zError.ts"
import { entitlementOf, Names } from "./internal/Names.ts"
import { integer } from "./internal/Row.ts"
import { storeOf } from "./internal/Store.ts"
import type { Positioned } from "./Page.ts"
import * as QueryError from "./QueryError.ts"
import * as ResourceRow from "./ResourceRow.ts"
import type { Snapshot } from "./Snapshot.ts"

/**
 * @since 0.1.0
 */
export interface EntitlementRow extends Positioned {
  readonly id: string
  readonly slug: string
  readonly displayName: string
  readonly description: string
  readonly purpose: "" | "assignment" | "permission" | "ownership"
  /** Ids of resource types. */
  readonly grantableTo: ReadonlyArray<string>
  /** What it is held on. */
  readonly resource: ResourceRow.ResourceRow
  /** How many hold it. */
  readonly holders: number
}

/**
 * @since 0.1.0
 */
export interface Filter {
  /** Of resources of this type. */
  readonly type?: string
  readonly resourceId?: string
  readonly slug?: string
  /** Somewhere in its name, its id or the name of its resource, whatever the case. */
  readonly text?: string
}

const fold = (text: string): string => text.normalize("NFKC").toLowerCase()

/**
 * The entitlements in the order of the file.
 *
 * @since 0.1.0
 */
export const list = (
  snapshot: Snapshot,
  options: Filter & { readonly after?: string } = {}
): Stream.Stream<EntitlementRow, C1zError.C1zError> =>
  Stream.suspend(() => {
    const store = storeOf(snapshot.file)
    const names = new Names(store, snapshot.sync.id)
    const holders = store.database.prepare(
      "SELECT count(*) AS rows FROM v1_grants WHERE entitlement_id = ? AND sync_id = ?"
    )
    const wanted = options.text === undefined ? undefined : fold(options.text)
    return store.rows(
      "v1_entitlements",
      {
        syncId: snapshot.sync.id,
        after: Number(options.after ?? 0),
        where: "(?3 IS NULL OR resource_type_id = ?3) AND (?4 IS NULL OR resource_id = ?4)",
        values: [options.type ?? null, options.resourceId ?? null]
      },
      (row): EntitlementRow => {
        const { resourceId, resourceType, ...entitlement } = entitlementOf(row)
        return {
          ...entitlement,
          cursor: String(integer(row, "id")),
          resource: names.resource(resourceType, resourceId) ?? ResourceRow.missing(resourceType, resourceId),
          holders: integer(holders.get(entitlement.id, snapshot.sync.id), "rows")
        }
      }
    ).pipe(Stream.filter((row) =>
      (options.slug === undefined || row.slug === options.slug)
      && (wanted === undefined
        || [row.displayName, row.id, row.resource.displayName].some((text) => fold(text).includes(wanted)))
    ))
  })

/**
 * The one entitlement that a name fits: its id, its display name, or the name or id of its resource where that has a single entitlement or `slug` says
 * which.
 *
 * @since 0.1.0
 */
export const find = Effect.fn("Entitlements.find")(function*(
  snapshot: Snapshot,
  name: string,
  options: { readonly slug?: string } = {}
): Effect.fn.Return<EntitlementRow, C1zError.C1zError | QueryError.QueryError> {
  const wanted = fold(name)
  const fits = (text: string) => fold(text) === wanted
  const found = yield* Stream.runCollect(
    list(snapshot, options).pipe(
      Stream.filter((row) =>
        row.id === name || fits(row.displayName) || fits(row.resource.displayName) || row.resource.id === name
      )
    )
  )
  const matches = [
    found.filter((row) => row.id === name),
    found.filter((row) => fits(row.displayName)),
    found
  ].find((step) => step.length > 0) ?? []
  const [only] = matches
  if (only !== undefined && matches.length === 1) return only
  return yield* new QueryError.QueryError({
    reason: only === undefined
      ? new QueryError.NotFound({ message: `The snapshot has no entitlement "${name}".` })
      : new QueryError.Ambiguous({
        message: `"${name}" fits several entitlements: ${matches.map((row) => row.id).join(", ")}. Give one of these.`,
        matches: matches.map((row) => row.id)
      })
  })
})
