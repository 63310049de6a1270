/**
 * A thing on a resource that can be held: being a member of a group, being the admin of a workspace.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { ResourceId } from "./Resource.ts"

/**
 * @since 0.1.0
 */
export const Purpose = Schema.Literals(["assignment", "permission", "ownership"])

/**
 * @since 0.1.0
 */
export type Purpose = typeof Purpose.Type

/**
 * @since 0.1.0
 */
export const Entitlement = Schema.Struct({
  /** Made by {@link makeId}; other tools rely on its bytes. */
  id: Schema.String,
  resource: ResourceId,
  /** Short machine word, for example `member`. */
  slug: Schema.String,
  displayName: Schema.String,
  description: Schema.String,
  purpose: Purpose,
  /** Ids of the resource types whose resources may hold it. */
  grantableTo: Schema.Array(Schema.String)
})

/**
 * @since 0.1.0
 */
export interface Entitlement extends Schema.Schema.Type<typeof Entitlement> {}

/**
 * `<resource type>:<resource>:<slug>`, joined and never escaped, as every baton tool expects. It can't be taken apart again when an id
 * has a colon, so keep the parts.
 *
 * @since 0.1.0
 */
export const makeId = (resource: ResourceId, slug: string): string =>
  `${resource.resourceType}:${resource.resource}:${slug}`
