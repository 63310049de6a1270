/**
 * The words of connector-model as messages of `c1.connector.v2`, byte for byte what Go's builders of baton-sdk v0.25 make of the same
 * facts, with map entries sorted by key so that equal data are equal bytes.
 *
 * Go writes profile, status and creation time twice: in the trait, where they used to be, and in the resource. Every reader finds them.
 */
import type { Entitlement } from "@access-kit/connector-model/Entitlement"
import type { Grant } from "@access-kit/connector-model/Grant"
import type { Account, Resource, ResourceId } from "@access-kit/connector-model/Resource"
import type { ResourceType, Trait } from "@access-kit/connector-model/ResourceType"
import type * as Schema from "effect/Schema"
import { ProtoWriter } from "./ProtoWriter.ts"

const TYPE_URL = "type.googleapis.com/c1.connector.v2."

const TRAITS: Readonly<Record<Trait, { readonly value: number; readonly message: string; readonly profile: number }>> =
  {
    user: { value: 1, message: "UserTrait", profile: 3 },
    group: { value: 2, message: "GroupTrait", profile: 2 },
    role: { value: 3, message: "RoleTrait", profile: 1 },
    app: { value: 4, message: "AppTrait", profile: 4 }
  }

const STATUS = { unknown: 0, enabled: 1, disabled: 2, deleted: 3 } as const
const ACCOUNT_TYPE = { unknown: 0, human: 1, service: 2, system: 3 } as const
const PURPOSE = { assignment: 1, permission: 2, ownership: 3 } as const

/** Deeper than any profile that a person reads, and far from what any protobuf decoder refuses. */
const MAX_DEPTH = 32

/** Orders strings as their UTF-8 bytes, which is how Go sorts map keys; UTF-16 order differs where surrogates meet the last BMP block. */
const compareUtf8 = (a: string, b: string): number => {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index++) {
    let left = a.charCodeAt(index)
    let right = b.charCodeAt(index)
    if (left === right) continue
    if (left >= 0xd800 && right >= 0xd800) {
      left = left >= 0xe000 ? left - 0x800 : left + 0x2000
      right = right >= 0xe000 ? right - 0x800 : right + 0x2000
    }
    return left - right
  }
  return a.length - b.length
}

const writeValue = (writer: ProtoWriter, value: Schema.Json, depth: number): void => {
  switch (typeof value) {
    case "string":
      return writer.presentString(3, value)
    case "number":
      return writer.presentDouble(2, value)
    case "boolean":
      return writer.presentVarint(4, value ? 1 : 0)
    default:
  }
  if (value === null || typeof value !== "object") return writer.presentVarint(1, 0)
  if (depth >= MAX_DEPTH) return writer.presentString(3, JSON.stringify(value))
  if (isList(value)) {
    const list = writer.open(6)
    for (const element of value) {
      const start = writer.open(1)
      writeValue(writer, element, depth + 1)
      writer.close(start)
    }
    writer.close(list)
  } else {
    const struct = writer.open(5)
    writeStruct(writer, value, depth + 1)
    writer.close(struct)
  }
}

const isList = (value: Schema.JsonArray | Schema.JsonObject): value is Schema.JsonArray => Array.isArray(value)

/** Key of a map entry, with its bytes in the message. */
interface Key {
  readonly name: string
  readonly encoded: Uint8Array
}

/** The keys of the struct before, as they stood there and in the order of writing: most profiles of a directory have the same. */
let lastNames: ReadonlyArray<string> = []
let lastKeys: ReadonlyArray<Key> = []

const keysOf = (fields: Schema.JsonObject): ReadonlyArray<Key> => {
  const names = Object.keys(fields)
  if (names.length === lastNames.length && names.every((name, at) => name === lastNames[at])) return lastKeys
  lastNames = names
  return lastKeys = names.toSorted(compareUtf8).map((name) => {
    const writer = new ProtoWriter(new ArrayBuffer(16 + name.length * 3))
    writer.presentString(1, name)
    return { name, encoded: writer.slice(0, writer.position) }
  })
}

const writeStruct = (writer: ProtoWriter, fields: Schema.JsonObject, depth: number): void => {
  for (const { encoded, name } of keysOf(fields)) {
    const value = fields[name]
    if (value === undefined) continue
    const entry = writer.open(1)
    writer.copy(encoded)
    const at = writer.open(2)
    writeValue(writer, value, depth)
    writer.close(at)
    writer.close(entry)
  }
}

/** Content of a `ResourceId` message. */
const writeId = (writer: ProtoWriter, field: number, id: ResourceId): void => {
  const start = writer.open(field)
  writer.string(1, id.resourceType)
  writer.string(2, id.resource)
  writer.close(start)
}

/** The time before: the same one is written twice. */
let lastTime = ""
let lastMilliseconds = Number.NaN

const millisecondsOf = (rfc3339: string): number => {
  if (rfc3339 === lastTime) return lastMilliseconds
  lastTime = rfc3339
  return lastMilliseconds = Date.parse(rfc3339)
}

const writeTimestamp = (writer: ProtoWriter, field: number, rfc3339: string): void => {
  const milliseconds = millisecondsOf(rfc3339)
  if (Number.isNaN(milliseconds)) return
  const seconds = Math.floor(milliseconds / 1000)
  const start = writer.open(field)
  writer.int64(1, seconds)
  writer.varint(2, (milliseconds - seconds * 1000) * 1_000_000)
  writer.close(start)
}

const writeStatus = (writer: ProtoWriter, field: number, account: Account): void => {
  if (account.status === "unknown" && account.statusDetails === undefined) return
  const start = writer.open(field)
  writer.varint(1, STATUS[account.status])
  if (account.statusDetails !== undefined) writer.string(2, account.statusDetails)
  writer.close(start)
}

/** Holds the profile of the resource that is being written: it is encoded once and goes into two places. */
const scratch = new ProtoWriter(new ArrayBuffer(4096))

const NO_PROFILE = new Uint8Array(0)

const encodeProfile = (profile: Schema.JsonObject | undefined): Uint8Array => {
  if (profile === undefined) return NO_PROFILE
  scratch.position = 0
  writeStruct(scratch, profile, 0)
  return scratch.slice(0, scratch.position)
}

const writeUserTrait = (writer: ProtoWriter, account: Account, profile: Uint8Array): void => {
  for (const email of account.emails) {
    const start = writer.open(1)
    writer.string(1, email.address)
    writer.varint(2, email.primary ? 1 : 0)
    writer.close(start)
  }
  writeStatus(writer, 2, account)
  if (profile.length > 0) writer.presentBytes(3, profile)
  writer.varint(5, ACCOUNT_TYPE[account.accountType])
  writer.string(6, account.login)
  if (account.createdAt !== undefined) writeTimestamp(writer, 8, account.createdAt)
  if (account.givenName !== undefined || account.familyName !== undefined) {
    const start = writer.open(12)
    if (account.givenName !== undefined) writer.string(1, account.givenName)
    if (account.familyName !== undefined) writer.string(2, account.familyName)
    writer.close(start)
  }
  if (account.employeeIds !== undefined) {
    for (const id of account.employeeIds) writer.presentString(13, id)
  }
}

const writeTrait = (writer: ProtoWriter, trait: Trait, resource: Resource, profile: Uint8Array): void => {
  const annotation = writer.open(4)
  writer.presentString(1, TYPE_URL + TRAITS[trait].message)
  const before = writer.position
  const value = writer.open(2)
  if (resource._tag === "Account" && trait === "user") writeUserTrait(writer, resource, profile)
  else if (profile.length > 0) writer.presentBytes(TRAITS[trait].profile, profile)
  // An Any with an empty message has no value field at all.
  if (writer.position === value) writer.position = before
  else writer.close(value)
  writer.close(annotation)
}

const NO_TRAITS: ReadonlyArray<Trait> = []

const traitsOf = (resource: Resource, declared: ReadonlyArray<Trait>): ReadonlyArray<Trait> => {
  switch (resource._tag) {
    case "Account":
      return declared.includes("user") ? declared : ["user", ...declared]
    case "Group":
      return declared.includes("group") ? declared : ["group", ...declared]
    case "Item":
      return declared
  }
}

/**
 * Writes the content of a `Resource` message. `declared` are the traits of its resource type: Go's readers refuse a resource that lacks one.
 */
export const writeResource = (
  writer: ProtoWriter,
  resource: Resource,
  declared: ReadonlyArray<Trait> = NO_TRAITS
): void => {
  writeId(writer, 1, resource.id)
  if (resource.parent !== undefined) writeId(writer, 2, resource.parent)
  writer.string(3, resource.displayName)
  const profile = encodeProfile(resource.profile)
  for (const trait of traitsOf(resource, declared)) writeTrait(writer, trait, resource, profile)
  if (resource.description !== undefined) writer.string(5, resource.description)
  if (profile.length > 0) writer.presentBytes(9, profile)
  if (resource._tag === "Account") {
    writeStatus(writer, 11, resource)
    if (resource.createdAt !== undefined) writeTimestamp(writer, 12, resource.createdAt)
  }
}

/** Writes the content of a `ResourceType` message. */
export const writeResourceType = (writer: ProtoWriter, type: ResourceType): void => {
  writer.string(1, type.id)
  writer.string(2, type.displayName)
  if (type.traits.length > 0) {
    const start = writer.open(3)
    for (const trait of type.traits) writer.packed(TRAITS[trait].value)
    writer.close(start)
  }
  if (type.description !== undefined) writer.string(5, type.description)
}

/**
 * Writes the content of an `Entitlement` message.
 *
 * @param resource the content of the `Resource` message it is on
 * @param grantableTo the content of the `ResourceType` messages it may be granted to
 */
export const writeEntitlement = (
  writer: ProtoWriter,
  entitlement: Entitlement,
  resource: Uint8Array,
  grantableTo: ReadonlyArray<Uint8Array>
): void => {
  writer.presentBytes(1, resource)
  writer.string(2, entitlement.id)
  writer.string(3, entitlement.displayName)
  writer.string(4, entitlement.description)
  for (const type of grantableTo) writer.presentBytes(5, type)
  writer.varint(7, PURPOSE[entitlement.purpose])
  writer.string(8, entitlement.slug)
}

/**
 * Writes the content of the `Entitlement` message that a grant carries: its id and its resource, no more.
 *
 * @param resource the content of the `Resource` message it is on
 */
export const writeGrantedEntitlement = (writer: ProtoWriter, entitlementId: string, resource: Uint8Array): void => {
  writer.presentBytes(1, resource)
  writer.string(2, entitlementId)
}

/**
 * Writes the content of a `Grant` message.
 *
 * @param entitlement the content of its `Entitlement` message
 */
export const writeGrant = (writer: ProtoWriter, grant: Grant, entitlement: Uint8Array): void => {
  writer.presentBytes(1, entitlement)
  const principal = writer.open(2)
  writeId(writer, 1, grant.principal)
  writer.close(principal)
  writer.string(3, grant.id)
}

/** Writes the content of the `GrantExpandable` message of a grant that has one. */
export const writeExpandable = (writer: ProtoWriter, expandable: NonNullable<Grant["expandable"]>): void => {
  for (const id of expandable.entitlementIds) writer.presentString(1, id)
  writer.varint(2, expandable.shallow ? 1 : 0)
  for (const type of expandable.resourceTypes) writer.presentString(3, type)
}
