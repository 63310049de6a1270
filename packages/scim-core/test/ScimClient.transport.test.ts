import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Redacted } from "effect"
import { gzipSync } from "node:zlib"
import * as Auth from "../src/Auth.ts"
import * as Dialect from "../src/Dialect.ts"
import * as RetryPolicy from "../src/RetryPolicy.ts"
import * as ScimClient from "../src/ScimClient.ts"
import { connect, gather, listResponse, serve, token, users } from "./loopback.ts"

const once = { retry: RetryPolicy.none }
const user = { id: "u1", userName: "zoë@example.com" }

describe("Requests", () => {
  it.live("carry token, media types and user agent, and no trace of the caller", () =>
    Effect.gen(function*() {
      const server = yield* serve(() => ({ body: user }))
      const scim = yield* connect(server, { userAgent: "my-app/1.2" })
      yield* scim.users.get("u1").pipe(Effect.withSpan("caller"))
      yield* scim.users.replace("u1", { userName: "x" })
      const [get, put] = server.requests
      assert.strictEqual(get?.headers.authorization, `Bearer ${token}`)
      assert.strictEqual(get?.headers.accept, "application/scim+json, application/json")
      assert.strictEqual(get?.headers["user-agent"], "my-app/1.2 access-kit-scim-core")
      assert.strictEqual(get?.headers["accept-encoding"], "gzip")
      assert.isUndefined(get?.headers["traceparent"])
      assert.isUndefined(get?.headers["b3"])
      assert.strictEqual(put?.headers["content-type"], "application/scim+json")
      assert.strictEqual(put?.headers["content-length"], String(put?.body.length))
    }))

  const bases: ReadonlyArray<readonly [string, string]> = [
    ["", "/Users/u1"],
    ["/", "/Users/u1"],
    ["/scim/v2", "/scim/v2/Users/u1"],
    ["/scim/v2/", "/scim/v2/Users/u1"],
    ["/scim/v2//", "/scim/v2/Users/u1"],
    ["/scim/v2?tenant=a%20b", "/scim/v2/Users/u1?tenant=a%20b"],
    ["/scim/v2/?tenant=a", "/scim/v2/Users/u1?tenant=a"]
  ]
  for (const [base, target] of bases) {
    it.live(`go to ${target} for the base URL …${base}`, () =>
      Effect.gen(function*() {
        const server = yield* serve(() => ({ body: user }))
        const scim = yield* connect({ url: new URL(server.url).origin + base })
        yield* scim.users.get("u1")
        assert.strictEqual(server.requests[0]?.target, target)
      }))
  }

  for (const id of ["a/b", "100%", "two words", `qu"ote`, "../Groups/1", "?x=1", "ü", "%2e%2e"]) {
    it.live(`reach the resource with the id ${id}`, () =>
      Effect.gen(function*() {
        const server = yield* serve(() => ({ body: { id } }))
        const scim = yield* connect(server)
        yield* scim.users.get(id)
        yield* scim.users.delete(id)
        for (const { path } of server.requests) {
          assert.isTrue(path.startsWith("/scim/v2/Users/"))
          assert.strictEqual(decodeURIComponent(path.slice("/scim/v2/Users/".length)), id)
          assert.notInclude(path.slice("/scim/v2/Users/".length), "/")
        }
      }))
  }

  it.live("are not sent for an id that no path can hold", () =>
    Effect.gen(function*() {
      const server = yield* serve(() => ({ body: user }))
      const scim = yield* connect(server)
      for (const id of ["", ".", "..", "\ud800"]) {
        for (const effect of [scim.users.get(id), scim.users.delete(id)]) {
          const error = yield* Effect.flip<unknown, Effect.Error<typeof effect>, never>(effect)
          assert.strictEqual(error.reason._tag, "InvalidConfiguration")
        }
      }
      assert.strictEqual(server.requests.length, 0)
    }))

  it.live("stay within the concurrency limit", () =>
    Effect.gen(function*() {
      const gathering = gather(3)
      const server = yield* serve(() => (response) => {
        gathering.join(() => response.end(JSON.stringify(user)))
      })
      const scim = yield* connect(server, { concurrency: 3 })
      yield* Effect.forEach(users(30), ({ id }) => scim.users.get(id), { concurrency: "unbounded" })
      assert.strictEqual(gathering.most(), 3)
    }))

  it.live("use connections again", () =>
    Effect.gen(function*() {
      // Without a length the body is chunked, and read through another path than with one.
      const server = yield* serve((_, n) => (response) => {
        const text = JSON.stringify(user)
        if (n % 2 === 0) response.setHeader("content-length", Buffer.byteLength(text))
        response.write(text)
        response.end()
      })
      const scim = yield* connect(server)
      for (let i = 0; i < 20; i++) yield* scim.users.get("u1")
      assert.isAtMost(server.connections(), 3)
    }))
})

describe("Settings", () => {
  const made = (options: Partial<ScimClient.Options>) =>
    ScimClient.make({ baseUrl: "https://example.com/scim", auth: Auth.bearer(Redacted.make(token)), ...options }).pipe(
      Effect.provide(NodeHttpClient.layerUndici)
    )

  for (
    const baseUrl of ["", "example.com", "ftp://x/", "https://user:pw@x/", "https://x/#y", "https://exa mple.com/"]
  ) {
    it.effect(`refuse the base URL "${baseUrl}"`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(made({ baseUrl }))
        assert(error.reason._tag === "InvalidConfiguration")
        assert.strictEqual(error.reason.option, "baseUrl")
      }))
  }

  for (const bad of ["", "a b", "abc\n", "abc\r\nX-Evil: 1", "tök", "a\u0000"]) {
    it.effect(`refuse the token ${JSON.stringify(bad)} without repeating it`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(made({ auth: Auth.bearer(Redacted.make(bad)) }))
        assert(error.reason._tag === "InvalidConfiguration")
        if (bad !== "") assert.notInclude(error.message, bad)
      }))
  }

  it.effect("refuse numbers that make no sense", () =>
    Effect.gen(function*() {
      for (
        const options of [{ concurrency: 0 }, { pageSize: -1 }, { maxBodyBytes: 1.5 }, { concurrency: Number.NaN }]
      ) {
        const error = yield* Effect.flip(made(options))
        assert.strictEqual(error.reason._tag, "InvalidConfiguration")
      }
      const error = yield* Effect.flip(made({ userAgent: "x\ny" }))
      assert.strictEqual(error.reason._tag, "InvalidConfiguration")
    }))
})

describe("Answers", () => {
  const read = (
    body: Buffer | string,
    headers: { readonly [name: string]: string },
    http = NodeHttpClient.layerUndici
  ) =>
    Effect.gen(function*() {
      const server = yield* serve(() => ({ body, headers }))
      const scim = yield* connect(server, {}, http)
      const found = yield* scim.users.get("u1")
      assert.strictEqual(found.userName, "zoë@example.com")
      return yield* scim.stats
    })
  const text = JSON.stringify(user)

  it.live("may begin with a byte order mark, and be of any JSON media type", () =>
    Effect.gen(function*() {
      yield* read(`\uFEFF${text}`, { "content-type": "application/scim+json; charset=utf-8" })
      yield* read(text, { "content-type": "application/json" })
      yield* read(text, { "content-type": "text/plain" })
      yield* read(text, {})
      yield* read(` \n${text}\n`, {})
    }))

  it.live("may be compressed, with every HTTP client of the platform", () =>
    Effect.gen(function*() {
      for (const http of [NodeHttpClient.layerUndici, NodeHttpClient.layerNodeHttp, NodeHttpClient.layerFetch]) {
        yield* read(gzipSync(text), { "content-encoding": "gzip" }, http)
        yield* read(text, {}, http)
      }
    }))

  it.live("may have no body, with every HTTP client of the platform", () =>
    Effect.gen(function*() {
      for (const http of [NodeHttpClient.layerUndici, NodeHttpClient.layerNodeHttp, NodeHttpClient.layerFetch]) {
        for (const status of [200, 204]) {
          const scim = yield* connect(yield* serve(() => ({ status })), once, http)
          assert.strictEqual(yield* scim.users.delete("u1"), "Deleted")
        }
        const scim = yield* connect(yield* serve(() => ({ status: 403 })), once, http)
        assert.strictEqual((yield* Effect.flip(scim.users.delete("u1"))).reason._tag, "Forbidden")
      }
    }))

  it.live("are counted in bytes as they came", () =>
    Effect.gen(function*() {
      const zipped = gzipSync(text)
      const stats = yield* read(zipped, { "content-encoding": "gzip" })
      assert.deepStrictEqual([stats.bytesReceived, stats.requests, stats.bytesSent], [zipped.length, 1, 0])
    }))

  it.live("that are broken gzip are typed", () =>
    Effect.gen(function*() {
      const server = yield* serve(() => ({
        body: gzipSync(text).subarray(0, 30),
        headers: { "content-encoding": "gzip" }
      }))
      const error = yield* Effect.flip((yield* connect(server, once)).users.get("u1"))
      assert.strictEqual(error.reason._tag, "Decode")
    }))

  it.live("beyond the limit are not read: announced, chunked and compressed", () =>
    Effect.gen(function*() {
      const large = JSON.stringify({ id: "u1", padding: "x".repeat(3_000_000) })
      const headers: ReadonlyArray<{ readonly [name: string]: string }> = [
        { "content-length": String(large.length) },
        { "transfer-encoding": "chunked" }
      ]
      for (const header of headers) {
        const server = yield* serve(() => ({ body: large, headers: header }))
        const error = yield* Effect.flip((yield* connect(server, { ...once, maxBodyBytes: 100_000 })).users.get("u1"))
        assert(error.reason._tag === "TooLarge")
        assert.strictEqual(error.reason.limit, 100_000)
      }
      const zipped = gzipSync(large)
      assert.isBelow(zipped.length, 100_000)
      for (const http of [NodeHttpClient.layerUndici, NodeHttpClient.layerFetch]) {
        const server = yield* serve(() => ({ body: zipped, headers: { "content-encoding": "gzip" } }))
        const scim = yield* connect(server, { ...once, maxBodyBytes: 100_000 }, http)
        assert.strictEqual((yield* Effect.flip(scim.users.get("u1"))).reason._tag, "TooLarge")
      }
    }))

  it.live("of 30 MB are read when the limit allows it", () =>
    Effect.gen(function*() {
      const members = Array.from({ length: 300_000 }, (_, i) => ({ value: `member-${i}`, display: "x".repeat(70) }))
      const body = JSON.stringify({ id: "g1", displayName: "Everyone", members })
      assert.isAbove(body.length, 30_000_000)
      const server = yield* serve(() => ({ body }))
      const group = yield* (yield* connect(server)).groups.get("g1")
      assert(group.members._tag === "Known")
      assert.strictEqual(group.members.members.length, 300_000)
      const small = yield* connect(server, { ...once, maxBodyBytes: 20_000_000 })
      assert.strictEqual((yield* Effect.flip(small.groups.get("g1"))).reason._tag, "TooLarge")
    }))

  it.live("redirected are refused with every HTTP client of the platform", () =>
    Effect.gen(function*() {
      const elsewhere = yield* serve(() => ({ body: user }))
      const server = yield* serve(() => ({ status: 307, headers: { location: `${elsewhere.url}/Users/u1` } }))
      for (const http of [NodeHttpClient.layerUndici, NodeHttpClient.layerNodeHttp, NodeHttpClient.layerFetch]) {
        const scim = yield* connect(server, once, http)
        assert.strictEqual((yield* Effect.flip(scim.users.get("u1"))).reason._tag, "RedirectRefused")
      }
      assert.strictEqual(elsewhere.requests.length, 0)
    }))
})

describe("Time", () => {
  it.live("runs out when no answer begins, and the connection is closed", () =>
    Effect.gen(function*() {
      const server = yield* serve(() => () => {})
      const scim = yield* connect(server, { ...once, timeout: { headers: "1 second", body: "1 hour" } })
      const error = yield* Effect.flip(scim.users.get("u1"))
      assert(error.reason._tag === "Timeout")
      assert.deepStrictEqual([error.reason.phase, error.reason.millis], ["headers", 1_000])
      yield* Effect.promise(() => server.aborted)
    }))

  it.live("runs out when an answer stops in the middle, and the connection is closed", () =>
    Effect.gen(function*() {
      for (const headers of [{}, { "content-length": "1000" }]) {
        const server = yield* serve(() => (response) => {
          response.writeHead(200, headers)
          response.write(`{"id":`)
        })
        const scim = yield* connect(server, { ...once, timeout: { headers: "1 hour", body: "1 second" } })
        const error = yield* Effect.flip(scim.users.get("u1"))
        assert(error.reason._tag === "Timeout")
        assert.strictEqual(error.reason.phase, "body")
        yield* Effect.promise(() => server.aborted)
      }
    }))

  it.live("interrupted by the caller closes the connection, before and inside an answer", () =>
    Effect.gen(function*() {
      for (const begin of [false, true]) {
        const arrived = Promise.withResolvers<void>()
        const server = yield* serve(() => (response) => {
          if (begin) {
            response.writeHead(200)
            response.write(`{"id":`)
          }
          arrived.resolve()
        })
        const scim = yield* connect(server, once)
        const fiber = yield* Effect.forkChild(scim.users.get("u1"))
        yield* Effect.promise(() => arrived.promise)
        yield* Fiber.interrupt(fiber)
        assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)))
        yield* Effect.promise(() => server.aborted)
      }
    }))

  it.live("that one request loses does not cost another its permit", () =>
    Effect.gen(function*() {
      const server = yield* serve((_, n) => n === 0 ? () => {} : { body: user })
      const scim = yield* connect(server, { ...once, concurrency: 1, timeout: "2 seconds" })
      const slow = yield* Effect.forkChild(Effect.exit(scim.users.get("u1")))
      const interrupted = yield* Effect.forkChild(scim.users.get("u2"))
      yield* Fiber.interrupt(interrupted)
      yield* Fiber.join(slow)
      assert.strictEqual((yield* scim.users.get("u1")).id, "u1")
    }))
})

describe("Discovery", () => {
  it.live("is unknown where there is none, and never fails", () =>
    Effect.gen(function*() {
      const answers = [
        { status: 404 },
        { status: 401 },
        { headers: { "content-type": "text/html" }, body: "<html></html>" },
        { body: "null" },
        { body: "7" }
      ]
      for (const answer of answers) {
        const scim = yield* connect(yield* serve(() => answer), once)
        const config = yield* scim.serviceProviderConfig
        assert.strictEqual(config.patch, "unknown")
        assert.deepStrictEqual(yield* scim.resourceTypes, [])
        assert.deepStrictEqual(yield* scim.schemas, [])
      }
    }))

  it.live("keeps what a partial answer says, and asks once", () =>
    Effect.gen(function*() {
      const server = yield* serve(() => ({ body: { bulk: { supported: false }, patch: { supported: true } } }))
      const scim = yield* connect(server)
      const config = yield* scim.serviceProviderConfig
      assert.deepStrictEqual([config.bulk.support, config.patch, config.etag], ["unsupported", "supported", "unknown"])
      yield* scim.serviceProviderConfig
      assert.strictEqual(server.requests.length, 1)
    }))

  it.live("lists resource types, in a list or bare", () =>
    Effect.gen(function*() {
      const types = [{ name: "Device", endpoint: "/Devices", schema: "urn:x:Device" }]
      for (const body of [listResponse(types), types]) {
        const scim = yield* connect(yield* serve(() => ({ body })))
        assert.deepStrictEqual((yield* scim.resourceTypes).map(({ endpoint }) => endpoint), ["/Devices"])
      }
    }))
})

describe("Dialect", () => {
  it("has its members removed by path unless the server needs the dangerous form", () => {
    assert.strictEqual(Dialect.removeMember(Dialect.workos, "u1")._tag, "Remove")
    assert.strictEqual(
      Dialect.removeMember({ ...Dialect.standard, memberRemoval: "valueArray" }, "u1")._tag,
      "RemoveValues"
    )
  })
})
