import * as Sandbox from "@access-kit/scim-sandbox/Sandbox"
import { assert } from "@effect/vitest"
import { Effect, Layer, Redacted, Stream } from "effect"
import { SqlClient } from "effect/sql/SqlClient"
import { AuditLog } from "../src/AuditLog.ts"
import { Connectors } from "../src/Connectors.ts"
import { Directory } from "../src/Directory.ts"
import { Snapshots } from "../src/Snapshots.ts"
import { Syncs } from "../src/Syncs.ts"
import { admin, connected, core, sandbox, until } from "./CoreServices.ts"
import { onEachDatabase } from "./Databases.ts"

const server = Layer.provideMerge(core, sandbox)

const ended = (id: string) =>
  Effect.gen(function*() {
    const syncs = yield* Syncs
    return yield* until(syncs.get(id), ({ state }) => state !== "queued" && state !== "running")
  })

const accountsOf = (connectorId: string) =>
  Effect.gen(function*() {
    const directory = yield* Directory
    const { body } = yield* directory.accounts(connectorId, {}, { limit: 500 })
    const page: { readonly items: ReadonlyArray<{ readonly id: { readonly resource: string } }> } = JSON.parse(
      Buffer.from(body).toString()
    )
    return page.items.map(({ id }) => id.resource)
  })

/** Holds every request to the source, so that a sync is in the middle for as long as a test needs. */
const hang = { name: "hang", path: "/Users" } as const

onEachDatabase("Syncs", (it) => {
  it.effect("reads the source, publishes, and tells all of it while it runs", () =>
    Effect.gen(function*() {
      const connector = yield* connected
      const syncs = yield* Syncs
      const source = yield* Sandbox.Sandbox
      const snapshots = yield* Snapshots
      const made = yield* syncs.start(admin, connector.id, "manual")
      const events = yield* Stream.runCollect(yield* syncs.events(made.id))
      const last = events.at(-1)
      assert.strictEqual(last?.type === "sync" ? last.sync.state : undefined, "succeeded")
      const lines = events.flatMap((event) => event.type === "log" ? [event.entry] : [])
      assert.deepStrictEqual(lines.map(({ sequence }) => sequence), lines.map((_, index) => index + 1))
      const logged: Array<number> = []
      let pageToken: string | undefined
      do {
        const page = yield* syncs.logs(made.id, { limit: 2, ...(pageToken === undefined ? {} : { pageToken }) })
        logged.push(...page.items.map(({ sequence }) => sequence))
        pageToken = page.nextPageToken
      } while (pageToken !== undefined)
      assert.deepStrictEqual(logged, lines.map(({ sequence }) => sequence))

      const sync = yield* syncs.get(made.id)
      const { users } = yield* source.directory.snapshot
      assert.strictEqual(sync.counts?.resources["user"], users.length)
      assert.strictEqual(sync.attempts, 1)
      assert.deepStrictEqual((yield* accountsOf(connector.id)).toSorted(), users.map(({ id }) => id).toSorted())
      const { items } = yield* snapshots.list(connector.id, {})
      assert.deepStrictEqual(items.map(({ current, id }) => [id, current]), [[sync.snapshotId, true], [
        items[1]?.id,
        false
      ]])
      const now = yield* (yield* Connectors).get(connector.id)
      assert.deepStrictEqual([now.status, now.lastSyncId, now.currentSnapshotId], [
        "connected",
        made.id,
        sync.snapshotId
      ])
    }).pipe(Effect.provide(server)))

  it.effect("goes from syncing to connected, and its log can be read from the beginning", () =>
    Effect.gen(function*() {
      const source = yield* Sandbox.Sandbox
      const connectors = yield* Connectors
      const syncs = yield* Syncs
      const added = yield* connectors.create(admin, {
        name: "Claude",
        kind: "claude-enterprise",
        settings: { "scim-url": source.baseUrl, "scim-token": Redacted.value(source.token) }
      })
      assert.strictEqual(added.status, "syncing")
      const syncId = added.lastSyncId ?? ""
      const seen: Array<string> = []
      yield* until(connectors.get(added.id), ({ status }) => {
        if (seen.at(-1) !== status) seen.push(status)
        return status === "connected"
      })
      assert.include([["connected"], ["syncing", "connected"]].map(String), String(seen))
      assert.strictEqual((yield* connectors.get(added.id)).lastSyncId, syncId)
      assert.strictEqual((yield* syncs.get(syncId)).trigger, "created")
      assert.strictEqual((yield* syncs.logs(syncId, {})).items[0]?.message, "The sync begins.")
    }).pipe(Effect.provide(server)))

  it.effect("holds a directory back that shrank, until somebody publishes it", () =>
    Effect.gen(function*() {
      const connector = yield* connected
      const source = yield* Sandbox.Sandbox
      const syncs = yield* Syncs
      const { users } = yield* source.directory.snapshot
      yield* Effect.forEach(users.slice(0, 12), ({ id }) => source.directory.erase("User", id), { discard: true })
      const held = yield* ended((yield* syncs.start(admin, connector.id, "manual")).id)
      assert.strictEqual(held.state, "held")
      assert.match(held.error?.message ?? "", /shrank by more than 30 percent: 20 accounts before, 8 now/)
      assert.strictEqual((yield* accountsOf(connector.id)).length, 20)
      const published = yield* syncs.publish(admin, held.id)
      assert.strictEqual(published.state, "succeeded")
      assert.strictEqual((yield* accountsOf(connector.id)).length, 8)
      assert.strictEqual((yield* Effect.flip(syncs.publish(admin, held.id)))._tag, "Conflict")
      const audit = yield* AuditLog
      const lines = yield* audit.list({ subjectId: held.id }, {})
      assert.deepStrictEqual(lines.items.map(({ action }) => action), ["sync.published", "sync.held", "sync.requested"])
    }).pipe(Effect.provide(server)))

  it.effect("cancels what waits and what runs, and starts one of those that wait", () =>
    Effect.gen(function*() {
      const connector = yield* connected
      const source = yield* Sandbox.Sandbox
      const syncs = yield* Syncs
      yield* source.faults.set(hang)
      const running = yield* syncs.start(admin, connector.id, "manual")
      yield* until(syncs.get(running.id), ({ state }) => state === "running")
      const connectors = yield* Connectors
      const during = yield* connectors.get(connector.id)
      assert.deepStrictEqual([during.status, during.lastSyncId], ["syncing", running.id])
      assert.isNotEmpty((yield* syncs.logs(running.id, {})).items)
      const waiting = yield* syncs.start(admin, connector.id, "manual")
      assert.notStrictEqual(waiting.id, running.id)
      assert.strictEqual((yield* syncs.start(admin, connector.id, "manual")).id, waiting.id)
      assert.strictEqual((yield* syncs.cancel(admin, waiting.id)).state, "cancelled")
      yield* syncs.cancel(admin, running.id)
      assert.strictEqual((yield* ended(running.id)).state, "cancelled")
      yield* source.faults.clear()
      const next = yield* ended((yield* syncs.start(admin, connector.id, "manual")).id)
      assert.strictEqual(next.state, "succeeded")
      assert.strictEqual((yield* Effect.flip(syncs.cancel(admin, next.id)))._tag, "Conflict")
    }).pipe(Effect.provide(server)))

  it.effect("says why a sync failed, and leaves the connector alone for longer", () =>
    Effect.gen(function*() {
      const connector = yield* connected
      const connectors = yield* Connectors
      const source = yield* Sandbox.Sandbox
      yield* connectors.update(admin, connector.id, { schedule: { type: "interval", everySeconds: 3_600 } }, undefined)
      yield* source.faults.set({ name: "unauthorized" })
      const failed = yield* ended((yield* (yield* Syncs).start(admin, connector.id, "manual")).id)
      assert.deepStrictEqual([failed.state, failed.error?.reason], ["failed", "Unauthenticated"])
      const now = yield* connectors.get(connector.id)
      assert.deepStrictEqual([now.status, now.consecutiveFailures], ["failing", 1])
      assert.strictEqual(now.statusDetail, failed.error?.message)
      assert.isTrue(Date.parse(now.nextSyncAt ?? "") - Date.parse(failed.endedAt ?? "") >= 2 * 3_600_000)
      assert.strictEqual((yield* accountsOf(connector.id)).length, 20)
    }).pipe(Effect.provide(server)))

  it.effect("runs the syncs of a connector one after the other", () =>
    Effect.gen(function*() {
      const connector = yield* connected
      const syncs = yield* Syncs
      const ids = new Set<string>()
      for (let index = 0; index < 6; index++) {
        const made = yield* syncs.start(admin, connector.id, "manual")
        ids.add(made.id)
        yield* until(syncs.get(made.id), ({ state }) => state !== "queued")
      }
      const rows = yield* Effect.forEach([...ids], ended)
      assert.isTrue(rows.every(({ state }) => state === "succeeded"))
      const sql = yield* SqlClient
      const overlaps =
        yield* sql`SELECT a.id FROM syncs a JOIN syncs b ON a.connector_id = b.connector_id AND a.id <> b.id
        AND a.started_at < b.started_at AND b.started_at < a.ended_at`
      assert.deepStrictEqual(overlaps, [])
    }).pipe(Effect.provide(server)))
})
