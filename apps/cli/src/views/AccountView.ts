/**
 * Accounts as rows.
 *
 * @since 0.1.0
 */
import * as Resource from "@access-kit/connector-model/Resource"
import type { View } from "../View.ts"

/**
 * @since 0.1.0
 */
export const view: View<Resource.Account> = {
  noun: ["account", "accounts"],
  columns: [
    { name: "displayName", header: "NAME", cell: (account) => account.displayName },
    { name: "login", header: "LOGIN", whole: true, cell: (account) => account.login },
    { name: "status", header: "STATUS", cell: (account) => account.status },
    { name: "id", header: "ID", whole: true, cell: (account) => account.id.resource },
    { name: "email", cell: (account) => Resource.primaryEmail(account) ?? "" },
    { name: "accountType", cell: (account) => account.accountType },
    { name: "givenName", cell: (account) => account.givenName ?? "" },
    { name: "familyName", cell: (account) => account.familyName ?? "" },
    { name: "externalId", cell: (account) => account.externalId ?? "" },
    { name: "statusDetails", cell: (account) => account.statusDetails ?? "" },
    { name: "createdAt", cell: (account) => account.createdAt ?? "" },
    { name: "lastModifiedAt", cell: (account) => account.lastModifiedAt ?? "" }
  ],
  json: (account) => ({
    id: account.id.resource,
    displayName: account.displayName,
    login: account.login,
    email: Resource.primaryEmail(account) ?? null,
    emails: account.emails.map((email) => ({ address: email.address, primary: email.primary })),
    status: account.status,
    statusDetails: account.statusDetails ?? null,
    accountType: account.accountType,
    givenName: account.givenName ?? null,
    familyName: account.familyName ?? null,
    externalId: account.externalId ?? null,
    createdAt: account.createdAt ?? null,
    lastModifiedAt: account.lastModifiedAt ?? null,
    profile: account.profile ?? null
  })
}
