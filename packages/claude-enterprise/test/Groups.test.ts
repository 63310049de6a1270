import * as Connector from "@access-kit/connector-model/Connector"
import type { ResourceRecord } from "@access-kit/connector-model/Page"
import { Profile } from "@access-kit/scim-sandbox"
import { assert, describe, expect } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { first, type Organization, requests, test } from "./Organization.ts"

const read = (org: Organization, include: "everything" | "resources" = "everything") =>
  Stream.runCollect(Connector.records(org.groups, { include, concurrency: 4 }))

const byId = (records: ReadonlyArray<ResourceRecord>) =>
  Object.fromEntries(records.map((record) => [
    record.resource.id.resource,
    record.grants.map((grant) => grant.principal.resource).sort()
  ]))

const stored = (org: Organization) =>
  Effect.map(
    org.sandbox.directory.snapshot,
    ({ groups }) => Object.fromEntries(groups.map((group) => [group.id, [...group.members].sort()]))
  )

const gets = (org: Organization) =>
  Effect.map(requests(org.sandbox, "GET"), (entries) => entries.map((entry) => entry.path.replace(/^.*sandbox/, "")))

describe("Groups", () => {
  describe("list", () => {
    test("reads all memberships in one pass over the list", (org) =>
      Effect.gen(function*() {
        const records = yield* read(org)
        expect(byId(records)).toEqual(yield* stored(org))
        expect(records.flatMap((record) => record.grants)).toHaveLength(200)
        expect(new Set(yield* gets(org))).toEqual(new Set(["/Groups"]))
        for (const record of records) {
          expect(record.entitlements).toHaveLength(1)
          const entitlement = first(record.entitlements)
          expect(entitlement.id).toBe(`group:${record.resource.id.resource}:member`)
          expect(entitlement.displayName).toBe(`${record.resource.displayName} Member`)
          for (const grant of record.grants) {
            expect(grant.id).toBe(`${entitlement.id}:user:${grant.principal.resource}`)
          }
        }
      }), { size: { users: 60, groups: 23, memberships: 200 }, settings: { scimPageSize: 5 } })

    test(
      "asks for fewer groups at a time when their members come along, unless told otherwise",
      (org) =>
        Effect.gen(function*() {
          const rows = (include: "everything" | "resources", pageSize?: number) =>
            Effect.map(
              org.groups.list(pageSize === undefined ? { include } : { include, pageSize }),
              (page) => page.items.length
            )
          expect(yield* rows("everything")).toBe(5)
          expect(yield* rows("resources")).toBe(20)
          expect(yield* rows("everything", 12)).toBe(12)
        }),
      { size: { users: 10, groups: 30, memberships: 10 }, settings: { scimPageSize: 20 } }
    )

    test("leaves members out where only groups are wanted, and asks the server to do so", (org) =>
      Effect.gen(function*() {
        const records = yield* read(org, "resources")
        expect(records).toHaveLength(4)
        expect(records.every((record) => record.grants.length === 0 && record.entitlements.length === 0)).toBe(true)
        const entries = yield* requests(org.sandbox, "GET")
        expect(entries.every((entry) => entry.query.includes("excludedAttributes=members"))).toBe(true)
      }))

    test("lists groups of a server that does not know excludedAttributes", (org) =>
      Effect.gen(function*() {
        yield* org.sandbox.faults.set({ name: "serverError", status: 400, path: "excludedAttributes" })
        expect(yield* read(org, "resources")).toHaveLength(4)
      }))

    for (const dialect of ["workos", "standard", "claude-government"] as const) {
      test(
        `reads each group on its own where lists come without members (${dialect})`,
        (org) =>
          Effect.gen(function*() {
            yield* org.sandbox.faults.set({ name: "membersMissingInLists" })
            const page = yield* org.groups.list({ include: "everything" })
            expect(byId(page.items)).toEqual(yield* stored(org))
            expect(page.notes).toContainEqual(expect.objectContaining({ code: "group-read-separately", count: 4 }))
            expect((yield* gets(org)).filter((path) => path.startsWith("/Groups/"))).toHaveLength(4)
          }),
        { settings: { scimDialect: dialect } }
      )
    }

    for (const dialect of ["standard", "claude-government"] as const) {
      test(`does not believe lists that show every group as empty (${dialect})`, (org) =>
        Effect.gen(function*() {
          yield* org.sandbox.faults.set({ name: "membersEmptyInLists" })
          expect(byId(yield* read(org))).toEqual(yield* stored(org))
        }), { settings: { scimDialect: dialect } })
    }

    test("reads groups on their own a few at a time", (org) =>
      Effect.gen(function*() {
        yield* org.sandbox.faults.set({ name: "membersMissingInLists" }, { name: "latency", ms: 30 })
        expect(byId(yield* read(org))).toEqual(yield* stored(org))
        const { maxInFlight } = yield* org.sandbox.requests.stats
        expect(maxInFlight).toBeGreaterThan(1)
        expect(maxInFlight).toBeLessThanOrEqual(3)
      }), { size: { users: 20, groups: 40, memberships: 100 }, settings: { scimConcurrency: 3 } })

    for (const dialect of ["workos", "standard"] as const) {
      test(`takes a group whose members attribute is gone for empty (${dialect})`, (org) =>
        Effect.gen(function*() {
          yield* org.sandbox.faults.set({ name: "omitEmptyMembers" })
          const records = yield* read(org)
          expect(byId(records)).toEqual(yield* stored(org))
          expect(records.filter((record) => record.grants.length === 0)).toHaveLength(1)
        }), { settings: { scimDialect: dialect } })
    }

    test(
      "refuses to take an absent list for an empty one where nobody says that it means that",
      (org) =>
        Effect.gen(function*() {
          yield* org.sandbox.faults.set({ name: "omitEmptyMembers" })
          const error = yield* Effect.flip(read(org))
          expect(error.reason._tag).toBe("UnexpectedResponse")
          expect(error.message).toContain("scim-dialect")
        }),
      { settings: { scimDialect: "claude-government" } }
    )

    test("refuses members that are no list", (org) =>
      Effect.gen(function*() {
        yield* org.sandbox.directory.insert("Group", { displayName: "Odd", members: "lots" }, "odd")
        const error = yield* Effect.flip(read(org))
        expect(error.reason._tag).toBe("UnexpectedResponse")
        expect(error.message).toContain("\"odd\"")
      }))

    test("has the sync read again when a group goes while it is read", (org) =>
      Effect.gen(function*() {
        yield* org.sandbox.faults.set(
          { name: "membersMissingInLists" },
          { name: "serverError", status: 404, path: `/Groups/${first(org.directory.groups).id}` }
        )
        const error = yield* Effect.flip(read(org))
        expect(error.reason).toMatchObject({ _tag: "DirectoryChanged", resourceType: "group" })
      }))

    test("passes nested groups on, to be expanded", (org) =>
      Effect.gen(function*() {
        const [outer, inner] = [org.directory.groups[1]?.id, org.directory.groups[2]?.id]
        assert(outer !== undefined && inner !== undefined)
        yield* org.sandbox.directory.patch("Group", outer, {
          schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
          Operations: [{ op: "add", path: "members", value: [{ value: inner, type: "Group" }] }]
        })
        const record = (yield* read(org)).find((record) => record.resource.id.resource === outer)
        expect(record?.grants).toEqual([{
          id: `group:${outer}:member:group:${inner}`,
          entitlementId: `group:${outer}:member`,
          principal: { resourceType: "group", resource: inner },
          expandable: { entitlementIds: [`group:${inner}:member`], shallow: false, resourceTypes: ["user"] }
        }])
      }), { sandbox: { profile: Profile.standard }, settings: { scimDialect: "standard" } })

    test("keeps disabled members, and counts a repeated one once", (org) =>
      Effect.gen(function*() {
        const person = first(org.directory.users.filter((user) => !user.active))
        yield* org.sandbox.directory.insert("Group", {
          displayName: "Twice",
          members: [{ value: person.id }, { value: person.id, display: "Again" }]
        }, "twice")
        const page = yield* org.groups.list({ include: "everything" })
        expect(byId(page.items)["twice"]).toEqual([person.id])
        expect(page.notes).toContainEqual(expect.objectContaining({ code: "scim-duplicate", count: 1 }))
      }), { size: { users: 20, groups: 3, memberships: 20, disabledRatio: 0.5 } })
  })

  describe("get", () => {
    test("reads one group with everything on it", (org) =>
      Effect.gen(function*() {
        const group = first(org.directory.groups)
        const record = yield* org.groups.get(group.id)
        expect(record.resource).toMatchObject({ _tag: "Group", displayName: group.displayName })
        expect(record.entitlements.map((entitlement) => entitlement.slug)).toEqual(["member"])
        expect(byId([record])[group.id]).toEqual([...group.members].sort())
      }))

    test("names the group that is not there", (org) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(org.groups.get("no/such"))
        expect(error.reason).toMatchObject({ _tag: "NotFound", resourceType: "group", key: "no/such" })
      }))

    test("refuses members that can't be read", (org) =>
      Effect.gen(function*() {
        yield* org.sandbox.directory.insert("Group", { displayName: "Odd", members: [{ display: "Alice" }] }, "odd")
        expect((yield* Effect.flip(org.groups.get("odd"))).reason._tag).toBe("UnexpectedResponse")
      }))
  })

  describe("find", () => {
    for (
      const [what, options] of [
        ["filters", {}],
        ["ignores filters", { faults: [{ name: "ignoreFilter" as const }] }],
        ["refuses filters", { profile: { ...Profile.workos, filter: "none" as const } }]
      ] as const
    ) {
      test(`goes by id and display name, whatever the case, on a server that ${what}`, (org) =>
        Effect.gen(function*() {
          yield* org.sandbox.directory.insert("Group", { displayName: "Q&A \"Team\" \\ Ops", members: [] }, "qa")
          const group = first(org.directory.groups)
          for (
            const [text, id] of [
              [group.id, group.id],
              [group.displayName.toUpperCase(), group.id],
              ["q&a \"team\" \\ ops", "qa"]
            ] as const
          ) {
            expect((yield* org.groups.find(text)).map((found) => found.id.resource), text).toEqual([id])
          }
          for (const text of ["", "No such group", "qa\" or id pr"]) {
            expect(yield* org.groups.find(text), text).toEqual([])
          }
        }), { sandbox: options })
    }

    test("gives every group of a name", (org) =>
      Effect.gen(function*() {
        for (const id of ["one", "two"]) {
          yield* org.sandbox.directory.insert("Group", { displayName: "Twins", members: [] }, id)
        }
        expect((yield* org.groups.find("twins")).map((group) => group.id.resource).sort()).toEqual(["one", "two"])
      }))
  })
})
