/**
 * Plain grants said shortly: an entitlement, and the ids of those who hold it. A group with everybody in it is then a list of ids, and no object and no
 * text is made for each of its grants before somebody asks for them.
 *
 * @since 0.1.0
 */
import type { Entitlement } from "./Entitlement.ts"
import * as Grant from "./Grant.ts"
import type { ResourceRecord } from "./Page.ts"
import type { Resource } from "./Resource.ts"

/**
 * As many grants as there are principals, each with the id that `Grant.makeId` makes and not expandable.
 *
 * @since 0.1.0
 */
export interface Holders {
  readonly entitlementId: string
  /** The resource type that all the principals are of. */
  readonly principalType: string
  /** Ids of the principals. */
  readonly principals: ReadonlyArray<string>
}

/**
 * What the grants of a record are made of.
 *
 * @since 0.1.0
 */
export interface Parts {
  readonly holders: ReadonlyArray<Holders>
  /** Grants that are more than plain. */
  readonly others: ReadonlyArray<Grant.Grant>
}

const known = new WeakMap<ResourceRecord, Parts>()

const grantsOf = ({ holders, others }: Parts): ReadonlyArray<Grant.Grant> => {
  const grants: Array<Grant.Grant> = []
  for (const { entitlementId, principalType, principals } of holders) {
    for (const resource of principals) grants.push(Grant.make(entitlementId, { resourceType: principalType, resource }))
  }
  for (const grant of others) grants.push(grant)
  return grants
}

/**
 * A record like any other, but for its `grants` being made anew each time they are read.
 *
 * @since 0.1.0
 */
export const record = (
  resource: Resource,
  entitlements: ReadonlyArray<Entitlement>,
  parts: Parts
): ResourceRecord => {
  const made: ResourceRecord = {
    resource,
    entitlements,
    get grants() {
      return grantsOf(parts)
    }
  }
  known.set(made, parts)
  return made
}

/**
 * What a record was made of by {@link record}. `undefined` for every other record, copies among them: those have `grants` alone.
 *
 * @since 0.1.0
 */
export const of = (record: ResourceRecord): Parts | undefined => known.get(record)
