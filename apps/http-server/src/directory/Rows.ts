/**
 * Rows of the directory as its tables hold them: the JSON that the API sends, ready to be put together, beside what is asked and sorted by.
 *
 * @since 0.1.0
 */
import type { EntitlementRow } from "@access-kit/c1z/Entitlements"
import type { ResourceRow } from "@access-kit/c1z/ResourceRow"
import type { Entitlement } from "@access-kit/connector-model/Entitlement"
import type { Account, Group, Resource, ResourceId } from "@access-kit/connector-model/Resource"
import { primaryEmail } from "@access-kit/connector-model/Resource"
import { createHash } from "node:crypto"
import * as SearchText from "./SearchText.ts"

/**
 * What a resource is to the API: accounts and groups have listings of their own, anything else is only named by what is granted on it.
 *
 * @since 0.1.0
 */
export const Kind = { account: 0, group: 1, other: 2, entitlement: 3 } as const

/** `ref`s of one generation. */
const SPAN = 2 ** 32

/**
 * The `ref` of the nth row of a generation.
 *
 * @since 0.1.0
 */
export const refOf = (generation: number, ordinal: number): number => generation * SPAN + ordinal

/** Bytes of an id that an index takes whole; PostgreSQL has room for 2,700 in an entry, which may hold two ids. */
const LONGEST_KEY = 800

/** PostgreSQL refuses the one, and both databases the other. */
const storable = (text: string): string => text.replaceAll("\u0000", "\ufffd").toWellFormed()

/**
 * An id as the indexes hold it: itself, unless it is longer than an index takes or has a character that PostgreSQL refuses.
 *
 * @since 0.1.0
 */
export const keyOf = (id: string): string => {
  const plain = storable(id)
  if (plain.length <= LONGEST_KEY / 3 || Buffer.byteLength(plain) <= LONGEST_KEY) return plain
  return `${plain.slice(0, LONGEST_KEY / 4)}${createHash("sha256").update(id).digest("hex")}`
}

/**
 * The id of a grant where its key says less than all of it.
 *
 * @since 0.1.0
 */
export const wholeOf = (id: string): string | null => {
  const plain = storable(id)
  return plain === keyOf(id) ? null : plain
}

/**
 * A row of `directory_resources` without its place.
 *
 * @since 0.1.0
 */
export interface ResourceColumns {
  readonly kind: number
  readonly id: string
  readonly type: string
  readonly status: string | null
  readonly name: string
  /** An account whole; a group open at its end, for the number of its members. */
  readonly json: string
  /** The members of a grant's JSON that are about its principal. */
  readonly principal: string
  readonly search: string
}

const principalOf = (id: ResourceId, name: string, account: Account | undefined): string => {
  const email = account === undefined ? undefined : primaryEmail(account)
  const members = JSON.stringify({
    principal: id,
    principalName: name,
    ...(email === undefined ? {} : { principalEmail: email }),
    ...(account === undefined ? {} : { principalStatus: account.status })
  })
  return members.slice(1, -1)
}

/** A JSON object without its last brace: to add a member is to add text, also for a database that counts its letters otherwise. */
const open = (json: string): string => json.slice(0, -1)

/**
 * @since 0.1.0
 */
export const ofResource = (resource: Resource): ResourceColumns => {
  const account = resource._tag === "Account" ? resource : undefined
  const name = resource.displayName || account?.login || resource.id.resource
  return {
    kind: Kind[resource._tag === "Account" ? "account" : resource._tag === "Group" ? "group" : "other"],
    id: keyOf(resource.id.resource),
    type: keyOf(resource.id.resourceType),
    status: account?.status ?? null,
    name: storable(name),
    json: resource._tag === "Group" ? open(JSON.stringify(resource)) : JSON.stringify(resource),
    principal: principalOf(resource.id, name, account),
    search: account === undefined
      ? SearchText.of([resource.displayName])
      : SearchText.of(
        [account.displayName, account.login, [account.givenName, account.familyName].filter(Boolean).join(" ")],
        account.emails.map((email) => email.address)
      )
  }
}

/**
 * A principal that grants name and nothing describes.
 *
 * @since 0.1.0
 */
export const ofUnknown = (id: ResourceId): ResourceColumns => ofResource({ _tag: "Item", id, displayName: "" })

const time = (milliseconds: number): string => new Date(milliseconds).toISOString()

/**
 * A resource as the connector gave it to the snapshot, less what the file has no field for.
 *
 * @since 0.1.0
 */
export const resourceOf = (row: ResourceRow): Resource => {
  const common = {
    id: { resourceType: row.type, resource: row.id },
    displayName: row.displayName,
    ...(row.description === "" ? {} : { description: row.description }),
    ...(row.parent === undefined ? {} : { parent: { resourceType: row.parent.type, resource: row.parent.id } }),
    ...(Object.keys(row.profile).length === 0 ? {} : { profile: row.profile })
  }
  if (row.traits.includes("user")) {
    const account: Account = {
      _tag: "Account",
      ...common,
      status: row.status ?? "unknown",
      ...(row.statusDetails === "" ? {} : { statusDetails: row.statusDetails }),
      accountType: row.accountType ?? "unknown",
      login: row.login,
      emails: row.emails,
      ...(row.givenName === "" ? {} : { givenName: row.givenName }),
      ...(row.familyName === "" ? {} : { familyName: row.familyName }),
      ...(row.employeeIds.length === 0 ? {} : { employeeIds: row.employeeIds }),
      ...(row.createdAt === undefined ? {} : { createdAt: time(row.createdAt) })
    }
    return account
  }
  const group: Group = { _tag: "Group", ...common }
  return row.traits.includes("group") ? group : { ...group, _tag: "Item" }
}

/**
 * A row of `directory_entitlements` without its place.
 *
 * @since 0.1.0
 */
export interface EntitlementColumns {
  readonly id: string
  readonly slug: string
  /** Open at its end, for the number of its holders. */
  readonly json: string
  /** The members of a grant's JSON that are about what is granted. */
  readonly granted: string
  readonly search: string
}

/**
 * @since 0.1.0
 */
export const ofEntitlement = (row: EntitlementRow, resourceName: string): EntitlementColumns => {
  const resource: ResourceId = { resourceType: row.resource.type, resource: row.resource.id }
  const entitlement: Entitlement = {
    id: row.id,
    resource,
    slug: row.slug,
    displayName: row.displayName,
    description: row.description,
    purpose: row.purpose === "" ? "assignment" : row.purpose,
    grantableTo: row.grantableTo
  }
  return {
    id: keyOf(row.id),
    slug: storable(row.slug),
    json: open(JSON.stringify({ ...entitlement, resourceName })),
    granted: JSON.stringify({ entitlementId: row.id, resource, resourceName }).slice(1, -1),
    search: SearchText.of([row.displayName, resourceName])
  }
}

/**
 * @since 0.1.0
 */
export const groupJson = (json: string, members: number): string => `${json},"members":${members}}`

/**
 * @since 0.1.0
 */
export const entitlementJson = (json: string, holders: number): string => `${json},"holders":${holders}}`

/**
 * @since 0.1.0
 */
export const grantJson = (id: string, granted: string, principal: string, expiresAt: number | null): string =>
  `{"id":${JSON.stringify(id)},${granted},${principal}${expiresAt === null ? "" : `,"expiresAt":"${time(expiresAt)}"`}}`
