import * as ScimGroup from "@access-kit/scim-core/Group"
import { describe, expect, it } from "@effect/vitest"
import * as GroupMapping from "../src/internal/GroupMapping.ts"

const decoded = (raw: unknown): ScimGroup.Group => {
  const group = ScimGroup.decode(raw)
  if (group === undefined) throw new Error("the fixture is no group")
  return group
}

const mapped = (raw: unknown) => {
  const group = decoded(raw)
  return GroupMapping.recordOf(group, group.members._tag === "Known" ? group.members.members : [])
}

describe("GroupMapping", () => {
  it("maps a group with its entitlement and grants", () => {
    expect(mapped({
      id: "g-eng",
      externalId: "00g1",
      displayName: "Engineering",
      members: [{ value: "u-alice", display: "Alice" }, { value: "u-bob", type: "User" }],
      meta: { created: "2026-01-02T03:04:05Z" }
    })).toEqual({
      resource: {
        _tag: "Group",
        id: { resourceType: "group", resource: "g-eng" },
        displayName: "Engineering",
        externalId: "00g1",
        profile: { group_id: "g-eng", external_id: "00g1", created_at: "2026-01-02T03:04:05.000Z" }
      },
      entitlements: [{
        id: "group:g-eng:member",
        resource: { resourceType: "group", resource: "g-eng" },
        slug: "member",
        displayName: "Engineering Member",
        description: "Member of Engineering",
        purpose: "assignment",
        grantableTo: ["user"]
      }],
      grants: [
        {
          id: "group:g-eng:member:user:u-alice",
          entitlementId: "group:g-eng:member",
          principal: { resourceType: "user", resource: "u-alice" }
        },
        {
          id: "group:g-eng:member:user:u-bob",
          entitlementId: "group:g-eng:member",
          principal: { resourceType: "user", resource: "u-bob" }
        }
      ]
    })
  })

  it("joins ids as they are, whatever is in them", () => {
    const record = mapped({ id: "a:b/ü", displayName: "X", members: [{ value: "c:\"d" }] })
    expect(record.entitlements.map((entitlement) => entitlement.id)).toEqual(["group:a:b/ü:member"])
    expect(record.grants.map((grant) => grant.id)).toEqual(["group:a:b/ü:member:user:c:\"d"])
  })

  it("passes the membership of a nested group on to its accounts", () => {
    const expected = {
      id: "group:all:member:group:eng",
      entitlementId: "group:all:member",
      principal: { resourceType: "group", resource: "eng" },
      expandable: { entitlementIds: ["group:eng:member"], shallow: false, resourceTypes: ["user"] }
    }
    expect(mapped({ id: "all", displayName: "All", members: [{ value: "eng", type: "Group" }] }).grants).toEqual([
      expected
    ])
    expect(mapped({ id: "all", displayName: "All", members: [{ value: "eng", $ref: "../Groups/eng" }] }).grants)
      .toEqual([expected])
  })

  it("calls a group without a name by its external id, else by its id", () => {
    expect(mapped({ id: "g1", externalId: "x1", displayName: " " }).resource.displayName).toBe("x1")
    expect(mapped({ id: "g1" }).resource.displayName).toBe("g1")
  })

  it("leaves out what a listing of groups alone does not ask for", () => {
    const group = decoded({ id: "g1", displayName: "G", members: [{ value: "u1" }] })
    expect(GroupMapping.bareRecordOf(group)).toMatchObject({ entitlements: [], grants: [] })
  })
})
