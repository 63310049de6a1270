/**
 * Every error is a problem document with the id of its request, whoever made it.
 */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { connect } from "node:net"
import { idOf } from "./FakeServices.ts"
import { type Answer, layer as serverLayer, TestServer } from "./TestServer.ts"

const assertProblem = (answer: Answer, status: number, type: string) => {
  assert.strictEqual(answer.status, status, answer.text)
  assert.strictEqual(answer.headers.get("content-type"), "application/problem+json")
  assert.strictEqual(answer.json["type"], `urn:access-kit:problem:${type}`)
  assert.strictEqual(answer.json["status"], status)
  assert.isString(answer.json["title"])
  assert.strictEqual(answer.json["requestId"], answer.headers.get("x-request-id"))
}

const connector = { name: "one", kind: "claude-enterprise", settings: {} }

layer(serverLayer(), { excludeTestServices: true })("Problems", (it) => {
  it.effect("a path that does not exist", () =>
    Effect.gen(function*() {
      const server = yield* TestServer
      assertProblem(yield* server.send("GET", "/v1/nowhere"), 404, "not-found")
      assertProblem(yield* server.send("GET", "/%zz"), 404, "not-found")
      assertProblem(yield* server.send("GET", "/v1/nowhere", { anonymous: true }), 404, "not-found")
    }))

  it.effect("a method that the path does not take, with those that it takes", () =>
    Effect.gen(function*() {
      const server = yield* TestServer
      const answer = yield* server.send("PUT", "/v1/connectors")
      assertProblem(answer, 405, "method-not-allowed")
      assert.strictEqual(answer.headers.get("allow"), "GET, HEAD, POST, OPTIONS")
      assertProblem(yield* server.send("POST", "/healthz"), 405, "method-not-allowed")
      // Not the connector of the id "test".
      const spelledOut = yield* server.send("DELETE", "/v1/connectors/test")
      assertProblem(spelledOut, 405, "method-not-allowed")
      assert.strictEqual(spelledOut.headers.get("allow"), "POST, OPTIONS")
      const options = yield* server.send("OPTIONS", `/v1/connectors/${idOf(1)}`)
      assert.strictEqual(options.status, 204)
      assert.strictEqual(options.headers.get("allow"), "GET, HEAD, PATCH, DELETE, OPTIONS")
      assert.isNull(options.headers.get("access-control-allow-origin"))
    }))

  it.effect("no token, a broken one, an unknown one", () =>
    Effect.gen(function*() {
      const server = yield* TestServer
      const none = yield* server.send("GET", "/v1/connectors", { anonymous: true })
      assertProblem(none, 401, "unauthorized")
      assert.strictEqual(none.headers.get("www-authenticate"), "Bearer realm=\"claude-enterprise-server\"")
      for (const token of [server.admin.slice(0, -1), `${server.admin.slice(0, -1)}x`, "cesrv_other"]) {
        const answer = yield* server.send("GET", "/v1/connectors", { headers: { authorization: `Bearer ${token}` } })
        assertProblem(answer, 401, "unauthorized")
        assert.include(answer.headers.get("www-authenticate"), "invalid_token")
        assert.notInclude(answer.text, token.slice(6))
      }
    }))

  it.effect("a scope that is missing", () =>
    Effect.gen(function*() {
      const server = yield* TestServer
      const token = yield* server.token("reader", ["read"])
      const headers = { authorization: `Bearer ${token}` }
      assert.strictEqual((yield* server.send("GET", "/v1/connectors", { headers })).status, 200)
      const answer = yield* server.send("POST", "/v1/connectors", { headers, body: JSON.stringify(connector) })
      assertProblem(answer, 403, "forbidden")
      assert.strictEqual(answer.json["requiredScope"], "admin")
      assertProblem(yield* server.send("GET", "/v1/audit", { headers }), 403, "forbidden")
      const approver = { authorization: `Bearer ${yield* server.token("approver", ["approve"])}` }
      assertProblem(yield* server.send("GET", "/v1/connectors", { headers: approver }), 403, "forbidden")
    }))

  it.effect("what can't be read: malformed JSON, a wrong shape, wrong parameters", () =>
    Effect.gen(function*() {
      const server = yield* TestServer
      assertProblem(yield* server.send("POST", "/v1/connectors", { body: "{\"name\":" }), 400, "bad-request")
      const shape = yield* server.send("POST", "/v1/connectors", { body: JSON.stringify({ name: 3, kind: "x" }) })
      assertProblem(shape, 400, "bad-request")
      assert.include(JSON.stringify(shape.json["errors"]), "body.name")
      const query = yield* server.send("GET", "/v1/connectors?limit=0")
      assertProblem(query, 400, "bad-request")
      assert.include(JSON.stringify(query.json["errors"]), "query.limit")
      assertProblem(yield* server.send("GET", "/v1/connectors/short"), 400, "bad-request")
      assertProblem(yield* server.send("GET", "/v1/audit?since=2026-02-30T00:00:00Z"), 400, "bad-request")
      const header = yield* server.send("POST", `/v1/connectors/${idOf(1)}/pause`, {
        headers: { "idempotency-key": "x".repeat(300) }
      })
      assertProblem(header, 400, "bad-request")
    }))

  it.effect("a body of another type", () =>
    Effect.gen(function*() {
      const server = yield* TestServer
      assertProblem(
        yield* server.send("POST", "/v1/connectors", { body: "name: one", headers: { "content-type": "text/yaml" } }),
        415,
        "unsupported-media-type"
      )
    }))

  it.effect("a body that is too large, told beforehand or not", () =>
    Effect.gen(function*() {
      const server = yield* TestServer
      const body = JSON.stringify({ ...connector, name: "x".repeat(2 * 1024 * 1024) })
      assertProblem(yield* server.send("POST", "/v1/connectors", { body }), 413, "payload-too-large")
      const chunked = yield* Effect.promise(async () => {
        const response = await fetch(`${server.url}/v1/connectors`, {
          method: "POST",
          headers: { authorization: `Bearer ${server.admin}`, "content-type": "application/json" },
          body: new Blob([body]).stream(),
          duplex: "half"
        } as RequestInit)
        const text = await response.text()
        return { status: response.status, headers: response.headers, text, json: JSON.parse(text) }
      })
      assertProblem(chunked, 413, "payload-too-large")
    }))

  it.effect("what the services say", () =>
    Effect.gen(function*() {
      const server = yield* TestServer
      const create = (name: string) =>
        server.send("POST", "/v1/connectors", { body: JSON.stringify({ ...connector, name }) })
      assert.strictEqual((yield* create("twice")).status, 201)
      assertProblem(yield* create("twice"), 409, "conflict")
      const refused = yield* create("refused")
      assertProblem(refused, 502, "source-failed")
      assert.strictEqual(refused.json["reason"], "Unauthenticated")
      assertProblem(yield* server.send("GET", `/v1/connectors/${idOf(9)}`), 404, "not-found")
      assertProblem(
        yield* server.send("POST", "/v1/connectors/test", { body: JSON.stringify({ kind: "x", settings: {} }) }),
        422,
        "invalid-input"
      )
    }))

  it.effect("a defect tells nothing of what is inside", () =>
    Effect.gen(function*() {
      const server = yield* TestServer
      const answer = yield* server.send("POST", "/v1/connectors", {
        body: JSON.stringify({ ...connector, name: "defect" }),
        headers: { "x-request-id": "my-own-request-0001" }
      })
      assertProblem(answer, 500, "internal")
      assert.strictEqual(answer.headers.get("x-request-id"), "my-own-request-0001")
      assert.notInclude(answer.text, "secret")
    }))

  it.effect("bytes that are no request", () =>
    Effect.gen(function*() {
      const server = yield* TestServer
      const port = Number(new URL(server.url).port)
      const raw = (text: string) =>
        Effect.callback<string>((resume) => {
          let received = ""
          const socket = connect(port, "127.0.0.1", () => socket.write(text))
          socket.on("data", (data) => {
            received += data.toString()
          })
          socket.on("close", () => resume(Effect.succeed(received)))
          socket.on("error", () => {})
        })
      const garbage = yield* raw("HELLO\r\n\r\n")
      assert.match(garbage, /^HTTP\/1\.1 400 /)
      assert.include(garbage, "application/problem+json")
      assert.match(
        yield* raw(`GET / HTTP/1.1\r\nHost: x\r\nX-Large: ${"a".repeat(70_000)}\r\n\r\n`),
        /^HTTP\/1\.1 431 /
      )
    }))
})
