/**
 * What became of each change as rows.
 *
 * @since 0.1.0
 */
import type {
  CreateAccountOutcome,
  DeleteOutcome,
  GrantOutcome,
  RevokeOutcome
} from "@access-kit/connector-model/Outcome"
import type { View } from "../View.ts"

/**
 * The tags of the model's outcomes, and those that a list of changes has besides.
 *
 * @since 0.1.0
 */
export type Outcome =
  | GrantOutcome["_tag"]
  | RevokeOutcome["_tag"]
  | CreateAccountOutcome["_tag"]
  | DeleteOutcome["_tag"]
  | "AwaitingApproval"
  | "Failed"
  | "NotAttempted"

/**
 * One change and what became of it.
 *
 * @since 0.1.0
 */
export interface ChangeRow {
  readonly action: "create" | "delete" | "grant" | "revoke"
  /** As it was written on the command line. */
  readonly given: string
  readonly outcome: Outcome
  readonly account?: { readonly id: string; readonly login: string; readonly displayName: string }
  readonly group?: { readonly id: string; readonly displayName: string }
  readonly grantId?: string
  /** What there is to add to the outcome. */
  readonly detail?: string
  readonly error?: { readonly reason: string; readonly message: string }
}

const words: Readonly<Record<Outcome, string>> = {
  Granted: "granted",
  AlreadyGranted: "was a member already",
  WouldGrant: "would be granted",
  Revoked: "revoked",
  AlreadyRevoked: "was no member",
  WouldRevoke: "would be revoked",
  Created: "created",
  AlreadyExists: "existed already",
  WouldCreate: "would be created",
  Deleted: "deleted",
  DidNotExist: "did not exist",
  WouldDelete: "would be deleted",
  AwaitingApproval: "waits for approval",
  Failed: "FAILED",
  NotAttempted: "not attempted"
}

/**
 * @since 0.1.0
 */
export const word = (outcome: Outcome): string => words[outcome]

const base: View<ChangeRow> = {
  noun: ["change", "changes"],
  columns: [
    { name: "action", cell: (row) => row.action },
    { name: "given", cell: (row) => row.given },
    { name: "outcome", cell: (row) => row.outcome },
    { name: "account", header: "ACCOUNT", cell: (row) => row.account?.login ?? row.given },
    { name: "outcomeText", header: "OUTCOME", cell: (row) => word(row.outcome) },
    { name: "groupName", header: "GROUP", cell: (row) => row.group?.displayName ?? "" },
    { name: "accountId", header: "ID", whole: true, cell: (row) => row.account?.id ?? "" },
    { name: "groupId", cell: (row) => row.group?.id ?? "" },
    { name: "grantId", cell: (row) => row.grantId ?? "" },
    { name: "detail", header: "DETAIL", cell: (row) => row.error?.message ?? row.detail ?? "" }
  ],
  json: (row) => ({
    action: row.action,
    given: row.given,
    outcome: row.outcome,
    account: row.account === undefined
      ? null
      : { id: row.account.id, login: row.account.login, displayName: row.account.displayName },
    group: row.group === undefined ? null : { id: row.group.id, displayName: row.group.displayName },
    grantId: row.grantId ?? null,
    detail: row.detail ?? null,
    error: row.error === undefined ? null : { reason: row.error.reason, message: row.error.message }
  })
}

/**
 * The view of these rows: table columns that are empty in all of them are left out of the table (never of CSV or JSON).
 *
 * @since 0.1.0
 */
export const view = (rows: ReadonlyArray<ChangeRow>): View<ChangeRow> => ({
  ...base,
  columns: base.columns.map((column) => {
    const { header, ...rest } = column
    return header === undefined || rows.some((row) => column.cell(row) !== "") ? column : rest
  })
})
