/**
 * Grants as rows: who holds what.
 *
 * @since 0.1.0
 */
import type { Grant } from "@access-kit/connector-model/Grant"
import type { Resource } from "@access-kit/connector-model/Resource"
import type { Known } from "../Accounts.ts"
import * as GrantExpiry from "../GrantExpiry.ts"
import type { Column, View } from "../View.ts"

/**
 * @since 0.1.0
 */
export interface GrantRow {
  readonly grant: Grant
  /** What it is granted on. */
  readonly resource: Resource
  readonly slug: string
  /** Absent where the principal could not be read or was not asked for. */
  readonly account: Known | undefined
}

const ends: Column<GrantRow> = { name: "expiresAt", cell: (row) => GrantExpiry.endOf(row.grant) ?? "" }

const base: View<GrantRow> = {
  noun: ["grant", "grants"],
  columns: [
    { name: "groupName", header: "GROUP", cell: (row) => row.resource.displayName },
    { name: "accountName", header: "ACCOUNT", cell: (row) => row.account?.displayName ?? "" },
    { name: "login", header: "LOGIN", whole: true, cell: (row) => row.account?.login ?? "" },
    { name: "accountId", header: "ACCOUNT ID", whole: true, cell: (row) => row.grant.principal.resource },
    { name: "groupId", cell: (row) => row.resource.id.resource },
    { name: "entitlement", cell: (row) => row.slug },
    { name: "accountType", cell: (row) => row.grant.principal.resourceType },
    { name: "accountStatus", cell: (row) => row.account?.status ?? "" },
    { name: "id", cell: (row) => row.grant.id },
    ends
  ],
  json: (row) => ({
    id: row.grant.id,
    entitlement: row.slug,
    entitlementId: row.grant.entitlementId,
    group: { id: row.resource.id.resource, displayName: row.resource.displayName },
    account: {
      type: row.grant.principal.resourceType,
      id: row.grant.principal.resource,
      displayName: row.account?.displayName ?? null,
      login: row.account?.login ?? null,
      status: row.account?.status ?? null
    },
    expiresAt: GrantExpiry.endOf(row.grant) ?? null
  })
}

/**
 * @param through whether a server is asked, which knows when grants end
 * @since 0.1.0
 */
export const view = (through: boolean): View<GrantRow> =>
  through
    ? {
      ...base,
      columns: [...base.columns.filter((column) => column !== ends), { ...ends, header: "UNTIL", whole: true }]
    }
    : base
