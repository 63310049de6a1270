/**
 * The table that `baton export csv` and `baton export xlsx` write: twelve columns, a row for each person, entitlement and grant of a person. Unlike
 * baton's, rows come in an order that does not change, and the names of resources are there for files of every format.
 *
 * @since 0.1.0
 */
import * as Stream from "effect/Stream"
import type * as C1zError from "./C1zError.ts"
import * as Entitlements from "./Entitlements.ts"
import * as Grants from "./Grants.ts"
import type * as ResourceRow from "./ResourceRow.ts"
import * as Resources from "./Resources.ts"
import type { Snapshot } from "./Snapshot.ts"

/**
 * @since 0.1.0
 */
export const columns = [
  "Type",
  "Last Name",
  "First Name",
  "User ID",
  "User Status",
  "Email Address",
  "Entitlement Display Name",
  "Entitlement",
  "Resource Type",
  "Resource Name",
  "Entitlement Description",
  "Entitlement Slug"
] as const

const WORDS: Readonly<Record<ResourceRow.Status, string>> = {
  enabled: "Enabled",
  disabled: "Disabled",
  deleted: "Deleted",
  unknown: "Unknown"
}

const profileText = (row: ResourceRow.ResourceRow, name: string): string => {
  const value = row.profile[name]
  return typeof value === "string" ? value : ""
}

const person = (row: ResourceRow.ResourceRow, status: string): ReadonlyArray<string> => [
  profileText(row, "last_name"),
  profileText(row, "first_name"),
  profileText(row, "user_id"),
  status,
  row.emails.find((email) => email.primary)?.address ?? ""
]

const NOBODY = ["", "", "", "", ""]

const NOTHING = ["", "", "", "", "", ""]

const isPerson = (row: ResourceRow.ResourceRow): boolean => row.traits.includes("user")

/**
 * @since 0.1.0
 */
export const rows = (snapshot: Snapshot): Stream.Stream<ReadonlyArray<string>, C1zError.C1zError> => {
  const identities = Resources.types(snapshot).pipe(
    Stream.filter((type) => type.traits.includes("user")),
    Stream.flatMap((type) => Resources.list(snapshot, { type: type.id })),
    Stream.filter(isPerson),
    Stream.map((row) => ["Identity", ...person(row, WORDS[row.status ?? "enabled"]), ...NOTHING])
  )
  const entitlements = Entitlements.list(snapshot).pipe(
    Stream.map((row) => [
      "Entitlement",
      ...NOBODY,
      row.displayName,
      row.id,
      row.resource.type,
      row.resource.displayName,
      row.description,
      row.slug
    ])
  )
  const grants = Grants.list(snapshot).pipe(
    Stream.filter((row) => isPerson(row.principal)),
    Stream.map((row) => [
      "Grant",
      ...person(row.principal, ""),
      row.entitlement.displayName,
      row.entitlement.id,
      row.resource.type,
      row.resource.displayName,
      row.entitlement.description,
      row.entitlement.slug
    ])
  )
  return identities.pipe(Stream.concat(entitlements), Stream.concat(grants))
}
