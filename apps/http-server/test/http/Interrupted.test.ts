/**
 * Requests with an `Idempotency-Key` whose process died after the change and before its answer: asked again, they are answered with what was made, and
 * nothing is made twice.
 */
import * as Sandbox from "@access-kit/scim-sandbox/Sandbox"
import { assert } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import * as HttpServer from "effect/http/HttpServer"
import { SqlClient } from "effect/sql/SqlClient"
import { HttpLimits } from "../../src/http/HttpLimits.ts"
import * as HttpSide from "../../src/http/HttpSide.ts"
import * as Listener from "../../src/http/Listener.ts"
import { Lifecycle } from "../../src/Lifecycle.ts"
import { Tokens } from "../../src/Tokens.ts"
import { core, sandbox, until } from "../CoreServices.ts"
import { onEachDatabase } from "../Databases.ts"

const server = HttpSide.layer({ corsOrigins: [], trustedProxies: [], secure: false }).pipe(
  Layer.provideMerge(Listener.layer({ host: "127.0.0.1", port: 0 }, undefined)),
  Layer.provideMerge(Tokens.layer),
  Layer.provideMerge(core),
  Layer.provideMerge(Layer.merge(Lifecycle.layer, sandbox)),
  Layer.orDie
)

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly json: Record<string, unknown>
}

const client = Effect.gen(function*() {
  const { address } = yield* HttpServer.HttpServer
  const { text } = yield* (yield* Tokens).create({ name: "test" }, { name: "admin", scopes: ["admin"] })
  const { text: second } = yield* (yield* Tokens).create({ name: "test" }, { name: "other", scopes: ["approve"] })
  return (method: string, path: string, key: string, body?: unknown, headers: Record<string, string> = {}) =>
    Effect.promise(async (): Promise<Answer> => {
      const response = await fetch(HttpServer.formatAddress(address) + path, {
        method,
        headers: {
          authorization: `Bearer ${Redacted.value(path.endsWith("/approve") ? second : text)}`,
          ...(key === "" ? {} : { "idempotency-key": key }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) })
      })
      const said = await response.text()
      return { status: response.status, headers: response.headers, json: said === "" ? {} : JSON.parse(said) }
    })
})

/** As a process leaves it that ends between doing and answering. */
const forget = (key: string) =>
  Effect.flatMap(
    SqlClient,
    (sql) =>
      sql`UPDATE idempotency_keys SET status = NULL, body = NULL, headers = NULL, holder = 'dead', held_until = 1
        WHERE idempotency_key = ${key}`
  )

const linesOf = (action: string) =>
  Effect.flatMap(SqlClient, (sql) => sql`SELECT id FROM audit_log WHERE action = ${action}`).pipe(
    Effect.map((rows) => rows.length)
  )

onEachDatabase("A change that nobody was told of", (it) => {
  it.effect("is answered with what was made, and made once", () =>
    Effect.gen(function*() {
      const source = yield* Sandbox.Sandbox
      const send = yield* client
      const creation = {
        name: "Claude",
        kind: "claude-enterprise",
        settings: { "scim-url": source.baseUrl, "scim-token": Redacted.value(source.token) },
        schedule: { type: "manual" }
      }
      const create = send("POST", "/v1/connectors", "create", creation)
      const made = yield* create
      assert.strictEqual(made.status, 201)
      yield* forget("create")
      const again = yield* create
      assert.deepStrictEqual([again.status, again.json["id"]], [201, made.json["id"]])
      assert.strictEqual(again.headers.get("location"), made.headers.get("location"))
      // The same key for something else is still the same key.
      yield* forget("create")
      assert.strictEqual((yield* send("POST", "/v1/connectors", "create", { ...creation, name: "Other" })).status, 422)

      const path = `/v1/connectors/${String(made.json["id"])}`
      yield* until(send("GET", path, ""), ({ json }) => json["status"] === "connected")

      const change = { guards: { maxChangesPerHour: 0, maxDeletionsPerHour: 0, maxShrinkPercent: 100 } }
      const update = send("PATCH", path, "update", change, { "if-match": again.headers.get("etag") ?? "" })
      const updated = yield* update
      assert.strictEqual(updated.status, 200)
      yield* forget("update")
      // It would be another revision by now.
      assert.deepStrictEqual(yield* Effect.map(update, ({ json, status }) => [status, json["revision"]]), [
        200,
        updated.json["revision"]
      ])

      const start = send("POST", `${path}/syncs`, "sync")
      const sync = yield* start
      yield* until(send("GET", `/v1/syncs/${String(sync.json["id"])}`, ""), ({ json }) => json["state"] === "succeeded")
      yield* forget("sync")
      assert.strictEqual((yield* start).json["id"], sync.json["id"])

      const account = send("POST", `${path}/accounts`, "account", {
        email: "once@aurora.example",
        fields: { display_name: "Once Only" }
      })
      const operation = String((yield* account).json["id"])
      yield* forget("account")
      assert.strictEqual((yield* account).json["id"], operation)
      const approve = send("POST", `/v1/operations/${operation}/approve`, "approve")
      assert.strictEqual((yield* approve).status, 200)
      yield* until(send("GET", `/v1/operations/${operation}`, ""), ({ json }) => json["state"] === "succeeded")
      yield* forget("approve")
      assert.deepStrictEqual(yield* Effect.map(approve, ({ json, status }) => [status, json["state"]]), [
        200,
        "succeeded"
      ])

      const remove = send("DELETE", path, "remove")
      assert.strictEqual((yield* remove).status, 204)
      yield* forget("remove")
      assert.strictEqual((yield* remove).status, 204)

      for (
        const [action, count] of [
          ["connector.created", 1],
          ["connector.updated", 1],
          ["sync.requested", 2],
          ["operation.awaiting-approval", 1],
          ["operation.approved", 1],
          ["connector.deleted", 1]
        ] as const
      ) {
        assert.strictEqual(yield* linesOf(action), count, action)
      }
    }).pipe(Effect.provide(server)), 60_000)

  it.effect(
    "is made if its process died before it, and a connector gets its first sync if that is what was missing",
    () =>
      Effect.gen(function*() {
        const source = yield* Sandbox.Sandbox
        const sql = yield* SqlClient
        const send = yield* client
        const create = send("POST", "/v1/connectors", "half", {
          name: "Claude",
          kind: "claude-enterprise",
          settings: { "scim-url": source.baseUrl, "scim-token": Redacted.value(source.token) },
          schedule: { type: "manual" }
        })
        yield* sql`INSERT INTO idempotency_keys (actor, idempotency_key, fingerprint, holder, held_until, expires_at)
        SELECT id, 'half', 'of another try', 'dead', 1, ${Date.now() + 60_000} FROM api_tokens WHERE name = 'admin'`
        const made = yield* create
        assert.strictEqual(made.status, 201)
        yield* until(send("GET", made.headers.get("location") ?? "", ""), ({ json }) => json["status"] === "connected")
        // As if it had died between the two.
        yield* sql`UPDATE connectors SET last_sync_id = NULL`
        yield* sql`DELETE FROM syncs`
        yield* forget("half")
        const again = yield* create
        assert.deepStrictEqual([again.json["id"], again.json["status"]], [made.json["id"], "syncing"])
      }).pipe(Effect.provide(server)),
    60_000
  )

  it.effect("is waited for while the process that makes it may live", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient
      const send = yield* client
      const revoke = send("DELETE", `/v1/tokens/${"0".repeat(27)}`, "held")
      yield* sql`INSERT INTO idempotency_keys (actor, idempotency_key, fingerprint, holder, held_until, expires_at)
        SELECT id, 'held', 'unknown', 'dying', ${Date.now() + 2_000}, ${Date.now() + 60_000}
        FROM api_tokens WHERE name = 'admin'`
      // Not with another request.
      assert.strictEqual((yield* revoke).status, 422)
      const [row] = yield* sql<{ readonly held_until: number }>`SELECT held_until FROM idempotency_keys`
      yield* sql`DELETE FROM idempotency_keys`
      assert.strictEqual((yield* revoke).status, 404)
      yield* sql`UPDATE idempotency_keys SET status = NULL, holder = 'dying', held_until = ${Date.now() + 1_000}`
      assert.strictEqual((yield* revoke).status, 404)
      assert.isAbove(row?.held_until ?? 0, 0)
    }).pipe(
      Effect.provide(Layer.provide(server, Layer.empty)),
      Effect.provideService(HttpLimits, HttpLimits.defaultValue())
    ), 60_000)
})
