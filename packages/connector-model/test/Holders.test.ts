import { Entitlement, Grant, Holders, type Resource } from "@access-kit/connector-model"
import { describe, expect, it } from "@effect/vitest"

const group: Resource.Group = {
  _tag: "Group",
  id: { resourceType: "group", resource: "eng" },
  displayName: "Engineering",
  profile: {}
}
const entitlementId = Entitlement.makeId(group.id, "member")
const nested = Grant.make(entitlementId, { resourceType: "group", resource: "ops" }, {
  entitlementIds: ["group:ops:member"],
  shallow: false,
  resourceTypes: ["user"]
})
const parts: Holders.Parts = {
  holders: [{ entitlementId, principalType: "user", principals: ["u:1", "ü\"2"] }],
  others: [nested]
}

describe("a record of holders", () => {
  it("has the grants that were said shortly, and the others after them", () => {
    const record = Holders.record(group, [], parts)
    const expected = [
      Grant.make(entitlementId, { resourceType: "user", resource: "u:1" }),
      Grant.make(entitlementId, { resourceType: "user", resource: "ü\"2" }),
      nested
    ]
    expect(record.grants).toEqual(expected)
    expect({ ...record }).toEqual({ resource: group, entitlements: [], grants: expected })
  })

  it("tells what it was made of, and a copy with other grants does not", () => {
    const record = Holders.record(group, [], parts)
    expect(Holders.of(record)).toEqual(parts)
    expect(Holders.of({ ...record, grants: [] })).toBeUndefined()
  })
})
