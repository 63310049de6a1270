/**
 * What one principal holds, and why: grants that are in the file, and those that follow from groups within groups even where the file was written
 * without working them out.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type * as C1zError from "./C1zError.ts"
import * as Grants from "./Grants.ts"
import { type Edge, edgesOf } from "./internal/Expansion.ts"
import { Names } from "./internal/Names.ts"
import { storeOf } from "./internal/Store.ts"
import * as ResourceRow from "./ResourceRow.ts"
import type { Snapshot } from "./Snapshot.ts"

/**
 * @since 0.1.0
 */
export interface AccessRow {
  readonly resource: ResourceRow.ResourceRow
  readonly entitlement: Grants.GrantRow["entitlement"]
  /** Absent for what follows from other grants and has none of its own in the file. */
  readonly grantId: string | undefined
  readonly direct: boolean
  /** Ids of the entitlements that bring it, the nearest first. */
  readonly via: ReadonlyArray<string>
}

/**
 * @since 0.1.0
 */
export interface Access {
  readonly principal: ResourceRow.ResourceRow
  /** By type and name of the resource, then by slug. */
  readonly rows: ReadonlyArray<AccessRow>
}

const compare = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0

const inOrder = (a: AccessRow, b: AccessRow): number =>
  compare(a.resource.type, b.resource.type) || compare(a.resource.displayName, b.resource.displayName)
  || compare(a.resource.id, b.resource.id) || compare(a.entitlement.slug, b.entitlement.slug)
  || compare(a.entitlement.id, b.entitlement.id)

const passes = (edge: Edge, principalType: string, direct: boolean): boolean =>
  (edge.principalTypes.length === 0 || edge.principalTypes.includes(principalType)) && (!edge.shallow || direct)

/**
 * @since 0.1.0
 */
export const of = Effect.fn("Access.of")(function*(
  snapshot: Snapshot,
  principal: ResourceRow.ResourceRow
): Effect.fn.Return<Access, C1zError.C1zError> {
  const store = storeOf(snapshot.file)
  const grants = yield* Stream.runCollect(
    Grants.list(snapshot, { principalType: principal.type, principalId: principal.id })
  )
  return yield* store.attempt("its grants can't be read", () => {
    const names = new Names(store, snapshot.sync.id)
    const { from } = edgesOf(store, snapshot.sync.id)
    const rows = new Map<string, { -readonly [K in keyof AccessRow]: AccessRow[K] }>()
    for (const grant of grants) {
      rows.set(grant.entitlement.id, {
        resource: grant.resource,
        entitlement: grant.entitlement,
        grantId: grant.id,
        direct: grant.direct,
        via: grant.via
      })
    }
    const queue = [...rows.keys()]
    for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
      const holding = rows.get(id)
      for (const edge of from.get(id) ?? []) {
        if (!passes(edge, principal.type, holding?.direct === true)) continue
        const known = rows.get(edge.target)
        if (known !== undefined) {
          if (!known.via.includes(id)) known.via = [...known.via, id]
          continue
        }
        const entitlement = names.entitlement(edge.target)
        const type = entitlement?.resourceType ?? ""
        const resource = entitlement?.resourceId ?? ""
        rows.set(edge.target, {
          resource: names.resource(type, resource) ?? ResourceRow.missing(type, resource),
          entitlement: {
            id: edge.target,
            slug: entitlement?.slug ?? "",
            displayName: entitlement?.displayName ?? "",
            description: entitlement?.description ?? ""
          },
          grantId: undefined,
          direct: false,
          via: [id]
        })
        queue.push(edge.target)
      }
    }
    return { principal, rows: [...rows.values()].sort(inOrder) }
  })
})

/**
 * One way to an entitlement: from one that the principal holds directly to the one that was asked for, with every one between.
 *
 * @since 0.1.0
 */
export type Path = ReadonlyArray<{
  readonly entitlementId: string
  readonly slug: string
  readonly resource: ResourceRow.ResourceRow
}>

/**
 * @since 0.1.0
 */
export interface Explanation {
  readonly principal: ResourceRow.ResourceRow
  readonly entitlementId: string
  /** Whether the principal holds it, by a grant or by what follows from others. */
  readonly held: boolean
  /** The grant in the file, if there is one. */
  readonly grantId: string | undefined
  /** Shortest first. A path of one step is a grant of one's own. */
  readonly paths: ReadonlyArray<Path>
  /** Whether there are more paths than are listed. */
  readonly more: boolean
}

/** More ways than anybody reads. */
const MOST_PATHS = 50
const DEEPEST = 32

/**
 * Says by which ways a principal comes to hold an entitlement.
 *
 * @since 0.1.0
 */
export const explain = Effect.fn("Access.explain")(function*(
  snapshot: Snapshot,
  principal: ResourceRow.ResourceRow,
  entitlementId: string
): Effect.fn.Return<Explanation, C1zError.C1zError> {
  const store = storeOf(snapshot.file)
  const held = new Map(
    (yield* Stream.runCollect(Grants.list(snapshot, { principalType: principal.type, principalId: principal.id })))
      .map((grant) => [grant.entitlement.id, grant] as const)
  )
  return yield* store.attempt("its grants can't be read", () => {
    const names = new Names(store, snapshot.sync.id)
    const { to } = edgesOf(store, snapshot.sync.id)
    const found: Array<ReadonlyArray<string>> = []
    let more = false
    // From the entitlement backwards, a step at a time, so that the shortest ways are found first.
    let trails: Array<ReadonlyArray<string>> = [[entitlementId]]
    for (let depth = 0; depth < DEEPEST && trails.length > 0; depth++) {
      const next: Array<ReadonlyArray<string>> = []
      for (const trail of trails) {
        const [first = ""] = trail
        const grant = held.get(first)
        if (grant?.direct === true) {
          if (found.length < MOST_PATHS) found.push(trail)
          else more = true
        }
        const edges = to.get(first) ?? []
        for (const edge of edges) {
          const direct = held.get(edge.source)?.direct === true
          if (trail.includes(edge.source) || !passes(edge, principal.type, direct)) continue
          if (next.length < MOST_PATHS * 20) next.push([edge.source, ...trail])
          else more = true
        }
        // What was worked out by the writer names its sources even where the grants that they came by are not in the file.
        for (const source of grant?.via ?? []) {
          if (!trail.includes(source) && !edges.some((edge) => edge.source === source)) next.push([source, ...trail])
        }
      }
      trails = next
    }
    const grant = held.get(entitlementId)
    return {
      principal,
      entitlementId,
      held: grant !== undefined || found.length > 0,
      grantId: grant?.id,
      more,
      paths: found.map((trail) =>
        trail.map((id) => {
          const entitlement = names.entitlement(id)
          const type = entitlement?.resourceType ?? ""
          const resource = entitlement?.resourceId ?? ""
          return {
            entitlementId: id,
            slug: entitlement?.slug ?? "",
            resource: names.resource(type, resource) ?? ResourceRow.missing(type, resource)
          }
        })
      )
    }
  })
})
