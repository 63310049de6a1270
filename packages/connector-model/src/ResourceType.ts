/**
 * The kinds of things that a connector knows: accounts, groups, roles and the like.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * What a resource of a type is to identity governance. A type may have several traits, or none.
 *
 * @since 0.1.0
 */
export const Trait = Schema.Literals(["user", "group", "role", "app"])

/**
 * @since 0.1.0
 */
export type Trait = typeof Trait.Type

/**
 * A kind of resource: `user`, `group`, …. The `id` is part of every identifier below it and never changes.
 *
 * @since 0.1.0
 */
export const ResourceType = Schema.Struct({
  /** 1 to 1,024 bytes, for example `user`. */
  id: Schema.String,
  displayName: Schema.String,
  description: Schema.optionalKey(Schema.String),
  traits: Schema.Array(Trait)
})

/**
 * @since 0.1.0
 */
export interface ResourceType extends Schema.Schema.Type<typeof ResourceType> {}

/**
 * The type id that governance tools expect for the people and machines that sign in.
 *
 * @since 0.1.0
 */
export const USER = "user"

/**
 * The type id that governance tools expect for groups.
 *
 * @since 0.1.0
 */
export const GROUP = "group"
