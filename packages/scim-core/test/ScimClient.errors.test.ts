import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { createServer, type Server } from "node:https"
import * as Dialect from "../src/Dialect.ts"
import * as RetryPolicy from "../src/RetryPolicy.ts"
import type * as ScimClient from "../src/ScimClient.ts"
import type * as ScimError from "../src/ScimError.ts"
import { type Answer, connect, type Handler, scimError, serve, token } from "./loopback.ts"

const once = { retry: RetryPolicy.none }

const getError = (handler: Handler | Answer, options?: Partial<ScimClient.Options>) =>
  Effect.gen(function*() {
    const server = yield* serve(typeof handler === "function" ? handler : () => handler)
    const scim = yield* connect(server, { ...once, ...options })
    return { error: yield* Effect.flip(scim.users.get("u1")), server }
  })

const listError = (answer: Answer) =>
  Effect.gen(function*() {
    const server = yield* serve(() => answer)
    const scim = yield* connect(server, once)
    return yield* Effect.flip(scim.users.page())
  })

describe("Refusals", () => {
  const statuses: ReadonlyArray<readonly [number, ScimError.Reason["_tag"]]> = [
    [400, "InvalidRequest"],
    [401, "Unauthorized"],
    [402, "InvalidRequest"],
    [403, "Forbidden"],
    [404, "NotFound"],
    [405, "NotSupported"],
    [408, "ServerFailure"],
    [409, "Conflict"],
    [412, "PreconditionFailed"],
    [413, "RequestTooLarge"],
    [415, "InvalidRequest"],
    [422, "InvalidRequest"],
    [429, "TooManyRequests"],
    [500, "ServerFailure"],
    [501, "NotSupported"],
    [502, "ServerFailure"],
    [503, "ServerFailure"],
    [504, "ServerFailure"]
  ]
  for (const [status, tag] of statuses) {
    it.live(`${status} is ${tag}`, () =>
      Effect.gen(function*() {
        const { error } = yield* getError({
          ...scimError(status, "Because of reasons.", "schemaViolated"),
          headers: { "x-request-id": "req-42" }
        })
        assert.strictEqual(error.reason._tag, tag)
        assert.strictEqual(error.status, status)
        assert.strictEqual(error.scimType, "schemaViolated")
        assert.strictEqual(error.detail, "Because of reasons.")
        assert.strictEqual(error.requestId, "req-42")
        assert.deepStrictEqual([error.method, error.path], ["GET", "/Users/u1"])
        assert.include(error.message, "Because of reasons.")
      }))
  }

  it.live("a 404 for the list, or one that is a web page, means a wrong URL", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* listError(scimError(404, "no"))).reason._tag, "WrongUrl")
      const { error } = yield* getError({
        status: 404,
        headers: { "content-type": "text/html" },
        body: "<html>no</html>"
      })
      assert.strictEqual(error.reason._tag, "WrongUrl")
    }))

  const bodies: ReadonlyArray<readonly [string, unknown, string | undefined]> = [
    ["a numeric status", { status: 400, detail: "x" }, "x"],
    ["no status", { detail: "x" }, "x"],
    ["SCIM 1.1 errors", { Errors: [{ description: "x", code: "400" }] }, "x"],
    ["a nested response", { status: 400, response: { detail: "x" } }, "x"],
    ["plain text", "x", "x"],
    ["nothing", "", undefined],
    ["broken JSON", `{"detail": "x`, `{"detail": "x`]
  ]
  for (const [name, body, detail] of bodies) {
    it.live(`are typed by the HTTP status when the body has ${name}`, () =>
      Effect.gen(function*() {
        const { error } = yield* getError({ status: 400, body })
        assert.strictEqual(error.reason._tag, "InvalidRequest")
        assert.strictEqual(error.detail, detail)
      }))
  }

  it.live("clip a long body, and survive an endless one", () =>
    Effect.gen(function*() {
      const { error } = yield* getError({ status: 400, body: "y".repeat(100_000) })
      assert.isAtMost(error.detail?.length ?? 0, 501)
      const endless = yield* getError(() => (response) => {
        response.writeHead(403)
        const chunk = "z".repeat(65_536)
        const write = () => {
          while (!response.destroyed && response.write(chunk));
        }
        response.on("drain", write)
        write()
      })
      assert.strictEqual(endless.error.reason._tag, "Forbidden")
    }))

  it.live("of paging and cursors have their own names", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* listError(scimError(400, "x", "tooMany"))).reason._tag, "FilterRequired")
      assert.strictEqual((yield* listError(scimError(400, "x", "expiredCursor"))).reason._tag, "CursorExpired")
      assert.strictEqual((yield* listError(scimError(400, "x", "INVALIDCURSOR"))).reason._tag, "CursorExpired")
    }))

  it.live("that mean throttling in a dialect's words are throttling", () =>
    Effect.gen(function*() {
      const dialect = { ...Dialect.standard, throttledAs: [{ status: 403, detail: "Rate Exceeded" }] }
      const { error } = yield* getError(scimError(403, "Sorry, rate exceeded for this tenant"), { dialect })
      assert.strictEqual(error.reason._tag, "TooManyRequests")
      assert.strictEqual((yield* getError(scimError(403, "no"), { dialect })).error.reason._tag, "Forbidden")
    }))
})

describe("Redirects", () => {
  it.live("are refused, and the token goes nowhere", () =>
    Effect.gen(function*() {
      const elsewhere = yield* serve(() => ({ body: { id: "u1" } }))
      for (const status of [301, 302, 303, 307, 308]) {
        const { error } = yield* getError({ status, headers: { location: `${elsewhere.url}/Users/u1?secret=1` } })
        assert(error.reason._tag === "RedirectRefused")
        assert.strictEqual(error.reason.target, new URL(elsewhere.url).origin)
        assert.notInclude(error.message, "secret")
      }
      assert.strictEqual(elsewhere.requests.length, 0)
    }))

  it.live("to the same host are refused as well", () =>
    Effect.gen(function*() {
      const { error, server } = yield* getError({ status: 302, headers: { location: "/login" } })
      assert.strictEqual(error.reason._tag, "RedirectRefused")
      assert.strictEqual(server.requests.length, 1)
    }))
})

describe("Answers that are no resource", () => {
  it.live("HTML with 200 is not SCIM, and the beginning of it is shown without the token", () =>
    Effect.gen(function*() {
      const page = `<!doctype html><html><body>Log in. You sent ${token}</body></html>`
      const { error } = yield* getError({ headers: { "content-type": "text/html" }, body: page })
      assert(error.reason._tag === "NotScim")
      assert.include(error.reason.snippet, "Log in")
      assert.notInclude(JSON.stringify(error), token)
      assert.strictEqual(error.reason.contentType, "text/html")
    }))

  it.live("plain text, another kind of JSON and nothing at all are typed", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* getError({ body: "hello" })).error.reason._tag, "NotScim")
      assert.strictEqual((yield* getError({ body: "[1,2]" })).error.reason._tag, "Decode")
      assert.strictEqual((yield* getError({ body: { userName: "x" } })).error.reason._tag, "Decode")
      assert.strictEqual((yield* getError({ body: "" })).error.reason._tag, "Decode")
      assert.strictEqual((yield* getError({ body: `{"id": "u1", "userN` })).error.reason._tag, "Decode")
    }))
})

describe("Connections that fail", () => {
  const client = (url: string) =>
    Effect.gen(function*() {
      const scim = yield* connect({ url }, once)
      return yield* Effect.flip(scim.users.get("u1"))
    })

  it.live("refused", () =>
    Effect.gen(function*() {
      const { url } = yield* Effect.scoped(serve(() => ({})))
      const error = yield* client(url)
      assert(error.reason._tag === "Network")
      assert.strictEqual(error.reason.code, "ECONNREFUSED")
      assert.include(error.message, new URL(url).host)
      assert.isTrue(error.isRetryable)
    }))

  it.live("unknown host", () =>
    Effect.gen(function*() {
      const error = yield* client("https://scim.invalid/v2")
      assert(error.reason._tag === "Network")
      assert.include(["ENOTFOUND", "EAI_AGAIN"], error.reason.code)
    }))

  it.live("reset before an answer", () =>
    Effect.gen(function*() {
      const { error } = yield* getError(() => (response) => response.socket?.resetAndDestroy())
      assert.strictEqual(error.reason._tag, "Network")
      assert.isTrue(error.isRetryable)
    }))

  it.live("broken off inside an answer", () =>
    Effect.gen(function*() {
      const { error } = yield* getError(() => (response) => {
        response.writeHead(200, { "content-length": "1000" })
        response.write(`{"id":`, () => response.socket?.destroy())
      })
      assert.strictEqual(error.reason._tag, "Network")
      assert.strictEqual(error.status, 200)
    }))

  it.live("TLS to a server whose certificate nobody vouches for", () =>
    Effect.gen(function*() {
      // Made for this test; nothing else knows or trusts it.
      const pem = readFileSync(new URL("fixtures/self-signed.pem", import.meta.url))
      const server = yield* Effect.acquireRelease(
        Effect.promise(() =>
          new Promise<Server>((resolve) => {
            const server = createServer({ key: pem, cert: pem }, (_, response) => response.end("{}"))
            server.listen(0, "127.0.0.1", () => resolve(server))
          })
        ),
        (server) => Effect.promise(() => new Promise<void>((resolve) => server.close(() => resolve())))
      )
      const address = server.address()
      assert(typeof address === "object" && address !== null)
      const error = yield* client(`https://127.0.0.1:${address.port}`)
      assert(error.reason._tag === "Tls")
      assert.strictEqual(error.reason.code, "DEPTH_ZERO_SELF_SIGNED_CERT")
      assert.include(error.message, "certificate")
      assert.isFalse(error.isRetryable)
    }))

  it.live("TLS to a server that speaks none", () =>
    Effect.gen(function*() {
      const server = yield* serve(() => ({}))
      const error = yield* client(server.url.replace("http:", "https:"))
      assert.strictEqual(error.reason._tag, "Tls")
    }))

  it.live("something that speaks no HTTP", () =>
    Effect.gen(function*() {
      const { error } = yield* getError(() => (response) => {
        response.socket?.end("SSH-2.0-OpenSSH_9.9\r\n")
      })
      assert.strictEqual(error.reason._tag, "Network")
    }))
})
