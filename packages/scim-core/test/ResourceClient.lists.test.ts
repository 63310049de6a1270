import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Stream } from "effect"
import * as Dialect from "../src/Dialect.ts"
import * as Filter from "../src/Filter.ts"
import * as Pagination from "../src/Pagination.ts"
import type { WalkOptions } from "../src/ResourceClient.ts"
import type * as ScimClient from "../src/ScimClient.ts"
import { connect, gather, type Handler, listResponse, paged, scimError, serve, type Server, users } from "./loopback.ts"

const all = (n: number) => users(n).map(({ id }) => id)

const read = (handler: Handler, options?: WalkOptions, client?: Partial<ScimClient.Options>) =>
  Effect.gen(function*() {
    const server = yield* serve(handler)
    const scim = yield* connect(server, { pageSize: 20, ...client })
    const list = yield* scim.users.list(options)
    return { ...list, ids: list.resources.map(({ id }) => id), server }
  })

const refused = (handler: Handler, options?: WalkOptions, client?: Partial<ScimClient.Options>) =>
  Effect.gen(function*() {
    const server = yield* serve(handler)
    const scim = yield* connect(server, { pageSize: 20, ...client })
    const error = yield* Effect.flip(scim.users.list(options))
    return { error, server }
  })

const asked = (server: Server) => server.requests.map(({ query }) => Number(query.get("startIndex")))

describe("ResourceClient.list", () => {
  it.live("reads a capped list to its end", () =>
    Effect.gen(function*() {
      const { duplicates, ids, server } = yield* read((request) => ({ body: paged(users(45), request, { cap: 20 }) }), {
        pageSize: 100
      })
      assert.deepStrictEqual(ids, all(45))
      assert.strictEqual(duplicates, 0)
      assert.deepStrictEqual(asked(server), [1, 20, 39])
    }))

  it.live("fetches pages at the same time, in order, and only as many as allowed", () =>
    Effect.gen(function*() {
      const gathering = gather(4)
      const { duplicates, ids, server } = yield* read((request, n) => (response) => {
        const answer = () => response.end(JSON.stringify(paged(users(400), request)))
        // The first page says how many there are, so it is asked for alone.
        if (n === 0) answer()
        else gathering.join(answer)
      }, { concurrency: 4 })
      assert.deepStrictEqual(ids, all(400))
      assert.strictEqual(duplicates, 0)
      // One more than 20 pages of 20: neighbours share a row.
      assert.strictEqual(server.requests.length, 21)
      assert.strictEqual(gathering.most(), 4)
    }))

  it.live("gives each row once when pages overlap, and counts what came twice", () =>
    Effect.gen(function*() {
      // The page asked for at 21 begins three rows early.
      const { duplicates, ids } = yield* read((request) => {
        const startIndex = Number(request.query.get("startIndex"))
        const from = startIndex === 1 ? 0 : startIndex - 4
        return { body: listResponse(users(45).slice(from, from + 20), { total: 45 }) }
      }, { overlap: false })
      assert.deepStrictEqual(ids, all(45))
      assert.isAbove(duplicates, 0)
    }))

  it.live("reads every row when a server counts in whole pages", () =>
    Effect.gen(function*() {
      const { ids } = yield* read((request) => {
        const first = Math.floor((Number(request.query.get("startIndex")) - 1) / 20) * 20
        return { body: listResponse(users(45).slice(first, first + 20), { total: 45 }) }
      })
      assert.deepStrictEqual(ids, all(45))
    }))

  it.live("stops at a server that ignores startIndex, one page at a time and many", () =>
    Effect.gen(function*() {
      for (const concurrency of [1, 4]) {
        const { error, server } = yield* refused(() => ({ body: listResponse(users(20), { total: 45 }) }), {
          concurrency
        })
        assert.strictEqual(error.reason._tag, "PaginationStalled")
        assert.isBelow(server.requests.length, 10)
        assert.strictEqual(error.path, "/Users")
      }
    }))

  it.live("stops when page after page brings the same people in another order", () =>
    Effect.gen(function*() {
      const { error } = yield* refused((_, n) => ({
        body: listResponse([...users(20).slice(n % 20), ...users(20).slice(0, n % 20)], { total: 4500 })
      }), { overlap: false, maxRewalks: 0 })
      assert.strictEqual(error.reason._tag, "PaginationStalled")
    }))

  it.live("fails when the total is larger than the list", () =>
    Effect.gen(function*() {
      const { error } = yield* refused((request) => ({ body: { ...paged(users(45), request), totalResults: 60 } }))
      assert.strictEqual(error.reason._tag, "IncompleteList")
    }))

  it.live("walks again after a change, and gives nothing twice", () =>
    Effect.gen(function*() {
      for (const concurrency of [1, 4]) {
        const { ids } = yield* read((request, n) => {
          const now = n < 2 ? users(60) : users(60).filter(({ id }) => id !== "u5")
          return { body: paged(now, request) }
        }, { concurrency })
        assert.strictEqual(new Set(ids).size, ids.length)
        assert.includeMembers(ids, all(60).filter((id) => id !== "u5"))
      }
    }))

  it.live("fails when the directory never holds still", () =>
    Effect.gen(function*() {
      const { error } = yield* refused((request, n) => ({ body: paged(users(1000).slice(n * 3), request) }))
      assert.strictEqual(error.reason._tag, "DirectoryDrift")
      assert.isTrue(error.isRetryable)
    }))

  it.live("fails at the page limit", () =>
    Effect.gen(function*() {
      const { error } = yield* refused((request) => ({ body: paged(users(100), request) }), { maxPages: 2 })
      assert.strictEqual(error.reason._tag, "PageLimitExceeded")
    }))

  it.live("accepts a total as text or with a fraction, and other spellings of the names", () =>
    Effect.gen(function*() {
      for (const total of ["45", 45.0]) {
        const { ids } = yield* read((request) => {
          const { Resources } = paged(users(45), request)
          return { body: { TotalResults: total, resources: Resources } }
        })
        assert.deepStrictEqual(ids, all(45))
      }
    }))

  it.live("reads an empty list without Resources, and a bare array", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual((yield* read(() => ({ body: { totalResults: 0 } }))).ids, [])
      assert.deepStrictEqual((yield* read((_, n) => ({ body: n === 0 ? users(3) : [] }))).ids, all(3))
    }))

  it.live("does not take an answer without Resources for an empty list", () =>
    Effect.gen(function*() {
      for (const body of [{ totalResults: 5 }, { totalResults: 5, Resources: null }, {}, { Resources: "x" }]) {
        const { error } = yield* refused(() => ({ body }))
        assert.strictEqual(error.reason._tag, "InvalidListResponse")
      }
    }))

  it.live("asks without paging parameters where they are refused", () =>
    Effect.gen(function*() {
      for (const status of [400, 501]) {
        const { ids, server } = yield* read((request) =>
          request.query.has("startIndex")
            ? scimError(status, "Pagination is not supported")
            : { body: listResponse(users(300)) }
        )
        assert.deepStrictEqual(ids, all(300))
        assert.strictEqual(server.requests.length, 2)
      }
    }))

  it.live("names the filter that a server wants", () =>
    Effect.gen(function*() {
      const { error } = yield* refused(() => scimError(400, "Specify a filter", "tooMany"))
      assert.strictEqual(error.reason._tag, "FilterRequired")
      assert.include(error.message, "filter")
    }))

  it.live("changes over to cursors, with the same count", () =>
    Effect.gen(function*() {
      const { ids, server } = yield* read((request) => {
        const from = Number(request.query.get("cursor") ?? 0)
        const rows = users(45).slice(from, from + 20)
        return { body: { Resources: rows, ...(from + 20 < 45 ? { nextCursor: String(from + 20) } : {}) } }
      })
      assert.deepStrictEqual(ids, all(45))
      assert.deepStrictEqual(server.requests.map(({ query }) => query.get("count")), ["20", "20", "20"])
      assert.deepStrictEqual(server.requests.map(({ query }) => query.get("startIndex")), ["1", null, null])
    }))

  it.live("begins a cursor walk again once when its cursor expires, and gives nothing twice", () =>
    Effect.gen(function*() {
      let expiries = 1
      const serveCursor: Handler = (request) => {
        const from = Number(request.query.get("cursor") || 0)
        if (from === 40 && expiries-- > 0) return scimError(400, "The cursor has expired", "expiredCursor")
        return {
          body: {
            Resources: users(45).slice(from, from + 20),
            ...(from + 20 < 45 ? { nextCursor: `${from + 20}` } : {})
          }
        }
      }
      assert.deepStrictEqual((yield* read(serveCursor, { method: "cursor" })).ids, all(45))
      expiries = 9
      const { error } = yield* refused(serveCursor, { method: "cursor" })
      assert.strictEqual(error.reason._tag, "CursorExpired")
    }))

  it.live("leaves out a row without an id, says so, and goes on", () =>
    Effect.gen(function*() {
      const { findings, ids } = yield* read((request) => ({
        body: paged(users(45).map((user) => user.id === "u7" ? { userName: "nobody" } : user), request)
      }))
      assert.deepStrictEqual(ids, all(45).filter((id) => id !== "u7"))
      assert.isTrue(findings.some(({ count, kind }) => kind === "MissingId" && count === 1))
    }))

  it.live("counts from 0 where the dialect says so, and says so where it does not", () =>
    Effect.gen(function*() {
      const fromZero: Handler = (request) => {
        const from = Number(request.query.get("startIndex"))
        return { body: listResponse(users(45).slice(from, from + 20), { total: 45, startIndex: 0 }) }
      }
      const dialect = { ...Dialect.standard, firstIndex: 0 as const }
      assert.deepStrictEqual((yield* read(fromZero, {}, { dialect })).ids, all(45))
      const { error } = yield* refused(fromZero)
      assert.strictEqual(error.reason._tag, "IncompleteList")
      const server = yield* serve(fromZero)
      const page = yield* (yield* connect(server)).users.page({ startIndex: 1, count: 20 })
      assert.isTrue(page.findings.some(({ attribute }) => attribute === "ListResponse.startIndex"))
    }))

  it.live("sends filter, attributes and sorting with every page", () =>
    Effect.gen(function*() {
      const { server } = yield* read((request) => ({ body: paged(users(45), request) }), {
        filter: Filter.eq("userName", `a"b\\c d+e&f`),
        attributes: ["userName", "name.familyName"],
        excludedAttributes: ["groups"],
        sortBy: "userName",
        sortOrder: "descending"
      })
      assert.isAbove(server.requests.length, 1)
      for (const { query } of server.requests) {
        assert.strictEqual(query.get("filter"), String.raw`userName eq "a\"b\\c d+e&f"`)
        assert.strictEqual(query.get("attributes"), "userName,name.familyName")
        assert.strictEqual(query.get("excludedAttributes"), "groups")
        assert.strictEqual(query.get("sortBy"), "userName")
        assert.strictEqual(query.get("sortOrder"), "descending")
      }
    }))
})

describe("ResourceClient.stream", () => {
  it.live("asks for no page that nobody wants", () =>
    Effect.gen(function*() {
      const server = yield* serve((request) => ({ body: paged(users(1000), request) }))
      const scim = yield* connect(server, { pageSize: 20 })
      const some = yield* Stream.runCollect(Stream.take(scim.users.stream(), 30))
      assert.strictEqual(some.length, 30)
      assert.strictEqual(server.requests.length, 2)
    }))
})

describe("ResourceClient.walk", () => {
  it.live("goes on in another client from the text of a state", () =>
    Effect.gen(function*() {
      const server = yield* serve((request) => ({ body: paged(users(45), request) }))
      const rows: Array<string> = []
      const open: Array<string> = []
      const first = yield* connect(server, { pageSize: 20 })
      open.push(Pagination.encode(first.users.startWalk({ concurrent: true })))
      while (true) {
        const text = open.shift()
        if (text === undefined) break
        const scim = yield* connect(server, { pageSize: 20 })
        const state = Option.getOrThrow(Pagination.decode(text))
        const step = yield* scim.users.walk(state)
        rows.push(...step.resources.map(({ id }) => id))
        assert.strictEqual(step.totalResults, 45)
        open.push(...Option.toArray(step.next).map(Pagination.encode), ...step.siblings.map(Pagination.encode))
      }
      assert.deepStrictEqual(rows, all(45))
    }))
})

describe("ResourceClient.search", () => {
  it.live("posts the request and reads a page", () =>
    Effect.gen(function*() {
      const server = yield* serve(() => ({ body: listResponse(users(2)) }))
      const scim = yield* connect(server)
      const page = yield* scim.users.search({ filter: Filter.sw("userName", "p"), count: 10, attributes: ["userName"] })
      assert.strictEqual(page.resources.length, 2)
      const [request] = server.requests
      assert.strictEqual(request?.method, "POST")
      assert.strictEqual(request?.path, "/scim/v2/Users/.search")
      assert.deepStrictEqual(JSON.parse(request?.body ?? ""), {
        schemas: ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        attributes: ["userName"],
        filter: `userName sw "p"`,
        count: 10
      })
    }))
})

describe("ResourceClient.findBy", () => {
  it.live("finds by an attribute, whatever is in the value", () =>
    Effect.gen(function*() {
      const name = `o'brien "😀" \\@example.com`
      const server = yield* serve(() => ({ body: listResponse([{ id: "u1", userName: name.toUpperCase() }]) }))
      const scim = yield* connect(server)
      const found = yield* scim.users.findBy("userName", name)
      assert.deepStrictEqual(found.map(({ id }) => id), ["u1"])
      assert.strictEqual(
        server.requests[0]?.query.get("filter"),
        `userName eq "${name.replaceAll("\\", "\\\\").replaceAll(`"`, `\\"`)}"`
      )
    }))

  it.live("trusts nothing from a server that ignores filters", () =>
    Effect.gen(function*() {
      const server = yield* serve(() => ({ body: listResponse(users(20)) }))
      const scim = yield* connect(server)
      const error = yield* Effect.flip(scim.users.findBy("userName", "person3@example.com"))
      assert.strictEqual(error.reason._tag, "NotSupported")
    }))

  it.live("leaves out rows that differ in a case that counts", () =>
    Effect.gen(function*() {
      const server = yield* serve(() => ({
        body: listResponse([{ id: "u1", externalId: "ABC" }, { id: "u2", externalId: "abc" }])
      }))
      const scim = yield* connect(server)
      const found = yield* scim.users.findBy("externalId", "abc", { caseExact: true })
      assert.deepStrictEqual(found.map(({ id }) => id), ["u2"])
    }))
})
