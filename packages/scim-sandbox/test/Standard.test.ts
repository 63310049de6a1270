/** RFC 7643, 7644 and 9865 by the letter: the profile `standard`. */
import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as Directory from "../src/Directory.ts"
import * as Profile from "../src/Profile.ts"
import * as Sandbox from "../src/Sandbox.ts"
import { ask, type Body, group, patchOp, user } from "./RawClient.ts"

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

const started = Effect.gen(function*() {
  const sandbox = yield* Sandbox.Sandbox
  yield* sandbox.directory.clear
  return sandbox
})

const people = Effect.gen(function*() {
  const sandbox = yield* started
  const add = (userName: string, more: object) => sandbox.directory.create("User", { ...user(userName, more) })
  yield* add("ann@x.example", {
    externalId: "E1",
    displayName: "Ann",
    active: true,
    emails: [{ value: "ann@x.example", type: "work" }, { value: "ann@home.example", type: "home", primary: true }],
    [enterprise]: { department: "Tools", manager: { value: "m1" } }
  })
  yield* add("Bob@x.example", { externalId: "e1", displayName: "bob", active: false, title: "Chief" })
  yield* add("cy@x.example", { active: true, name: { familyName: "Zed" } })
  return sandbox
})

const names = (body: Body): ReadonlyArray<string> => body.Resources.map((row) => row.userName.split("@")[0] ?? "")

describe("Profile.standard", () => {
  layer(Sandbox.layer({ profile: Profile.standard }))((it) => {
    it.effect("filters with every operator, and knows which attributes are case-exact", () =>
      Effect.gen(function*() {
        const sandbox = yield* people
        const cases: ReadonlyArray<readonly [string, ReadonlyArray<string>]> = [
          ["userName eq \"BOB@X.EXAMPLE\"", ["Bob"]],
          ["externalId eq \"E1\"", ["ann"]],
          ["USERNAME sw \"a\"", ["ann"]],
          ["userName co \"OB@\"", ["Bob"]],
          ["userName ew \"x.example\"", ["ann", "Bob", "cy"]],
          ["displayName pr", ["ann", "Bob"]],
          ["not (displayName pr)", ["cy"]],
          ["displayName ne \"ann\"", ["Bob", "cy"]],
          ["active eq true and title pr", []],
          ["active eq false or name.familyName eq \"zed\"", ["Bob", "cy"]],
          ["emails[type eq \"home\" and value co \"home\"]", ["ann"]],
          ["emails[type eq \"work\" and primary eq true]", []],
          ["emails.value eq \"ann@home.example\"", ["ann"]],
          ["emails eq \"ann@home.example\"", ["ann"]],
          [`${enterprise}:department eq "tools"`, ["ann"]],
          [`${enterprise}:manager.value eq "m1"`, ["ann"]],
          ["urn:ietf:params:scim:schemas:core:2.0:User:title eq \"chief\"", ["Bob"]],
          ["meta.created gt \"2020-01-01T00:00:00Z\"", ["ann", "Bob", "cy"]],
          ["meta.created lt \"2020-01-01T00:00:00Z\"", []],
          ["title eq null", ["ann", "cy"]],
          ["title ne null", ["Bob"]]
        ]
        for (const [filter, expected] of cases) {
          const { body, status } = yield* ask(sandbox, "GET", `/Users?filter=${encodeURIComponent(filter)}`)
          assert.strictEqual(status, 200, filter)
          assert.deepStrictEqual(names(body), expected, filter)
          assert.strictEqual(body.totalResults, expected.length, filter)
        }
        for (const bad of ["", "userName", "userName eq", "userName xx \"a\"", "(a eq \"b\"", "a eq \"\\x\""]) {
          const { status } = yield* ask(sandbox, "GET", `/Users?filter=${encodeURIComponent(bad)}`)
          assert.strictEqual(status, bad === "" ? 200 : 400, bad)
        }
      }))

    it.effect("sorts by text without case, by primary value, and puts absent values last", () =>
      Effect.gen(function*() {
        const sandbox = yield* people
        const order = (query: string) => Effect.map(ask(sandbox, "GET", `/Users?${query}`), ({ body }) => names(body))
        assert.deepStrictEqual(yield* order("sortBy=userName"), ["ann", "Bob", "cy"])
        assert.deepStrictEqual(yield* order("sortBy=userName&sortOrder=descending"), ["cy", "Bob", "ann"])
        assert.deepStrictEqual(yield* order("sortBy=title"), ["Bob", "ann", "cy"])
        assert.deepStrictEqual(yield* order("sortBy=name.familyName&sortOrder=descending"), ["ann", "Bob", "cy"])
        assert.deepStrictEqual(yield* order("sortBy=emails&count=1&startIndex=1"), ["ann"])
      }))

    it.effect("searches by POST, over one type and over all", () =>
      Effect.gen(function*() {
        const sandbox = yield* people
        yield* sandbox.directory.create("Group", { ...group("Team") })
        const one = yield* ask(sandbox, "POST", "/Users/.search", {
          body: { filter: "active eq true", attributes: ["userName"], count: 1 }
        })
        assert.deepInclude(one.body, { totalResults: 2, itemsPerPage: 1 })
        assert.sameMembers(Object.keys(one.body.Resources[0] ?? {}), ["schemas", "id", "userName"])
        const all = yield* ask(sandbox, "POST", "/.search", { body: {} })
        assert.strictEqual(all.body.totalResults, 4)
        assert.strictEqual((yield* ask(sandbox, "GET", "/.search")).status, 405)
      }))

    it.effect("has weak ETags, 304 and 412, and keeps the version where nothing changes", () =>
      Effect.gen(function*() {
        const sandbox = yield* started
        const created = yield* ask(sandbox, "POST", "/Users", { body: user("ann", { active: true }) })
        const path = `/Users/${created.body.id}`
        assert.strictEqual(created.headers.get("etag"), "W/\"1\"")
        assert.strictEqual(created.body.meta["version"], "W/\"1\"")
        const same = yield* ask(sandbox, "GET", path, { headers: { "if-none-match": "W/\"1\"" } })
        assert.deepStrictEqual([same.status, same.text], [304, ""])
        const noop = yield* ask(sandbox, "PATCH", path, {
          body: patchOp({ op: "replace", path: "active", value: true })
        })
        assert.strictEqual(noop.headers.get("etag"), "W/\"1\"")
        const off = patchOp({ op: "replace", path: "active", value: false })
        const current = yield* ask(sandbox, "PATCH", path, { body: off, headers: { "if-match": "W/\"1\"" } })
        assert.deepStrictEqual([current.status, current.headers.get("etag")], [200, "W/\"2\""])
        for (const method of ["PATCH", "PUT", "DELETE"]) {
          const stale = yield* ask(sandbox, method, path, {
            ...(method === "DELETE" ? {} : { body: method === "PUT" ? user("ann") : off }),
            headers: { "if-match": "W/\"1\"" }
          })
          assert.deepStrictEqual([stale.status, stale.body.status], [412, "412"])
        }
      }))

    it.effect("removes deleted users, also from groups, and frees the name", () =>
      Effect.gen(function*() {
        const sandbox = yield* started
        const id = yield* sandbox.directory.create("User", { ...user("ann") })
        const other = yield* sandbox.directory.create("User", { ...user("bob") })
        const team = yield* sandbox.directory.create("Group", {
          ...group("Team", { members: [{ value: id }, { value: other }] })
        })
        assert.strictEqual((yield* ask(sandbox, "DELETE", `/Users/${id}`)).status, 204)
        for (const method of ["GET", "DELETE"]) {
          assert.strictEqual((yield* ask(sandbox, method, `/Users/${id}`)).status, 404)
        }
        const { body } = yield* ask(sandbox, "GET", `/Groups/${team}`)
        assert.deepStrictEqual(body.members, [{ value: other }])
        assert.strictEqual((yield* ask(sandbox, "POST", "/Users", { body: user("ann") })).status, 201)
      }))

    it.effect("reads attribute names in any case, takes null as unassigned, and demands schemas", () =>
      Effect.gen(function*() {
        const sandbox = yield* started
        const { body, status } = yield* ask(sandbox, "POST", "/Users", {
          body: { ...user("x"), USERNAME: "ann", DisplayName: "Ann", title: null, emails: [] }
        })
        assert.strictEqual(status, 201)
        assert.deepInclude(body, { userName: "ann", displayName: "Ann" })
        assert.notProperty(body, "title")
        assert.notProperty(body, "emails")
        assert.notProperty(body, "active")
        const bare = yield* ask(sandbox, "POST", "/Users", { body: { userName: "bob" } })
        assert.deepStrictEqual([bare.status, bare.body.scimType], [400, "invalidSyntax"])
        const twice = yield* ask(sandbox, "POST", "/Users", { body: user("ANN") })
        assert.deepStrictEqual([twice.status, twice.body.scimType], [409, "uniqueness"])
      }))

    it.effect("patches by the letter of RFC 7644", () =>
      Effect.gen(function*() {
        const sandbox = yield* started
        const ids = yield* Effect.forEach(["ann", "bob"], (name) => sandbox.directory.create("User", { ...user(name) }))
        const [ann = "", bob = ""] = ids
        const team = yield* sandbox.directory.create("Group", { ...group("Team") })
        const patch = (...operations: ReadonlyArray<unknown>) =>
          ask(sandbox, "PATCH", `/Groups/${team}`, { body: patchOp(...operations) })
        const remove = { op: "remove", path: `members[value eq "${ann}"]` }
        assert.strictEqual((yield* patch(remove)).status, 200)
        const added = yield* patch({ op: "Add", path: "Members", value: { value: ann } })
        assert.deepStrictEqual(added.body.members, [{ value: ann }])
        const again = yield* patch({
          op: "add",
          path: "members",
          value: [{ value: ann, display: "Ann" }, { value: bob }]
        })
        assert.deepStrictEqual(again.body.members.map((member) => member.value), [ann, bob])
        assert.deepStrictEqual((yield* patch(remove)).body.members, [{ value: bob }])
        const literal = yield* patch({ op: "remove", path: "members", value: [{ value: "somebody else" }] })
        assert.notProperty(literal.body, "members")
        const wrong: ReadonlyArray<readonly [unknown, string]> = [
          [{ op: "replace", path: "id", value: "x" }, "mutability"],
          [{ op: "replace", path: "colour", value: "x" }, "invalidPath"],
          [{ op: "remove" }, "noTarget"],
          [{ op: "replace", path: "members[value eq \"x\"]", value: { value: "y" } }, "noTarget"],
          [{ op: "dance", path: "members" }, "invalidSyntax"]
        ]
        for (const [operation, scimType] of wrong) {
          const answer = yield* patch({ op: "replace", path: "displayName", value: "Changed" }, operation)
          assert.deepStrictEqual([answer.status, answer.body.scimType], [400, scimType])
        }
        assert.strictEqual((yield* ask(sandbox, "GET", `/Groups/${team}`)).body.displayName, "Team", "atomic")
      }))

    it.effect("patches extensions as a whole and in parts, without a path too, and keeps one primary", () =>
      Effect.gen(function*() {
        const sandbox = yield* started
        const id = yield* sandbox.directory.create("User", {
          ...user("ann", { emails: [{ value: "a@x.example", primary: true }] })
        })
        const patch = (...operations: ReadonlyArray<unknown>) =>
          ask(sandbox, "PATCH", `/Users/${id}`, { body: patchOp(...operations) })
        const whole = yield* patch({ op: "add", path: enterprise, value: { department: "A", costCenter: "1" } })
        assert.deepInclude(whole.body, { [enterprise]: { department: "A", costCenter: "1" } })
        assert.include(whole.body.schemas, enterprise)
        const mixed = yield* patch({
          op: "replace",
          value: { [enterprise]: { department: "B" }, "name.familyName": "Lee", id: "no", colour: "red" }
        })
        assert.deepInclude(mixed.body, {
          id,
          name: { familyName: "Lee" },
          [enterprise]: { department: "B", costCenter: "1" }
        })
        const gone = yield* patch({ op: "remove", path: enterprise })
        assert.notProperty(gone.body, enterprise)
        assert.notInclude(gone.body.schemas, enterprise)
        const second = yield* patch({ op: "add", path: "emails", value: [{ value: "b@x.example", primary: true }] })
        assert.deepStrictEqual(second.body.emails.map((email) => email.primary), [false, true])
        const sub = yield* patch({ op: "replace", path: "emails[value eq \"b@x.example\"].type", value: "home" })
        assert.strictEqual(sub.body.emails[1]?.type, "home")
      }))

    it.effect("nests groups, and keeps members that it does not know", () =>
      Effect.gen(function*() {
        const sandbox = yield* started
        const inner = yield* sandbox.directory.create("Group", { ...group("Inner") })
        const { body } = yield* ask(sandbox, "POST", "/Groups", {
          body: group("Outer", { members: [{ value: inner, type: "Group" }, { value: "nobody" }] })
        })
        assert.deepStrictEqual(body.members, [{ value: inner, type: "Group" }, { value: "nobody" }])
      }))

    it.effect("runs bulk operations with references forwards and backwards", () =>
      Effect.gen(function*() {
        const sandbox = yield* started
        const bulk = (Operations: ReadonlyArray<unknown>, more: object = {}) =>
          ask(sandbox, "POST", "/Bulk", {
            body: { schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], Operations, ...more }
          })
        const { body, status } = yield* bulk([
          { method: "POST", path: "/Groups", bulkId: "g", data: group("Team", { members: [{ value: "bulkId:u" }] }) },
          { method: "POST", path: "/Users", bulkId: "u", data: user("ann") },
          { method: "PATCH", path: "/Users/bulkId:u", data: patchOp({ op: "add", path: "title", value: "Dr." }) },
          { method: "POST", path: "/Users", bulkId: "d", data: user("ANN") },
          { method: "DELETE", path: "/Users/nobody" },
          { method: "POST", path: "/Groups", bulkId: "x", data: group("X", { members: [{ value: "bulkId:none" }] }) }
        ])
        assert.strictEqual(status, 200)
        const byId = new Map(body.Operations.map((operation) => [operation.bulkId, operation]))
        assert.strictEqual(byId.get("u")?.status, "201")
        assert.strictEqual(byId.get("u")?.version, "W/\"1\"")
        assert.deepStrictEqual([byId.get("d")?.status, byId.get("d")?.response.scimType], ["409", "uniqueness"])
        assert.strictEqual(byId.get("x")?.status, "409")
        assert.sameMembers(body.Operations.map((operation) => operation.status), [
          "201",
          "201",
          "200",
          "409",
          "404",
          "409"
        ])
        const { groups: [team], users: [ann] } = yield* sandbox.directory.snapshot
        assert.deepStrictEqual(team?.members, [ann?.id ?? ""])
        const stopped = yield* bulk([{ method: "DELETE", path: "/Users/a" }, { method: "DELETE", path: "/Users/b" }], {
          failOnErrors: 1
        })
        assert.strictEqual(stopped.body.Operations.length, 1)
        const bad = yield* bulk([{ method: "POST", path: "/Users", data: user("x") }])
        assert.strictEqual(bad.status, 400)
        const many = yield* bulk(Array.from({ length: 1_001 }, () => ({ method: "DELETE", path: "/Users/a" })))
        assert.strictEqual(many.status, 413)
      }))

    it.effect("describes itself: configuration, resource types, schemas; only by GET, never filtered", () =>
      Effect.gen(function*() {
        const sandbox = yield* started
        const config = yield* ask(sandbox, "GET", "/ServiceProviderConfig")
        assert.deepInclude(config.body, {
          patch: { supported: true },
          sort: { supported: true },
          etag: { supported: true },
          bulk: { supported: true, maxOperations: 1_000, maxPayloadSize: 1_048_576 },
          filter: { supported: true, maxResults: 1_000 },
          pagination: {
            cursor: true,
            index: true,
            defaultPaginationMethod: "index",
            defaultPageSize: 100,
            maxPageSize: 1_000
          }
        })
        const types = yield* ask(sandbox, "GET", "/ResourceTypes")
        assert.deepStrictEqual(types.body.Resources.map((row) => row.id), ["User", "Group"])
        const schemas = yield* ask(sandbox, "GET", "/Schemas")
        for (const row of schemas.body.Resources) {
          assert.strictEqual((yield* ask(sandbox, "GET", `/Schemas/${row.id}`)).body.id, row.id)
        }
        assert.strictEqual((yield* ask(sandbox, "GET", "/Schemas/none")).status, 404)
        assert.strictEqual((yield* ask(sandbox, "POST", "/Schemas", { body: {} })).status, 405)
        assert.strictEqual((yield* ask(sandbox, "GET", "/Schemas?filter=id%20pr")).status, 403)
      }))

    it.effect("pages by cursor, over rows that come and go, and refuses strange cursors", () =>
      Effect.gen(function*() {
        const sandbox = yield* started
        const directory = yield* Directory.generate({ users: 25, groups: 0, memberships: 0 })
        yield* sandbox.directory.seed(directory)
        const first = yield* ask(sandbox, "GET", "/Users?cursor=&count=10")
        assert.notProperty(first.body, "startIndex")
        assert.strictEqual(first.body.totalResults, 25)
        const seen = first.body.Resources.map((row) => row.id)
        yield* sandbox.directory.erase("User", seen[0] ?? "")
        let cursor: string | undefined = first.body.nextCursor
        while (cursor !== undefined) {
          const { body }: { readonly body: Body } = yield* ask(sandbox, "GET", `/Users?cursor=${cursor}&count=10`)
          seen.push(...body.Resources.map((row) => row.id))
          cursor = body.nextCursor
        }
        assert.deepStrictEqual(seen, directory.users.map((user) => user.id))
        const wrong: ReadonlyArray<readonly [string, string]> = [
          ["/Users?cursor=garbage", "invalidCursor"],
          [`/Groups?cursor=${first.body.nextCursor}`, "invalidCursor"],
          [`/Users?cursor=${first.body.nextCursor}&filter=id%20pr`, "invalidCursor"],
          [`/Users?cursor=${first.body.nextCursor}&count=11`, "invalidCount"]
        ]
        for (const [path, scimType] of wrong) {
          const { body, status } = yield* ask(sandbox, "GET", path)
          assert.deepStrictEqual([status, body.scimType], [400, scimType], path)
        }
        const sorted = yield* ask(sandbox, "GET", "/Users?cursor=&count=3&sortBy=userName")
        const next = yield* ask(sandbox, "GET", `/Users?cursor=${sorted.body.nextCursor}&sortBy=userName`)
        const order = [...sorted.body.Resources, ...next.body.Resources].map((row) => row.userName.toLowerCase())
        assert.deepStrictEqual(order, order.toSorted())
        assert.strictEqual(new Set(order).size, 6)
      }))
  })

  layer(Sandbox.layer({ profile: { ...Profile.standard, cursor: "default", cursorTimeout: 1, patchStatus: 204 } }))(
    "with other settings",
    (it) => {
      it.effect("answers a plain list by cursor, expires cursors, and PATCH with 204", () =>
        Effect.gen(function*() {
          const sandbox = yield* started
          yield* sandbox.directory.seed(yield* Directory.generate({ users: 5, groups: 1, memberships: 0 }))
          const { body } = yield* ask(sandbox, "GET", "/Users?count=2")
          assert.isString(body.nextCursor)
          assert.strictEqual((yield* ask(sandbox, "GET", "/Users?count=2&startIndex=1")).body.startIndex, 1)
          // The cursor lives a millisecond of real time, which the sandbox measures itself.
          yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 20)))
          const late = yield* ask(sandbox, "GET", `/Users?cursor=${body.nextCursor}`)
          assert.deepStrictEqual([late.status, late.body.scimType], [400, "expiredCursor"])
          const { groups: [team] } = yield* sandbox.directory.snapshot
          const rename = { body: patchOp({ op: "replace", path: "displayName", value: "New" }) }
          const patched = yield* ask(sandbox, "PATCH", `/Groups/${team?.id ?? ""}`, rename)
          assert.deepStrictEqual([patched.status, patched.text, patched.headers.get("etag")], [204, "", "W/\"2\""])
          const shown = yield* ask(sandbox, "PATCH", `/Groups/${team?.id ?? ""}?attributes=displayName`, rename)
          assert.deepStrictEqual([shown.status, shown.body.displayName], [200, "New"])
        }))
    }
  )
})
