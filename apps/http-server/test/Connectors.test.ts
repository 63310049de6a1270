import * as Sandbox from "@access-kit/scim-sandbox/Sandbox"
import { assert } from "@effect/vitest"
import { Duration, Effect, Layer, Redacted, Stream } from "effect"
import { SqlClient } from "effect/sql/SqlClient"
import { AuditLog } from "../src/AuditLog.ts"
import { Connectors } from "../src/Connectors.ts"
import { Change, Operations } from "../src/Operations.ts"
import { Syncs } from "../src/Syncs.ts"
import { admin, connected, core, coreOn, newKeys, sandbox } from "./CoreServices.ts"
import { onEachDatabase, temporaryDirectory, TestDatabase } from "./Databases.ts"

const server = Layer.provideMerge(core, sandbox)

const faultsOf = (error: unknown): ReadonlyArray<string> => {
  const { errors = [] } = error as { readonly errors?: ReadonlyArray<{ readonly field: string }> }
  return errors.map(({ field }) => field)
}

onEachDatabase("Connectors", (it) => {
  it.effect("shows the form of each kind as the connector declares it", () =>
    Effect.gen(function*() {
      const { kinds: [kind] } = yield* Connectors
      assert.strictEqual(kind?.kind, "claude-enterprise")
      assert.deepStrictEqual(
        kind?.fields.filter(({ required }) => required).map(({ kind, name }) => [name, kind]),
        [["scim-url", "url"], ["scim-token", "secret"]]
      )
    }).pipe(Effect.provide(server)))

  it.effect("names everything that is wrong with settings at once, and saves nothing", () =>
    Effect.gen(function*() {
      const connectors = yield* Connectors
      const wrong = yield* Effect.flip(connectors.create(admin, {
        name: "Wrong",
        kind: "claude-enterprise",
        settings: { "scim-url": "nonsense", "scim-page-size": "0", "scim-toke": "x" }
      }))
      assert.strictEqual(wrong._tag, "InvalidInput")
      assert.deepStrictEqual(faultsOf(wrong).toSorted(), ["scim-page-size", "scim-toke", "scim-token", "scim-url"])
      const kind = yield* Effect.flip(connectors.testSettings({ kind: "okta", settings: {} }))
      assert.match(kind._tag === "InvalidInput" ? kind.detail ?? "" : "", /This server runs: claude-enterprise/)
      const cron = yield* Effect.flip(connectors.create(admin, {
        name: "Wrong",
        kind: "claude-enterprise",
        settings: { "scim-url": "https://scim.example/v2", "scim-token": "t" },
        schedule: { type: "cron", expression: "not a cron at all" },
        skipTest: true
      }))
      assert.deepStrictEqual(faultsOf(cron), ["schedule"])
      assert.deepStrictEqual((yield* connectors.list({})).items, [])
    }).pipe(Effect.provide(server)))

  it.effect("tries settings before it saves them", () =>
    Effect.gen(function*() {
      const connectors = yield* Connectors
      const source = yield* Sandbox.Sandbox
      const settings = { "scim-url": source.baseUrl, "scim-token": "wrong" }
      const report = yield* connectors.testSettings({ kind: "claude-enterprise", settings }).pipe(
        Effect.map(({ checks }) => checks.some(({ status }) => status === "failed")),
        Effect.catchTag("SourceFailed", () => Effect.succeed(true))
      )
      assert.isTrue(report)
      const refused = yield* Effect.flip(
        connectors.create(admin, { name: "Claude", kind: "claude-enterprise", settings })
      )
      assert.strictEqual(refused._tag, "SourceFailed")
      const saved = yield* connectors.create(admin, {
        name: "Claude",
        kind: "claude-enterprise",
        settings,
        skipTest: true
      })
      const again = yield* Effect.flip(
        connectors.create(admin, { name: "Claude", kind: "claude-enterprise", settings, skipTest: true })
      )
      assert.strictEqual(again._tag, "Conflict")
      const rotated = yield* Effect.flip(
        connectors.rotateSecrets(admin, saved.id, { secrets: { "scim-token": "wrong too" } })
      )
      assert.include(["SourceFailed", "InvalidInput"], rotated._tag)
      const mended = yield* connectors.rotateSecrets(admin, saved.id, {
        secrets: { "scim-token": Redacted.value(source.token) }
      })
      assert.strictEqual(mended.revision, saved.revision + 1)
      assert.isTrue((yield* connectors.test(saved.id)).checks.every(({ status }) => status !== "failed"))
    }).pipe(Effect.provide(server)))

  it.effect("never shows a secret: not in answers, not in the database, not in the audit log", () =>
    Effect.gen(function*() {
      const connector = yield* connected
      const connectors = yield* Connectors
      const source = yield* Sandbox.Sandbox
      const sql = yield* SqlClient
      const token = Redacted.value(source.token)
      yield* connectors.rotateSecrets(admin, connector.id, { secrets: { "scim-token": token } })
      assert.deepStrictEqual(connector.secrets, ["scim-token"])
      const everything = JSON.stringify([
        yield* connectors.get(connector.id),
        yield* sql`SELECT * FROM connectors`,
        yield* sql`SELECT * FROM connector_secrets`,
        yield* sql`SELECT * FROM sync_logs`,
        yield* Stream.runCollect((yield* AuditLog).export({}))
      ])
      assert.notInclude(everything, token)
    }).pipe(Effect.provide(server)))

  it.effect("changes only what somebody has seen, and asks for secrets again when the address changes", () =>
    Effect.gen(function*() {
      const connector = yield* connected
      const connectors = yield* Connectors
      const stale = yield* Effect.flip(
        connectors.update(admin, connector.id, { name: "Other" }, connector.revision - 1)
      )
      assert.strictEqual(stale._tag, "PreconditionFailed")
      const renamed = yield* connectors.update(admin, connector.id, { name: "Other" }, connector.revision)
      assert.deepStrictEqual([renamed.name, renamed.revision], ["Other", connector.revision + 1])
      const moved = yield* Effect.flip(
        connectors.update(
          admin,
          connector.id,
          { settings: { "scim-url": "https://elsewhere.example/scim" } },
          undefined
        )
      )
      assert.deepStrictEqual(faultsOf(moved), ["scim-token"])
      const both = yield* connectors.update(admin, connector.id, {
        settings: { "scim-url": "https://elsewhere.example/scim", "scim-token": "new" }
      }, undefined)
      assert.strictEqual(both.settings["scim-url"], "https://elsewhere.example/scim")
      assert.strictEqual((yield* Effect.flip(connectors.get("0".repeat(27))))._tag, "NotFound")
    }).pipe(Effect.provide(server)))

  it.effect("pauses syncs and changes, and goes on", () =>
    Effect.gen(function*() {
      const connector = yield* connected
      const connectors = yield* Connectors
      const syncs = yield* Syncs
      const operations = yield* Operations
      assert.strictEqual((yield* connectors.pause(admin, connector.id)).status, "paused")
      assert.strictEqual((yield* Effect.flip(syncs.start(admin, connector.id, "manual")))._tag, "Conflict")
      const change = Change.CreateAccount({
        request: { email: "new@aurora.example", fields: { display_name: "New One" } }
      })
      assert.strictEqual(
        (yield* Effect.flip(operations.submit(admin, connector.id, change, undefined)))._tag,
        "Conflict"
      )
      assert.strictEqual((yield* connectors.resume(admin, connector.id)).status, "connected")
      const made = yield* operations.submit(admin, connector.id, change, undefined)
      assert.strictEqual((yield* operations.await(made.id, Duration.minutes(1))).outcome, "Created")
    }).pipe(Effect.provide(server)))

  it.effect("is deleted with everything but its audit log, unless a grant would stay for ever", () =>
    Effect.gen(function*() {
      const connector = yield* connected
      const connectors = yield* Connectors
      const operations = yield* Operations
      const source = yield* Sandbox.Sandbox
      const sql = yield* SqlClient
      const { groups: [group], users } = yield* source.directory.snapshot
      const user = users.find(({ active, id }) => active && !group?.members.includes(id))
      const made = yield* operations.submit(
        admin,
        connector.id,
        Change.Grant({
          request: {
            entitlementId: `group:${group?.id}:member`,
            principalId: user?.id ?? "",
            expiresAt: new Date(Date.now() + 3_600_000).toISOString()
          }
        }),
        undefined
      )
      yield* operations.await(made.id, Duration.minutes(1))
      const refused = yield* Effect.flip(connectors.remove(admin, connector.id, undefined))
      assert.match(refused._tag === "Conflict" ? refused.detail ?? "" : "", /1 timed grants/)
      const revoked = yield* operations.submit(
        admin,
        connector.id,
        Change.Revoke({ grantId: `group:${group?.id}:member:user:${user?.id}`, dryRun: false }),
        undefined
      )
      yield* operations.await(revoked.id, Duration.minutes(1))
      yield* connectors.remove(admin, connector.id, undefined)
      assert.strictEqual((yield* Effect.flip(connectors.get(connector.id)))._tag, "NotFound")
      for (
        const table of [
          "connectors",
          "connector_secrets",
          "syncs",
          "sync_logs",
          "operations",
          "timed_grants",
          "snapshots"
        ]
      ) {
        assert.deepStrictEqual(yield* sql.unsafe(`SELECT * FROM ${table}`), [], table)
      }
      const lines = yield* Stream.runCollect((yield* AuditLog).export({ connectorId: connector.id }))
      assert.strictEqual(lines.at(-1)?.action, "connector.deleted")
      assert.isAbove(lines.length, 6)
    }).pipe(Effect.provide(server)))

  it.effect("seals secrets again with the current key when it starts", () =>
    Effect.gen(function*() {
      const location = yield* (yield* TestDatabase).fresh
      const directory = yield* temporaryDirectory
      const [before, after] = [yield* newKeys, yield* newKeys]
      const connector = yield* connected.pipe(Effect.provide(coreOn(location, directory, before)))
      const test = Effect.gen(function*() {
        const { checks } = yield* (yield* Connectors).test(connector.id)
        return checks.every(({ status }) => status !== "failed")
      })
      assert.isTrue(yield* test.pipe(Effect.provide(coreOn(location, directory, [after[0], ...before]))))
      assert.isTrue(yield* test.pipe(Effect.provide(coreOn(location, directory, after))))
      const lost = yield* Effect.flip(test.pipe(Effect.provide(coreOn(location, directory, before))))
      assert.match(lost._tag === "Unavailable" ? lost.detail ?? "" : "", /scim-token can't be read/)
    }).pipe(Effect.provide(sandbox)))
})
