/**
 * Grants with an end as rows, the next to end first.
 *
 * @since 0.1.0
 */
import type { Grant, TimedGrant } from "@access-kit/server-api/Directory"
import type { View } from "../View.ts"

/**
 * @since 0.1.0
 */
export interface TimedGrantRow {
  readonly timed: TimedGrant
  /** What the directory says of the grant; absent where it is no more, or was not asked for. */
  readonly grant: Grant | undefined
}

/**
 * @since 0.1.0
 */
export const view: View<TimedGrantRow> = {
  noun: ["timed grant", "timed grants"],
  columns: [
    { name: "id", header: "ID", whole: true, cell: ({ timed }) => timed.id },
    { name: "expiresAt", header: "UNTIL", whole: true, cell: ({ timed }) => timed.expiresAt },
    { name: "state", header: "STATE", cell: ({ timed }) => timed.state },
    { name: "groupName", header: "GROUP", cell: ({ grant }) => grant?.resourceName ?? "" },
    { name: "accountName", header: "ACCOUNT", cell: ({ grant }) => grant?.principalName ?? "" },
    { name: "accountId", header: "ACCOUNT ID", whole: true, cell: ({ timed }) => timed.principal.resource },
    { name: "entitlementId", cell: ({ timed }) => timed.entitlementId },
    { name: "grantId", cell: ({ timed }) => timed.grantId },
    { name: "requestedBy", header: "BY", cell: ({ timed }) => timed.requestedBy },
    { name: "operationId", cell: ({ timed }) => timed.operationId },
    { name: "revocationId", cell: ({ timed }) => timed.revocationId ?? "" },
    { name: "endedAt", cell: ({ timed }) => timed.endedAt ?? "" },
    { name: "connectorId", cell: ({ timed }) => timed.connectorId }
  ],
  json: ({ grant, timed }) => ({
    id: timed.id,
    connectorId: timed.connectorId,
    state: timed.state,
    expiresAt: timed.expiresAt,
    grantId: timed.grantId,
    entitlementId: timed.entitlementId,
    group: grant === undefined ? null : { id: grant.resource.resource, displayName: grant.resourceName },
    account: {
      type: timed.principal.resourceType,
      id: timed.principal.resource,
      displayName: grant?.principalName ?? null
    },
    operationId: timed.operationId,
    revocationId: timed.revocationId ?? null,
    requestedBy: timed.requestedBy,
    endedAt: timed.endedAt ?? null
  })
}
