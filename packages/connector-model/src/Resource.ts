/**
 * The things that a connector reads: an {@link Account} signs in, a {@link Group} holds accounts, and anything else that access can be
 * granted to is an {@link Item}.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * Names a resource. Neither part is ever taken apart again: the second is the source system's own id, whatever characters it has.
 *
 * @since 0.1.0
 */
export const ResourceId = Schema.Struct({
  /** The id of the {@link ResourceType}, for example `user`. */
  resourceType: Schema.String,
  /** The source system's id, byte for byte. */
  resource: Schema.String
})

/**
 * @since 0.1.0
 */
export interface ResourceId extends Schema.Schema.Type<typeof ResourceId> {}

/**
 * One string for one id, for use as a key: `<type>:<id>`. It is not meant to be parsed.
 *
 * @since 0.1.0
 */
export const keyOf = (id: ResourceId): string => `${id.resourceType}:${id.resource}`

/**
 * @since 0.1.0
 */
export const Email = Schema.Struct({
  address: Schema.String,
  /** True for at most one address of an account. */
  primary: Schema.Boolean
})

/**
 * @since 0.1.0
 */
export interface Email extends Schema.Schema.Type<typeof Email> {}

/**
 * Whether an account can sign in. `unknown` says that the source did not tell: it is not the same as enabled.
 *
 * @since 0.1.0
 */
export const AccountStatus = Schema.Literals(["enabled", "disabled", "deleted", "unknown"])

/**
 * @since 0.1.0
 */
export type AccountStatus = typeof AccountStatus.Type

/**
 * @since 0.1.0
 */
export const AccountType = Schema.Literals(["human", "service", "system", "unknown"])

/**
 * @since 0.1.0
 */
export type AccountType = typeof AccountType.Type

const common = {
  id: ResourceId,
  /** What a person calls it. Not empty, not unique. */
  displayName: Schema.String,
  description: Schema.optionalKey(Schema.String),
  /** The id that the customer's own directory gave it. */
  externalId: Schema.optionalKey(Schema.String),
  /** The resource that contains this one. */
  parent: Schema.optionalKey(ResourceId),
  /** Whatever else the source tells and a reviewer may want to see. */
  profile: Schema.optionalKey(Schema.JsonObject)
}

/**
 * Somebody, or something, that can sign in.
 *
 * @since 0.1.0
 */
export const Account = Schema.TaggedStruct("Account", {
  ...common,
  status: AccountStatus,
  /** Why the status is what it is, if the source says. */
  statusDetails: Schema.optionalKey(Schema.String),
  accountType: AccountType,
  /** The name used to sign in. */
  login: Schema.String,
  emails: Schema.Array(Email),
  givenName: Schema.optionalKey(Schema.String),
  familyName: Schema.optionalKey(Schema.String),
  employeeIds: Schema.optionalKey(Schema.Array(Schema.String)),
  /** RFC 3339, UTC. */
  createdAt: Schema.optionalKey(Schema.String),
  /** RFC 3339, UTC. */
  lastModifiedAt: Schema.optionalKey(Schema.String)
})

/**
 * @since 0.1.0
 */
export interface Account extends Schema.Schema.Type<typeof Account> {}

/**
 * A named set of accounts.
 *
 * @since 0.1.0
 */
export const Group = Schema.TaggedStruct("Group", common)

/**
 * @since 0.1.0
 */
export interface Group extends Schema.Schema.Type<typeof Group> {}

/**
 * A resource that is neither an account nor a group: a role, a workspace, an application.
 *
 * @since 0.1.0
 */
export const Item = Schema.TaggedStruct("Item", common)

/**
 * @since 0.1.0
 */
export interface Item extends Schema.Schema.Type<typeof Item> {}

/**
 * @since 0.1.0
 */
export const Resource = Schema.Union([Account, Group, Item])

/**
 * @since 0.1.0
 */
export type Resource = Account | Group | Item

/**
 * The address to show and to match on: the one marked primary, else the first.
 *
 * @since 0.1.0
 */
export const primaryEmail = (account: Account): string | undefined =>
  (account.emails.find((email) => email.primary) ?? account.emails[0])?.address
