/**
 * scim-core's bulk requests, entity tags and `/.search` with Python's scim2-server, which has all three.
 */
import { Bulk, Filter, Patch, ResourceKind } from "@access-kit/scim-core"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { needing } from "./needing.ts"
import * as Populated from "./Populated.ts"

const { memberIds, patched, person } = Populated

const { group, user } = ResourceKind

const idsOf = (outcomes: ReadonlyArray<Bulk.Outcome>) =>
  outcomes.map((outcome) => {
    expect(outcome, JSON.stringify(outcome)).toMatchObject({ _tag: "Done" })
    return outcome._tag === "Done" ? outcome.id ?? "" : ""
  })

needing("python", "scim-core with scim2-server", (bin) => {
  const { populated, started } = Populated.of(bin)

  describe("in bulk", () => {
    it.live("creates, replaces, patches and deletes, with a result for each", () =>
      Effect.gen(function*() {
        const { scim, users } = yield* populated(3)
        const [a, b, c] = users
        const outcomes = yield* Bulk.run(scim, [
          Bulk.create(user, person(4), "fourth"),
          Bulk.replace(user, a?.id ?? "", { ...person(1), displayName: "Replaced" }),
          Bulk.patch(user, b?.id ?? "", yield* patched(Patch.setActive(false))),
          Bulk.remove(user, c?.id ?? "")
        ])
        const [created = ""] = idsOf(outcomes)
        expect(outcomes.map((outcome) => outcome._tag === "Done" ? outcome.status : 0)).toEqual([201, 200, 200, 204])
        expect((yield* scim.users.get(created)).userName).toBe(person(4).userName)
        expect((yield* scim.users.get(a?.id ?? "")).displayName).toBe("Replaced")
        expect((yield* scim.users.get(b?.id ?? "")).active).toBe(false)
        expect((yield* Effect.flip(scim.users.get(c?.id ?? ""))).reason._tag).toBe("NotFound")
      }).pipe(Effect.provide(NodeServices.layer)))

    it.live("refers to what the same request creates, in values and in paths", () =>
      Effect.gen(function*() {
        const { scim } = yield* started()
        const outcomes = yield* Bulk.run(scim, [
          Bulk.create(user, person(1), "ada"),
          Bulk.create(group, { displayName: "Engines", members: [Bulk.reference("ada")] }, "engines"),
          Bulk.create(user, person(2), "bea"),
          Bulk.patch(group, Bulk.reference("engines"), yield* patched(Patch.addMember(Bulk.reference("bea"))))
        ])
        const [ada = "", engines = "", bea = ""] = idsOf(outcomes)
        expect(memberIds(yield* scim.groups.get(engines))).toEqual([ada, bea].sort())
      }).pipe(Effect.provide(NodeServices.layer)))

    it.live("cuts to the operations that the server takes, and references hold across the cuts", () =>
      Effect.gen(function*() {
        const { scim } = yield* started({ bulk: { supported: true, maxOperations: 7, maxPayloadSize: 1_048_576 } })
        const people = Array.from({ length: 30 }, (_, at) => Bulk.create(user, person(at + 1), `p${at + 1}`))
        const members = Array.from({ length: 30 }, (_, at) => Bulk.reference(`p${at + 1}`))
        const before = (yield* scim.stats).requests
        const outcomes = yield* Bulk.run(scim, [...people, Bulk.create(group, { displayName: "All", members }, "all")])
        const ids = idsOf(outcomes)
        // One for the configuration, and ⌈31 / 7⌉.
        expect((yield* scim.stats).requests - before).toBe(1 + 5)
        expect(memberIds(yield* scim.groups.get(ids.at(-1) ?? ""))).toEqual(ids.slice(0, 30).sort())
        expect((yield* scim.users.list()).resources.map(({ id }) => id).sort()).toEqual(ids.slice(0, 30).sort())
      }).pipe(Effect.provide(NodeServices.layer)))

    it.live("cuts to the bytes that the server takes", () =>
      Effect.gen(function*() {
        const { scim } = yield* started({ bulk: { supported: true, maxOperations: 1_000, maxPayloadSize: 2_000 } })
        const outcomes = yield* Bulk.run(
          scim,
          Array.from({ length: 20 }, (_, at) => Bulk.create(user, person(at + 1), `p${at + 1}`))
        )
        const ids = idsOf(outcomes)
        expect((yield* scim.stats).requests).toBeGreaterThan(4)
        expect((yield* scim.users.list()).resources.map(({ id }) => id).sort()).toEqual([...ids].sort())
        // The server itself holds to the limit: whoever does not read its configuration is refused, and halves.
        const halved = yield* Bulk.run(
          scim,
          Array.from({ length: 20 }, (_, at) => Bulk.remove(user, ids[at] ?? "")),
          { maxPayloadSize: 1_000_000 }
        )
        expect(halved.map(({ _tag }) => _tag)).toEqual(Array.from({ length: 20 }, () => "Done"))
        expect((yield* scim.users.list()).resources).toEqual([])
      }).pipe(Effect.provide(NodeServices.layer)))

    it.live("says which operations were refused and why, and stops where it was told to", () =>
      Effect.gen(function*() {
        const { scim, users } = yield* populated(2)
        const operations = [
          Bulk.create(user, person(1), "again"),
          Bulk.remove(user, "nobody"),
          Bulk.replace(user, users[1]?.id ?? "", person(2), "W/\"stale\""),
          Bulk.create(user, person(3), "new")
        ]
        const all = yield* Bulk.run(scim, operations)
        expect(all.map((outcome) => outcome._tag === "Refused" ? outcome.error.reason._tag : outcome._tag)).toEqual([
          "Conflict",
          "NotFound",
          "PreconditionFailed",
          "Done"
        ])
        expect(all[0]?._tag === "Refused" ? all[0].error.scimType : undefined).toBe("uniqueness")
        const stopped = yield* Bulk.run(scim, operations, { failOnErrors: 2 })
        expect(stopped.map(({ _tag }) => _tag)).toEqual(["Refused", "Refused", "NotSent", "NotSent"])
      }).pipe(Effect.provide(NodeServices.layer)))

    it.live("fails where the server has none", () =>
      Effect.gen(function*() {
        const { scim } = yield* started({ bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 } })
        const error = yield* Effect.flip(Bulk.run(scim, [Bulk.create(user, person(1), "a")]))
        expect(error.reason._tag).toBe("NotSupported")
        expect((yield* scim.users.list()).resources).toEqual([])
      }).pipe(Effect.provide(NodeServices.layer)))
  })

  describe("with entity tags", () => {
    it.live("reads only what changed (If-None-Match)", () =>
      Effect.gen(function*() {
        const { scim, users } = yield* populated(1)
        const [one] = users
        const id = one?.id ?? ""
        const tag = one?.meta?.version ?? ""
        expect(tag).not.toBe("")
        expect(Option.isNone(yield* scim.users.getIfChanged(id, tag))).toBe(true)
        yield* scim.users.patch(id, yield* patched(Patch.setActive(false)))
        const changed = Option.getOrUndefined(yield* scim.users.getIfChanged(id, tag))
        expect(changed?.active).toBe(false)
        expect(changed?.meta?.version).not.toBe(tag)
      }).pipe(Effect.provide(NodeServices.layer)))

    it.live("writes only what did not change (If-Match), with PUT, PATCH and DELETE", () =>
      Effect.gen(function*() {
        const { scim, users } = yield* populated(1)
        const [one] = users
        const id = one?.id ?? ""
        const stale = one?.meta?.version
        const off = yield* patched(Patch.setActive(false))
        yield* scim.users.patch(id, off, { ifMatch: stale })
        const patch = yield* patched(Patch.replace("displayName", "x"))
        for (
          const write of [
            Effect.asVoid(scim.users.replace(id, person(7), { ifMatch: stale })),
            Effect.asVoid(scim.users.patch(id, patch, { ifMatch: stale })),
            Effect.asVoid(scim.users.delete(id, { ifMatch: stale }))
          ]
        ) {
          expect(yield* Effect.flip(write)).toMatchObject({
            status: 412,
            reason: { _tag: "PreconditionFailed" }
          })
        }
        const now = yield* scim.users.get(id)
        expect(now).toMatchObject({ active: false, displayName: person(1).displayName })
        yield* scim.users.replace(id, person(7), { ifMatch: now.meta?.version })
        const last = yield* scim.users.get(id)
        expect(last.userName).toBe(person(7).userName)
        expect(yield* scim.users.delete(id, { ifMatch: last.meta?.version })).toBe("Deleted")
      }).pipe(Effect.provide(NodeServices.layer)))

    it.live("goes on with the new tag where a patch is sent in parts", () =>
      Effect.gen(function*() {
        const { ids, scim, server } = yield* populated(6)
        const crew = yield* scim.groups.create({ displayName: "Crew" })
        const parts = yield* Populated.inParts(server, 2)
        const everyone = yield* patched(Patch.addMembers(ids))
        yield* parts.groups.patch(crew.id, everyone, { ifMatch: crew.meta?.version })
        expect(memberIds(yield* scim.groups.get(crew.id))).toEqual(ids)
        const error = yield* Effect.flip(parts.groups.patch(crew.id, everyone, { ifMatch: crew.meta?.version }))
        expect(error.reason._tag).toBe("PreconditionFailed")
      }).pipe(Effect.provide(NodeServices.layer)))
  })

  describe("by POST /.search", () => {
    it.live("filters, sorts, pages and narrows", () =>
      Effect.gen(function*() {
        const { scim } = yield* populated(12)
        const page = yield* scim.users.search({
          filter: Filter.eq("active", true),
          sortBy: "userName",
          sortOrder: "descending",
          startIndex: 2,
          count: 3,
          attributes: ["userName"]
        })
        // Of 12, the fifth and the tenth are off.
        expect(page.totalResults).toBe(10)
        expect(page.resources.map(({ userName }) => userName)).toEqual([11, 9, 8].map((n) => person(n).userName))
        expect(page.resources[0]?.displayName).toBeUndefined()
        const without = yield* scim.users.search({ excludedAttributes: ["emails", "name"], count: 1 })
        expect(without.resources[0]).toMatchObject({ emails: [], name: undefined })
        const error = yield* Effect.flip(scim.users.search({ filter: "userName is fine" }))
        expect(error).toMatchObject({ status: 400, scimType: "invalidFilter", method: "POST", path: "/Users/.search" })
      }).pipe(Effect.provide(NodeServices.layer)))
  })
})
