/**
 * Who holds what.
 *
 * @since 0.1.0
 */
import { GrantExpandableSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_grant_pb"
import { fromBinary } from "@bufbuild/protobuf"
import * as Stream from "effect/Stream"
import type { SQLInputValue } from "node:sqlite"
import type * as C1zError from "./C1zError.ts"
import { GrantReader } from "./internal/GrantReader.ts"
import { text } from "./internal/Row.ts"
import { storeOf } from "./internal/Store.ts"
import type { Positioned } from "./Page.ts"
import * as ResourceRow from "./ResourceRow.ts"
import type { Snapshot } from "./Snapshot.ts"

/**
 * @since 0.1.0
 */
export interface GrantRow extends Positioned {
  readonly id: string
  readonly entitlement: {
    readonly id: string
    readonly slug: string
    readonly displayName: string
    readonly description: string
  }
  /** What it is held on. */
  readonly resource: ResourceRow.ResourceRow
  readonly principal: ResourceRow.ResourceRow
  /**
   * Whether the principal holds it itself, or through another entitlement.
   */
  readonly direct: boolean
  /** Ids of the entitlements through which it is held; empty for one that is held directly only. */
  readonly via: ReadonlyArray<string>
  /** Whether it can't be revoked by itself. */
  readonly immutable: boolean
  /** Whether others hold the entitlement through this grant, as members of a group do. */
  readonly expandable: boolean
  /** Epoch milliseconds. */
  readonly discoveredAt: number | undefined
}

/**
 * Text, e-mail and status are about the principal.
 *
 * @since 0.1.0
 */
export interface Filter extends ResourceRow.Filter {
  /** Of resources of this type. */
  readonly type?: string
  readonly resourceId?: string
  readonly entitlementId?: string
  readonly slug?: string
  readonly principalType?: string
  readonly principalId?: string
}

/**
 * The grants in the order of the file.
 *
 * @since 0.1.0
 */
export const list = (
  snapshot: Snapshot,
  options: Filter & { readonly after?: string } = {}
): Stream.Stream<GrantRow, C1zError.C1zError> =>
  Stream.suspend(() => {
    const store = storeOf(snapshot.file)
    const reader = new GrantReader(snapshot)
    const conditions: Array<string> = []
    const values: Array<SQLInputValue> = []
    const where = (column: string, value: string | undefined) => {
      if (value === undefined) return
      values.push(value)
      conditions.push(`${column} = ?${values.length + 2}`)
    }
    // By the type alone an index finds rows in the order of their resources or principals, and all of them would be sorted for every page.
    where(options.resourceId === undefined ? "+resource_type_id" : "resource_type_id", options.type)
    where("resource_id", options.resourceId)
    where("entitlement_id", options.entitlementId)
    where(
      options.principalId === undefined ? "+principal_resource_type_id" : "principal_resource_type_id",
      options.principalType
    )
    where("principal_resource_id", options.principalId)
    const rows = store.rows(
      "v1_grants",
      {
        syncId: snapshot.sync.id,
        after: Number(options.after ?? 0),
        values,
        ...(conditions.length === 0 ? {} : { where: conditions.join(" AND ") })
      },
      (row) => reader.row(row)
    )
    const slugged = options.slug === undefined
      ? rows
      : Stream.filter(rows, (row) => row.entitlement.slug === options.slug)
    if (ResourceRow.isEmpty(options)) return slugged
    const matches = ResourceRow.matcher(options)
    return Stream.filter(slugged, (row) => matches(row.principal))
  })

/**
 * A grant as nothing but ids: what a copy of the file into another store needs.
 *
 * @since 0.1.0
 */
export interface Link {
  readonly id: string
  readonly entitlementId: string
  readonly principal: { readonly type: string; readonly id: string }
  /** Present where whoever holds one of these entitlements is to hold the granted one too. */
  readonly expansion:
    | {
      readonly entitlementIds: ReadonlyArray<string>
      readonly shallow: boolean
      readonly principalTypes: ReadonlyArray<string>
    }
    | undefined
}

/**
 * The grants in the order of their ids, without looking anything up.
 *
 * @since 0.1.0
 */
export const links = (snapshot: Snapshot): Stream.Stream<Link, C1zError.C1zError> =>
  storeOf(snapshot.file).sorted(
    "v1_grants",
    {
      syncId: snapshot.sync.id,
      columns: "external_id, entitlement_id, principal_resource_type_id, principal_resource_id, expansion"
    },
    (row): Link => {
      const { expansion } = row
      const expandable = expansion instanceof Uint8Array ? fromBinary(GrantExpandableSchema, expansion) : undefined
      return {
        id: text(row, "external_id"),
        entitlementId: text(row, "entitlement_id"),
        principal: { type: text(row, "principal_resource_type_id"), id: text(row, "principal_resource_id") },
        expansion: expandable === undefined ? undefined : {
          entitlementIds: expandable.entitlementIds,
          shallow: expandable.shallow,
          principalTypes: expandable.resourceTypeIds
        }
      }
    }
  )
