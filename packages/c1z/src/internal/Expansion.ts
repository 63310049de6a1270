/**
 * Which entitlements bring others with them: a group that holds a grant passes it on to its members, where the grant says so.
 */
import { GrantExpandableSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_grant_pb"
import { fromBinary } from "@bufbuild/protobuf"
import { text } from "./Row.ts"
import type { Store } from "./Store.ts"

export interface Edge {
  /** Whoever holds this … */
  readonly source: string
  /** … holds this as well. */
  readonly target: string
  /** Only whoever holds the source directly. */
  readonly shallow: boolean
  /** Only principals of these types; of any type if empty. */
  readonly principalTypes: ReadonlyArray<string>
  /** The principal of the grant that passes it on. */
  readonly through: readonly [type: string, id: string]
}

export interface Edges {
  readonly from: ReadonlyMap<string, ReadonlyArray<Edge>>
  readonly to: ReadonlyMap<string, ReadonlyArray<Edge>>
}

/** All of a sync. There are as many as there are groups within groups, not as many as grants. */
export const edgesOf = (store: Store, syncId: string): Edges => {
  const from = new Map<string, Array<Edge>>()
  const to = new Map<string, Array<Edge>>()
  const add = (map: Map<string, Array<Edge>>, key: string, edge: Edge) => {
    const edges = map.get(key)
    if (edges === undefined) map.set(key, [edge])
    else edges.push(edge)
  }
  const rows = store.database.prepare(
    `SELECT entitlement_id, principal_resource_type_id, principal_resource_id, expansion FROM v1_grants
     WHERE sync_id = ? AND expansion IS NOT NULL ORDER BY id`
  )
  for (const row of rows.iterate(syncId)) {
    const expansion = row["expansion"]
    if (!(expansion instanceof Uint8Array)) continue
    const { entitlementIds, resourceTypeIds, shallow } = fromBinary(GrantExpandableSchema, expansion)
    for (const source of entitlementIds) {
      const edge: Edge = {
        source,
        target: text(row, "entitlement_id"),
        shallow,
        principalTypes: resourceTypeIds,
        through: [text(row, "principal_resource_type_id"), text(row, "principal_resource_id")]
      }
      add(from, edge.source, edge)
      add(to, edge.target, edge)
    }
  }
  return { from, to }
}
