/**
 * Looks up what ids stand for. Hundreds of thousands of grants name the same few people and entitlements again and again, so what was found is kept,
 * up to a bound.
 */
import { EntitlementSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/entitlement_pb"
import { type ResourceType, ResourceTypeSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"
import { fromBinary } from "@bufbuild/protobuf"
import type { StatementSync } from "node:sqlite"
import type { EntitlementRow } from "../Entitlements.ts"
import * as ResourceRow from "../ResourceRow.ts"
import { type Row, text } from "./Row.ts"
import type { Store } from "./Store.ts"

const MANY = 100_000

export class Bounded<A> {
  private readonly found = new Map<string, A>()
  private readonly limit: number

  constructor(limit = MANY) {
    this.limit = limit
  }

  get(key: string, find: () => A): A {
    const known = this.found.get(key)
    if (known !== undefined) return known
    const value = find()
    if (this.found.size >= this.limit) this.found.clear()
    this.found.set(key, value)
    return value
  }
}

const PURPOSES = ["", "assignment", "permission", "ownership"] as const

export const dataOf = (row: Row | undefined): Uint8Array | undefined => {
  const value = row?.["data"]
  return value instanceof Uint8Array ? value : undefined
}

export const entitlementOf = (row: Row): Omit<EntitlementRow, "resource" | "holders" | "cursor"> & {
  readonly resourceType: string
  readonly resourceId: string
} => {
  const message = fromBinary(EntitlementSchema, dataOf(row) ?? new Uint8Array(0))
  return {
    id: text(row, "external_id"),
    slug: message.slug,
    displayName: message.displayName,
    description: message.description,
    purpose: PURPOSES[message.purpose] ?? "",
    grantableTo: message.grantableTo.map((type) => type.id),
    resourceType: text(row, "resource_type_id"),
    resourceId: text(row, "resource_id")
  }
}

/** An entitlement as grants name it. */
export type NamedEntitlement = ReturnType<typeof entitlementOf>

export class Names {
  private readonly resources = new Bounded<ResourceRow.ResourceRow | null>()
  private readonly entitlements = new Bounded<NamedEntitlement | null>()
  private readonly types = new Bounded<ResourceType | null>()
  private readonly statements: Readonly<Record<"resource" | "entitlement" | "type", StatementSync>>
  private readonly syncId: string

  constructor(store: Store, syncId: string) {
    this.syncId = syncId
    const one = (table: string) =>
      store.database.prepare(`SELECT * FROM ${table} WHERE external_id = ? AND sync_id = ? LIMIT 1`)
    this.statements = {
      resource: one("v1_resources"),
      entitlement: one("v1_entitlements"),
      type: one("v1_resource_types")
    }
  }

  resource(type: string, id: string): ResourceRow.ResourceRow | undefined {
    const key = `${type}:${id}`
    return this.resources.get(key, () => {
      const data = dataOf(this.statements.resource.get(key, this.syncId))
      return data === undefined ? null : ResourceRow.fromBytes(data)
    }) ?? undefined
  }

  entitlement(id: string): NamedEntitlement | undefined {
    return this.entitlements.get(id, () => {
      const row = this.statements.entitlement.get(id, this.syncId)
      return row === undefined ? null : entitlementOf(row)
    }) ?? undefined
  }

  resourceType(id: string): ResourceType | undefined {
    return this.types.get(id, () => {
      const data = dataOf(this.statements.type.get(id, this.syncId))
      return data === undefined ? null : fromBinary(ResourceTypeSchema, data)
    }) ?? undefined
  }
}
