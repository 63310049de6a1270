/** The behaviours of the real endpoint that are known, one test each; the profile `workos`. */
import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as Directory from "../src/Directory.ts"
import * as Profile from "../src/Profile.ts"
import * as Sandbox from "../src/Sandbox.ts"
import { ask, group, patchOp, user, walk } from "./RawClient.ts"

const started = Effect.gen(function*() {
  const sandbox = yield* Sandbox.Sandbox
  yield* sandbox.directory.clear
  yield* sandbox.faults.clear()
  yield* sandbox.requests.reset
  return sandbox
})

describe("Profile.workos", () => {
  layer(Sandbox.layer())((it) => {
    describe("access", () => {
      it.effect("listens on loopback under /scim/v2.0/<key>", () =>
        Effect.gen(function*() {
          const { baseUrl } = yield* started
          assert.match(baseUrl, /^http:\/\/127\.0\.0\.1:\d+\/scim\/v2\.0\/sandbox$/)
        }))

      it.effect("answers 401 with a SCIM error to a wrong, an empty and a missing token", () =>
        Effect.gen(function*() {
          const sandbox = yield* started
          for (
            const headers of [{ authorization: "Bearer wrong" }, { authorization: "" }, { authorization: "Basic x" }]
          ) {
            const answer = yield* ask(sandbox, "GET", "/Users", { headers })
            assert.strictEqual(answer.status, 401)
            assert.deepStrictEqual(answer.body.schemas, ["urn:ietf:params:scim:api:messages:2.0:Error"])
            assert.strictEqual(answer.body.status, "401")
            assert.isString(answer.body.detail)
            assert.match(answer.headers.get("www-authenticate") ?? "", /^Bearer/)
          }
        }))

      it.effect("answers a wrong key without SCIM, as a gateway does, and a wrong path below with a SCIM 404", () =>
        Effect.gen(function*() {
          const sandbox = yield* started
          const wrongKey = yield* ask(sandbox, "GET", sandbox.baseUrl.replace(/sandbox$/, "other/Users"))
          assert.strictEqual(wrongKey.status, 404)
          assert.isUndefined(wrongKey.body.schemas)
          const wrongPath = yield* ask(sandbox, "GET", "/Machines")
          assert.strictEqual(wrongPath.status, 404)
          assert.strictEqual(wrongPath.body.status, "404")
        }))

      it.effect("accepts application/json and no content type, and refuses others", () =>
        Effect.gen(function*() {
          const sandbox = yield* started
          const json = yield* ask(sandbox, "POST", "/Users", {
            body: user("json@x.example"),
            headers: { "content-type": "application/json; charset=utf-8" }
          })
          assert.strictEqual(json.status, 201)
          const text = yield* ask(sandbox, "POST", "/Users", {
            body: user("text@x.example"),
            headers: { "content-type": "text/plain" }
          })
          assert.strictEqual(text.status, 415)
        }))

      it.effect("answers 405 with Allow to a method that is not there, and 501 to what it lacks", () =>
        Effect.gen(function*() {
          const sandbox = yield* started
          const put = yield* ask(sandbox, "PUT", "/Users", { body: {} })
          assert.strictEqual(put.status, 405)
          assert.strictEqual(put.headers.get("allow"), "GET, POST")
          for (const path of ["/.search", "/Users/.search", "/Bulk", "/Me"]) {
            assert.strictEqual((yield* ask(sandbox, "POST", path, { body: {} })).status, 501, path)
          }
          assert.strictEqual((yield* ask(sandbox, "GET", "/Users?cursor=")).status, 501)
        }))

      it.effect("answers 400 invalidSyntax to a body that is not JSON, not an object or not UTF-8 JSON", () =>
        Effect.gen(function*() {
          const sandbox = yield* started
          for (const body of ["{", "[]", "null", "\"x\""]) {
            const answer = yield* ask(sandbox, "POST", "/Users", { body })
            assert.strictEqual(answer.status, 400, body)
            assert.strictEqual(answer.body.scimType, "invalidSyntax", body)
          }
        }))

      it.effect("answers 413 without SCIM over 2,000 KB, and takes a body just below", () =>
        Effect.gen(function*() {
          const sandbox = yield* started
          const frame = JSON.stringify(group("Big", { padding: "" })).length
          const fits = group("Big", { padding: "x".repeat(2_000 * 1024 - frame) })
          assert.strictEqual((yield* ask(sandbox, "POST", "/Groups", { body: fits })).status, 201)
          const large = group("Bigger", { padding: "x".repeat(2_000 * 1024) })
          const answer = yield* ask(sandbox, "POST", "/Groups", { body: large })
          assert.strictEqual(answer.status, 413)
          assert.isUndefined(answer.body.schemas)
        }))
    })

    describe("users", () => {
      it.effect("creates: 201, Location, id and meta from the server, content type of SCIM", () =>
        Effect.gen(function*() {
          const sandbox = yield* started
          const answer = yield* ask(sandbox, "POST", "/Users", {
            body: user("jane@x.example", { id: "mine", meta: { resourceType: "Cat" }, favouriteColour: "red" })
          })
          assert.strictEqual(answer.status, 201)
          assert.strictEqual(answer.headers.get("content-type"), "application/scim+json")
          const { id } = answer.body
          assert.notStrictEqual(id, "mine")
          assert.strictEqual(answer.headers.get("location"), `${sandbox.baseUrl}/Users/${id}`)
          assert.strictEqual(answer.body.meta.location, `${sandbox.baseUrl}/Users/${id}`)
          assert.strictEqual(answer.body.meta.resourceType, "User")
          assert.isString(answer.body.meta.created)
          assert.isTrue(answer.body.active)
          assert.notProperty(answer.body, "favouriteColour")
          assert.deepStrictEqual((yield* ask(sandbox, "GET", `/Users/${id}`)).body, answer.body)
        }))

      it.effect("fills emails from a userName that is an address", () =>
        Effect.gen(function*() {
          const sandbox = yield* started
          const { body } = yield* ask(sandbox, "POST", "/Users", { body: user("Jane@x.example") })
          assert.deepStrictEqual(body.emails, [{ primary: true, type: "work", value: "Jane@x.example" }])
        }))

      it.effect("demands a userName, and an e-mail where the userName is none", () =>
        Effect.gen(function*() {
          const sandbox = yield* started
          for (const userName of ["", "  ", undefined]) {
            const { body, status } = yield* ask(sandbox, "POST", "/Users", { body: { userName } })
            assert.deepStrictEqual([status, body.scimType, body.detail], [
              400,
              "invalidValue",
              "'userName' is required"
            ])
          }
          for (const emails of [undefined, [], [{ value: "" }], [{ value: " " }], [{ type: "work" }]]) {
            const { body, status } = yield* ask(sandbox, "POST", "/Users", { body: user("jdoe", { emails }) })
            assert.deepStrictEqual(
              [status, body.scimType, body.detail],
              [400, "invalidValue", "Required attributes missing: emails"]
            )
          }
          const login = yield* ask(sandbox, "POST", "/Users", {
            body: user("jdoe2", { emails: [{ value: "j@x.example" }] })
          })
          assert.strictEqual(login.status, 201)
        }))

      it.effect("calls a missing e-mail invalidSyntax on replace", () =>
        Effect.gen(function*() {
          const sandbox = yield* started
          const id = yield* sandbox.directory.create("User", { ...user("a@x.example") })
          const { body, status } = yield* ask(sandbox, "PUT", `/Users/${id}`, { body: user("ada") })
          assert.deepStrictEqual([status, body.scimType], [400, "invalidSyntax"])
        }))

      it.effect("holds a refused user, which a corrected POST completes without a conflict", () =>
        Effect.gen(function*() {
          const sandbox = yield* started
          assert.strictEqual((yield* ask(sandbox, "POST", "/Users", { body: user("jdoe") })).status, 400)
          assert.deepInclude(yield* sandbox.directory.counts, { users: 0, heldUsers: 1 })
          const corrected = user("JDOE", { emails: [{ value: "j@x.example" }] })
          assert.strictEqual((yield* ask(sandbox, "POST", "/Users", { body: corrected })).status, 201)
          assert.deepInclude(yield* sandbox.directory.counts, { users: 1, heldUsers: 0 })
        }))

      it.effect("accepts a malformed e-mail and missing names", () =>
        Effect.gen(function*() {
          const sandbox = yield* started
          const { status } = yield* ask(sandbox, "POST", "/Users", {
            body: user("odd", { emails: [{ value: "not an address" }] })
          })
          assert.strictEqual(status, 201)
        }))

      it.effect("answers 409 without scimType for the same userName in any case, on create, replace and patch", () =>
        Effect.gen(function*() {
          const sandbox = yield* started
          yield* sandbox.directory.create("User", { ...user("jane@x.example") })
          const other = yield* sandbox.directory.create("User", { ...user("john@x.example") })
          const clash = user("JANE@X.example", { emails: [{ value: "else@x.example" }] })
          const answers = [
            yield* ask(sandbox, "POST", "/Users", { body: clash }),
            yield* ask(sandbox, "PUT", `/Users/${other}`, { body: clash }),
            yield* ask(sandbox, "PATCH", `/Users/${other}`, {
              body: patchOp({ op: "replace", path: "userName", value: "JANE@X.example" })
            })
          ]
          for (const { body, status } of answers) {
            assert.strictEqual(status, 409)
            assert.strictEqual(body.detail, "Another user already exists with this username 'JANE@X.example'")
            assert.notProperty(body, "scimType")
          }
        }))

      it.effect("answers 409 for the e-mail of another active user, but not of a disabled one", () =>
        Effect.gen(function*() {
          const sandbox = yield* started
          const first = yield* sandbox.directory.create("User", { ...user("jane@x.example") })
          const second = user("jane2", { emails: [{ value: "JANE@x.example" }] })
          const { body, status } = yield* ask(sandbox, "POST", "/Users", { body: second })
          assert.strictEqual(status, 409)
          assert.strictEqual(body.detail, "Another user already exists with this email 'JANE@x.example'")
          yield* sandbox.directory.patch("User", first, patchOp({ op: "replace", path: "active", value: false }))
          assert.strictEqual((yield* ask(sandbox, "POST", "/Users", { body: second })).status, 201)
          const back = yield* ask(sandbox, "PATCH", `/Users/${first}`, {
            body: patchOp({ op: "replace", value: { active: true } })
          })
          assert.strictEqual(back.status, 409)
        }))

      it.effect("answers 400 invalidSyntax to null and to wrong types, on create and replace", () =>
        Effect.gen(function*() {
          const sandbox = yield* started
          const id = yield* sandbox.directory.create("User", { ...user("jane@x.example") })
          const cases: ReadonlyArray<readonly [object, string]> = [
            [{ externalId: null }, "'externalId' is expected string, received null"],
            [{ active: "true" }, "'active' is expected boolean, received string"],
            [{ active: 1 }, "'active' is expected boolean, received number"],
            [{ emails: {} }, "'emails' is expected array, received object"],
            [{ emails: ["j@x.example"] }, "'emails' is expected object, received string"],
            [{ emails: [{ value: 5 }] }, "'emails.value' is expected string, received number"],
            [{ name: { givenName: null } }, "'name.givenName' is expected string, received null"],
            [{ name: [] }, "'name' is expected object, received array"]
          ]
          for (const [more, detail] of cases) {
            for (const [method, path] of [["POST", "/Users"], ["PUT", `/Users/${id}`]] as const) {
              const { body, status } = yield* ask(sandbox, method, path, { body: user("new@x.example", more) })
              assert.deepStrictEqual([status, body.scimType, body.detail], [400, "invalidSyntax", detail])
            }
          }
        }))

      it.effect("replaces whole resources, keeps `active` where PUT leaves it out, and never creates", () =>
        Effect.gen(function*() {
          const sandbox = yield* started
          const id = yield* sandbox.directory.create("User", {
            ...user("jane@x.example", { active: false, displayName: "Jane", title: "Dr." })
          })
          const put = yield* ask(sandbox, "PUT", `/Users/${id}`, { body: user("jane@x.example", { displayName: "J" }) })
          assert.strictEqual(put.status, 200)
          assert.deepInclude(put.body, { id, displayName: "J", active: false })
          assert.notProperty(put.body, "title")
          const unknown = yield* ask(sandbox, "PUT", "/Users/nobody", { body: user("new@x.example") })
          assert.strictEqual(unknown.status, 404)
          assert.strictEqual((yield* sandbox.directory.counts).users, 1)
        }))

      it.effect("patches as scim-patch does, and answers 200 with the resource", () =>
        Effect.gen(function*() {
          const sandbox = yield* started
          const id = yield* sandbox.directory.create("User", { ...user("jane@x.example") })
          const patched = yield* ask(sandbox, "PATCH", `/Users/${id}`, {
            body: patchOp(
              { op: "replace", value: { active: false } },
              { op: "Replace", path: "name.givenName", value: "Jane" },
              { op: "add", path: "externalId", value: "e1" }
            )
          })
          assert.strictEqual(patched.status, 200)
          assert.deepInclude(patched.body, { active: false, externalId: "e1", name: { givenName: "Jane" } })
          const text = yield* ask(sandbox, "PATCH", `/Users/${id}`, {
            body: patchOp({ op: "replace", path: "active", value: "False" })
          })
          assert.deepStrictEqual([text.status, text.body.scimType], [400, "invalidSyntax"])
          const shouted = yield* ask(sandbox, "PATCH", `/Users/${id}`, {
            body: patchOp({ op: "REPLACE", path: "nickName", value: "J" })
          })
          assert.strictEqual(shouted.status, 400)
          const none = yield* ask(sandbox, "PATCH", `/Users/${id}`, { body: patchOp() })
          assert.strictEqual(
            none.body.detail,
            "Invalid SCIM Patch: The SCIM patch request is invalid: Missing operations."
          )
        }))

      it.effect("refuses PATCH paths that would reach into prototypes", () =>
        Effect.gen(function*() {
          const sandbox = yield* started
          const id = yield* sandbox.directory.create("User", { ...user("jane@x.example") })
          const bodies = [
            patchOp({ op: "add", path: "__proto__.polluted", value: "yes" }),
            patchOp({ op: "add", value: { "constructor.prototype.polluted": "yes" } })
          ]
          for (const body of bodies) {
            assert.strictEqual((yield* ask(sandbox, "PATCH", `/Users/${id}`, { body })).status, 400)
          }
          assert.notProperty({}, "polluted")
        }))

      it.effect("keeps a deleted user with active false, in lists and groups; a second DELETE is 404", () =>
        Effect.gen(function*() {
          const sandbox = yield* started
          const id = yield* sandbox.directory.create("User", { ...user("jane@x.example") })
          const team = yield* sandbox.directory.create("Group", { ...group("Team", { members: [{ value: id }] }) })
          const deleted = yield* ask(sandbox, "DELETE", `/Users/${id}`)
          assert.deepStrictEqual([deleted.status, deleted.text], [204, ""])
          assert.strictEqual((yield* ask(sandbox, "DELETE", `/Users/${id}`)).status, 404)
          assert.isFalse((yield* ask(sandbox, "GET", `/Users/${id}`)).body.active)
          assert.strictEqual((yield* ask(sandbox, "GET", "/Users")).body.totalResults, 1)
          assert.deepStrictEqual((yield* ask(sandbox, "GET", `/Groups/${team}`)).body.members, [{ value: id }])
          assert.deepInclude(yield* sandbox.directory.counts, { users: 1, activeUsers: 0, deletedUsers: 1 })
          const again = yield* ask(sandbox, "POST", "/Users", { body: user("Jane@x.example") })
          assert.deepStrictEqual([again.status, again.body.id, again.body.active], [201, id, true])
          assert.strictEqual((yield* ask(sandbox, "DELETE", `/Users/${id}`)).status, 204)
        }))

      it.effect("answers 404 with a SCIM error to an unknown id, whatever characters it has", () =>
        Effect.gen(function*() {
          const sandbox = yield* started
          for (const id of ["nobody", "a%2Fb", "%25", "a%20%22b", "%"]) {
            const { body, status } = yield* ask(sandbox, "GET", `/Users/${id}`)
            assert.deepStrictEqual([status, body.status], [404, "404"], id)
          }
          yield* sandbox.directory.insert("User", { userName: "odd" }, "a/b %\"")
          assert.strictEqual((yield* ask(sandbox, "GET", "/Users/a%2Fb%20%25%22")).body.userName, "odd")
        }))
    })

    describe("groups", () => {
      it.effect("drops unknown members without a word, on create, replace and patch", () =>
        Effect.gen(function*() {
          const sandbox = yield* started
          const id = yield* sandbox.directory.create("User", { ...user("jane@x.example") })
          const members = [{ value: id }, { value: "nobody" }]
          const created = yield* ask(sandbox, "POST", "/Groups", { body: group("Team", { members }) })
          assert.deepStrictEqual([created.status, created.body.members], [201, [{ value: id }]])
          const path = `/Groups/${created.body.id}`
          const put = yield* ask(sandbox, "PUT", path, { body: group("Team", { members }) })
          assert.deepStrictEqual([put.status, put.body.members], [200, [{ value: id }]])
          const patched = yield* ask(sandbox, "PATCH", path, {
            body: patchOp({ op: "add", path: "members", value: [{ value: "someone" }] })
          })
          assert.deepStrictEqual([patched.status, patched.body.members], [200, [{ value: id }]])
        }))

      it.effect("demands displayName and non-empty member values", () =>
        Effect.gen(function*() {
          const sandbox = yield* started
          const nameless = yield* ask(sandbox, "POST", "/Groups", { body: { externalId: "x" } })
          assert.deepStrictEqual(
            [nameless.status, nameless.body.scimType, nameless.body.detail],
            [400, "invalidValue", "'displayName' is required"]
          )
          const empty = yield* ask(sandbox, "POST", "/Groups", { body: group("T", { members: [{ value: "" }] }) })
          assert.deepStrictEqual([empty.status, empty.body.scimType], [400, "invalidSyntax"])
        }))

      it.effect("identifies groups by externalId, else displayName, and sticks to it after a rename", () =>
        Effect.gen(function*() {
          const sandbox = yield* started
          const id = yield* sandbox.directory.create("Group", { ...group("Team") })
          yield* sandbox.directory.create("Group", { ...group("Other", { externalId: "x1" }) })
          const rename = patchOp({ op: "replace", path: "displayName", value: "Renamed" })
          assert.strictEqual((yield* ask(sandbox, "PATCH", `/Groups/${id}`, { body: rename })).status, 200)
          for (
            const [body, identity] of [[group("Team"), "Team"], [group("New", { externalId: "x1" }), "x1"]] as const
          ) {
            const answer = yield* ask(sandbox, "POST", "/Groups", { body })
            assert.strictEqual(answer.status, 409)
            assert.strictEqual(answer.body.detail, `Another group already exists with this ID '${identity}'`)
          }
          assert.strictEqual((yield* ask(sandbox, "POST", "/Groups", { body: group("Renamed") })).status, 201)
          assert.strictEqual((yield* ask(sandbox, "DELETE", `/Groups/${id}`)).status, 204)
          assert.strictEqual((yield* ask(sandbox, "GET", `/Groups/${id}`)).status, 404)
          assert.strictEqual((yield* ask(sandbox, "POST", "/Groups", { body: group("Team") })).status, 201)
        }))

      it.effect("grants and revokes by PATCH; the last revoke takes the members key, and the next is 400", () =>
        Effect.gen(function*() {
          const sandbox = yield* started
          const id = yield* sandbox.directory.create("User", { ...user("jane@x.example") })
          const team = yield* sandbox.directory.create("Group", { ...group("Team") })
          const path = `/Groups/${team}`
          const add = patchOp({ op: "add", path: "members", value: [{ value: id }] })
          assert.deepStrictEqual((yield* ask(sandbox, "PATCH", path, { body: add })).body.members, [{ value: id }])
          assert.deepStrictEqual((yield* ask(sandbox, "PATCH", path, { body: add })).body.members, [{ value: id }])
          const remove = patchOp({ op: "remove", path: `members[value eq "${id}"]` })
          const removed = yield* ask(sandbox, "PATCH", path, { body: remove })
          assert.strictEqual(removed.status, 200)
          assert.notProperty(removed.body, "members")
          const again = yield* ask(sandbox, "PATCH", path, { body: remove })
          assert.deepStrictEqual(
            [again.status, again.body.scimType, again.body.detail],
            [400, "invalidSyntax", "Invalid SCIM Patch: Impossible to search on a mono valued attribute."]
          )
        }))

      it.effect("stores display with seeded members, so that a second add doubles them and a remove by value does nothing", () =>
        Effect.gen(function*() {
          const sandbox = yield* started
          yield* sandbox.directory.seed(yield* Directory.generate({ users: 5, groups: 1, memberships: 2 }))
          const { groups: [team] } = yield* sandbox.directory.snapshot
          assert.isDefined(team)
          const [member = ""] = team?.members ?? []
          const path = `/Groups/${team?.id ?? ""}`
          const listed = (yield* ask(sandbox, "GET", path)).body.members
          assert.deepStrictEqual(Object.keys(listed[0] ?? {}), ["value", "display"])
          const silent = yield* ask(sandbox, "PATCH", path, {
            body: patchOp({ op: "remove", path: "members", value: [{ value: member }] })
          })
          assert.deepStrictEqual([silent.status, silent.body.members.length], [200, 2])
          const doubled = yield* ask(sandbox, "PATCH", path, {
            body: patchOp({ op: "add", path: "members", value: [{ value: member }] })
          })
          assert.deepStrictEqual([doubled.status, doubled.body.members.length], [200, 3])
          const removed = yield* ask(sandbox, "PATCH", path, {
            body: patchOp({ op: "remove", path: `members[value eq "${member}"]` })
          })
          assert.strictEqual(removed.body.members.length, 1)
        }))
    })

    describe("lists", () => {
      it.effect("pages in order of creation, at most 100 rows, with the true total and size of the page", () =>
        Effect.gen(function*() {
          const sandbox = yield* started
          const directory = yield* Directory.generate({ users: 250, groups: 3, memberships: 300 })
          yield* sandbox.directory.seed(directory)
          const { body } = yield* ask(sandbox, "GET", "/Users?startIndex=51&count=5000")
          assert.deepInclude(body, { totalResults: 250, startIndex: 51, itemsPerPage: 100 })
          const rows = yield* walk(sandbox, "/Users", 37)
          assert.deepStrictEqual(rows.map((row) => row.id), directory.users.map((user) => user.id))
          const groups = yield* walk(sandbox, "/Groups")
          assert.deepStrictEqual(groups.map((row) => row.id), directory.groups.map((group) => group.id))
        }))

      it.effect("treats odd startIndex and count as RFC 7644 says", () =>
        Effect.gen(function*() {
          const sandbox = yield* started
          yield* sandbox.directory.seed(yield* Directory.generate({ users: 5, groups: 0, memberships: 0 }))
          const sizes: ReadonlyArray<readonly [string, number]> = [
            ["startIndex=0", 5],
            ["startIndex=-3&count=2", 2],
            ["count=0", 0],
            ["count=-1", 0],
            ["startIndex=6", 0],
            ["startIndex=5&count=9", 1],
            ["Count=1", 5]
          ]
          for (const [query, size] of sizes) {
            const { body } = yield* ask(sandbox, "GET", `/Users?${query}`)
            assert.deepStrictEqual(
              [body.totalResults, body.itemsPerPage, body.Resources.length],
              [5, size, size],
              query
            )
          }
          const { body, status } = yield* ask(sandbox, "GET", "/Users?count=abc")
          assert.deepStrictEqual([status, body.scimType], [400, "invalidValue"])
        }))

      it.effect("shows members in lists, leaves them out on request, and ignores sortBy", () =>
        Effect.gen(function*() {
          const sandbox = yield* started
          const directory = yield* Directory.generate({ users: 20, groups: 3, memberships: 30 })
          yield* sandbox.directory.seed(directory)
          const full = yield* ask(sandbox, "GET", "/Groups?sortBy=displayName")
          assert.deepStrictEqual(
            full.body.Resources.map((row) => row.displayName),
            directory.groups.map((group) => group.displayName)
          )
          assert.deepStrictEqual(
            full.body.Resources.map((row) => row.members.map((member) => member.value)),
            directory.groups.map((group) => group.members)
          )
          const bare = yield* ask(sandbox, "GET", "/Groups?excludedAttributes=members")
          for (const row of bare.body.Resources) assert.notProperty(row, "members")
          const names = yield* ask(sandbox, "GET", "/Users?attributes=userName,name.familyName&count=1")
          assert.sameMembers(Object.keys(names.body.Resources[0] ?? {}), ["schemas", "id", "userName", "name"])
        }))

      it.effect("filters by userName without case and by displayName, with quotes and backslashes in the value", () =>
        Effect.gen(function*() {
          const sandbox = yield* started
          const odd = "o\"d\\d@x.example"
          const id = yield* sandbox.directory.create("User", { ...user(odd) })
          yield* sandbox.directory.create("User", { ...user("else@x.example") })
          const filter = encodeURIComponent(`userName eq ${JSON.stringify(odd.toUpperCase())}`)
          const { body } = yield* ask(sandbox, "GET", `/Users?filter=${filter}`)
          assert.deepStrictEqual([body.totalResults, body.Resources[0]?.id], [1, id])
          const none = yield* ask(sandbox, "GET", `/Users?filter=${encodeURIComponent("userName eq \"nobody\"")}`)
          assert.deepStrictEqual([none.status, none.body.totalResults, none.body.Resources], [200, 0, []])
          const bad = yield* ask(sandbox, "GET", `/Users?filter=${encodeURIComponent("userName eq jane")}`)
          assert.deepStrictEqual([bad.status, bad.body.scimType], [400, "invalidFilter"])
        }))
    })
  })

  layer(Sandbox.layer({
    profile: { ...Profile.workos, discovery: false, createInactive: "reject", onRecreate: "conflict", filter: "known" },
    rateLimit: { requests: 12, windowMs: 3_600_000 }
  }))("with other settings", (it) => {
    it.effect("does what the settings say, then answers 429 with Retry-After", () =>
      Effect.gen(function*() {
        const sandbox = yield* Sandbox.Sandbox
        for (const path of ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas"]) {
          assert.strictEqual((yield* ask(sandbox, "GET", path)).status, 404)
        }
        const inactive = yield* ask(sandbox, "POST", "/Users", { body: user("a@x.example", { active: false }) })
        assert.strictEqual(inactive.status, 400)
        assert.isUndefined(inactive.body.schemas)
        const created = yield* ask(sandbox, "POST", "/Users", { body: user("a@x.example") })
        assert.strictEqual((yield* ask(sandbox, "DELETE", `/Users/${created.body.id}`)).status, 204)
        assert.strictEqual((yield* ask(sandbox, "POST", "/Users", { body: user("a@x.example") })).status, 409)
        const statuses: Array<number> = []
        for (const filter of ["userName eq \"a@x.example\"", "externalId eq \"1\"", "id pr"]) {
          statuses.push((yield* ask(sandbox, "GET", `/Users?filter=${encodeURIComponent(filter)}`)).status)
        }
        assert.deepStrictEqual(statuses, [200, 400, 400])
        while ((yield* sandbox.requests.stats).total < 12) yield* ask(sandbox, "GET", "/Users")
        const limited = yield* ask(sandbox, "GET", "/Users")
        assert.deepStrictEqual([limited.status, limited.body.status], [429, "429"])
        assert.isAtLeast(Number(limited.headers.get("retry-after")), 1)
      }))
  })
})
