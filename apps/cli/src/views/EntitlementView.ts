/**
 * Entitlements as rows.
 *
 * @since 0.1.0
 */
import type { Entitlement } from "@access-kit/connector-model/Entitlement"
import type { Resource } from "@access-kit/connector-model/Resource"
import type { View } from "../View.ts"

/**
 * An entitlement with the resource that it is on.
 *
 * @since 0.1.0
 */
export interface EntitlementRow {
  readonly entitlement: Entitlement
  readonly resource: Resource
  /** How many hold it. */
  readonly holders: number
}

/**
 * @since 0.1.0
 */
export const view: View<EntitlementRow> = {
  noun: ["entitlement", "entitlements"],
  columns: [
    { name: "displayName", header: "NAME", cell: (row) => row.entitlement.displayName },
    { name: "slug", header: "SLUG", cell: (row) => row.entitlement.slug },
    { name: "holders", header: "HOLDERS", align: "right", cell: (row) => String(row.holders) },
    { name: "id", header: "ID", whole: true, cell: (row) => row.entitlement.id },
    { name: "resourceType", cell: (row) => row.resource.id.resourceType },
    { name: "resourceId", cell: (row) => row.resource.id.resource },
    { name: "resourceName", cell: (row) => row.resource.displayName },
    { name: "purpose", cell: (row) => row.entitlement.purpose },
    { name: "grantableTo", cell: (row) => row.entitlement.grantableTo.join(" ") },
    { name: "description", cell: (row) => row.entitlement.description }
  ],
  json: (row) => ({
    id: row.entitlement.id,
    slug: row.entitlement.slug,
    displayName: row.entitlement.displayName,
    description: row.entitlement.description,
    purpose: row.entitlement.purpose,
    grantableTo: [...row.entitlement.grantableTo],
    resource: {
      type: row.resource.id.resourceType,
      id: row.resource.id.resource,
      displayName: row.resource.displayName
    },
    holders: row.holders
  })
}
