/**
 * scim-core against Python's scim2-server: a service provider that was written by others, from the RFCs.
 */
import { Dialect, Filter, Patch } from "@access-kit/scim-core"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Option, Redacted, Result, Stream } from "effect"
import { connect } from "./connect.ts"
import { needing } from "./needing.ts"
import * as Populated from "./Populated.ts"

const { memberIds, patched, person } = Populated

needing("python", "scim-core with scim2-server", (bin) => {
  const { populated, started } = Populated.of(bin)

  describe("reading", () => {
    it.live("reads what it wrote", () =>
      Effect.gen(function*() {
        const { scim } = yield* started()
        const created = yield* scim.users.create(person(1))
        expect(created).toMatchObject({
          userName: "person001@aurora.example",
          displayName: "人 1",
          active: true,
          name: { givenName: "Žofie 1", familyName: "O'Brien \"Óg\"" }
        })
        const read = yield* scim.users.get(created.id)
        expect(read.raw).toEqual(created.raw)
        const unchanged = yield* scim.users.getIfChanged(created.id, created.meta?.version ?? "")
        expect(Option.isNone(unchanged)).toBe(true)
      }).pipe(Effect.provide(NodeServices.layer)))

    it.live("walks a list of several pages, as a list, as a stream, and with pages at the same time", () =>
      Effect.gen(function*() {
        const { ids, scim } = yield* populated(107)
        const list = yield* scim.users.list()
        expect(list.resources.map((user) => user.id).sort()).toEqual(ids)
        expect(list.duplicates).toBe(0)
        const streamed = yield* Stream.runCollect(scim.users.stream({ pageSize: 33, sortBy: "userName" }))
        expect(streamed.map((user) => user.userName)).toEqual(
          Array.from({ length: 107 }, (_, at) => person(at + 1).userName)
        )
        const concurrent = yield* scim.users.list({ pageSize: 10, concurrency: 4 })
        expect(concurrent.resources.map((user) => user.id).sort()).toEqual(ids)
      }).pipe(Effect.provide(NodeServices.layer)))

    it.live("reads to the end where the server sends fewer rows than asked for", () =>
      Effect.gen(function*() {
        const { ids, scim } = yield* populated(57, { filter: { supported: true, maxResults: 25 } })
        const list = yield* scim.users.list({ pageSize: 1_000 })
        expect(list.resources.map((user) => user.id).sort()).toEqual(ids)
        const page = yield* scim.users.page({ count: 1_000 })
        expect(page.rowsReceived).toBe(25)
        expect(page.totalResults).toBe(57)
      }).pipe(Effect.provide(NodeServices.layer)))

    it.live("fails rather than take a list without rows for an empty directory", () =>
      Effect.gen(function*() {
        const { scim } = yield* populated(3, { filter: { supported: true, maxResults: 0 } })
        const error = yield* Effect.flip(scim.users.list())
        expect(["PaginationStalled", "IncompleteList"]).toContain(error.reason._tag)
      }).pipe(Effect.provide(NodeServices.layer)))

    it.live("filters, with values that need escaping", () =>
      Effect.gen(function*() {
        const { scim, users } = yield* populated(10)
        const found = (filter: Filter.Filter) =>
          Effect.map(scim.users.list({ filter }), (list) => list.resources.map((user) => user.userName).sort())
        expect(yield* found(Filter.eq("userName", "PERSON003@aurora.example"))).toEqual(["person003@aurora.example"])
        expect(yield* found(Filter.eq("name.familyName", "O'Brien \"Óg\""))).toHaveLength(10)
        expect(yield* found(Filter.and(Filter.sw("userName", "person00"), Filter.not(Filter.eq("active", true)))))
          .toEqual(["person005@aurora.example"])
        expect(
          yield* found(
            Filter.valuePath("emails", Filter.and(Filter.eq("type", "work"), Filter.ew("value", "7@aurora.example")))
          )
        ).toEqual(["person007@aurora.example"])
        expect(yield* found(Filter.eq("userName", "nobody\" or userName pr or userName eq \""))).toEqual([])
        const [first] = users
        expect(yield* scim.users.findBy("userName", first?.userName ?? "")).toHaveLength(1)
        const invalid = yield* Effect.flip(scim.users.list({ filter: "userName is fine" }))
        expect(invalid).toMatchObject({ status: 400, scimType: "invalidFilter", reason: { _tag: "InvalidRequest" } })
      }).pipe(Effect.provide(NodeServices.layer)))

    it.live("walks by cursor where the server offers it", () =>
      Effect.gen(function*() {
        const pagination = { cursor: true, index: true, defaultPaginationMethod: "index" }
        const { ids, scim, server } = yield* populated(45, { pagination })
        const config = yield* scim.serviceProviderConfig
        expect(config).toMatchObject({ pagination: { cursor: "supported" } })
        const page = yield* scim.users.page({ cursor: "", count: 20 })
        expect(page.rowsReceived).toBe(20)
        expect(page.nextCursor).toBeTypeOf("string")
        const dialect: Dialect.Dialect = { ...Dialect.standard, paging: "cursor" }
        const byCursor = yield* connect(server, { pageSize: 10, dialect })
        const list = yield* byCursor.users.list()
        expect(list.resources.map((user) => user.id).sort()).toEqual(ids)
        const error = yield* Effect.flip(scim.users.page({ cursor: "made-up", count: 20 }))
        expect(error).toMatchObject({ status: 400, scimType: "invalidCursor" })
      }).pipe(Effect.provide(NodeServices.layer)))

    it.live("goes over to cursors by itself where the server begins with them", () =>
      Effect.gen(function*() {
        const pagination = { cursor: true, index: true, defaultPaginationMethod: "cursor" }
        const { ids, scim } = yield* populated(45, { pagination })
        const list = yield* scim.users.list({ pageSize: 10 })
        expect(list.resources.map((user) => user.id).sort()).toEqual(ids)
      }).pipe(Effect.provide(NodeServices.layer)))

    it.live("reads the discovery endpoints", () =>
      Effect.gen(function*() {
        const { scim } = yield* started()
        const config = yield* scim.serviceProviderConfig
        expect(config).toMatchObject({ patch: "supported", filter: { support: "supported", maxResults: 1_000 } })
        expect((yield* scim.resourceTypes).map((type) => type.name).sort()).toEqual(["Group", "User"])
        expect((yield* scim.schemas).length).toBeGreaterThanOrEqual(3)
      }).pipe(Effect.provide(NodeServices.layer)))
  })

  describe("changing", () => {
    it.live("adds and removes members, and touches no other", () =>
      Effect.gen(function*() {
        const { ids, scim } = yield* populated(6)
        const [a = "", b = "", c = "", d = ""] = ids
        const group = yield* scim.groups.create({ displayName: "Crew", members: [a] })
        expect(memberIds(group)).toEqual([a])
        yield* scim.groups.patch(group.id, yield* patched(Patch.addMembers([b, c, d])))
        expect(memberIds(yield* scim.groups.get(group.id))).toEqual([a, b, c, d])
        // Somebody who is in already does not come twice.
        yield* scim.groups.patch(group.id, yield* patched(Patch.addMember(b)))
        expect(memberIds(yield* scim.groups.get(group.id))).toEqual([a, b, c, d])
        yield* scim.groups.patch(group.id, yield* patched(Patch.removeMember(b)))
        expect(memberIds(yield* scim.groups.get(group.id))).toEqual([a, c, d])
        // Somebody who is not in is no error, and nobody else goes.
        yield* scim.groups.patch(group.id, yield* patched(Patch.removeMember(b)))
        expect(memberIds(yield* scim.groups.get(group.id))).toEqual([a, c, d])
        yield* scim.groups.patch(
          group.id,
          yield* patched(...Patch.removeMembers([a, c]), Patch.addMember(b), Patch.replace("displayName", "Crew Ž"))
        )
        const after = yield* scim.groups.get(group.id)
        expect(memberIds(after)).toEqual([b, d])
        expect(after.displayName).toBe("Crew Ž")
      }).pipe(Effect.provide(NodeServices.layer)))

    it.live("replaces and patches a user", () =>
      Effect.gen(function*() {
        const { scim } = yield* started()
        const user = yield* scim.users.create({ ...person(1), externalId: "hr-1" })
        yield* scim.users.patch(user.id, yield* patched(Patch.setActive(false)))
        expect((yield* scim.users.get(user.id)).active).toBe(false)
        yield* scim.users.patch(
          user.id,
          yield* patched(Patch.replace("name.familyName", "Ó Briain"), Patch.replaceAttributes({ title: "Head" }))
        )
        expect(yield* scim.users.get(user.id)).toMatchObject({ title: "Head", name: { familyName: "Ó Briain" } })
        const replaced = yield* scim.users.replace(user.id, { ...person(1), active: true })
        expect(Option.getOrUndefined(replaced)).toMatchObject({ active: true, title: undefined, externalId: undefined })
      }).pipe(Effect.provide(NodeServices.layer)))

    it.live("changes nothing that has changed meanwhile", () =>
      Effect.gen(function*() {
        const { scim } = yield* started()
        const user = yield* scim.users.create(person(1))
        const ifMatch = user.meta?.version
        yield* scim.users.patch(user.id, yield* patched(Patch.setActive(false)), { ifMatch })
        const error = yield* Effect.flip(scim.users.delete(user.id, { ifMatch }))
        expect(error).toMatchObject({ status: 412, reason: { _tag: "PreconditionFailed" } })
        expect((yield* scim.users.get(user.id)).active).toBe(false)
      }).pipe(Effect.provide(NodeServices.layer)))

    it.live("deletes, and says when there was nothing to delete", () =>
      Effect.gen(function*() {
        const { scim } = yield* started()
        const user = yield* scim.users.create(person(1))
        expect(yield* scim.users.delete(user.id)).toBe("Deleted")
        expect(yield* scim.users.delete(user.id)).toBe("DidNotExist")
        const error = yield* Effect.flip(scim.users.get(user.id))
        expect(error).toMatchObject({ status: 404, reason: { _tag: "NotFound" } })
      }).pipe(Effect.provide(NodeServices.layer)))

    it.live("finds who is there when a user exists", () =>
      Effect.gen(function*() {
        const { scim } = yield* started()
        const user = yield* scim.users.create(person(1))
        const again = { ...person(1), userName: "PERSON001@AURORA.example" }
        const error = yield* Effect.flip(scim.users.create(again))
        expect(error).toMatchObject({ status: 409, scimType: "uniqueness", reason: { _tag: "Conflict" } })
        expect(yield* scim.users.createOrFind(again)).toMatchObject({ _tag: "Existing", resource: { id: user.id } })
        expect((yield* scim.users.list()).resources).toHaveLength(1)
      }).pipe(Effect.provide(NodeServices.layer)))
  })

  it.live("tells a wrong token", () =>
    Effect.gen(function*() {
      const { server } = yield* started()
      const scim = yield* connect({ ...server, token: Redacted.make("not-the-token") })
      const error = yield* Effect.flip(scim.users.list())
      expect(error).toMatchObject({ status: 401, reason: { _tag: "Unauthorized" } })
      expect(JSON.stringify(error)).not.toContain("not-the-token")
    }).pipe(Effect.provide(NodeServices.layer)))

  it.live("tells a wrong path", () =>
    Effect.gen(function*() {
      const { server } = yield* started()
      const scim = yield* connect({ ...server, baseUrl: server.baseUrl.replace(/v2$/, "v1") })
      const result = yield* Effect.result(scim.users.list())
      expect(Result.isFailure(result) ? result.failure.reason._tag : "a list").toBe("WrongUrl")
    }).pipe(Effect.provide(NodeServices.layer)))
})
