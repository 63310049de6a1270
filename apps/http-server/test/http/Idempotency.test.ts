/**
 * A change that is sent twice with the same key happens once.
 */
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { SqlClient } from "effect/sql"
import { Control, idOf } from "./FakeServices.ts"
import { layer as serverLayer, TestServer } from "./TestServer.ts"

const connector = (name: string) => JSON.stringify({ name, kind: "claude-enterprise", settings: {} })

layer(serverLayer(), { excludeTestServices: true })("Idempotency", (it) => {
  const create = (name: string, key: string) =>
    Effect.flatMap(
      TestServer,
      (server) => server.send("POST", "/v1/connectors", { body: connector(name), headers: { "idempotency-key": key } })
    )

  it.effect("answers again what it answered, byte by byte", () =>
    Effect.gen(function*() {
      const control = yield* Control
      const first = yield* create("once", "key-1")
      const second = yield* create("once", "key-1")
      assert.strictEqual(first.status, 201)
      assert.strictEqual(second.status, 201)
      assert.strictEqual(second.text, first.text)
      for (const header of ["etag", "location", "content-type"]) {
        assert.strictEqual(second.headers.get(header), first.headers.get(header), header)
      }
      assert.isNull(first.headers.get("idempotency-replayed"))
      assert.strictEqual(second.headers.get("idempotency-replayed"), "true")
      assert.notStrictEqual(second.headers.get("x-request-id"), first.headers.get("x-request-id"))
      assert.strictEqual(control.created.filter(({ name }) => name === "once").length, 1)
    }))

  it.effect("keeps an error that the change ended in, and an answer without a body", () =>
    Effect.gen(function*() {
      const server = yield* TestServer
      yield* create("taken", "key-2")
      const conflict = yield* create("taken", "key-3")
      const again = yield* create("taken", "key-3")
      assert.strictEqual(conflict.status, 409)
      assert.strictEqual(again.text, conflict.text)
      assert.strictEqual(again.headers.get("content-type"), "application/problem+json")

      const made = yield* create("to-remove", "key-4")
      const remove = server.send("DELETE", made.headers.get("location") ?? "", {
        headers: { "idempotency-key": "key-5" }
      })
      assert.strictEqual((yield* remove).status, 204)
      const removedAgain = yield* remove
      assert.strictEqual(removedAgain.status, 204)
      assert.strictEqual(removedAgain.text, "")
    }))

  it.effect("refuses a key for another request, and lets another caller use the same", () =>
    Effect.gen(function*() {
      const server = yield* TestServer
      yield* create("mine", "key-6")
      const other = yield* create("not-mine", "key-6")
      assert.strictEqual(other.status, 422)
      assert.strictEqual(other.json["type"], "urn:access-kit:problem:idempotency-key-reused")
      const token = yield* server.token("somebody", ["admin"])
      const theirs = yield* server.send("POST", "/v1/connectors", {
        body: connector("theirs"),
        headers: { "idempotency-key": "key-6", authorization: `Bearer ${token}` }
      })
      assert.strictEqual(theirs.status, 201)
    }))

  it.effect("answers 409 while the first runs, whose caller may have gone", () =>
    Effect.gen(function*() {
      const control = yield* Control
      const entered = yield* Deferred.make<void>()
      const open = yield* Deferred.make<void>()
      control.gate.entered = Effect.asVoid(Deferred.succeed(entered, undefined))
      control.gate.open = Deferred.await(open)
      const first = yield* Effect.forkChild(create("gated", "key-7"))
      yield* Deferred.await(entered)
      const second = yield* create("gated", "key-7")
      assert.strictEqual(second.status, 409)
      yield* Fiber.interrupt(first)
      yield* Deferred.succeed(open, undefined)
      // The change has gone on without its caller; its answer is there as soon as it has ended.
      const third = yield* Effect.repeat(create("gated", "key-7"), { until: ({ status }) => status !== 409 })
      assert.strictEqual(third.status, 201)
      assert.strictEqual(control.created.filter(({ name }) => name === "gated").length, 1)
    }))

  it.effect("keeps neither what the server nor what the source failed at", () =>
    Effect.gen(function*() {
      const control = yield* Control
      assert.strictEqual((yield* create("refused", "key-8")).status, 502)
      assert.strictEqual((yield* create("defect", "key-9")).status, 500)
      // Other requests with these keys are told nothing of them.
      assert.strictEqual((yield* create("after-refused", "key-8")).status, 201)
      assert.strictEqual((yield* create("after-defect", "key-9")).status, 201)
      assert.isTrue(control.created.some(({ name }) => name === "after-defect"))
    }))

  it.effect("takes a key over from a process that died with it, and passes it on to the operation", () =>
    Effect.gen(function*() {
      const server = yield* TestServer
      const sql = yield* SqlClient.SqlClient
      const control = yield* Control
      const grant = server.send("POST", `/v1/connectors/${idOf(1)}/grants`, {
        body: JSON.stringify({ entitlementId: "group:1:member", principalId: "u1" }),
        headers: { "idempotency-key": "key-10" }
      })
      const first = yield* grant
      assert.strictEqual(first.status, 202)
      // As a process leaves it that ends between doing and storing, half a minute ago.
      yield* sql`
        UPDATE idempotency_keys SET status = NULL, body = NULL, headers = NULL, holder = 'dead', held_until = 1
        WHERE idempotency_key = 'key-10'
      `
      const second = yield* grant
      assert.strictEqual(second.status, 202)
      assert.deepStrictEqual(control.submitted.map(({ key }) => key), ["key-10", "key-10"])
      // And while it may still live, it keeps it.
      yield* sql`
        UPDATE idempotency_keys SET status = NULL, body = NULL, headers = NULL, holder = 'alive', held_until = ${
        Date.now() + 60_000
      }
        WHERE idempotency_key = 'key-10'
      `
      assert.strictEqual((yield* grant).status, 409)
    }))

  it.effect("forgets a key after a day", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* create("yesterday", "key-11")
      yield* sql`UPDATE idempotency_keys SET expires_at = 1 WHERE idempotency_key = 'key-11'`
      assert.strictEqual((yield* create("today", "key-11")).status, 201)
    }))
})
