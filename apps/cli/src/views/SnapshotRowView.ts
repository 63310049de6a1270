/**
 * Rows of a snapshot: resource types, resources, principals, entitlements, grants.
 *
 * @since 0.1.0
 */
import type { EntitlementRow } from "@access-kit/c1z/Entitlements"
import type { GrantRow } from "@access-kit/c1z/Grants"
import type { ResourceRow } from "@access-kit/c1z/ResourceRow"
import type { Principal, ResourceTypeRow } from "@access-kit/c1z/Resources"
import type * as Schema from "effect/Schema"
import type { Column, View } from "../View.ts"

/**
 * A time for people and programs; empty where there is none.
 *
 * @since 0.1.0
 */
export const time = (milliseconds: number | undefined): string =>
  milliseconds === undefined ? "" : new Date(milliseconds).toISOString()

/**
 * @since 0.1.0
 */
export const resourceType: View<ResourceTypeRow> = {
  noun: ["resource type", "resource types"],
  columns: [
    { name: "id", header: "ID", whole: true, cell: (row) => row.id },
    { name: "displayName", header: "NAME", cell: (row) => row.displayName },
    { name: "traits", header: "TRAITS", cell: (row) => row.traits.join(" ") },
    { name: "description", cell: (row) => row.description }
  ],
  json: (row) => ({
    id: row.id,
    displayName: row.displayName,
    description: row.description,
    traits: [...row.traits]
  })
}

/** A status that nobody has given is "enabled" for people, as baton has it. */
const status = (row: ResourceRow): string => row.traits.includes("user") ? row.status ?? "enabled" : row.status ?? ""

const resourceColumns: ReadonlyArray<Column<ResourceRow>> = [
  { name: "displayName", header: "NAME", cell: (row) => row.displayName },
  { name: "type", header: "TYPE", cell: (row) => row.type },
  { name: "email", header: "E-MAIL", cell: (row) => row.email },
  { name: "status", header: "STATUS", cell: status },
  { name: "id", header: "ID", whole: true, cell: (row) => row.id },
  { name: "login", cell: (row) => row.login },
  { name: "emails", cell: (row) => row.emails.map((email) => email.address).join(" ") },
  { name: "statusDetails", cell: (row) => row.statusDetails },
  { name: "accountType", cell: (row) => row.accountType ?? "" },
  { name: "givenName", cell: (row) => row.givenName },
  { name: "familyName", cell: (row) => row.familyName },
  { name: "employeeIds", cell: (row) => row.employeeIds.join(" ") },
  { name: "parentType", cell: (row) => row.parent?.type ?? "" },
  { name: "parentId", cell: (row) => row.parent?.id ?? "" },
  { name: "traits", cell: (row) => row.traits.join(" ") },
  { name: "description", cell: (row) => row.description },
  { name: "createdAt", cell: (row) => time(row.createdAt) },
  { name: "lastLogin", cell: (row) => time(row.lastLogin) }
]

/**
 * A resource as an object, the same wherever one is printed whole.
 *
 * @since 0.1.0
 */
export const resourceJson = (row: ResourceRow): Schema.JsonObject => ({
  type: row.type,
  id: row.id,
  displayName: row.displayName,
  description: row.description,
  parent: row.parent === undefined ? null : { type: row.parent.type, id: row.parent.id },
  traits: [...row.traits],
  status: row.status ?? null,
  statusDetails: row.statusDetails,
  login: row.login,
  email: row.email,
  emails: row.emails.map((email) => ({ address: email.address, primary: email.primary })),
  accountType: row.accountType ?? null,
  givenName: row.givenName,
  familyName: row.familyName,
  employeeIds: [...row.employeeIds],
  createdAt: time(row.createdAt) || null,
  lastLogin: time(row.lastLogin) || null,
  profile: row.profile
})

/**
 * @since 0.1.0
 */
export const resource: View<ResourceRow> = {
  noun: ["resource", "resources"],
  columns: resourceColumns,
  json: resourceJson
}

/**
 * @since 0.1.0
 */
export const principal: View<Principal> = {
  noun: ["principal", "principals"],
  columns: [
    ...resourceColumns.slice(0, 4),
    { name: "grants", header: "GRANTS", align: "right", cell: (row) => String(row.grants) },
    ...resourceColumns.slice(4)
  ],
  json: (row) => ({ ...resourceJson(row), grants: row.grants })
}

/**
 * @since 0.1.0
 */
export const entitlement: View<EntitlementRow> = {
  noun: ["entitlement", "entitlements"],
  columns: [
    { name: "displayName", header: "NAME", cell: (row) => row.displayName },
    { name: "slug", header: "SLUG", cell: (row) => row.slug },
    { name: "resourceName", header: "RESOURCE", cell: (row) => row.resource.displayName },
    { name: "holders", header: "HOLDERS", align: "right", cell: (row) => String(row.holders) },
    { name: "id", header: "ID", whole: true, cell: (row) => row.id },
    { name: "resourceType", cell: (row) => row.resource.type },
    { name: "resourceId", cell: (row) => row.resource.id },
    { name: "purpose", cell: (row) => row.purpose },
    { name: "grantableTo", cell: (row) => row.grantableTo.join(" ") },
    { name: "description", cell: (row) => row.description }
  ],
  json: (row) => ({
    id: row.id,
    slug: row.slug,
    displayName: row.displayName,
    description: row.description,
    purpose: row.purpose,
    grantableTo: [...row.grantableTo],
    resource: { type: row.resource.type, id: row.resource.id, displayName: row.resource.displayName },
    holders: row.holders
  })
}

/**
 * @since 0.1.0
 */
export const grant: View<GrantRow> = {
  noun: ["grant", "grants"],
  columns: [
    { name: "resourceName", header: "RESOURCE", cell: (row) => row.resource.displayName },
    { name: "entitlement", header: "RIGHT", cell: (row) => row.entitlement.slug },
    { name: "principalName", header: "PRINCIPAL", cell: (row) => row.principal.displayName },
    { name: "email", header: "E-MAIL", cell: (row) => row.principal.email },
    { name: "status", header: "STATUS", cell: (row) => status(row.principal) },
    { name: "how", header: "HOW", cell: (row) => row.direct ? "directly" : `through ${row.via.join(" ")}` },
    { name: "id", cell: (row) => row.id },
    { name: "entitlementId", cell: (row) => row.entitlement.id },
    { name: "resourceType", cell: (row) => row.resource.type },
    { name: "resourceId", cell: (row) => row.resource.id },
    { name: "principalType", cell: (row) => row.principal.type },
    { name: "principalId", cell: (row) => row.principal.id },
    { name: "login", cell: (row) => row.principal.login },
    { name: "immutable", cell: (row) => String(row.immutable) },
    { name: "expandable", cell: (row) => String(row.expandable) },
    { name: "discoveredAt", cell: (row) => time(row.discoveredAt) }
  ],
  json: (row) => ({
    id: row.id,
    entitlement: { id: row.entitlement.id, slug: row.entitlement.slug, displayName: row.entitlement.displayName },
    resource: { type: row.resource.type, id: row.resource.id, displayName: row.resource.displayName },
    principal: {
      type: row.principal.type,
      id: row.principal.id,
      displayName: row.principal.displayName,
      email: row.principal.email,
      login: row.principal.login,
      status: row.principal.status ?? null
    },
    direct: row.direct,
    via: [...row.via],
    immutable: row.immutable,
    expandable: row.expandable,
    discoveredAt: time(row.discoveredAt) || null
  })
}
