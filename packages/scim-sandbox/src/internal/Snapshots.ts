/** Reads and fills the store for tests: snapshots, counts, seeding. */
import * as Predicate from "effect/Predicate"
import type { Directory, Person } from "../Directory.ts"
import type { Profile } from "../Profile.ts"
import type { Counts, Snapshot, SnapshotGroup, SnapshotUser } from "../Snapshot.ts"
import { isJsonObject, type JsonObject, objectsOf, stringOf } from "./Json.ts"
import type { Row, Store } from "./Store.ts"

const optional = <Key extends string>(
  key: Key,
  value: unknown
): { readonly [K in Key]?: string } | Record<never, never> => Predicate.isString(value) ? { [key]: value } : {}

export const userOf = (store: Store, row: Row): SnapshotUser => {
  const resource = store.read(row)
  const name = isJsonObject(resource["name"]) ? resource["name"] : {}
  const emails = objectsOf(resource["emails"])
  const email = emails.find((email) => email["primary"] === true) ?? emails[0]
  return {
    id: row.id,
    userName: stringOf(resource["userName"]) ?? "",
    ...optional("externalId", resource["externalId"]),
    ...optional("displayName", resource["displayName"]),
    ...optional("givenName", name["givenName"]),
    ...optional("familyName", name["familyName"]),
    ...optional("email", email?.["value"]),
    active: row.active,
    deleted: row.deleted
  }
}

export const groupOf = (store: Store, row: Row): SnapshotGroup => {
  const resource = store.read(row)
  return {
    id: row.id,
    displayName: stringOf(resource["displayName"]) ?? "",
    ...optional("externalId", resource["externalId"]),
    members: store.members(row)
  }
}

export const snapshot = (store: Store): Snapshot => ({
  users: store.rows("User").map((row) => userOf(store, row)),
  groups: store.rows("Group").map((row) => groupOf(store, row))
})

export const counts = (store: Store): Counts => {
  const users = store.rows("User")
  return {
    users: users.length,
    activeUsers: users.filter((row) => row.active).length,
    deletedUsers: users.filter((row) => row.deleted).length,
    heldUsers: store.heldCount,
    groups: store.rows("Group").length,
    memberships: store.rows("Group").reduce((sum, row) => sum + store.members(row).length, 0)
  }
}

const userContent = (person: Person): JsonObject => ({
  ...optional("externalId", person.externalId),
  userName: person.userName,
  name: {
    formatted: person.formatted,
    ...optional("givenName", person.givenName),
    ...optional("familyName", person.familyName)
  },
  ...optional("displayName", person.displayName),
  locale: person.locale,
  active: person.active,
  emails: [{ value: person.email, type: "work", primary: true }]
})

/** Adds a directory to the store as it is, without the checks that a client's writes go through. */
export const seed = (store: Store, profile: Profile, directory: Directory): void => {
  const members = new Map<string, JsonObject>()
  for (const person of directory.users) {
    store.insert("User", userContent(person), person)
    // Stored members carry `display`, as the real endpoint's lists do; that extra key is what trips a careless PATCH.
    members.set(person.id, { value: person.id, display: person.displayName ?? person.userName })
  }
  for (const team of directory.groups) {
    const listed = team.members.map((id) => members.get(id) ?? { value: id })
    store.insert("Group", {
      ...optional("externalId", team.externalId),
      displayName: team.displayName,
      ...(listed.length === 0 && profile.emptyArrays === "omit" ? {} : { members: listed })
    }, team)
  }
}
