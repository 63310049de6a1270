import type { GrantRequest } from "@access-kit/connector-model/Connector"
import { Profile } from "@access-kit/scim-sandbox"
import { assert, describe, expect } from "@effect/vitest"
import { Effect } from "effect"
import { first, membership, type Organization, requests, test } from "./Organization.ts"

const grant = ({ groups }: Organization, request: GrantRequest) => {
  assert(groups.grant !== undefined)
  return groups.grant(request)
}

const revoke = ({ groups }: Organization, request: GrantRequest) => {
  assert(groups.revoke !== undefined)
  return groups.revoke(request)
}

const members = (org: Organization, group: string) =>
  Effect.map(org.sandbox.directory.group(group), (found) => found._tag === "Some" ? found.value.members : undefined)

/** The second group of every generated directory has nobody in it, the first has most people. */
const emptyGroup = (org: Organization): string => {
  const group = org.directory.groups[1]
  assert(group !== undefined && group.members.length === 0)
  return group.id
}

const fullGroup = (org: Organization) => {
  const group = first(org.directory.groups)
  return { id: group.id, members: group.members, member: first(group.members) }
}

const somebody = (org: Organization): string => first(org.directory.users).id

describe("Memberships", () => {
  describe("grant", () => {
    test("puts an account into a group", (org) =>
      Effect.gen(function*() {
        const [group, user] = [emptyGroup(org), somebody(org)]
        const outcome = yield* grant(org, membership(group, user))
        expect(outcome).toEqual({
          _tag: "Granted",
          grant: {
            id: `group:${group}:member:user:${user}`,
            entitlementId: `group:${group}:member`,
            principal: { resourceType: "user", resource: user }
          }
        })
        expect(yield* members(org, group)).toEqual([user])
      }))

    test("leaves everybody else in the group", (org) =>
      Effect.gen(function*() {
        const { id, members: before } = fullGroup(org)
        const outsider = org.directory.users.find((user) => !before.includes(user.id))
        assert(outsider !== undefined)
        yield* grant(org, membership(id, outsider.id))
        expect(yield* members(org, id)).toEqual([...before, outsider.id])
      }))

    test("says that an account is in the group already, and changes nothing", (org) =>
      Effect.gen(function*() {
        const { id, member } = fullGroup(org)
        const outcome = yield* grant(org, membership(id, member))
        expect(outcome._tag).toBe("AlreadyGranted")
        expect(yield* requests(org.sandbox, "PATCH")).toEqual([])
      }))

    test("does not believe a server that drops the member without a word", (org) =>
      Effect.gen(function*() {
        yield* org.sandbox.faults.set({ name: "dropGrants" })
        const error = yield* Effect.flip(grant(org, membership(emptyGroup(org), somebody(org))))
        expect(error.reason._tag).toBe("NotApplied")
        expect(error.message).toContain(somebody(org))
      }))

    test("waits for a server whose readers lag behind", (org) =>
      Effect.gen(function*() {
        const [group, user] = [emptyGroup(org), somebody(org)]
        // The first two looks at the group after the change show the group as it was.
        yield* org.sandbox.faults.set({
          name: "membersTruncated",
          rows: 0,
          path: "/Groups/",
          after: 1,
          times: 2,
          method: "GET"
        })
        const outcome = yield* grant(org, membership(group, user))
        expect(outcome._tag).toBe("Granted")
      }), { patience: 30_000 })

    test("knows that a change was carried out although the answer was lost", (org) =>
      Effect.gen(function*() {
        yield* org.sandbox.faults.set({ name: "dropAfterWrite", method: "PATCH" })
        const outcome = yield* grant(org, membership(emptyGroup(org), somebody(org)))
        expect(outcome._tag).toBe("Granted")
      }))

    test("names the group that is not there", (org) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(grant(org, membership("no-such-group", somebody(org))))
        expect(error.reason).toMatchObject({ _tag: "NotFound", resourceType: "group", key: "no-such-group" })
        expect(yield* requests(org.sandbox, "PATCH")).toEqual([])
      }))

    test("names the account that is not there", (org) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(grant(org, membership(emptyGroup(org), "nobody")))
        expect(error.reason).toMatchObject({ _tag: "NotFound", resourceType: "user", key: "nobody" })
        expect(yield* requests(org.sandbox, "PATCH")).toEqual([])
      }))

    test("grants groups no groups", (org) =>
      Effect.gen(function*() {
        const request = {
          ...membership(emptyGroup(org), "x"),
          principal: { resourceType: "group", resource: fullGroup(org).id }
        }
        const error = yield* Effect.flip(grant(org, request))
        expect(error.reason).toMatchObject({ _tag: "InvalidInput", field: "principal" })
      }))

    test("knows no entitlement but member of a group", (org) =>
      Effect.gen(function*() {
        const group = emptyGroup(org)
        for (
          const entitlement of [
            { id: `group:${group}:owner`, resource: { resourceType: "group", resource: group }, slug: "owner" },
            { id: `role:${group}:member`, resource: { resourceType: "role", resource: group }, slug: "member" }
          ]
        ) {
          const request = { ...membership(group, somebody(org)), entitlement }
          const error = yield* Effect.flip(grant(org, request))
          expect(error.reason).toMatchObject({ _tag: "NotFound", resourceType: "entitlement", key: entitlement.id })
          expect((yield* Effect.flip(revoke(org, request))).reason._tag).toBe("NotFound")
        }
      }))

    test("refuses empty ids", (org) =>
      Effect.gen(function*() {
        const noGroup = yield* Effect.flip(grant(org, membership("", somebody(org))))
        expect(noGroup.reason).toMatchObject({ _tag: "InvalidInput", field: "entitlement" })
        const noAccount = yield* Effect.flip(grant(org, membership(emptyGroup(org), "")))
        expect(noAccount.reason).toMatchObject({ _tag: "InvalidInput", field: "principal" })
        expect(yield* org.sandbox.requests.entries).toEqual([])
      }))

    test("only says what it would do in a rehearsal", (org) =>
      Effect.gen(function*() {
        const group = emptyGroup(org)
        expect((yield* grant(org, membership(group, somebody(org), true)))._tag).toBe("WouldGrant")
        expect(yield* members(org, group)).toEqual([])
        const { id, member } = fullGroup(org)
        expect((yield* grant(org, membership(id, member, true)))._tag).toBe("AlreadyGranted")
      }))

    test("says that a server without PATCH can't do it", (org) =>
      Effect.gen(function*() {
        yield* org.sandbox.faults.set({ name: "patchUnsupported" })
        const error = yield* Effect.flip(grant(org, membership(emptyGroup(org), somebody(org))))
        expect(error.reason).toMatchObject({ _tag: "Unsupported", resourceType: "group" })
        expect(yield* requests(org.sandbox, "PUT")).toEqual([])
      }))
  })

  describe("revoke", () => {
    test("takes one account out of a group and nobody else", (org) =>
      Effect.gen(function*() {
        const { id, member, members: before } = fullGroup(org)
        const outcome = yield* revoke(org, membership(id, member))
        expect(outcome).toMatchObject({ _tag: "Revoked", grant: { id: `group:${id}:member:user:${member}` } })
        expect(yield* members(org, id)).toEqual(before.filter((other) => other !== member))
      }))

    for (const profile of [Profile.workos, Profile.standard]) {
      test(
        `takes the last member out on ${profile.name}, and then knows that there is none`,
        (org) =>
          Effect.gen(function*() {
            const [group, user] = [emptyGroup(org), somebody(org)]
            yield* grant(org, membership(group, user))
            expect((yield* revoke(org, membership(group, user)))._tag).toBe("Revoked")
            // WorkOS's server drops the members attribute with the last member, and then refuses to search it.
            const stored = yield* org.sandbox.directory.resource("Group", group)
            assert(stored._tag === "Some")
            expect(stored.value["members"] ?? []).toEqual([])
            expect((yield* revoke(org, membership(group, user)))._tag).toBe("AlreadyRevoked")
            expect((yield* grant(org, membership(group, user)))._tag).toBe("Granted")
            expect(yield* members(org, group)).toEqual([user])
          }),
        {
          sandbox: { profile },
          settings: { scimDialect: profile.name === "workos" ? "workos" : "standard" }
        }
      )
    }

    test("says that an account is not in the group, and changes nothing", (org) =>
      Effect.gen(function*() {
        const outcome = yield* revoke(org, membership(emptyGroup(org), somebody(org)))
        expect(outcome._tag).toBe("AlreadyRevoked")
        expect(yield* requests(org.sandbox, "PATCH")).toEqual([])
      }))

    test("says so of an account that does not exist", (org) =>
      Effect.gen(function*() {
        expect((yield* revoke(org, membership(fullGroup(org).id, "nobody")))._tag).toBe("AlreadyRevoked")
      }))

    test("reads after a refusal, and finds that the account is out: somebody else was faster, or an answer was lost", (org) =>
      Effect.gen(function*() {
        const [group, user] = [emptyGroup(org), somebody(org)]
        yield* grant(org, membership(group, user))
        yield* org.sandbox.requests.reset
        yield* org.sandbox.faults.set({ name: "latency", ms: 100, method: "PATCH" })
        yield* Effect.forkScoped(Effect.gen(function*() {
          while ((yield* requests(org.sandbox, "GET")).length === 0) yield* Effect.sleep("1 millis")
          yield* org.sandbox.directory.patch("Group", group, {
            schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            Operations: [{ op: "remove", path: `members[value eq "${user}"]` }]
          })
        }))
        const outcome = yield* revoke(org, membership(group, user))
        expect(outcome._tag).toBe("Revoked")
        expect((yield* requests(org.sandbox, "PATCH")).map((entry) => entry.status)).toEqual([400])
      }))

    test("hands on a refusal when the account is still in the group", (org) =>
      Effect.gen(function*() {
        yield* org.sandbox.faults.set({ name: "serverError", status: 400, method: "PATCH" })
        const { id, member } = fullGroup(org)
        const error = yield* Effect.flip(revoke(org, membership(id, member)))
        expect(error.reason._tag).toBe("UnexpectedResponse")
        expect(error.message).toContain("Something went wrong")
      }))

    test("does not believe a server that keeps the member", (org) =>
      Effect.gen(function*() {
        yield* org.sandbox.faults.set({ name: "ignoreRevokes" })
        const { id, member } = fullGroup(org)
        const error = yield* Effect.flip(revoke(org, membership(id, member)))
        expect(error.reason._tag).toBe("NotApplied")
        expect(error.message).toContain(member)
      }))

    test("knows that a change was carried out although the answer was lost", (org) =>
      Effect.gen(function*() {
        yield* org.sandbox.faults.set({ name: "dropAfterWrite", method: "PATCH" })
        const { id, member } = fullGroup(org)
        expect((yield* revoke(org, membership(id, member)))._tag).toBe("Revoked")
        expect(yield* members(org, id)).not.toContain(member)
      }))

    test("names the group that is not there", (org) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(revoke(org, membership("no-such-group", somebody(org))))
        expect(error.reason).toMatchObject({ _tag: "NotFound", resourceType: "group", key: "no-such-group" })
      }))

    test("takes a nested group out", (org) =>
      Effect.gen(function*() {
        const [outer, inner] = [emptyGroup(org), fullGroup(org).id]
        yield* org.sandbox.directory.setMembers(outer, [inner])
        const request = { ...membership(outer, "x"), principal: { resourceType: "group", resource: inner } }
        const outcome = yield* revoke(org, request)
        expect(outcome).toMatchObject({ _tag: "Revoked", grant: { id: `group:${outer}:member:group:${inner}` } })
        expect(yield* members(org, outer)).toEqual([])
      }), { sandbox: { profile: Profile.standard }, settings: { scimDialect: "standard" } })

    test("only says what it would do in a rehearsal", (org) =>
      Effect.gen(function*() {
        const { id, member, members: before } = fullGroup(org)
        expect((yield* revoke(org, membership(id, member, true)))._tag).toBe("WouldRevoke")
        expect(yield* members(org, id)).toEqual(before)
        expect((yield* revoke(org, membership(emptyGroup(org), member, true)))._tag).toBe("AlreadyRevoked")
      }))

    test("says that a server without PATCH can't do it", (org) =>
      Effect.gen(function*() {
        yield* org.sandbox.faults.set({ name: "patchUnsupported" })
        const { id, member } = fullGroup(org)
        const error = yield* Effect.flip(revoke(org, membership(id, member)))
        expect(error.reason).toMatchObject({ _tag: "Unsupported", resourceType: "group" })
        expect(yield* members(org, id)).toContain(member)
      }))
  })

  describe("with members that can't be read", () => {
    for (const [what, stored] of [["a word", "lots"], ["nothing usable", [{ display: "Alice" }]]] as const) {
      test(`changes nothing when they are ${what}`, (org) =>
        Effect.gen(function*() {
          const group = yield* org.sandbox.directory.insert("Group", { displayName: "Odd", members: stored }, "odd")
          const errors = yield* Effect.all([
            Effect.flip(grant(org, membership(group, somebody(org)))),
            Effect.flip(revoke(org, membership(group, somebody(org))))
          ])
          for (const error of errors) {
            expect(error.reason._tag).toBe("UnexpectedResponse")
            expect(error.message).toContain("\"odd\"")
          }
          expect(yield* requests(org.sandbox, "PATCH")).toEqual([])
        }))
    }
  })

  describe("with ids that mean something elsewhere", () => {
    const seed = (org: Organization, id: string) =>
      Effect.gen(function*() {
        yield* org.sandbox.directory.insert("User", { userName: "odd@aurora.example", active: true }, id)
        yield* org.sandbox.directory.insert("Group", { displayName: "Odd", members: [] }, `g ${id}`)
        const other = somebody(org)
        yield* grant(org, membership(`g ${id}`, other))
        const granted = yield* grant(org, membership(`g ${id}`, id))
        expect(granted).toMatchObject({ _tag: "Granted", grant: { id: `group:g ${id}:member:user:${id}` } })
        expect(yield* members(org, `g ${id}`)).toEqual([other, id])
        return other
      })

    const parsable = ["a/b", "100%", "a b", "it's \"quoted\"", "ü?#&=+"]
    // What npm's scim-patch, which WorkOS's server seems to be built on, takes apart although it is inside a string.
    const unparsable = ["back\\slash", "a:b", "x\"] or members[value pr"]

    for (const id of parsable) {
      test(`${JSON.stringify(id)}, on WorkOS`, (org) =>
        Effect.gen(function*() {
          const other = yield* seed(org, id)
          expect((yield* revoke(org, membership(`g ${id}`, id)))._tag).toBe("Revoked")
          expect(yield* members(org, `g ${id}`)).toEqual([other])
        }))
    }

    for (const id of parsable) {
      test(`${JSON.stringify(id)}, by the RFC`, (org) =>
        Effect.gen(function*() {
          const other = yield* seed(org, id)
          expect((yield* revoke(org, membership(`g ${id}`, id)))._tag).toBe("Revoked")
          expect(yield* members(org, `g ${id}`)).toEqual([other])
        }), { sandbox: { profile: Profile.standard }, settings: { scimDialect: "standard" } })
    }

    for (const id of unparsable) {
      test(`${JSON.stringify(id)}, on WorkOS: an error, and nobody is lost`, (org) =>
        Effect.gen(function*() {
          const other = yield* seed(org, id)
          const error = yield* Effect.flip(revoke(org, membership(`g ${id}`, id)))
          expect(["NotApplied", "UnexpectedResponse"]).toContain(error.reason._tag)
          expect(yield* members(org, `g ${id}`)).toEqual([other, id])
        }))
    }
  })
})
