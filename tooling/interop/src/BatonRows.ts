/**
 * What `baton` prints about a snapshot, as rows that can be compared: the rows of a command, each with the fields that say something about
 * the directory.
 */
import * as Schema from "effect/Schema"

const Id = Schema.Struct({ resourceType: Schema.String, resource: Schema.String })

const text = Schema.optionalKey(Schema.String)

const Trait = Schema.Struct({
  "@type": Schema.String,
  login: text,
  emails: Schema.optionalKey(
    Schema.Array(Schema.Struct({ address: Schema.String, isPrimary: Schema.optionalKey(Schema.Boolean) }))
  ),
  status: Schema.optionalKey(Schema.Struct({ status: text })),
  createdAt: text,
  structuredName: Schema.optionalKey(Schema.Struct({ givenName: text, familyName: text })),
  profile: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown))
})

const Resource = Schema.Struct({
  id: Id,
  displayName: text,
  annotations: Schema.optionalKey(Schema.Array(Trait)),
  parentResourceId: Schema.optionalKey(Id)
})

const ResourceType = Schema.Struct({
  id: Schema.String,
  displayName: Schema.String,
  traits: Schema.Array(Schema.String)
})

const Entitlement = Schema.Struct({
  id: Schema.String,
  displayName: Schema.String,
  description: text,
  slug: Schema.String,
  purpose: Schema.String,
  resource: Resource,
  grantableTo: Schema.Array(ResourceType)
})

/** `baton resource-types` */
export const ResourceTypes = Schema.Struct({
  resourceTypes: Schema.Array(Schema.Struct({ resourceType: ResourceType }))
})

/** `baton resources` and `baton principals`. A list without rows is printed as `{}`. */
export const Resources = Schema.Struct({
  resources: Schema.optionalKey(Schema.Array(Schema.Struct({ resource: Resource, resourceType: ResourceType })))
})

/** `baton entitlements` */
export const Entitlements = Schema.Struct({
  entitlements: Schema.optionalKey(
    Schema.Array(Schema.Struct({ entitlement: Entitlement, resource: Resource, resourceType: ResourceType }))
  )
})

/** `baton grants` */
export const Grants = Schema.Struct({
  grants: Schema.optionalKey(Schema.Array(Schema.Struct({
    grant: Schema.Struct({ id: Schema.String }),
    entitlement: Entitlement,
    resource: Resource,
    resourceType: ResourceType,
    principal: Resource
  })))
})

/** `baton access` */
export const Access = Schema.Struct({
  principal: Resource,
  access: Schema.optionalKey(Schema.Array(Schema.Struct({
    resource: Resource,
    entitlements: Schema.Array(Entitlement)
  })))
})

const Counts = Schema.Record(Schema.String, Schema.NumberFromString)

/** `baton stats`; counts are strings there. */
export const Stats = Schema.Struct({
  id: Schema.String,
  startedAt: Schema.String,
  endedAt: Schema.String,
  syncType: Schema.String,
  stats: Schema.Struct({
    resourceTypes: Schema.NumberFromString,
    resources: Schema.NumberFromString,
    entitlements: Schema.optionalKey(Schema.NumberFromString),
    grants: Schema.optionalKey(Schema.NumberFromString),
    resourcesByResourceType: Counts,
    entitlementsByResourceType: Schema.optionalKey(Counts),
    grantsByResourceType: Schema.optionalKey(Counts)
  })
})

/** `baton syncs` */
export const Syncs = Schema.Struct({
  syncs: Schema.Array(
    Schema.Struct({ id: Schema.String, startedAt: Schema.String, endedAt: Schema.String, syncType: Schema.String })
  )
})

/** A person, flat. */
export interface UserRow {
  readonly id: string
  readonly displayName: string | undefined
  readonly login: string | undefined
  /** The primary one first, marked with a star. */
  readonly emails: ReadonlyArray<string>
  /** `STATUS_ENABLED`, …; absent where the trait has none. */
  readonly status: string | undefined
  readonly givenName: string | undefined
  readonly familyName: string | undefined
  /** Milliseconds since the epoch: the command leaves out a fraction of zero. */
  readonly createdAt: number | undefined
  readonly externalId: unknown
  readonly userId: unknown
}

/** Rows of people, by id. */
export const users = (printed: typeof Resources.Type): ReadonlyArray<UserRow> =>
  (printed.resources ?? []).filter((row) => row.resourceType.id === "user").map(({ resource }) => {
    const trait = resource.annotations?.find((annotation) => annotation["@type"].endsWith("/c1.connector.v2.UserTrait"))
    return {
      id: resource.id.resource,
      displayName: resource.displayName,
      login: trait?.login,
      emails: (trait?.emails ?? []).map((email) => email.isPrimary === true ? `*${email.address}` : email.address),
      status: trait?.status?.status,
      givenName: trait?.structuredName?.givenName,
      familyName: trait?.structuredName?.familyName,
      createdAt: trait?.createdAt === undefined ? undefined : Date.parse(trait.createdAt),
      externalId: trait?.profile?.["external_id"],
      userId: trait?.profile?.["user_id"]
    }
  }).sort(byId)

/** Rows of groups, by id. */
export const groups = (printed: typeof Resources.Type) =>
  (printed.resources ?? []).filter((row) => row.resourceType.id === "group").map(({ resource }) => ({
    id: resource.id.resource,
    displayName: resource.displayName
  })).sort(byId)

/** Rows of entitlements, by id. */
export const entitlements = (printed: typeof Entitlements.Type) =>
  (printed.entitlements ?? []).map(({ entitlement, resource }) => ({
    id: entitlement.id,
    displayName: entitlement.displayName,
    slug: entitlement.slug,
    purpose: entitlement.purpose,
    grantableTo: entitlement.grantableTo.map((type) => type.id),
    resource: `${resource.id.resourceType} ${resource.id.resource} ${resource.displayName}`
  })).sort(byId)

/** Rows of grants, by id, with the names that baton found for the ids in them. */
export const grants = (printed: typeof Grants.Type) =>
  (printed.grants ?? []).map((row) => ({
    id: row.grant.id,
    entitlement: row.entitlement.id,
    resource: `${row.resource.id.resourceType} ${row.resource.id.resource} ${row.resource.displayName}`,
    principal: `${row.principal.id.resourceType} ${row.principal.id.resource} ${row.principal.displayName}`
  })).sort(byId)

/** Orders by id as strings compare, in every locale the same. */
export const byId = (a: { readonly id: string }, b: { readonly id: string }): number =>
  a.id < b.id ? -1 : a.id > b.id ? 1 : 0
