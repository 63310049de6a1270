/**
 * What is true of every good answer, and what stands beside the API.
 */
import { ServerClient } from "@access-kit/server-api/ServerClient"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Redacted, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { createHash } from "node:crypto"
import { Control, idOf } from "./FakeServices.ts"
import { layer as serverLayer, TestServer } from "./TestServer.ts"

const connector = (name: string) =>
  JSON.stringify({ name, kind: "claude-enterprise", settings: { "scim-token": "hush" } })

layer(serverLayer(), { excludeTestServices: true })("Answers", (it) => {
  it.effect("the typed client gets through every layer", () =>
    Effect.gen(function*() {
      const server = yield* TestServer
      const control = yield* Control
      yield* Effect.gen(function*() {
        const client = yield* ServerClient
        const made = yield* client.connectors.create({
          headers: {},
          payload: { name: "typed", kind: "claude-enterprise", settings: {} }
        })
        assert.strictEqual(made.headers.location, `/v1/connectors/${made.body.id}`)
        assert.strictEqual(made.headers.etag, "\"1\"")
        const listed = yield* client.connectors.list({ query: { limit: 10 } })
        assert.isTrue(listed.items.some((item) => item.name === "typed"))
        const accounts = yield* client.directory.accounts({
          params: { connectorId: made.body.id },
          headers: {},
          query: { search: "jane" }
        })
        assert.deepInclude(accounts, { headers: { etag: "\"v1\"" } })
        const missing = yield* Effect.flip(client.syncs.logs({ params: { syncId: idOf(7) }, query: {} }))
        assert.strictEqual(missing._tag, "InvalidInput")
        const file = yield* client.snapshots.download({ params: { snapshotId: idOf(3) }, headers: {} })
        assert.isObject(file)
        const bytes = Buffer.concat(yield* Stream.runCollect(file?.body ?? Stream.empty))
        assert.isTrue(bytes.equals(control.snapshotBytes))
        const self = yield* client.tokens.self()
        assert.strictEqual(self.name, "admin")
        assert.isDefined(self.lastUsedAt)
        const entries = yield* Stream.runCollect(yield* client.audit.export({ query: {} }))
        assert.deepStrictEqual(entries.map((entry) => entry.id), [idOf(1), idOf(2), idOf(3)])
      }).pipe(
        Effect.provide(
          ServerClient.layer({ baseUrl: server.url, token: Redacted.make(server.admin) }).pipe(
            Layer.provide(FetchHttpClient.layer)
          )
        ),
        Effect.scoped
      )
    }))

  it.effect("request ids are taken over if they look like one, and made otherwise", () =>
    Effect.gen(function*() {
      const server = yield* TestServer
      const control = yield* Control
      const mine = yield* server.send("POST", "/v1/connectors", {
        body: connector("ids"),
        headers: { "x-request-id": "0af7651916cd43dd8448eb211c80319c" }
      })
      assert.strictEqual(mine.headers.get("x-request-id"), "0af7651916cd43dd8448eb211c80319c")
      assert.deepInclude(control.created.find(({ name }) => name === "ids")?.actor, {
        name: "admin",
        requestId: "0af7651916cd43dd8448eb211c80319c",
        address: "127.0.0.1"
      })
      for (const bad of ["short", "has spaces in it", "x".repeat(200), "{\"level\":\"ERROR\"}"]) {
        const answer = yield* server.send("GET", "/v1/connectors", { headers: { "x-request-id": bad } })
        assert.match(answer.headers.get("x-request-id") ?? "", /^[0-9a-f]{32}$/)
      }
    }))

  it.effect("entity tags: 304 for what the caller has, 412 for a change of something else", () =>
    Effect.gen(function*() {
      const server = yield* TestServer
      const made = yield* server.send("POST", "/v1/connectors", { body: connector("tags") })
      const path = made.headers.get("location") ?? ""
      const etag = made.headers.get("etag") ?? ""
      const again = yield* server.send("GET", path, { headers: { "if-none-match": `"zero", W/${etag}` } })
      assert.strictEqual(again.status, 304)
      assert.strictEqual(again.text, "")
      assert.strictEqual(again.headers.get("etag"), etag)
      const patch = (header: string) =>
        server.send("PATCH", path, { body: JSON.stringify({ name: "other" }), headers: { "if-match": header } })
      const changed = yield* patch(etag)
      assert.strictEqual(changed.status, 200)
      assert.strictEqual(changed.headers.get("etag"), "\"2\"")
      assert.strictEqual((yield* patch(etag)).status, 412)
      assert.strictEqual((yield* patch("\"never\"")).status, 412)
      assert.strictEqual((yield* patch("*")).status, 200)
      assert.strictEqual((yield* server.send("GET", path, { headers: { "if-none-match": etag } })).status, 200)

      const listing = `${path}/accounts`
      assert.strictEqual((yield* server.send("GET", listing)).headers.get("etag"), "\"v1\"")
      assert.strictEqual((yield* server.send("GET", listing, { headers: { "if-none-match": "\"v1\"" } })).status, 304)
    }))

  it.effect("a snapshot has a length and a tag, and is not sent to whom has it", () =>
    Effect.gen(function*() {
      const server = yield* TestServer
      const control = yield* Control
      const path = `/v1/snapshots/${idOf(3)}/file`
      const head = yield* server.send("HEAD", path)
      assert.strictEqual(head.status, 200)
      assert.strictEqual(head.headers.get("content-length"), String(control.snapshotBytes.length))
      const whole = yield* server.send("GET", path)
      assert.strictEqual(whole.headers.get("content-length"), String(control.snapshotBytes.length))
      assert.strictEqual(whole.headers.get("content-disposition"), `attachment; filename="${idOf(3)}.c1z"`)
      const etag = whole.headers.get("etag") ?? ""
      assert.strictEqual((yield* server.send("GET", path, { headers: { "if-none-match": etag } })).status, 304)
    }))

  it.effect("ids of the source may have anything in them", () =>
    Effect.gen(function*() {
      const server = yield* TestServer
      for (const id of ["a/b?c#d", "group:x:member", "ünï code", "a".repeat(3_072), "ü".repeat(3_000)]) {
        const answer = yield* server.send("GET", `/v1/connectors/${idOf(1)}/accounts/${encodeURIComponent(id)}`)
        assert.strictEqual(answer.status, 200, answer.text)
        assert.strictEqual(answer.json["id"], id)
      }
    }))

  it.effect("browsers are told not to frame, sniff, cache or run anything", () =>
    Effect.gen(function*() {
      const server = yield* TestServer
      const answer = yield* server.send("GET", "/v1/connectors")
      assert.strictEqual(answer.headers.get("x-content-type-options"), "nosniff")
      assert.strictEqual(answer.headers.get("x-frame-options"), "DENY")
      assert.strictEqual(answer.headers.get("referrer-policy"), "no-referrer")
      assert.strictEqual(answer.headers.get("cache-control"), "no-store")
      assert.match(answer.headers.get("content-security-policy") ?? "", /default-src 'none'/)
      assert.isNull(answer.headers.get("access-control-allow-origin"))
    }))

  it.effect("the docs page is whole without the network, and its policy lets run exactly what is in it", () =>
    Effect.gen(function*() {
      const server = yield* TestServer
      const root = yield* server.send("GET", "/", { anonymous: true })
      assert.strictEqual(root.headers.get("location"), "/docs")
      const page = yield* server.send("GET", "/docs", { anonymous: true })
      assert.strictEqual(page.status, 200)
      assert.notMatch(page.text, /<(?:script|link|img)[^>]+(?:src|href)=/)
      const policy = page.headers.get("content-security-policy") ?? ""
      const scripts = [...page.text.matchAll(/<script>([\s\S]*?)<\/script>/g)]
      assert.isAbove(scripts.length, 1)
      for (const [, script = ""] of scripts) {
        assert.include(policy, `'sha256-${createHash("sha256").update(script).digest("base64")}'`)
      }
      assert.notMatch(policy, /script-src[^;]*unsafe/)
      assert.match(policy, /connect-src 'self'/)
    }))

  it.effect("the OpenAPI document is served to anybody", () =>
    Effect.gen(function*() {
      const server = yield* TestServer
      const document = yield* server.send("GET", "/openapi.json", { anonymous: true })
      assert.strictEqual(document.json["openapi"], "3.1.0")
      assert.strictEqual(document.headers.get("content-type"), "application/json")
    }))

  it.effect("health, readiness, metrics", () =>
    Effect.gen(function*() {
      const server = yield* TestServer
      assert.deepStrictEqual((yield* server.send("GET", "/healthz", { anonymous: true })).json, { status: "ok" })
      assert.deepStrictEqual((yield* server.send("GET", "/readyz", { anonymous: true })).json, { status: "ready" })
      yield* server.send("GET", `/v1/connectors/${idOf(9)}`)
      const metrics = yield* server.send("GET", "/metrics", { anonymous: true })
      assert.match(metrics.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/)
      assert.match(
        metrics.text,
        /^http_requests_total\{(?=.*method="GET")(?=.*route="\/v1\/connectors\/:connectorId")(?=.*status="404").*\} [1-9]/m
      )
      assert.match(metrics.text, /^http_request_duration_seconds_bucket\{/m)
      assert.match(metrics.text, /^claude_enterprise_operations\{state="queued"\} 0$/m)
      assert.match(metrics.text, /^claude_enterprise_timed_grants_due 0$/m)
      assert.match(metrics.text, /^claude_enterprise_connectors\{status="connecting"\} \d+$/m)
      assert.notInclude(metrics.text, idOf(9))
    }))

  it.effect("a log line for each request, with its id and without anything secret", () =>
    Effect.gen(function*() {
      const server = yield* TestServer
      yield* server.send("GET", "/v1/connectors?pageToken=abc", { headers: { "x-request-id": "look-for-this-one" } })
      yield* server.send("POST", "/v1/connectors", { body: connector("defect") })
      const line = server.log.find((candidate) => candidate.includes("look-for-this-one")) ?? ""
      for (const fact of ["\"GET\"", "\"/v1/connectors\"", "\"status\":200", "\"address\":\"127.0.0.1\""]) {
        assert.include(line, fact)
      }
      assert.notInclude(line, "pageToken")
      const all = server.log.join("\n")
      assert.include(all, "a secret thing inside")
      assert.notInclude(all, server.admin)
      assert.notInclude(all, server.admin.slice(6, 40))
      assert.notInclude(all, "hush")
    }))
})

layer(serverLayer({ engine: "The job engine does not answer." }), { excludeTestServices: true })("No engine", (it) => {
  it.effect("makes the server not ready, and not dead", () =>
    Effect.gen(function*() {
      const server = yield* TestServer
      const ready = yield* server.send("GET", "/readyz", { anonymous: true })
      assert.deepStrictEqual([ready.status, ready.json["detail"]], [503, "The job engine does not answer."])
      assert.strictEqual((yield* server.send("GET", "/healthz", { anonymous: true })).status, 200)
    }))
})
