/**
 * How much one caller, and all together, may ask; who may ask from where; and how the server stops.
 */
import { assert, describe, it, layer } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Scope } from "effect"
import { IpNetwork } from "effect/net"
import { connect } from "node:net"
import { Lifecycle } from "../../src/Lifecycle.ts"
import { Control, idOf } from "./FakeServices.ts"
import { layer as serverLayer, TestServer } from "./TestServer.ts"

const gated = JSON.stringify({ name: "gated", kind: "claude-enterprise", settings: {} })

layer(serverLayer({ limits: { requestsPerMinute: 5 } }), { excludeTestServices: true })("Rate", (it) => {
  it.effect("a token that asks too often is told when to come again; another is not", () =>
    Effect.gen(function*() {
      const server = yield* TestServer
      const other = yield* server.token("other", ["read"])
      for (let index = 0; index < 5; index++) {
        assert.strictEqual((yield* server.send("GET", "/v1/connectors")).status, 200)
      }
      const refused = yield* server.send("GET", "/v1/connectors")
      assert.strictEqual(refused.status, 429)
      assert.strictEqual(refused.json["type"], "urn:access-kit:problem:too-many-requests")
      assert.strictEqual(refused.headers.get("retry-after"), String(refused.json["retryAfter"]))
      const headers = { authorization: `Bearer ${other}` }
      assert.strictEqual((yield* server.send("GET", "/v1/connectors", { headers })).status, 200)
      assert.strictEqual((yield* server.send("GET", "/healthz")).status, 200)
    }))

  it.effect("an address that guesses tokens is slowed down", () =>
    Effect.gen(function*() {
      const server = yield* TestServer
      const statuses = yield* Effect.forEach(
        Array.from({ length: 12 }),
        () => Effect.map(server.send("GET", "/v1/tokens", { anonymous: true }), ({ status }) => status)
      )
      assert.deepStrictEqual(statuses, [...Array.from({ length: 10 }, () => 401), 429, 429])
    }))
})

layer(serverLayer({ limits: { concurrentRequests: 1, eventStreams: 1 } }), { excludeTestServices: true })(
  "Concurrency",
  (it) => {
    it.effect("what is too much at a time is told to come again, but not the health check", () =>
      Effect.gen(function*() {
        const server = yield* TestServer
        const control = yield* Control
        const entered = yield* Deferred.make<void>()
        const open = yield* Deferred.make<void>()
        control.gate.entered = Effect.asVoid(Deferred.succeed(entered, undefined))
        control.gate.open = Deferred.await(open)
        const first = yield* Effect.forkChild(server.send("POST", "/v1/connectors", { body: gated }))
        yield* Deferred.await(entered)
        const second = yield* server.send("GET", "/v1/connectors")
        assert.strictEqual(second.status, 503)
        assert.strictEqual(second.headers.get("retry-after"), "1")
        assert.strictEqual((yield* server.send("GET", "/readyz")).status, 200)
        yield* Deferred.succeed(open, undefined)
        assert.strictEqual((yield* Fiber.join(first)).status, 201)
        assert.strictEqual((yield* server.send("GET", "/v1/connectors")).status, 200)
      }))
  }
)

layer(
  serverLayer({
    edge: { corsOrigins: ["https://console.example.com"], trustedProxies: [IpNetwork.fromStringUnsafe("127.0.0.0/8")] }
  }),
  { excludeTestServices: true }
)("Origins and proxies", (it) => {
  it.effect("pages of configured origins may call, with the headers that they need", () =>
    Effect.gen(function*() {
      const server = yield* TestServer
      const preflight = yield* server.send("OPTIONS", "/v1/connectors", {
        anonymous: true,
        headers: { origin: "https://console.example.com", "access-control-request-method": "POST" }
      })
      assert.strictEqual(preflight.status, 204)
      assert.strictEqual(preflight.headers.get("access-control-allow-origin"), "https://console.example.com")
      assert.include(preflight.headers.get("access-control-allow-headers"), "idempotency-key")
      const answer = yield* server.send("GET", "/v1/nowhere", { headers: { origin: "https://console.example.com" } })
      assert.strictEqual(answer.headers.get("access-control-allow-origin"), "https://console.example.com")
    }))

  it.effect("the address behind a trusted proxy is the caller's", () =>
    Effect.gen(function*() {
      const server = yield* TestServer
      const control = yield* Control
      yield* server.send("POST", "/v1/connectors", {
        body: JSON.stringify({ name: "proxied", kind: "claude-enterprise", settings: {} }),
        headers: { "x-forwarded-for": "6.6.6.6, 198.51.100.7" }
      })
      assert.strictEqual(control.created.find(({ name }) => name === "proxied")?.actor.address, "198.51.100.7")
    }))
})

describe("Stopping", () => {
  it.live("finishes what is under way, takes nothing new, and says so", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(serverLayer(), scope)
      yield* Effect.gen(function*() {
        const server = yield* TestServer
        const control = yield* Control
        const lifecycle = yield* Lifecycle
        const entered = yield* Deferred.make<void>()
        const open = yield* Deferred.make<void>()
        control.gate.entered = Effect.asVoid(Deferred.succeed(entered, undefined))
        control.gate.open = Deferred.await(open)
        const events = yield* Effect.forkChild(server.send("GET", `/v1/syncs/${idOf(7)}/events`))
        const first = yield* Effect.forkChild(server.send("POST", "/v1/connectors", { body: gated }))
        yield* Deferred.await(entered)

        yield* lifecycle.stop
        const ready = yield* server.send("GET", "/readyz")
        assert.strictEqual(ready.status, 503)
        assert.strictEqual(ready.json["type"], "urn:access-kit:problem:unavailable")
        assert.strictEqual(ready.headers.get("connection"), "close")
        // A stream would otherwise keep the server waiting.
        assert.strictEqual((yield* Fiber.join(events)).status, 200)

        const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
        const port = Number(new URL(server.url).port)
        const refused = Effect.callback<boolean>((resume) => {
          const socket = connect(port, "127.0.0.1")
          socket.on("connect", () => {
            socket.destroy()
            resume(Effect.succeed(false))
          })
          socket.on("error", () => resume(Effect.succeed(true)))
        })
        yield* Effect.repeat(refused, { until: (closed) => closed })
        yield* Deferred.succeed(open, undefined)
        assert.strictEqual((yield* Fiber.join(first)).status, 201)
        yield* Fiber.join(closing)
      }).pipe(Effect.provide(context))
    }))

  it.live("tells whoever waits longer than it can that it stops", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(serverLayer(), scope)
      yield* Effect.gen(function*() {
        const server = yield* TestServer
        const control = yield* Control
        const entered = yield* Deferred.make<void>()
        control.gate.entered = Effect.asVoid(Deferred.succeed(entered, undefined))
        control.gate.open = Effect.never
        const first = yield* Effect.forkChild(
          server.send("POST", "/v1/connectors", { body: gated, headers: { "idempotency-key": "stop" } })
        )
        yield* Deferred.await(entered)
        yield* (yield* Lifecycle).stop
        yield* Scope.close(scope, Exit.void)
        const answer = yield* Fiber.join(first)
        assert.strictEqual(answer.status, 503)
        assert.strictEqual(answer.json["type"], "urn:access-kit:problem:unavailable")
      }).pipe(Effect.provide(context))
    }))
})
