import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as Directory from "../src/Directory.ts"
import * as Fault from "../src/Fault.ts"
import * as Sandbox from "../src/Sandbox.ts"
import { ask, group, patchOp, Unanswered, user, walk } from "./RawClient.ts"

const directory = Effect.runSync(Directory.generate({ users: 45, groups: 3, memberships: 40 }))

const covered = new Set<string>()

/** A fresh directory of 45 people and 3 groups (39, 0 and 1 members) with one fault in force. */
const faulty = (...faults: ReadonlyArray<Fault.Fault>) =>
  Effect.gen(function*() {
    const sandbox = yield* Sandbox.Sandbox
    yield* sandbox.directory.clear
    yield* sandbox.directory.seed(directory)
    yield* sandbox.requests.reset
    yield* sandbox.faults.clear()
    yield* sandbox.faults.set(...faults)
    for (const fault of faults) covered.add(fault.name)
    return sandbox
  })

const ids = directory.users.map((person) => person.id)

describe("Fault", () => {
  layer(Sandbox.layer())((it) => {
    it.effect("429 and 503 strike the given number of times, with the given Retry-After", () =>
      Effect.gen(function*() {
        const sandbox = yield* faulty({
          name: "tooManyRequests",
          times: 2,
          retryAfter: "Wed, 21 Oct 2015 07:28:00 GMT"
        })
        const statuses: Array<number> = []
        for (let count = 0; count < 3; count++) {
          const answer = yield* ask(sandbox, "GET", "/Users")
          statuses.push(answer.status)
          if (answer.status === 429) {
            assert.strictEqual(answer.headers.get("retry-after"), "Wed, 21 Oct 2015 07:28:00 GMT")
          }
        }
        assert.deepStrictEqual(statuses, [429, 429, 200])
        assert.deepStrictEqual(yield* sandbox.faults.active, [])
        yield* sandbox.faults.set({ name: "unavailable", after: 1, times: 1, method: "GET", path: "/Groups" })
        covered.add("unavailable")
        const seen: Array<number> = []
        for (const path of ["/Groups", "/Users", "/Groups", "/Groups"]) {
          const answer = yield* ask(sandbox, "GET", path)
          seen.push(answer.status)
          assert.isNull(answer.headers.get("retry-after"))
        }
        assert.deepStrictEqual(seen, [200, 200, 503, 200])
      }))

    it.effect("answers as a broken, closed or moved service", () =>
      Effect.gen(function*() {
        const sandbox = yield* faulty({ name: "serverError", status: 502, times: 1 })
        assert.strictEqual((yield* ask(sandbox, "GET", "/Users")).status, 502)
        yield* faulty({ name: "unauthorized", after: 1 })
        assert.strictEqual((yield* ask(sandbox, "GET", "/Users")).status, 200)
        assert.strictEqual((yield* ask(sandbox, "GET", "/Users")).status, 401)
        yield* faulty({ name: "html" })
        const page = yield* ask(sandbox, "GET", "/Users")
        assert.strictEqual(page.status, 200)
        assert.match(page.headers.get("content-type") ?? "", /^text\/html/)
        assert.match(page.text, /^<!DOCTYPE html>/)
        yield* faulty({ name: "redirect", location: "https://elsewhere.example/", status: 307 })
        const moved = yield* ask(sandbox, "GET", "/Users")
        assert.deepStrictEqual([moved.status, moved.headers.get("location")], [307, "https://elsewhere.example/"])
      }))

    it.effect("drops and cuts connections, and says 0 in the log", () =>
      Effect.gen(function*() {
        for (const name of ["dropConnection", "truncateBody"] as const) {
          const sandbox = yield* faulty({ name, times: 1 })
          assert.instanceOf(yield* Effect.flip(ask(sandbox, "GET", "/Users")), Unanswered)
          const [entry] = yield* sandbox.requests.entries
          assert.deepInclude(entry, { status: 0, faults: [name] })
        }
      }))

    it.effect("hangs before the answer and in the middle of it, until the client gives up", () =>
      Effect.gen(function*() {
        for (const name of ["hang", "hangMidBody"] as const) {
          const sandbox = yield* faulty({ name, times: 1 })
          const answer = yield* Effect.promise((signal) =>
            Promise.race([
              Effect.runPromise(ask(sandbox, "GET", "/Users"), { signal }).then(() => "answered", () => "failed"),
              new Promise((resolve) => setTimeout(() => resolve("silence"), 200))
            ])
          )
          assert.strictEqual(answer, "silence", name)
        }
      }))

    it.effect("carries out a write whose answer is lost", () =>
      Effect.gen(function*() {
        const sandbox = yield* faulty({ name: "dropAfterWrite", times: 1 })
        yield* Effect.flip(ask(sandbox, "POST", "/Users", { body: user("new@x.example") }))
        assert.strictEqual((yield* sandbox.directory.counts).users, 46)
        assert.strictEqual((yield* ask(sandbox, "POST", "/Users", { body: user("new@x.example") })).status, 409)
      }))

    it.effect("deforms bodies", () =>
      Effect.gen(function*() {
        const sandbox = yield* faulty({ name: "byteOrderMark" })
        assert.strictEqual((yield* ask(sandbox, "GET", "/Users")).text.codePointAt(0), 0xfeff)
        yield* faulty({ name: "numericErrorStatus" })
        assert.match((yield* ask(sandbox, "GET", "/Users/none")).text, /"status":404/)
        yield* faulty({ name: "plainErrors" })
        const plain = yield* ask(sandbox, "GET", "/Users/none")
        assert.deepStrictEqual([plain.status, plain.text], [404, "Error 404\n"])
        yield* faulty({ name: "emptyBody" })
        const created = yield* ask(sandbox, "POST", "/Users", { body: user("new@x.example") })
        assert.deepStrictEqual([created.status, created.text], [201, ""])
        assert.match(created.headers.get("location") ?? "", /\/Users\//)
        yield* faulty({ name: "noLocation" }, { name: "createWithoutId" })
        const nameless = yield* ask(sandbox, "POST", "/Users", { body: user("more@x.example") })
        assert.isNull(nameless.headers.get("location"))
        assert.notProperty(nameless.body, "id")
      }))

    it.effect("delays by real time, whatever clock the test has", () =>
      Effect.gen(function*() {
        const sandbox = yield* faulty({ name: "latency", ms: 30, jitterMs: 5, times: 1 })
        const before = performance.now()
        assert.strictEqual((yield* ask(sandbox, "GET", "/Users")).status, 200)
        assert.isAtLeast(performance.now() - before, 29)
      }))

    it.effect("caps pages below count, and echoes count as itemsPerPage", () =>
      Effect.gen(function*() {
        const sandbox = yield* faulty({ name: "pageCap", rows: 20 }, { name: "itemsPerPageEcho" })
        const { body } = yield* ask(sandbox, "GET", "/Users?count=100")
        assert.deepStrictEqual([body.itemsPerPage, body.Resources.length, body.totalResults], [100, 20, 45])
        const rows = yield* walk(sandbox, "/Users")
        assert.deepStrictEqual(rows.map((row) => row.id), ids)
      }))

    it.effect("counts wrongly", () =>
      Effect.gen(function*() {
        const total = (as: "pageSize" | "missing" | "string" | "tooLarge") =>
          Effect.flatMap(faulty({ name: "totalResults", as }), (sandbox) =>
            Effect.map(ask(sandbox, "GET", "/Users?count=10"), ({ body }): unknown => body.totalResults))
        assert.strictEqual(yield* total("pageSize"), 10)
        assert.strictEqual(yield* total("missing"), undefined)
        assert.strictEqual(yield* total("string"), "45")
        assert.strictEqual(yield* total("tooLarge"), 52)
        const sandbox = yield* faulty({ name: "totalDrift", by: 3 })
        assert.strictEqual((yield* ask(sandbox, "GET", "/Users?count=10")).body.totalResults, 45)
        assert.strictEqual((yield* ask(sandbox, "GET", "/Users?count=10&startIndex=11")).body.totalResults, 48)
      }))

    it.effect("repeats, skips and never leaves rows", () =>
      Effect.gen(function*() {
        const second = (fault: Fault.Fault) =>
          Effect.flatMap(faulty(fault), (sandbox) =>
            Effect.map(ask(sandbox, "GET", "/Users?count=10&startIndex=11"), ({ body }) => ({
              startIndex: body.startIndex,
              first: ids.indexOf(body.Resources[0]?.id ?? "")
            })))
        assert.deepStrictEqual(yield* second({ name: "repeatRows", rows: 2 }), { startIndex: 11, first: 8 })
        assert.deepStrictEqual(yield* second({ name: "skipRows", rows: 1 }), { startIndex: 11, first: 11 })
        assert.deepStrictEqual(yield* second({ name: "ignoreStartIndex" }), { startIndex: 11, first: 0 })
        assert.deepStrictEqual(yield* second({ name: "zeroBased" }), { startIndex: 11, first: 11 })
        const sandbox = yield* faulty({ name: "zeroBased" })
        const { body } = yield* ask(sandbox, "GET", "/Users?startIndex=0")
        assert.deepStrictEqual([body.startIndex, body.Resources.length], [0, 45])
      }))

    it.effect("changes the directory under a walk", () =>
      Effect.gen(function*() {
        const sandbox = yield* faulty({ name: "churn", remove: 2, insert: 1, times: 1, path: "startIndex=11" })
        yield* ask(sandbox, "GET", "/Users?count=10")
        assert.strictEqual((yield* sandbox.directory.counts).users, 45)
        const { body } = yield* ask(sandbox, "GET", "/Users?count=10&startIndex=11")
        assert.deepStrictEqual([body.totalResults, body.Resources[0]?.id], [44, ids[12]])
      }))

    it.effect("ignores filters", () =>
      Effect.gen(function*() {
        const sandbox = yield* faulty({ name: "ignoreFilter" })
        const { body } = yield* ask(sandbox, "GET", `/Users?filter=${encodeURIComponent("userName eq \"nobody\"")}`)
        assert.strictEqual(body.totalResults, 45)
      }))

    it.effect("shapes lists wrongly", () =>
      Effect.gen(function*() {
        const sandbox = yield* faulty({ name: "resourcesMissing" })
        assert.deepStrictEqual(Object.keys((yield* ask(sandbox, "GET", "/Users")).body), [
          "schemas",
          "totalResults",
          "itemsPerPage",
          "startIndex"
        ])
        yield* faulty({ name: "lowerCaseResources" })
        const { body } = yield* ask(sandbox, "GET", "/Users")
        assert.notProperty(body, "Resources")
        assert.property(body, "resources")
        yield* faulty({ name: "bareArray" })
        const bare = yield* ask(sandbox, "GET", "/Users")
        assert.isArray(bare.body)
      }))

    it.effect("hides, empties and cuts members", () =>
      Effect.gen(function*() {
        const [everybody, nobody] = directory.groups
        const shown = (path: string, fault: Fault.Fault) =>
          Effect.flatMap(faulty(fault), (sandbox) => ask(sandbox, "GET", path))
        const missing = yield* shown("/Groups", { name: "membersMissingInLists" })
        for (const row of missing.body.Resources) assert.notProperty(row, "members")
        const single = yield* shown(`/Groups/${everybody?.id ?? ""}`, { name: "membersMissingInLists" })
        assert.strictEqual(single.body.members.length, 39)
        const empty = yield* shown("/Groups", { name: "membersEmptyInLists" })
        for (const row of empty.body.Resources) assert.deepStrictEqual(row.members, [])
        const omitted = yield* shown(`/Groups/${nobody?.id ?? ""}`, { name: "omitEmptyMembers" })
        assert.notProperty(omitted.body, "members")
        const cut = yield* shown(`/Groups/${everybody?.id ?? ""}`, { name: "membersTruncated", rows: 5 })
        assert.strictEqual(cut.body.members.length, 5)
      }))

    it.effect("answers grants and revokes with 200 and does not do them", () =>
      Effect.gen(function*() {
        const [, nobody] = directory.groups
        const path = `/Groups/${nobody?.id ?? ""}`
        const grant = { body: patchOp({ op: "add", path: "members", value: [{ value: ids[0] }] }) }
        const revoke = { body: patchOp({ op: "remove", path: `members[value eq "${ids[0] ?? ""}"]` }) }
        const sandbox = yield* faulty({ name: "dropGrants", times: 1 })
        const dropped = yield* ask(sandbox, "PATCH", path, grant)
        assert.deepStrictEqual([dropped.status, dropped.body.members], [200, []])
        assert.strictEqual((yield* ask(sandbox, "PATCH", path, grant)).body.members.length, 1)
        yield* sandbox.faults.set({ name: "ignoreRevokes", times: 1 })
        covered.add("ignoreRevokes")
        const kept = yield* ask(sandbox, "PATCH", path, revoke)
        assert.deepStrictEqual([kept.status, kept.body.members.length], [200, 1])
        assert.notProperty((yield* ask(sandbox, "PATCH", path, revoke)).body, "members")
        const other = yield* faulty({ name: "dropGrants" })
        const rename = { body: patchOp({ op: "replace", path: "displayName", value: "New" }) }
        assert.strictEqual((yield* ask(other, "PATCH", path, rename)).body.displayName, "New")
      }))

    it.effect("lacks PATCH and DELETE", () =>
      Effect.gen(function*() {
        const sandbox = yield* faulty({ name: "patchUnsupported" }, { name: "deleteUnsupported" })
        const path = `/Users/${ids[0] ?? ""}`
        assert.strictEqual((yield* ask(sandbox, "PATCH", path, { body: patchOp() })).status, 501)
        assert.strictEqual((yield* ask(sandbox, "DELETE", path)).status, 405)
        assert.strictEqual((yield* sandbox.directory.counts).deletedUsers, 0)
      }))

    it.effect("can be cleared by name, and can be set and seen over HTTP with the token only", () =>
      Effect.gen(function*() {
        const sandbox = yield* faulty({ name: "hang" }, { name: "html" })
        yield* sandbox.faults.clear("hang")
        assert.deepStrictEqual(yield* sandbox.faults.active, [{ name: "html" }])
        const faults = `${sandbox.controlUrl}/faults`
        assert.strictEqual((yield* ask(sandbox, "GET", faults, { token: "wrong" })).status, 401)
        const added = yield* ask(sandbox, "POST", faults, { body: [{ name: "pageCap", rows: 3 }] })
        assert.deepInclude(added.body, { faults: [{ name: "html" }, { name: "pageCap", rows: 3 }] })
        assert.strictEqual((yield* ask(sandbox, "DELETE", `${faults}?name=html`)).status, 200)
        assert.strictEqual((yield* ask(sandbox, "GET", "/Users")).body.Resources.length, 3)
        const unknown = yield* ask(sandbox, "POST", faults, { body: { name: "nonsense" } })
        assert.strictEqual(unknown.status, 400)
        assert.match(unknown.body.error, /^There is no fault 'nonsense'; there are: latency, /)
        const wrong = yield* ask(sandbox, "POST", faults, { body: { name: "pageCap", rows: "many" } })
        assert.strictEqual(wrong.status, 400)
        assert.strictEqual((yield* ask(sandbox, "POST", faults, { body: "{" })).status, 400)
        assert.strictEqual((yield* ask(sandbox, "DELETE", faults)).status, 200)
        assert.deepStrictEqual(yield* sandbox.faults.active, [])
      }))

    it.effect("shows state, rows and requests over HTTP, and does not count such requests", () =>
      Effect.gen(function*() {
        const sandbox = yield* faulty()
        yield* ask(sandbox, "POST", "/Groups", { body: group("New") })
        const state = yield* ask(sandbox, "GET", `${sandbox.controlUrl}/state?rows=true`)
        assert.deepInclude(state.body, {
          counts: { users: 45, activeUsers: 42, deletedUsers: 0, heldUsers: 0, groups: 4, memberships: 40 },
          ...(yield* sandbox.directory.snapshot)
        })
        const log = yield* ask(sandbox, "GET", `${sandbox.controlUrl}/requests`)
        assert.match(log.text, /"method":"POST"/)
        assert.notMatch(log.text, /authorization/i)
        assert.strictEqual((yield* sandbox.requests.stats).total, 1)
        assert.strictEqual((yield* ask(sandbox, "DELETE", `${sandbox.controlUrl}/requests`)).status, 200)
        assert.strictEqual((yield* sandbox.requests.stats).total, 0)
        assert.strictEqual((yield* ask(sandbox, "GET", `${sandbox.controlUrl}/nothing`)).status, 404)
      }))

    it.effect("is tested by name, every one", () =>
      Effect.sync(() => assert.sameMembers([...covered], [...Fault.names])))
  })
})
