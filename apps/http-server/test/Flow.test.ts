/**
 * The whole way, as an operator walks it, over HTTP against the bundled server and a SCIM sandbox: add a connector, see it connect, read its log, ask
 * who has access, grant for a while, and see it revoked, also across a restart.
 */
import * as SandboxDirectory from "@access-kit/scim-sandbox/Directory"
import * as Sandbox from "@access-kit/scim-sandbox/Sandbox"
import { ServerClient } from "@access-kit/server-api/ServerClient"
import * as Postgres from "@access-kit/tooling-postgres/Postgres"
import * as FreePort from "@access-kit/tooling-vitest/FreePort"
import { assert } from "@effect/vitest"
import { Effect, Layer, Redacted, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { join } from "node:path"
import { Bundle, type Serving, withBundle } from "./Bundle.ts"
import { temporaryDirectory } from "./Databases.ts"

const clientOf = (server: Serving, token: string) =>
  Layer.fresh(
    ServerClient.layer({ baseUrl: server.url, token: Redacted.make(token) }).pipe(Layer.provide(FetchHttpClient.layer))
  )

const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString()

const key = "CLAUDE_ENTERPRISE_SERVER_ENCRYPTION_KEY"

const flow = Effect.fnUntraced(function*(
  given: ReadonlyArray<string>,
  environment: Readonly<Record<string, string>>
) {
  const bundle = yield* Bundle
  const dir = ["--data-dir", join(yield* temporaryDirectory, "data"), ...given]
  const serve = (args: ReadonlyArray<string>) => bundle.serve(args, environment)
  const run = (args: ReadonlyArray<string>) => bundle.run(args, environment)
  const directory = yield* SandboxDirectory.generate({ users: 40, groups: 4, memberships: 60, seed: 11 })
  const sandbox = yield* Sandbox.make({ directory })
  const scimToken = Redacted.value(sandbox.token)
  const first = yield* serve(dir)
  const admin = first.firstToken ?? ""

  const timedGrant = yield* Effect.gen(function*() {
    const client = yield* ServerClient
    const [kind] = yield* client.connectors.kinds()
    assert.isTrue(kind?.fields.some((field) => field.name === "scim-token" && field.kind === "secret"))

    const refused = yield* Effect.flip(client.connectors.create({
      headers: {},
      payload: {
        name: "wrong",
        kind: kind?.kind ?? "",
        settings: { "scim-url": sandbox.baseUrl, "scim-token": "not-the-token" }
      }
    }))
    assert.strictEqual(refused._tag, "SourceFailed")

    const { body: connector } = yield* client.connectors.create({
      headers: { "idempotency-key": "flow-create" },
      payload: {
        name: "Claude Enterprise",
        kind: kind?.kind ?? "",
        settings: { "scim-url": sandbox.baseUrl, "scim-token": scimToken }
      }
    })
    const params = { connectorId: connector.id }
    assert.deepStrictEqual(connector.secrets, ["scim-token"])
    assert.notInclude(JSON.stringify(connector), scimToken)
    assert.strictEqual(connector.status, "syncing")
    const syncId = connector.lastSyncId ?? ""

    const events = yield* Stream.runCollect(yield* client.syncs.events({ params: { syncId }, headers: {} }))
    const states = events.flatMap((event) => event.type === "sync" ? [event.sync.state] : [])
    assert.strictEqual(states.at(-1), "succeeded")
    assert.isTrue(events.some((event) => event.type === "log"))
    assert.isNotEmpty((yield* client.syncs.logs({ params: { syncId }, query: {} })).items)
    assert.strictEqual((yield* client.connectors.get({ params })).body.status, "connected")

    const accounts = yield* client.directory.accounts({ params, headers: {}, query: { limit: 500 } })
    assert.isObject(accounts)
    assert.strictEqual(accounts?.body.items.length, 40)
    const groups = yield* client.directory.groups({ params, headers: {}, query: {} })
    assert.strictEqual(groups?.body.items.length, 4)
    const grants = yield* client.directory.grants({ params, headers: {}, query: { limit: 500 } })
    assert.strictEqual(grants?.body.items.length, 60)

    const [snapshot] = (yield* client.snapshots.list({ params, query: {} })).items
    const file = yield* client.snapshots.download({ params: { snapshotId: snapshot?.id ?? "" }, headers: {} })
    const bytes = Buffer.concat(yield* Stream.runCollect(file?.body ?? Stream.empty))
    assert.strictEqual(bytes.length, snapshot?.bytes)
    assert.strictEqual(bytes.subarray(0, 4).toString(), "C1ZF")

    // Somebody who is in no group gets into one, for a while.
    const held = new Set(grants?.body.items.map((grant) => grant.principal.resource))
    const person = accounts?.body.items.find((account) =>
      account.status === "enabled" && !held.has(account.id.resource)
    )
    const [entitlement] = (yield* client.directory.entitlements({ params, headers: {}, query: {} }))?.body.items ??
      []
    const operation = yield* client.directory.createGrant({
      params,
      headers: { "idempotency-key": "flow-grant" },
      payload: {
        entitlementId: entitlement?.id ?? "",
        principalId: person?.id.resource ?? "",
        expiresAt: inSeconds(3_600)
      }
    })
    const again = yield* client.directory.createGrant({
      params,
      headers: { "idempotency-key": "flow-grant" },
      payload: {
        entitlementId: entitlement?.id ?? "",
        principalId: person?.id.resource ?? "",
        expiresAt: operation.request.expiresAt ?? ""
      }
    }).pipe(Effect.map(({ id }) => id), Effect.catchTag("IdempotencyKeyReused", () => Effect.succeed("reused")))
    assert.include(["reused", operation.id], again)
    const done = yield* client.operations.get({ params: { operationId: operation.id }, query: { wait: 30 } })
    assert.strictEqual(done.state, "succeeded")
    assert.strictEqual(done.outcome, "Granted")
    const access = yield* client.directory.access({ params: { ...params, accountId: person?.id.resource ?? "" } })
    assert.strictEqual(access.grants.length, 1)
    const [timed] = (yield* client.timedGrants.list({ query: { state: "active" } })).items
    assert.strictEqual(timed?.operationId, operation.id)
    // Earlier than was said; and the server will be down when the time comes.
    return yield* client.timedGrants.update({
      params: { timedGrantId: timed?.id ?? "" },
      headers: {},
      payload: { expiresAt: inSeconds(1) }
    })
  }).pipe(Effect.provide(clientOf(first, admin)), Effect.scoped)

  yield* first.kill("SIGTERM")
  const end = yield* first.finished
  assert.strictEqual(end.code, 0)

  const second = yield* serve(dir)
  yield* Effect.gen(function*() {
    const client = yield* ServerClient
    const ended = yield* Effect.repeat(
      Effect.delay(client.timedGrants.get({ params: { timedGrantId: timedGrant.id } }), "100 millis"),
      { until: ({ state }) => state === "ended" }
    )
    const revocation = yield* client.operations.get({
      params: { operationId: ended.revocationId ?? "" },
      query: { wait: 30 }
    })
    assert.strictEqual(revocation.outcome, "Revoked")
    assert.strictEqual(revocation.requestedBy, "expiry")
    const members = (yield* client.directory.grants({
      params: { connectorId: timedGrant.connectorId },
      headers: {},
      query: { principalId: timedGrant.principal.resource }
    }))?.body.items
    assert.deepStrictEqual(members, [])
    const audit = yield* Stream.runCollect(yield* client.audit.export({ query: {} }))
    const actions = audit.map(({ action, actor }) => `${actor} ${action}`)
    for (
      const line of [
        "admin connector.created",
        "admin operation.requested",
        "expiry timed-grant.expired",
        "expiry operation.succeeded"
      ]
    ) {
      assert.include(actions, line)
    }
  }).pipe(Effect.provide(clientOf(second, admin)), Effect.scoped)

  if (environment[key] === undefined) {
    // The operator's key is another one after this, and the connector still opens.
    yield* second.kill("SIGTERM")
    yield* second.finished
    assert.strictEqual((yield* run(["key", "rotate", ...dir])).code, 0)
    const third = yield* serve(dir)
    const report = yield* Effect.gen(function*() {
      const client = yield* ServerClient
      return yield* client.connectors.test({ params: { connectorId: timedGrant.connectorId } })
    }).pipe(Effect.provide(clientOf(third, admin)))
    assert.isTrue(report.checks.every((check) => check.status !== "failed"))
    assert.include(third.printed(), "sealed again")
    assert.notInclude(third.printed(), scimToken)
  }

  for (const printed of [end.stdout, second.printed()]) {
    assert.notInclude(printed, scimToken)
    assert.notInclude(printed, admin.slice(6, 40))
  }
})

withBundle("From nothing to access that ends by itself", (it) => {
  it.effect("on SQLite", () => Effect.scoped(flow([], {})))

  // Where there is no PostgreSQL, the tests of the storage say so.
  it.effect.skipIf(!Postgres.isInstalled())("on PostgreSQL", () =>
    Effect.gen(function*() {
      const postgres = yield* Postgres.start
      yield* flow(["--runner-address", `127.0.0.1:${yield* FreePort.find}`], {
        CLAUDE_ENTERPRISE_SERVER_DATABASE_URL: yield* postgres.database,
        [key]: Buffer.alloc(32, 7).toString("base64")
      })
    }).pipe(Effect.scoped))
})
