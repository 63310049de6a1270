/**
 * A resource as queries answer it: what its message and its traits say, flat.
 *
 * @since 0.1.0
 */
import {
  UserTrait_AccountType,
  UserTraitSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_trait_pb"
import { GroupTraitSchema, RoleTraitSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_trait_pb"
import { type Resource, ResourceSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"
import { fromBinary, type JsonObject } from "@bufbuild/protobuf"
import { anyUnpack, type Timestamp } from "@bufbuild/protobuf/wkt"

/**
 * @since 0.1.0
 */
export type Status = "enabled" | "disabled" | "deleted" | "unknown"

/**
 * @since 0.1.0
 */
export interface ResourceRow {
  readonly type: string
  readonly id: string
  readonly displayName: string
  readonly description: string
  readonly parent: { readonly type: string; readonly id: string } | undefined
  /** Lower case, without prefix: `user`, `group`, `role`. */
  readonly traits: ReadonlyArray<string>
  /** Absent where the file says nothing. */
  readonly status: Status | undefined
  readonly statusDetails: string
  readonly login: string
  /** The primary address, else the first. */
  readonly email: string
  readonly emails: ReadonlyArray<{ readonly address: string; readonly primary: boolean }>
  readonly accountType: "human" | "service" | "system" | undefined
  readonly givenName: string
  readonly familyName: string
  readonly employeeIds: ReadonlyArray<string>
  /** Epoch milliseconds. */
  readonly createdAt: number | undefined
  readonly lastLogin: number | undefined
  readonly profile: JsonObject
}

const STATUS: ReadonlyArray<Status> = ["unknown", "enabled", "disabled", "deleted"]

const ACCOUNT_TYPES: Readonly<Record<number, ResourceRow["accountType"]>> = {
  [UserTrait_AccountType.HUMAN]: "human",
  [UserTrait_AccountType.SERVICE]: "service",
  [UserTrait_AccountType.SYSTEM]: "system"
}

const milliseconds = (timestamp: Timestamp | undefined): number | undefined =>
  timestamp === undefined ? undefined : Number(timestamp.seconds) * 1000 + Math.floor(timestamp.nanos / 1_000_000)

const TRAIT = /\/c1\.connector\.v2\.(\w+)Trait$/

const NONE: ReadonlyArray<never> = []

/**
 * @since 0.1.0
 */
export const fromMessage = (resource: Resource): ResourceRow => {
  const traits: Array<string> = []
  let profile = resource.profile
  let user: ReturnType<typeof anyUnpack<typeof UserTraitSchema>>
  for (const annotation of resource.annotations) {
    const name = TRAIT.exec(annotation.typeUrl)?.[1]
    if (name === undefined) continue
    traits.push(name.replaceAll(/(?!^)([A-Z])/g, "_$1").toLowerCase())
    if (name === "User") user = anyUnpack(annotation, UserTraitSchema)
    else if (name === "Group") profile ??= anyUnpack(annotation, GroupTraitSchema)?.profile
    else if (name === "Role") profile ??= anyUnpack(annotation, RoleTraitSchema)?.profile
  }
  profile = resource.profile ?? user?.profile ?? profile
  const status = resource.status ?? user?.status
  const emails = user === undefined || user.emails.length === 0
    ? NONE
    : user.emails.map((email) => ({ address: email.address, primary: email.isPrimary }))
  return {
    type: resource.id?.resourceType ?? "",
    id: resource.id?.resource ?? "",
    displayName: resource.displayName,
    description: resource.description,
    parent: resource.parentResourceId === undefined
      ? undefined
      : { type: resource.parentResourceId.resourceType, id: resource.parentResourceId.resource },
    traits,
    status: status === undefined ? undefined : STATUS[status.status] ?? "unknown",
    statusDetails: status?.details ?? "",
    login: user?.login ?? "",
    email: (emails.find((email) => email.primary) ?? emails[0])?.address ?? "",
    emails,
    accountType: ACCOUNT_TYPES[user?.accountType ?? 0],
    givenName: user?.structuredName?.givenName ?? "",
    familyName: user?.structuredName?.familyName ?? "",
    employeeIds: user?.employeeIds ?? NONE,
    createdAt: milliseconds(resource.createdAt ?? user?.createdAt),
    lastLogin: milliseconds(user?.lastLogin),
    profile: profile ?? {}
  }
}

/**
 * @since 0.1.0
 */
export const fromBytes = (data: Uint8Array): ResourceRow => fromMessage(fromBinary(ResourceSchema, data))

/**
 * A resource that is named and not there: only its id is known.
 *
 * @since 0.1.0
 */
export const missing = (type: string, id: string): ResourceRow => ({
  type,
  id,
  displayName: "",
  description: "",
  parent: undefined,
  traits: NONE,
  status: undefined,
  statusDetails: "",
  login: "",
  email: "",
  emails: NONE,
  accountType: undefined,
  givenName: "",
  familyName: "",
  employeeIds: NONE,
  createdAt: undefined,
  lastLogin: undefined,
  profile: {}
})

/** Case, width and form of letters do not matter. */
const fold = (text: string): string => text.normalize("NFKC").toLowerCase()

/**
 * What rows of resources can be chosen by.
 *
 * @since 0.1.0
 */
export interface Filter {
  /** Somewhere in a name, an address, a login or an id, whatever the case. */
  readonly text?: string
  /** One of the addresses, whatever the case. */
  readonly email?: string
  /** A resource that says nothing about its status is enabled, as baton sees it. */
  readonly status?: Status
}

/**
 * Whether a resource passes.
 *
 * @since 0.1.0
 */
export const matcher = (filter: Filter): (row: ResourceRow) => boolean => {
  const text = filter.text === undefined ? undefined : fold(filter.text)
  const email = filter.email === undefined ? undefined : fold(filter.email)
  const { status } = filter
  return (row) => {
    if (status !== undefined && (row.status ?? "enabled") !== status) return false
    if (email !== undefined && !row.emails.some((each) => fold(each.address) === email)) return false
    if (text === undefined) return true
    return [
      row.displayName,
      row.id,
      row.login,
      `${row.givenName} ${row.familyName}`,
      ...row.emails.map((e) => e.address)
    ]
      .some((value) => fold(value).includes(text))
  }
}

/**
 * Whether a filter chooses anything at all.
 *
 * @since 0.1.0
 */
export const isEmpty = (filter: Filter): boolean =>
  filter.text === undefined && filter.email === undefined && filter.status === undefined
