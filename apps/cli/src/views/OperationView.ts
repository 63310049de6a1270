/**
 * Operations of a server as rows: every change that was asked for, and what came of it.
 *
 * @since 0.1.0
 */
import type { Operation } from "@access-kit/server-api/Operations"
import type { View } from "../View.ts"

const kinds: Readonly<Record<Operation["kind"], string>> = {
  grant: "grant",
  revoke: "revoke",
  createAccount: "create",
  deleteAccount: "delete"
}

/** Whom it is about, as it was asked for. */
const account = ({ request }: Operation): string => request.email ?? request.accountId ?? request.principalId ?? ""

const detail = (operation: Operation): string => {
  if (operation.error !== undefined) return operation.error.message
  if (operation.state === "awaitingApproval") return operation.approvalReason ?? ""
  const { expiresAt } = operation.request
  if (expiresAt === undefined) return ""
  return operation.expiry === "NotSet" ? "without an end, and it stays so" : `until ${expiresAt}`
}

/**
 * @since 0.1.0
 */
export const view: View<Operation> = {
  noun: ["operation", "operations"],
  columns: [
    { name: "id", header: "ID", whole: true, cell: (row) => row.id },
    { name: "kind", header: "KIND", cell: (row) => `${kinds[row.kind]}${row.dryRun ? " (dry run)" : ""}` },
    { name: "state", header: "STATE", cell: (row) => row.state },
    { name: "outcome", header: "OUTCOME", cell: (row) => row.outcome ?? row.error?.reason ?? "" },
    { name: "account", header: "ACCOUNT", cell: account },
    { name: "entitlementId", header: "ENTITLEMENT", cell: (row) => row.request.entitlementId ?? "" },
    { name: "requestedBy", header: "BY", cell: (row) => row.requestedBy },
    { name: "requestedAt", header: "WHEN", whole: true, cell: (row) => row.requestedAt },
    { name: "decidedBy", cell: (row) => row.decidedBy ?? "" },
    { name: "endedAt", cell: (row) => row.endedAt ?? "" },
    { name: "connectorId", cell: (row) => row.connectorId },
    { name: "timedGrantId", cell: (row) => row.timedGrantId ?? "" },
    { name: "detail", header: "DETAIL", cell: detail }
  ],
  json: (row) => ({
    id: row.id,
    connectorId: row.connectorId,
    kind: row.kind,
    state: row.state,
    dryRun: row.dryRun,
    request: { ...row.request, ...(row.request.fields === undefined ? {} : { fields: { ...row.request.fields } }) },
    outcome: row.outcome ?? null,
    resultId: row.resultId ?? null,
    expiry: row.expiry ?? null,
    timedGrantId: row.timedGrantId ?? null,
    error: row.error === undefined ? null : { ...row.error },
    approvalReason: row.approvalReason ?? null,
    requestedBy: row.requestedBy,
    decidedBy: row.decidedBy ?? null,
    requestedAt: row.requestedAt,
    startedAt: row.startedAt ?? null,
    endedAt: row.endedAt ?? null,
    attempts: row.attempts
  })
}
