import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Detect from "../src/Detect.ts"
import * as Dialect from "../src/Dialect.ts"
import * as Filter from "../src/Filter.ts"
import { connect, type Handler, listResponse, paged, scimError, serve, token } from "./loopback.ts"

const people = Array.from({ length: 45 }, (_, i) => ({
  id: `secret-id-${i}`,
  userName: `private.person${i}@example.com`,
  name: { givenName: "Private" },
  meta: { version: `W/"${i}"` }
}))
const teams = [
  { id: "secret-g1", displayName: "Private team", members: [{ value: "secret-id-1" }] },
  { id: "secret-g2", displayName: "Empty" }
]

/** As RFC 7644 has it. */
const honest: Handler = ({ headers, method, path, query }) => {
  const [, , , type, id] = path.split("/")
  const all: ReadonlyArray<(typeof people)[number] | (typeof teams)[number]> = type === "Groups" ? teams : people
  if (type === "ServiceProviderConfig") {
    return { body: { patch: { supported: true }, bulk: { supported: false }, etag: { supported: true } } }
  }
  if (method === "POST") return { body: listResponse(people.slice(0, 1)) }
  if (id !== undefined) {
    const found = all.find((row) => row.id === id)
    if (found === undefined) return scimError(404, "no such resource")
    const tag = "meta" in found ? found.meta.version : undefined
    return tag !== undefined && headers["if-none-match"] === tag ? { status: 304 } : { body: found }
  }
  const filter = query.get("filter")
  const parsed = filter === null ? undefined : Filter.parse(filter)
  const rows = parsed?._tag === "Success" ? all.filter((row) => Filter.matches(parsed.success, row)) : all
  const page = paged(rows, { method, path, query, headers, target: "", body: "" }, { cap: 20 })
  const only = query.get("attributes")
  const without = query.get("excludedAttributes")
  return {
    headers: { "x-ratelimit-remaining": "99" },
    body: {
      ...page,
      Resources: page.Resources.map((row) =>
        Object.fromEntries(
          Object.entries(Object(row)).filter(([name]) =>
            name !== without && (only === null || name === "id" || name === only)
          )
        )
      )
    }
  }
}

const detect = (handler: Handler, dialect = Dialect.standard) =>
  Effect.gen(function*() {
    const server = yield* serve(handler)
    const report = yield* Detect.run(yield* connect(server, { dialect }))
    const answers = Object.fromEntries(report.observations.map(({ answer, subject }) => [subject, answer]))
    return { report, answers, server }
  })

describe("Detect.run", () => {
  it.live("finds what an honest server can do", () =>
    Effect.gen(function*() {
      const { answers, report } = yield* detect(honest)
      assert.deepStrictEqual(answers, {
        "ServiceProviderConfig": "yes",
        "list of users": "yes",
        "totalResults": "yes",
        "count": "yes",
        "startIndex": "yes",
        "pages of 1000": "no",
        "cursors (RFC 9865)": "no",
        "filter by userName": "yes",
        "filter regardless of case": "yes",
        "filter by externalId": "yes",
        "attributes": "yes",
        "404 for an unknown id": "yes",
        "entity tags": "yes",
        "/.search": "yes",
        "list of groups": "yes",
        "members in the list of groups": "yes",
        "excludedAttributes": "yes"
      })
      const { etag, filter, membersInList, pageSize, patch, search } = report.dialect
      assert.deepStrictEqual({ etag, filter, membersInList, pageSize, patch, search }, {
        etag: true,
        filter: true,
        membersInList: true,
        pageSize: 20,
        patch: true,
        search: true
      })
    }))

  it.live("finds what another one cannot", () =>
    Effect.gen(function*() {
      const { answers, report } = yield* detect((request, n) => {
        const { path } = request
        if (path.endsWith("/ServiceProviderConfig")) return { body: { patch: { supported: false } } }
        if (path.endsWith("/.search")) return scimError(501, "no")
        // Paging, filters and attributes are ignored, groups hide their members in lists.
        if (path.endsWith("/Users")) return { body: { Resources: people.slice(0, 10) } }
        if (path.endsWith("/Groups")) {
          return { body: listResponse(teams.map(({ displayName, id }) => ({ id, displayName }))) }
        }
        return honest(request, n)
      })
      assert.deepInclude(answers, {
        "totalResults": "no",
        "count": "no",
        "startIndex": "no",
        "filter by userName": "no",
        "attributes": "no",
        "/.search": "no",
        "members in the list of groups": "no"
      })
      const { filter, membersInList, patch, search } = report.dialect
      assert.deepStrictEqual({ filter, membersInList, patch, search }, {
        filter: false,
        membersInList: false,
        patch: false,
        search: false
      })
    }))

  it.live("notices cursors", () =>
    Effect.gen(function*() {
      const { answers } = yield* detect((request, n) =>
        request.query.has("cursor") ? { body: { Resources: people.slice(0, 1), nextCursor: "c1" } } : honest(request, n)
      )
      assert.strictEqual(answers["cursors (RFC 9865)"], "yes")
    }))

  it.live("does not trust entity tags that only a web framework gives", () =>
    Effect.gen(function*() {
      const { answers, report } = yield* detect((request, n) =>
        request.path.endsWith("/ServiceProviderConfig")
          ? { body: { etag: { supported: false } } }
          : honest(request, n)
      )
      assert.strictEqual(answers["entity tags"], "no")
      assert.isFalse(report.dialect.etag)
    }))

  it.live("changes nothing", () =>
    Effect.gen(function*() {
      const { server } = yield* detect(honest)
      for (const { method, path } of server.requests) {
        assert.isTrue(method === "GET" || path.endsWith("/.search"), `${method} ${path}`)
      }
      assert.isAtMost(server.requests.length, 20)
    }))

  it.live("fails when users cannot be listed, with the reason", () =>
    Effect.gen(function*() {
      for (const [status, tag] of [[401, "Unauthorized"], [404, "WrongUrl"]] as const) {
        const error = yield* Effect.flip(detect(() => scimError(status, "no")))
        assert.strictEqual(error.reason._tag, tag)
      }
    }))

  it.live("writes a transcript that may be shown to others", () =>
    Effect.gen(function*() {
      const { report, server } = yield* detect(honest)
      const text = Detect.print(report)
      assert.strictEqual(report.transcript.length, server.requests.length)
      for (const secret of [token, "secret-id", "secret-g", "rivate", "PRIVATE", new URL(server.url).host]) {
        assert.notInclude(text, secret)
        assert.notInclude(JSON.stringify(report), secret)
      }
      assert.include(text, `> GET /Users?filter=userName eq "…"`)
      assert.include(text, "> GET /Users/{id}")
      assert.include(text, "> GET /Users/{unknown}\n< 404 NotFound")
      assert.include(text, "< x-ratelimit-remaining: 99")
      assert.include(text, "totalResults: 45")
      assert.include(text, "userName: string")
      assert.include(text, "patch: { supported: true }")
    }))

  it.live("keeps out of it what refusals repeat", () =>
    Effect.gen(function*() {
      const { report, server } = yield* detect((request, n) => {
        const { headers, path, query } = request
        if (path.endsWith("/.search")) {
          return scimError(501, `Cannot POST ${path} at http://${headers.host}/ for ${headers.authorization}`)
        }
        if (query.get("filter")?.startsWith("userName eq \"PRIVATE") === true) {
          return scimError(
            400,
            `no ${query.get("filter")} in directory_01JX8Z5S7Q, ask boss@corp.example`,
            "invalidFilter"
          )
        }
        if (path.includes("/Users/nobody")) return scimError(404, `User ${decodeURIComponent(path)} not found`)
        if (path.endsWith("/Users/secret-id-0")) return scimError(403, "secret-id-0 is off limits to 10.1.2.3")
        return honest(request, n)
      })
      const text = Detect.print(report)
      for (
        const secret of [
          token,
          "secret-id",
          "rivate",
          "PRIVATE",
          "nobody-",
          "corp.example",
          "01JX8Z",
          "10.1.2.3",
          "scim/v2"
        ]
      ) assert.notInclude(text, secret)
      assert.notInclude(text, new URL(server.url).host)
      for (const kept of ["Cannot POST", "invalidFilter: no userName eq", "not found", "… is off limits"]) {
        assert.include(text, kept)
      }
    }))

  it.live("tells each exchange as it ends, also of a probe that fails", () =>
    Effect.gen(function*() {
      const server = yield* serve(() => scimError(401, "no"))
      const seen: Array<Detect.Exchange> = []
      yield* Effect.flip(Detect.run(yield* connect(server), { onExchange: (exchange) => seen.push(exchange) }))
      assert.deepStrictEqual(seen.map(({ refused, target }) => [target.split("?")[0], refused]), [
        ["/ServiceProviderConfig", "Unauthorized"],
        ["/Users", "Unauthorized"]
      ])
    }))

  it.live("names the switches that the server needs otherwise", () =>
    Effect.gen(function*() {
      const { report } = yield* detect(honest)
      assert.deepStrictEqual(report.differences, [
        { name: "pageSize", here: 100, there: 20 },
        { name: "membersInList", here: undefined, there: true }
      ])
      assert.include(Detect.print(report), "  pageSize: 20 instead of 100\n  membersInList: true instead of undefined")
      const again = yield* detect(honest, report.dialect)
      assert.deepStrictEqual(again.report.differences, [])
      assert.include(Detect.print(again.report), "fits as it is")
    }))
})

describe("Dialect.switches", () => {
  it("are all switches of a dialect", () => {
    assert.deepStrictEqual(["name", ...Dialect.switches], Object.keys(Dialect.standard))
  })
})
