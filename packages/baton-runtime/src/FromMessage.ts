/**
 * Messages of `c1.connector.v2` as the words of connector-model, for connectors that live behind gRPC. What the model has no word for is left out:
 * icons, external links, sign-in times, traits other than user, group, role and app.
 *
 * @since 0.1.0
 */
import { GrantExpandableSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_grant_pb"
import {
  AppTraitSchema,
  GroupTraitSchema,
  RoleTraitSchema,
  type UserTrait,
  UserTraitSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_trait_pb"
import type { Entitlement as EntitlementMessage } from "@access-kit/baton-protocol/gen/c1/connector/v2/entitlement_pb"
import type { Grant as GrantMessage } from "@access-kit/baton-protocol/gen/c1/connector/v2/grant_pb"
import type {
  Resource as ResourceMessage,
  ResourceId as ResourceIdMessage,
  ResourceType as ResourceTypeMessage
} from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"
import type { Entitlement, Purpose } from "@access-kit/connector-model/Entitlement"
import type * as Grant from "@access-kit/connector-model/Grant"
import type { Account, AccountStatus, AccountType, Resource, ResourceId } from "@access-kit/connector-model/Resource"
import type { ResourceType, Trait } from "@access-kit/connector-model/ResourceType"
import type { DescMessage, JsonObject, MessageShape } from "@bufbuild/protobuf"
import { type Any, anyUnpack, type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt"

type Writable<A> = { -readonly [K in keyof A]: A[K] }

const TRAITS: Readonly<Record<number, Trait>> = { 1: "user", 2: "group", 3: "role", 4: "app" }
const STATUSES: Readonly<Record<number, AccountStatus>> = { 1: "enabled", 2: "disabled", 3: "deleted" }
const ACCOUNT_TYPES: Readonly<Record<number, AccountType>> = { 1: "human", 2: "service", 3: "system" }
const PURPOSES: Readonly<Record<number, Purpose>> = { 1: "assignment", 2: "permission", 3: "ownership" }

/**
 * The first annotation of a type, decoded; nothing where there is none or its bytes are broken.
 *
 * @since 0.1.0
 */
export const annotation = <Desc extends DescMessage>(
  annotations: ReadonlyArray<Any>,
  schema: Desc
): MessageShape<Desc> | undefined => {
  for (const each of annotations) {
    if (each.typeUrl.slice(each.typeUrl.lastIndexOf("/") + 1) === schema.typeName) return anyUnpack(each, schema)
  }
  return undefined
}

/**
 * @since 0.1.0
 */
export const resourceId = (id: ResourceIdMessage | undefined): ResourceId => ({
  resourceType: id?.resourceType ?? "",
  resource: id?.resource ?? ""
})

/**
 * @since 0.1.0
 */
export const resourceType = (message: ResourceTypeMessage): ResourceType => ({
  id: message.id,
  displayName: message.displayName === "" ? message.id : message.displayName,
  ...(message.description === "" ? {} : { description: message.description }),
  traits: message.traits.flatMap((trait) => TRAITS[trait] ?? [])
})

const time = (timestamp: Timestamp | undefined): string | undefined =>
  timestamp === undefined ? undefined : timestampDate(timestamp).toISOString()

const accountOf = (
  message: ResourceMessage,
  trait: UserTrait
): Partial<Writable<Account>> & Pick<Account, "status"> => {
  // The resource's own fields are the newer home and win.
  const status = message.status ?? trait.status
  const createdAt = time(message.createdAt ?? trait.createdAt)
  const name = trait.structuredName
  return {
    status: STATUSES[status?.status ?? 0] ?? "unknown",
    ...(status === undefined || status.details === "" ? {} : { statusDetails: status.details }),
    ...(name === undefined || name.givenName === "" ? {} : { givenName: name.givenName }),
    ...(name === undefined || name.familyName === "" ? {} : { familyName: name.familyName }),
    ...(trait.employeeIds.length === 0 ? {} : { employeeIds: trait.employeeIds }),
    ...(createdAt === undefined ? {} : { createdAt })
  }
}

const traitProfile = (annotations: ReadonlyArray<Any>): JsonObject | undefined => {
  for (const schema of [UserTraitSchema, GroupTraitSchema, RoleTraitSchema, AppTraitSchema]) {
    const profile = annotation<typeof schema>(annotations, schema)?.profile
    if (profile !== undefined) return profile
  }
  return undefined
}

/**
 * A resource. With a user trait it is an account, with a group trait a group.
 *
 * @since 0.1.0
 */
export const resource = (message: ResourceMessage): Resource => {
  const { annotations } = message
  const profile = message.profile ?? traitProfile(annotations)
  const common = {
    id: resourceId(message.id),
    displayName: message.displayName === "" ? message.id?.resource ?? "" : message.displayName,
    ...(message.description === "" ? {} : { description: message.description }),
    ...(message.parentResourceId === undefined ? {} : { parent: resourceId(message.parentResourceId) }),
    ...(profile === undefined || Object.keys(profile).length === 0 ? {} : { profile })
  }
  const user = annotation(annotations, UserTraitSchema)
  if (user !== undefined) {
    return {
      _tag: "Account",
      ...common,
      accountType: ACCOUNT_TYPES[user.accountType] ?? "unknown",
      login: user.login,
      emails: user.emails.map((email) => ({ address: email.address, primary: email.isPrimary })),
      ...accountOf(message, user)
    }
  }
  return annotation(annotations, GroupTraitSchema) === undefined
    ? { _tag: "Item", ...common }
    : { _tag: "Group", ...common }
}

/**
 * @since 0.1.0
 */
export const entitlement = (message: EntitlementMessage): Entitlement => ({
  id: message.id,
  resource: resourceId(message.resource?.id),
  slug: message.slug,
  displayName: message.displayName,
  description: message.description,
  purpose: PURPOSES[message.purpose] ?? "assignment",
  grantableTo: message.grantableTo.map((type) => type.id)
})

/**
 * @since 0.1.0
 */
export const grant = (message: GrantMessage): Grant.Grant => {
  const expandable = annotation(message.annotations, GrantExpandableSchema)
  return {
    id: message.id,
    entitlementId: message.entitlement?.id ?? "",
    principal: resourceId(message.principal?.id),
    ...(expandable === undefined ? {} : {
      expandable: {
        entitlementIds: expandable.entitlementIds,
        shallow: expandable.shallow,
        resourceTypes: expandable.resourceTypeIds
      }
    })
  }
}
