/**
 * The rows of baton's table in halves: who, and what. Few people and few entitlements make up all of its rows, so each half is made once, and whatever is
 * made of a half can be kept with it.
 */
import * as Stream from "effect/Stream"
import type * as C1zError from "../C1zError.ts"
import * as Entitlements from "../Entitlements.ts"
import type * as ResourceRow from "../ResourceRow.ts"
import * as Resources from "../Resources.ts"
import type { Snapshot } from "../Snapshot.ts"
import { Bounded, Names } from "./Names.ts"
import { text } from "./Row.ts"
import { storeOf } from "./Store.ts"

/** Six cells. */
export class Half {
  readonly cells: ReadonlyArray<string>
  private line: string | undefined

  constructor(...cells: ReadonlyArray<string>) {
    this.cells = cells
  }

  /** The cells as text, worked out once. */
  joined(join: (cells: ReadonlyArray<string>) => string): string {
    return this.line ??= join(this.cells)
  }
}

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

const NOBODY = new Half("Entitlement", "", "", "", "", "")

const NOTHING = new Half("", "", "", "", "", "")

const COLUMNS = "id, entitlement_id, resource_type_id, resource_id, principal_resource_type_id, principal_resource_id"

const isPerson = (row: ResourceRow.ResourceRow): boolean => row.traits.includes("user")

/**
 * Everybody, all entitlements, then all grants of people.
 */
export const halves = (
  snapshot: Snapshot
): Stream.Stream<readonly [who: Half, what: Half], C1zError.C1zError> => {
  /** Who grants name; null for whoever is no person. */
  const people = new Bounded<Half | null>()
  const identities = Resources.types(snapshot).pipe(
    Stream.filter((type) => type.traits.includes("user")),
    Stream.flatMap((type) => Resources.list(snapshot, { type: type.id })),
    Stream.filter(isPerson),
    Stream.map((row) => {
      people.get(`${row.type}:${row.id}`, () => new Half("Grant", ...person(row, "")))
      return [new Half("Identity", ...person(row, WORDS[row.status ?? "enabled"])), NOTHING] as const
    })
  )
  const entitlements = Entitlements.list(snapshot).pipe(
    Stream.map((row) =>
      [
        NOBODY,
        new Half(row.displayName, row.id, row.resource.type, row.resource.displayName, row.description, row.slug)
      ] as const
    )
  )
  const grants = Stream.suspend(() => {
    const store = storeOf(snapshot.file)
    const names = new Names(store, snapshot.sync.id)
    const rights = new Bounded<Half>()
    return store.rows("v1_grants", { syncId: snapshot.sync.id, columns: COLUMNS }, (row) => {
      const type = text(row, "principal_resource_type_id")
      const id = text(row, "principal_resource_id")
      const who = people.get(`${type}:${id}`, () => {
        const principal = names.resource(type, id)
        return principal === undefined || !isPerson(principal) ? null : new Half("Grant", ...person(principal, ""))
      })
      if (who === null) return undefined
      const entitlementId = text(row, "entitlement_id")
      const what = rights.get(entitlementId, () => {
        const entitlement = names.entitlement(entitlementId)
        const resource = [text(row, "resource_type_id"), text(row, "resource_id")] as const
        return new Half(
          entitlement?.displayName ?? "",
          entitlementId,
          resource[0],
          names.resource(...resource)?.displayName ?? "",
          entitlement?.description ?? "",
          entitlement?.slug ?? ""
        )
      })
      return [who, what] as const
    }).pipe(Stream.filter((row) => row !== undefined))
  })
  return identities.pipe(Stream.concat(entitlements), Stream.concat(grants))
}
