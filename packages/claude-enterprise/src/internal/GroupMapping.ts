/**
 * SCIM groups as groups with their one entitlement and its grants. Plain code: it runs once per membership of the directory.
 */
import * as Entitlement from "@access-kit/connector-model/Entitlement"
import * as Grant from "@access-kit/connector-model/Grant"
import * as Holders from "@access-kit/connector-model/Holders"
import type { ResourceRecord } from "@access-kit/connector-model/Page"
import type { Group, ResourceId } from "@access-kit/connector-model/Resource"
import * as ResourceType from "@access-kit/connector-model/ResourceType"
import type * as ScimGroup from "@access-kit/scim-core/Group"
import type * as Schema from "effect/Schema"

type Writable<A> = { -readonly [K in keyof A]: A[K] }

/** The slug of being in a group. */
export const MEMBER = "member"

export const groupId = (id: string): ResourceId => ({ resourceType: ResourceType.GROUP, resource: id })

export const displayNameOf = (group: ScimGroup.Group): string =>
  group.displayName !== undefined && group.displayName.trim() !== ""
    ? group.displayName
    : group.externalId ?? group.id

/**
 * The group of a SCIM group, without its members.
 */
export const groupOf = (group: ScimGroup.Group): Group => {
  const profile: Record<string, Schema.Json> = { group_id: group.id }
  const mapped: Writable<Group> = {
    _tag: "Group",
    id: groupId(group.id),
    displayName: displayNameOf(group),
    profile
  }
  if (group.externalId !== undefined) {
    mapped.externalId = group.externalId
    profile["external_id"] = group.externalId
  }
  if (group.meta?.created !== undefined) profile["created_at"] = group.meta.created.toISOString()
  if (group.meta?.lastModified !== undefined) profile["last_modified_at"] = group.meta.lastModified.toISOString()
  return mapped
}

export const entitlementOf = (group: Group): Entitlement.Entitlement => ({
  id: Entitlement.makeId(group.id, MEMBER),
  resource: group.id,
  slug: MEMBER,
  displayName: `${group.displayName} Member`,
  description: `Member of ${group.displayName}`,
  purpose: "assignment",
  grantableTo: [ResourceType.USER]
})

/**
 * The grant to one principal. A group as a principal passes its own membership on: whoever is a member of it is a member here.
 */
export const grantTo = (entitlementId: string, principal: ResourceId): Grant.Grant =>
  principal.resourceType === ResourceType.GROUP
    ? Grant.make(entitlementId, principal, {
      entitlementIds: [Entitlement.makeId(principal, MEMBER)],
      shallow: false,
      resourceTypes: [ResourceType.USER]
    })
    : Grant.make(entitlementId, principal)

/**
 * The group with who is in it. Neither `type` nor `$ref` says on many servers, WorkOS's among them, what a member is, and then it is a person.
 */
export const recordOf = (group: ScimGroup.Group, members: ReadonlyArray<ScimGroup.Member>): ResourceRecord => {
  const resource = groupOf(group)
  const entitlement = entitlementOf(resource)
  const principals: Array<string> = []
  const others: Array<Grant.Grant> = []
  for (const { type, value } of members) {
    if (type === "Group") others.push(grantTo(entitlement.id, groupId(value)))
    else principals.push(value)
  }
  return Holders.record(resource, [entitlement], {
    holders: principals.length === 0
      ? []
      : [{ entitlementId: entitlement.id, principalType: ResourceType.USER, principals }],
    others
  })
}

/**
 * The group alone, as a listing without memberships gives it.
 */
export const bareRecordOf = (group: ScimGroup.Group): ResourceRecord => ({
  resource: groupOf(group),
  entitlements: [],
  grants: []
})
