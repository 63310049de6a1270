/**
 * The fact that a principal holds an entitlement.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { ResourceId } from "./Resource.ts"

/**
 * Says that whoever holds one of these entitlements holds the granted one too: how a group inside a group passes access on.
 *
 * @since 0.1.0
 */
export const Expandable = Schema.Struct({
  entitlementIds: Schema.Array(Schema.String),
  /** Only the direct holders, not those who hold it by expansion themselves. */
  shallow: Schema.Boolean,
  /** Ids of the resource types that the expansion reaches. */
  resourceTypes: Schema.Array(Schema.String)
})

/**
 * @since 0.1.0
 */
export interface Expandable extends Schema.Schema.Type<typeof Expandable> {}

/**
 * @since 0.1.0
 */
export const Grant = Schema.Struct({
  /** Made by {@link makeId}; other tools rely on its bytes. */
  id: Schema.String,
  entitlementId: Schema.String,
  principal: ResourceId,
  expandable: Schema.optionalKey(Expandable)
})

/**
 * @since 0.1.0
 */
export interface Grant extends Schema.Schema.Type<typeof Grant> {}

/**
 * `<entitlement id>:<principal type>:<principal>`, joined and never escaped.
 *
 * @since 0.1.0
 */
export const makeId = (entitlementId: string, principal: ResourceId): string =>
  `${entitlementId}:${principal.resourceType}:${principal.resource}`

/**
 * @since 0.1.0
 */
export const make = (
  entitlementId: string,
  principal: ResourceId,
  expandable?: Expandable
): Grant =>
  expandable === undefined
    ? { id: makeId(entitlementId, principal), entitlementId, principal }
    : { id: makeId(entitlementId, principal), entitlementId, principal, expandable }
