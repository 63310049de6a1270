/**
 * Groups as rows, and one group with who is in it.
 *
 * @since 0.1.0
 */
import type { ResourceRecord } from "@access-kit/connector-model/Page"
import type { Resource } from "@access-kit/connector-model/Resource"
import type { View } from "../View.ts"

/**
 * @since 0.1.0
 */
export const view: View<Resource> = {
  noun: ["group", "groups"],
  columns: [
    { name: "displayName", header: "NAME", cell: (group) => group.displayName },
    { name: "id", header: "ID", whole: true, cell: (group) => group.id.resource },
    { name: "externalId", cell: (group) => group.externalId ?? "" }
  ],
  json: (group) => ({
    id: group.id.resource,
    displayName: group.displayName,
    externalId: group.externalId ?? null,
    profile: group.profile ?? null
  })
}

/**
 * @since 0.1.0
 */
export const record: View<ResourceRecord> = {
  noun: view.noun,
  columns: [
    ...view.columns.map((column) => ({ ...column, cell: (row: ResourceRecord) => column.cell(row.resource) })),
    { name: "members", header: "MEMBERS", cell: (row) => String(row.grants.length) }
  ],
  json: (row) => ({
    ...view.json(row.resource),
    entitlements: row.entitlements.map((entitlement) => entitlement.id),
    members: row.grants.map((grant) => ({ type: grant.principal.resourceType, id: grant.principal.resource }))
  })
}
