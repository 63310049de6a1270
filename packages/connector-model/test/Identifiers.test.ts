/**
 * Ids that other tools compare byte for byte.
 */
import { Entitlement, Grant, Resource, Validation } from "@access-kit/connector-model"
import { assert, describe, it } from "@effect/vitest"

const group = { resourceType: "group", resource: "directory_group_01:é/%20" }
const user = { resourceType: "user", resource: "ünï:код" }

describe("identifiers", () => {
  it("are joined and never escaped", () => {
    const entitlementId = Entitlement.makeId(group, "member")
    assert.strictEqual(entitlementId, "group:directory_group_01:é/%20:member")
    assert.strictEqual(Grant.makeId(entitlementId, user), "group:directory_group_01:é/%20:member:user:ünï:код")
    assert.strictEqual(Resource.keyOf(user), "user:ünï:код")
  })

  it("of a grant come with it, and `expandable` only when there is one", () => {
    assert.deepStrictEqual(Grant.make("e", user), { id: "e:user:ünï:код", entitlementId: "e", principal: user })
    const expandable = { entitlementIds: ["group:inner:member"], shallow: false, resourceTypes: ["user"] }
    assert.deepStrictEqual(Grant.make("e", user, expandable).expandable, expandable)
  })
})

describe("the address of an account", () => {
  const account = (emails: ReadonlyArray<Resource.Email>): Resource.Account => ({
    _tag: "Account",
    id: user,
    displayName: "A",
    status: "enabled",
    accountType: "human",
    login: "a",
    emails
  })

  it("is the primary one, else the first, else none", () => {
    const one = { address: "one@example.com", primary: false }
    const two = { address: "two@example.com", primary: true }
    assert.strictEqual(Resource.primaryEmail(account([one, two])), "two@example.com")
    assert.strictEqual(Resource.primaryEmail(account([one])), "one@example.com")
    assert.isUndefined(Resource.primaryEmail(account([])))
  })
})

describe("a validation report", () => {
  it("is in order when no check failed; warnings do not count", () => {
    const check = (status: "passed" | "warning" | "failed") => ({ name: "n", status, message: "m" })
    assert.isTrue(Validation.isOk({ checks: [] }))
    assert.isTrue(Validation.isOk({ checks: [check("passed"), check("warning")] }))
    assert.isFalse(Validation.isOk({ checks: [check("passed"), check("failed")] }))
  })
})
