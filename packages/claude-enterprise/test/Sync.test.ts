import { Connector, SnapshotSink } from "@access-kit/connector-model"
import * as Entitlement from "@access-kit/connector-model/Entitlement"
import * as Grant from "@access-kit/connector-model/Grant"
import { MemorySink, Sync } from "@access-kit/connector-sync"
import type { Fault } from "@access-kit/scim-sandbox"
import { assert, describe, expect } from "@effect/vitest"
import { Effect, Option } from "effect"
import { first, type Organization, test } from "./Organization.ts"

const sync = (org: Organization, options?: Sync.SyncOptions) =>
  Effect.gen(function*() {
    const memory = MemorySink.make()
    const report = yield* Sync.run(options).pipe(
      Effect.provideService(SnapshotSink.SnapshotSink, memory.sink),
      Effect.provideService(Connector.Connector, org.connector)
    )
    const snapshot = Option.getOrUndefined(yield* memory.published)
    assert(snapshot !== undefined)
    return { report, snapshot }
  })

/** What a snapshot says, in the words of the sandbox's directory. */
const seen = (snapshot: MemorySink.MemorySnapshot) => {
  const sorted = (rows: ReadonlyArray<string>) => [...rows].sort()
  const resources = [...snapshot.resources.values()]
  return {
    users: sorted(resources.flatMap((resource) =>
      resource._tag === "Account"
        ? [JSON.stringify([
          resource.id.resource,
          resource.login,
          resource.externalId ?? null,
          resource.givenName ?? null,
          resource.familyName ?? null,
          resource.emails.find((email) => email.primary)?.address ?? null,
          resource.status
        ])]
        : []
    )),
    groups: sorted(resources.flatMap((resource) =>
      resource._tag === "Group"
        ? [JSON.stringify([resource.id.resource, resource.displayName, resource.externalId ?? null])]
        : []
    )),
    entitlements: sorted([...snapshot.entitlements.keys()]),
    grants: sorted([...snapshot.grants.keys()])
  }
}

/** What the sandbox holds, in the same form. */
const there = (org: Organization) =>
  Effect.map(org.sandbox.directory.snapshot, ({ groups, users }) => {
    const memberOf = (id: string) => Entitlement.makeId({ resourceType: "group", resource: id }, "member")
    return {
      users: users.map((user) =>
        JSON.stringify([
          user.id,
          user.userName,
          user.externalId ?? null,
          user.givenName ?? null,
          user.familyName ?? null,
          user.email ?? null,
          user.active ? "enabled" : "disabled"
        ])
      ).sort(),
      groups: groups.map((group) => JSON.stringify([group.id, group.displayName, group.externalId ?? null])).sort(),
      entitlements: groups.map((group) => memberOf(group.id)).sort(),
      grants: groups.flatMap((group) =>
        group.members.map((member) => Grant.makeId(memberOf(group.id), { resourceType: "user", resource: member }))
      ).sort()
    }
  })

const size = { users: 437, groups: 23, memberships: 2_100, seed: 5 }

const faulty = (name: string, faults: ReadonlyArray<Fault.Fault>, options: Sync.SyncOptions = {}) =>
  test(name, (org) =>
    Effect.gen(function*() {
      const expected = yield* there(org)
      yield* org.sandbox.faults.set(...faults)
      const { snapshot } = yield* sync(org, options)
      expect(seen(snapshot)).toEqual(expected)
    }), { size, settings: { scimPageSize: 25, scimDialect: "workos" } })

describe("Sync", () => {
  test("holds the same rows as the directory, with every account and every grant", (org) =>
    Effect.gen(function*() {
      const { report, snapshot } = yield* sync(org)
      expect(seen(snapshot)).toEqual(yield* there(org))
      expect(report.summary).toMatchObject({ resources: { user: 437, group: 23 }, entitlements: 23, grants: 2_100 })
      expect(snapshot.header).toMatchObject({
        connector: "claude-enterprise",
        source: org.connector.source,
        resourceTypes: [{ id: "user", traits: ["user"] }, { id: "group", traits: ["group"] }]
      })
      // One pass: as many requests as there are pages, and a few to see that the lists end.
      const { total } = yield* org.sandbox.requests.stats
      expect(total).toBeLessThanOrEqual(Math.ceil(437 / 100) + Math.ceil(23 / 100) + 2)
    }), { size })

  test("fetches pages at the same time, but no more than it may", (org) =>
    Effect.gen(function*() {
      yield* org.sandbox.faults.set({ name: "latency", ms: 50 })
      const { snapshot } = yield* sync(org, { concurrency: 16 })
      expect(seen(snapshot)).toEqual(yield* there(org))
      const { maxInFlight } = yield* org.sandbox.requests.stats
      expect(maxInFlight).toBeGreaterThan(2)
      expect(maxInFlight).toBeLessThanOrEqual(4)
    }), { size, settings: { scimPageSize: 10, scimConcurrency: 4 } })

  faulty("is whole where pages are smaller than asked for", [{ name: "pageCap", rows: 7 }])
  faulty("is whole where the announced page size is wrong", [
    { name: "pageCap", rows: 20 },
    { name: "itemsPerPageEcho" }
  ])
  faulty("is whole where the server does not say how many rows there are", [{ name: "totalResults", as: "missing" }])
  faulty("is whole where it says so as text", [{ name: "totalResults", as: "string" }])
  faulty("is whole where lists come without members", [{ name: "membersMissingInLists" }])
  faulty("is whole where empty groups have no members attribute", [{ name: "omitEmptyMembers" }])
  faulty("is whole where the list is in lower case", [{ name: "lowerCaseResources" }])
  faulty("is whole after refusals and broken connections", [
    { name: "tooManyRequests", retryAfter: "0", after: 2, times: 2 },
    { name: "serverError", status: 503, after: 4, times: 1 },
    { name: "dropConnection", after: 6, times: 1 },
    { name: "truncateBody", after: 8, times: 1 }
  ])

  test("fails rather than publish a shorter list", (org) =>
    Effect.gen(function*() {
      for (
        const fault of [
          { name: "totalResults", as: "tooLarge" },
          { name: "skipRows", rows: 1 },
          { name: "ignoreStartIndex" },
          { name: "resourcesMissing" }
        ] as const
      ) {
        yield* org.sandbox.faults.clear()
        yield* org.sandbox.faults.set(fault)
        const error = yield* Effect.flip(sync(org))
        assert(error._tag === "ConnectorError", fault.name)
        expect(["IncompleteListing", "DirectoryChanged", "UnexpectedResponse"], fault.name).toContain(error.reason._tag)
      }
    }), { size, settings: { scimPageSize: 25 } })

  test("keeps the grants of disabled people, as the directory does", (org) =>
    Effect.gen(function*() {
      const group = first(org.directory.groups)
      const person = first(org.directory.users.filter((user) => user.active && group.members.includes(user.id)))
      yield* org.sandbox.directory.remove("User", person.id)
      const { snapshot } = yield* sync(org)
      expect(snapshot.resources.get(`user:${person.id}`)).toMatchObject({ status: "disabled" })
      expect(snapshot.grants.has(`group:${group.id}:member:user:${person.id}`)).toBe(true)
      expect(seen(snapshot)).toEqual(yield* there(org))
    }), { size })

  test("shows what provisioning has changed", (org) =>
    Effect.gen(function*() {
      const { createAccount } = org.users
      assert(createAccount !== undefined && org.groups.grant !== undefined)
      const created = yield* createAccount.create({
        email: "new.person@aurora.example",
        fields: { display_name: "New Person" }
      })
      const group = first(org.directory.groups).id
      yield* org.groups.grant({
        entitlement: {
          id: `group:${group}:member`,
          resource: { resourceType: "group", resource: group },
          slug: "member"
        },
        principal: { resourceType: "user", resource: created._tag === "Created" ? created.account.id.resource : "" }
      })
      const { report, snapshot } = yield* sync(org)
      expect(seen(snapshot)).toEqual(yield* there(org))
      expect(report.summary.grants).toBe(2_101)
    }), { size })
})
