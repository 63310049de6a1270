/**
 * scim-core against npm's scimmy, whose pages past the end are the first page again.
 */
import { Bulk, Filter, Patch, ResourceKind } from "@access-kit/scim-core"
import { expect, it } from "@effect/vitest"
import { Effect, Option, Redacted } from "effect"
import { describe } from "vitest"
import * as Scimmy from "../src/Scimmy.ts"
import { connect } from "./connect.ts"

const person = (number: number) => ({
  userName: `person${number}@aurora.example`,
  name: { givenName: "Nour", familyName: `نور ${number}` },
  emails: [{ value: `person${number}@aurora.example`, primary: true }],
  active: number % 2 === 0
})

const populated = Effect.fnUntraced(function*(people: number) {
  const server = yield* Scimmy.start()
  const scim = yield* connect(server, { pageSize: 10 })
  const users = yield* Effect.forEach(
    Array.from({ length: people }, (_, at) => person(at + 1)),
    (user) => scim.users.create(user),
    { concurrency: 4 }
  )
  return { server, scim, ids: users.map((user) => user.id).sort() }
})

describe("scim-core with scimmy", () => {
  it.live("has the habit that this test is about", () =>
    Effect.gen(function*() {
      const { scim } = yield* populated(3)
      const page = yield* scim.users.page({ startIndex: 100, count: 10 })
      expect(page.rowsReceived).toBe(3)
    }))

  it.live("ends its walk, with every row once", () =>
    Effect.gen(function*() {
      // A whole number of pages, so that only the total tells that the last one was it; and one row more.
      for (const people of [30, 31]) {
        const { ids, scim } = yield* populated(people)
        for (const options of [{}, { pageSize: 7 }, { concurrency: 3 }, { pageSize: 1_000 }]) {
          const list = yield* scim.users.list(options)
          expect(list.resources.map((user) => user.id).sort()).toEqual(ids)
          expect(list.duplicates).toBe(0)
        }
      }
    }))

  it.live("creates, replaces, patches, filters and deletes", () =>
    Effect.gen(function*() {
      const { ids, scim, server } = yield* populated(4)
      const [a = "", b = ""] = ids
      const conflict = yield* Effect.flip(scim.users.create(person(1)))
      expect(conflict).toMatchObject({ status: 409, reason: { _tag: "Conflict" } })

      const found = yield* scim.users.list({ filter: Filter.eq("userName", "person2@aurora.example") })
      expect(found.resources.map((user) => user.name?.familyName)).toEqual(["نور 2"])

      const group = yield* scim.groups.create({ displayName: "Ops", members: [a] })
      const patch = yield* Effect.fromResult(Patch.make([Patch.addMember(b), Patch.removeMember(a)]))
      yield* scim.groups.patch(group.id, patch)
      const { members } = yield* scim.groups.get(group.id)
      expect(members._tag === "Known" ? members.members.map((member) => member.value) : members).toEqual([b])

      const off = yield* Effect.fromResult(Patch.make([Patch.setActive(false)]))
      yield* scim.users.patch(b, off)
      expect((yield* scim.users.get(b)).active).toBe(false)
      const replaced = yield* scim.users.replace(a, { ...person(77), active: true })
      expect(Option.getOrUndefined(replaced)).toMatchObject({ userName: "person77@aurora.example", active: true })

      expect(yield* scim.users.delete(a)).toBe("Deleted")
      expect(yield* scim.users.delete(a)).toBe("DidNotExist")
      expect((yield* scim.users.list()).resources.map((user) => user.id).sort()).toEqual(ids.filter((id) => id !== a))

      const stranger = yield* connect({ ...server, token: Redacted.make("not-the-token") })
      expect((yield* Effect.flip(stranger.users.list())).reason._tag).toBe("Unauthorized")
    }))

  it.live("carries out many changes in one request, with a result for each", () =>
    Effect.gen(function*() {
      const { ids, scim } = yield* populated(3)
      const [a = "", b = ""] = ids
      const off = yield* Effect.fromResult(Patch.make([Patch.setActive(false)]))
      const outcomes = yield* Bulk.run(scim, [
        Bulk.create(ResourceKind.user, person(4), "four"),
        Bulk.create(ResourceKind.group, { displayName: "Ops", members: [Bulk.reference("four"), a] }, "ops"),
        Bulk.patch(ResourceKind.user, a, off),
        Bulk.remove(ResourceKind.user, b),
        Bulk.create(ResourceKind.user, person(4), "again"),
        Bulk.remove(ResourceKind.user, "nobody")
      ])
      expect(outcomes.map((outcome) => outcome._tag === "Refused" ? outcome.error.reason._tag : outcome._tag)).toEqual(
        ["Done", "Done", "Done", "Done", "Conflict", "NotFound"]
      )
      const [four = "", ops = ""] = outcomes.map((outcome) => outcome._tag === "Done" ? outcome.id : undefined)
      const { members } = yield* scim.groups.get(ops)
      expect(members._tag === "Known" ? members.members.map(({ value }) => value).sort() : members).toEqual(
        [a, four].sort()
      )
      expect((yield* scim.users.get(a)).active).toBe(false)
      expect((yield* scim.users.list()).resources.map(({ id }) => id)).not.toContain(b)
    }))

  it.live("searches by POST", () =>
    Effect.gen(function*() {
      const { scim } = yield* populated(6)
      const page = yield* scim.users.search({
        filter: Filter.eq("active", true),
        attributes: ["userName"],
        sortBy: "userName",
        count: 2
      })
      expect(page.totalResults).toBe(3)
      expect(page.resources.map(({ userName }) => userName)).toEqual([
        "person2@aurora.example",
        "person4@aurora.example"
      ])
      expect(page.resources[0]?.name).toBeUndefined()
    }))
})
