/**
 * SCIM `Group` resources (RFC 7643 §4.2): a tolerant, allocation-lean decoder and the encoder for create and replace bodies.
 *
 * @since 0.1.0
 */
import * as decoding from "./internal/decoding.ts"
import * as encoding from "./internal/encoding.ts"
import * as Schemas from "./Schemas.ts"
import type { Findings, JsonObject, RowDecoder, ScimResource } from "./ScimResource.ts"

/**
 * One member of a group. `type` comes from `type`, else from `$ref`; `undefined` when neither tells.
 *
 * @since 0.1.0
 */
export interface Member {
  readonly value: string
  readonly display: string | undefined
  readonly type: "User" | "Group" | undefined
  readonly ref: string | undefined
}

/**
 * The members of a group. `Unknown` (the attribute is absent, null or unreadable) is never the same as a known empty list.
 *
 * @since 0.1.0
 */
export type Members =
  | { readonly _tag: "Unknown" }
  | {
    readonly _tag: "Known"
    readonly members: ReadonlyArray<Member>
    /** Entries that carried no id and were left out; above 0 the list is not complete. */
    readonly unreadable: number
  }

/**
 * A group as read from a server.
 *
 * @since 0.1.0
 */
export interface Group extends ScimResource {
  readonly displayName: string | undefined
  readonly members: Members
}

/**
 * What a client may say about a group when it creates or replaces one.
 *
 * @since 0.1.0
 */
export interface NewGroup {
  readonly displayName: string
  readonly externalId?: string | undefined
  /** Ids, or values with a type. */
  readonly members?:
    | ReadonlyArray<string | { readonly value: string; readonly type?: "User" | "Group" | undefined }>
    | undefined
  readonly extensions?: { readonly [urn: `urn:${string}`]: JsonObject } | undefined
}

const groupNames = decoding.names("id", "externalId", "schemas", "meta", "displayName", "members")

/**
 * Decodes a group; `undefined` when there is no usable `id`. Never throws.
 *
 * @since 0.1.0
 */
export const decode: RowDecoder<Group> = (input, findings) => {
  if (!decoding.isObject(input)) {
    findings?.add("Malformed", "Group", "not an object; left out")
    return undefined
  }
  const object = decoding.withExactNames(input, groupNames, "Group", findings)
  const id = decoding.identifier(object["id"], "Group.id", findings)
  if (id === undefined) {
    findings?.add("MissingId", "Group.id", "a group without id; left out")
    return undefined
  }
  return {
    id,
    externalId: decoding.text(object["externalId"], "Group.externalId", findings),
    schemas: decoding.texts(object["schemas"], "Group.schemas", findings),
    meta: decoding.meta(object["meta"], findings),
    displayName: decoding.text(object["displayName"], "Group.displayName", findings),
    members: decodeMembers(object["members"], findings),
    raw: input
  }
}

/**
 * Decodes the value of a `members` attribute. A list in which no entry could be read is `Unknown`, like an absent one.
 *
 * @since 0.1.0
 */
export const decodeMembers = (value: unknown, findings?: Findings): Members => {
  if (value === undefined || value === null) {
    return unknownMembers
  }
  let list: ReadonlyArray<unknown>
  if (decoding.isArray(value)) {
    list = value
  } else if (decoding.isObject(value)) {
    findings?.add("Single", "Group.members", "one value where a list belongs; read as a list of one")
    list = [value]
  } else {
    findings?.add("Malformed", "Group.members", "not a list; the members are unknown")
    return unknownMembers
  }
  const members: Array<Member> = []
  const seen = new Set<string>()
  let unreadable = 0
  for (const item of list) {
    if (item === null || item === undefined) {
      findings?.add("Null", "Group.members", "a null in a list; left out")
      continue
    }
    const member = decodeMember(item, findings)
    if (member === undefined) {
      unreadable++
      continue
    }
    const before = seen.size
    seen.add(member.value)
    if (seen.size === before) {
      findings?.add("Duplicate", "Group.members", "a member that was there already; left out")
      continue
    }
    members.push(member)
  }
  return unreadable > 0 && members.length === 0 ? unknownMembers : { _tag: "Known", members, unreadable }
}

const unknownMembers: Members = { _tag: "Unknown" }
const memberNames = decoding.names("value", "display", "type", "$ref")

const decodeMember = (item: unknown, findings: Findings | undefined): Member | undefined => {
  if (!decoding.isObject(item)) {
    const bare = decoding.identifier(item, "Group.members.value", findings)
    if (bare === undefined) {
      findings?.add("MissingId", "Group.members.value", "a member without id; left out")
      return undefined
    }
    findings?.add("BareValue", "Group.members", "a plain id where a complex value belongs; read as its value")
    return { value: bare, display: undefined, type: undefined, ref: undefined }
  }
  const object = decoding.withExactNames(item, memberNames, "Group.members", findings)
  const ref = decoding.text(object["$ref"], "Group.members.$ref", findings)
  let value = decoding.identifier(object["value"], "Group.members.value", findings)
  if (value === undefined) {
    value = ref === undefined ? undefined : decoding.reference(ref).id
    if (value === undefined) {
      findings?.add("MissingId", "Group.members.value", "a member without id; left out")
      return undefined
    }
    findings?.add("ReferenceOnly", "Group.members.value", "no value; read from the end of $ref")
  }
  return {
    value,
    display: decoding.text(object["display"], "Group.members.display", findings),
    type: decodeType(object["type"], ref, findings),
    ref
  }
}

const decodeType = (value: unknown, ref: string | undefined, findings: Findings | undefined): Member["type"] => {
  if (value === "User" || value === "Group") {
    return value
  }
  if (typeof value === "string") {
    const word = value.toLowerCase()
    if (word === "user" || word === "group") {
      findings?.add("NameCase", "Group.members.type", "the type is in another case than the RFC's; read all the same")
      return word === "user" ? "User" : "Group"
    }
  }
  if (value !== undefined && value !== null) {
    findings?.add("Malformed", "Group.members.type", "neither User nor Group; taken from $ref if that tells")
  }
  const collection = ref === undefined ? undefined : decoding.reference(ref).collection?.toLowerCase()
  return collection === "groups" ? "Group" : collection === "users" ? "User" : undefined
}

/**
 * The body of a create (POST) or replace (PUT) request: no null, no `id`, no `meta`. `members` is written only if given;
 * leaving it out of a PUT may empty the group on literal servers (RFC 7644 §3.5.1).
 *
 * @since 0.1.0
 */
export const create = (group: NewGroup): JsonObject => {
  const extensions = encoding.extensions(group.extensions)
  return {
    schemas: [Schemas.Group, ...Object.keys(extensions)],
    ...encoding.compact({
      displayName: group.displayName,
      externalId: group.externalId,
      members: group.members?.map((member) =>
        typeof member === "string" ? { value: member } : encoding.compact({ value: member.value, type: member.type })
      )
    }),
    ...extensions
  }
}
