/**
 * The words of connector-model as messages of `c1.connector.v2`: traits, profiles, statuses, entitlements and grants as Go's builders make them.
 *
 * Profile, status and creation time are written twice, in the trait, where they used to be, and in the resource: every reader finds them. The
 * bytes are those of the snapshot writer in `@access-kit/c1z`, which a test compares.
 *
 * @since 0.1.0
 */
import { GrantExpandableSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_grant_pb"
import {
  AppTraitSchema,
  GroupTraitSchema,
  RoleTraitSchema,
  UserTrait_EmailSchema,
  UserTrait_StatusSchema,
  UserTrait_StructuredNameSchema,
  UserTraitSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_trait_pb"
import type { UserTrait } from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_trait_pb"
import {
  type Entitlement as EntitlementMessage,
  EntitlementSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/entitlement_pb"
import { type Grant as GrantMessage, GrantSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/grant_pb"
import {
  type Resource as ResourceMessage,
  type ResourceId as ResourceIdMessage,
  ResourceIdSchema,
  ResourceSchema,
  type ResourceType as ResourceTypeMessage,
  ResourceTypeSchema,
  StatusSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"
import type { Entitlement } from "@access-kit/connector-model/Entitlement"
import type { Grant } from "@access-kit/connector-model/Grant"
import type { Account, Resource, ResourceId } from "@access-kit/connector-model/Resource"
import type { ResourceType, Trait } from "@access-kit/connector-model/ResourceType"
import { create, type DescMessage, type JsonObject, type MessageShape, toBinary } from "@bufbuild/protobuf"
import type { Any, Timestamp } from "@bufbuild/protobuf/wkt"
import { AnySchema, TimestampSchema } from "@bufbuild/protobuf/wkt"
import type * as Schema from "effect/Schema"

const TYPE_URL = "type.googleapis.com/"

const TRAITS = { user: 1, group: 2, role: 3, app: 4 } as const satisfies Record<Trait, number>
const STATUS = { unknown: 0, enabled: 1, disabled: 2, deleted: 3 } as const
const ACCOUNT_TYPE = { unknown: 0, human: 1, service: 2, system: 3 } as const
const PURPOSE = { assignment: 1, permission: 2, ownership: 3 } as const

/** The depth at which a profile's values become JSON text; decoders of protobuf refuse messages that are nested much deeper. */
const MAX_DEPTH = 32

/**
 * A message as an annotation. Unlike protobuf-es's `anyPack` it takes fields as they are and is deterministic.
 *
 * @since 0.1.0
 */
export const annotation = <Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): Any =>
  create(AnySchema, { typeUrl: TYPE_URL + schema.typeName, value: toBinary(schema, message) })

/** Orders strings as their UTF-8 bytes, which is how Go sorts map keys. */
const compareUtf8 = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

const isList = (value: Schema.JsonArray | Schema.JsonObject): value is Schema.JsonArray => Array.isArray(value)

const sortedValue = (value: Schema.Json, depth: number): JsonObject[string] => {
  if (value === null || typeof value !== "object") return value
  if (depth >= MAX_DEPTH) return JSON.stringify(value)
  return isList(value) ? value.map((element) => sortedValue(element, depth + 1)) : sorted(value, depth + 1)
}

const sorted = (fields: Schema.JsonObject, depth: number): JsonObject => {
  const result: JsonObject = {}
  for (const key of Object.keys(fields).sort(compareUtf8)) {
    const value = fields[key]
    if (value === undefined) continue
    // Not by assignment, which would set the prototype for the key "__proto__".
    Object.defineProperty(result, key, {
      value: sortedValue(value, depth),
      enumerable: true,
      configurable: true,
      writable: true
    })
  }
  return result
}

/**
 * A time in RFC 3339 as a timestamp; nothing where it is not one.
 *
 * @since 0.1.0
 */
export const timestamp = (rfc3339: string): Timestamp | undefined => {
  const milliseconds = Date.parse(rfc3339)
  return Number.isNaN(milliseconds) ? undefined : timestampOfMillis(milliseconds)
}

/**
 * Epoch milliseconds as a timestamp.
 *
 * @since 0.1.0
 */
export const timestampOfMillis = (milliseconds: number): Timestamp => {
  const seconds = Math.floor(milliseconds / 1000)
  return create(TimestampSchema, {
    seconds: BigInt(seconds),
    nanos: Math.trunc(milliseconds - seconds * 1000) * 1_000_000
  })
}

/**
 * @since 0.1.0
 */
export const resourceId = (id: ResourceId): ResourceIdMessage =>
  create(ResourceIdSchema, { resourceType: id.resourceType, resource: id.resource })

const hasStatus = (account: Account): boolean => account.status !== "unknown" || account.statusDetails !== undefined

const userTrait = (account: Account, profile: JsonObject | undefined): UserTrait => {
  const trait = create(UserTraitSchema, {
    emails: account.emails.map((email) =>
      create(UserTrait_EmailSchema, { address: email.address, isPrimary: email.primary })
    ),
    accountType: ACCOUNT_TYPE[account.accountType],
    login: account.login
  })
  if (hasStatus(account)) {
    trait.status = create(UserTrait_StatusSchema, {
      status: STATUS[account.status],
      details: account.statusDetails ?? ""
    })
  }
  if (profile !== undefined) trait.profile = profile
  if (account.createdAt !== undefined) trait.createdAt = timestamp(account.createdAt)
  if (account.givenName !== undefined || account.familyName !== undefined) {
    trait.structuredName = create(UserTrait_StructuredNameSchema, {
      givenName: account.givenName ?? "",
      familyName: account.familyName ?? ""
    })
  }
  if (account.employeeIds !== undefined) trait.employeeIds = [...account.employeeIds]
  return trait
}

const traitOf = (trait: Trait, resource: Resource, profile: JsonObject | undefined): Any => {
  const init = profile === undefined ? {} : { profile }
  switch (trait) {
    case "user":
      return annotation(
        UserTraitSchema,
        resource._tag === "Account" ? userTrait(resource, profile) : create(UserTraitSchema, init)
      )
    case "group":
      return annotation(GroupTraitSchema, create(GroupTraitSchema, init))
    case "role":
      return annotation(RoleTraitSchema, create(RoleTraitSchema, init))
    case "app":
      return annotation(AppTraitSchema, create(AppTraitSchema, init))
  }
}

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
 * A resource with a trait annotation for each trait that its type declares: a syncer refuses a resource that lacks one.
 *
 * @since 0.1.0
 */
export const resource = (resource: Resource, declared: ReadonlyArray<Trait>): ResourceMessage => {
  const empty = resource.profile === undefined || Object.keys(resource.profile).length === 0
  const profile = empty || resource.profile === undefined ? undefined : sorted(resource.profile, 0)
  const message = create(ResourceSchema, {
    id: resourceId(resource.id),
    displayName: resource.displayName,
    annotations: traitsOf(resource, declared).map((trait) => traitOf(trait, resource, profile))
  })
  if (resource.parent !== undefined) message.parentResourceId = resourceId(resource.parent)
  if (resource.description !== undefined) message.description = resource.description
  if (profile !== undefined) message.profile = profile
  if (resource._tag === "Account") {
    if (hasStatus(resource)) {
      message.status = create(StatusSchema, {
        status: STATUS[resource.status],
        details: resource.statusDetails ?? ""
      })
    }
    if (resource.createdAt !== undefined) message.createdAt = timestamp(resource.createdAt)
  }
  return message
}

/**
 * @since 0.1.0
 */
export const resourceType = (type: ResourceType, annotations: ReadonlyArray<Any> = []): ResourceTypeMessage =>
  create(ResourceTypeSchema, {
    id: type.id,
    displayName: type.displayName,
    traits: type.traits.map((trait) => TRAITS[trait]),
    annotations: [...annotations],
    description: type.description ?? ""
  })

/**
 * An entitlement on a resource. `types` are the resource types of the connector by id; of a type that it doesn't have only the id is written.
 *
 * @since 0.1.0
 */
export const entitlement = (
  entitlement: Entitlement,
  on: ResourceMessage,
  types: ReadonlyMap<string, ResourceTypeMessage>
): EntitlementMessage =>
  create(EntitlementSchema, {
    resource: on,
    id: entitlement.id,
    displayName: entitlement.displayName,
    description: entitlement.description,
    grantableTo: entitlement.grantableTo.map((id) => types.get(id) ?? create(ResourceTypeSchema, { id })),
    purpose: PURPOSE[entitlement.purpose],
    slug: entitlement.slug
  })

/**
 * The entitlement that the grants in a listing carry: its id and its resource, no more.
 *
 * @since 0.1.0
 */
export const grantedEntitlement = (entitlementId: string, on: ResourceMessage): EntitlementMessage =>
  create(EntitlementSchema, { resource: on, id: entitlementId })

/**
 * @since 0.1.0
 */
export const grant = (grant: Grant, entitlement: EntitlementMessage): GrantMessage => {
  const message = create(GrantSchema)
  message.entitlement = entitlement
  message.principal = create(ResourceSchema)
  message.principal.id = resourceId(grant.principal)
  message.id = grant.id
  if (grant.expandable !== undefined) {
    message.annotations.push(annotation(
      GrantExpandableSchema,
      create(GrantExpandableSchema, {
        entitlementIds: [...grant.expandable.entitlementIds],
        shallow: grant.expandable.shallow,
        resourceTypeIds: [...grant.expandable.resourceTypes]
      })
    ))
  }
  return message
}
