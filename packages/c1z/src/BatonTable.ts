/**
 * The table that `baton export csv` and `baton export xlsx` write: twelve columns, a row for each person, entitlement and grant of a person. Unlike
 * baton's, rows come in an order that does not change, and the names of resources are there for files of every format.
 *
 * @since 0.1.0
 */
import * as Stream from "effect/Stream"
import type * as C1zError from "./C1zError.ts"
import * as Entitlements from "./Entitlements.ts"
import { Bounded, Names } from "./internal/Names.ts"
import { text } from "./internal/Row.ts"
import { storeOf } from "./internal/Store.ts"
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

const COLUMNS = "id, entitlement_id, resource_type_id, resource_id, principal_resource_type_id, principal_resource_id"

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
  const grants = Stream.suspend(() => {
    const store = storeOf(snapshot.file)
    const names = new Names(store, snapshot.sync.id)
    // Few people and few entitlements make up all the rows: each half of a row is made once.
    const people = new Bounded<ReadonlyArray<string> | null>()
    const rights = new Bounded<ReadonlyArray<string>>()
    return store.rows("v1_grants", { syncId: snapshot.sync.id, columns: COLUMNS }, (row) => {
      const type = text(row, "principal_resource_type_id")
      const id = text(row, "principal_resource_id")
      const half = people.get(`${type}:${id}`, () => {
        const principal = names.resource(type, id)
        return principal === undefined || !isPerson(principal) ? null : ["Grant", ...person(principal, "")]
      })
      if (half === null) return undefined
      const entitlementId = text(row, "entitlement_id")
      const other = rights.get(entitlementId, () => {
        const entitlement = names.entitlement(entitlementId)
        const resource = [text(row, "resource_type_id"), text(row, "resource_id")] as const
        return [
          entitlement?.displayName ?? "",
          entitlementId,
          resource[0],
          names.resource(...resource)?.displayName ?? "",
          entitlement?.description ?? "",
          entitlement?.slug ?? ""
        ]
      })
      return [...half, ...other]
    }).pipe(Stream.filter((row) => row !== undefined))
  })
  return identities.pipe(Stream.concat(entitlements), Stream.concat(grants))
}
