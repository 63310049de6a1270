import * as Sandbox from "@access-kit/scim-sandbox/Sandbox"
import { assert } from "@effect/vitest"
import { Duration, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql/SqlClient"
import { Connectors } from "../src/Connectors.ts"
import * as Caretaker from "../src/jobs/Caretaker.ts"
import { Jobs } from "../src/jobs/Jobs.ts"
import * as Purge from "../src/jobs/Purge.ts"
import { Change, Operations } from "../src/Operations.ts"
import * as Database from "../src/storage/Database.ts"
import { Syncs } from "../src/Syncs.ts"
import { TimedGrants } from "../src/TimedGrants.ts"
import { admin, connected, core, coreOn, newKeys, other, sandbox, until } from "./CoreServices.ts"
import { onEachDatabase, temporaryDirectory, TestDatabase } from "./Databases.ts"

const server = Layer.provideMerge(core, sandbox)

const soon = (milliseconds: number) => new Date(Date.now() + milliseconds).toISOString()

/** Grants something to somebody who has it not, and answers what is needed to look at it. */
const grantFor = (connectorId: string, expiresAt: string | undefined) =>
  Effect.gen(function*() {
    const operations = yield* Operations
    const { directory } = yield* Sandbox.Sandbox
    const { groups, users } = yield* directory.snapshot
    const [group] = groups
    const user = users.find(({ active, id }) => active && group?.members.includes(id) === false)
    const request = { entitlementId: `group:${group?.id}:member`, principalId: user?.id ?? "" }
    const { id } = yield* operations.submit(
      admin,
      connectorId,
      Change.Grant({ request: expiresAt === undefined ? request : { ...request, expiresAt } }),
      undefined
    )
    const operation = yield* operations.await(id, Duration.minutes(1))
    assert.strictEqual(operation.outcome, "Granted")
    const isMember = Effect.map(
      directory.snapshot,
      (now) => now.groups.some(({ id, members }) => id === group?.id && members.includes(user?.id ?? ""))
    )
    return { request, isMember, grantId: operation.resultId ?? "", userId: user?.id ?? "" }
  })

const only = (connectorId: string) =>
  Effect.gen(function*() {
    const { items } = yield* (yield* TimedGrants).list({ connectorId }, {})
    assert.strictEqual(items.length, 1)
    return items[0] ?? (yield* Effect.die("none"))
  })

const submit = (connectorId: string, change: Change) =>
  Effect.gen(function*() {
    const operations = yield* Operations
    const { id } = yield* operations.submit(admin, connectorId, change, undefined)
    return yield* operations.await(id, Duration.minutes(1))
  })

/** Waits until something sleeps until the one timed grant ends. */
const asleep = Effect.flatMap(SqlClient, (sql) =>
  until(
    sql`SELECT entity_id FROM cluster_messages WHERE entity_type = 'Workflow/-/DurableClock'`,
    (rows) => rows.length === 1
  ))

/** As if the time had passed that the one timed grant has. */
const over = Effect.gen(function*() {
  const sql = yield* SqlClient
  yield* sql`UPDATE timed_grants SET expires_at = 1`
  yield* sql`UPDATE cluster_messages SET deliver_at = 1 WHERE entity_type = 'Workflow/-/DurableClock'`
})

onEachDatabase("Timed grants", (it) => {
  it.effect("are revoked at the next start when their time came while every process was down", () =>
    Effect.gen(function*() {
      const location = yield* (yield* TestDatabase).fresh
      const directory = yield* temporaryDirectory
      const keys = yield* newKeys
      const granted = yield* Effect.gen(function*() {
        const connector = yield* connected
        const made = yield* grantFor(connector.id, soon(3_600_000))
        yield* asleep
        return { ...made, connectorId: connector.id }
      }).pipe(Effect.provide(coreOn(location, directory, keys)))
      yield* over.pipe(Effect.provide(Database.layer(location)))
      assert.isTrue(yield* granted.isMember)
      yield* Effect.gen(function*() {
        const timed = yield* until(only(granted.connectorId), ({ state }) => state === "ended")
        assert.isDefined(timed.revocationId)
        assert.isFalse(yield* granted.isMember)
      }).pipe(Effect.provide(coreOn(location, directory, keys)))
    }).pipe(Effect.provide(sandbox)))

  it.effect("grant nothing when their time is over first, and are taken back when a process died on the way", () =>
    Effect.gen(function*() {
      const connector = yield* connected
      const operations = yield* Operations
      const sql = yield* SqlClient
      const { directory } = yield* Sandbox.Sandbox
      yield* (yield* Connectors).update(admin, connector.id, {
        guards: { maxChangesPerHour: 0, maxDeletionsPerHour: 0, maxShrinkPercent: 100 }
      }, undefined)
      const { groups, users } = yield* directory.snapshot
      const [group] = groups
      const outside = users.filter(({ active, id }) => active && group?.members.includes(id) === false)
      const members = Effect.map(
        directory.snapshot,
        (now) => new Set(now.groups.find(({ id }) => id === group?.id)?.members)
      )
      /** Waits for approval until its time is over; `attempts` are those of processes that died on it. */
      const late = (principalId: string, attempts: number) =>
        Effect.gen(function*() {
          const { id } = yield* operations.submit(
            admin,
            connector.id,
            Change.Grant({
              request: { entitlementId: `group:${group?.id}:member`, principalId, expiresAt: soon(3_600_000) }
            }),
            undefined
          )
          yield* sql`UPDATE timed_grants SET expires_at = 1 WHERE operation_id = ${id}`
          yield* sql`UPDATE operations SET attempts = ${attempts} WHERE id = ${id}`
          yield* operations.approve(other, id)
          return yield* operations.await(id, Duration.minutes(1))
        })

      const never = yield* late(outside[0]?.id ?? "", 0)
      assert.deepStrictEqual([never.state, never.error?.reason], ["failed", "Expired"])
      assert.isFalse((yield* members).has(outside[0]?.id ?? ""))

      const begun = yield* late(outside[1]?.id ?? "", 1)
      assert.deepStrictEqual([begun.state, begun.outcome], ["succeeded", "Granted"])
      yield* until(
        (yield* TimedGrants).list({ connectorId: connector.id, state: "ended" }, {}),
        ({ items }) => items.some(({ operationId }) => operationId === begun.id)
      )
      assert.isFalse((yield* members).has(outside[1]?.id ?? ""))
    }).pipe(Effect.provide(server)))

  it.effect("are revoked again and again while the source refuses", () =>
    Effect.gen(function*() {
      const connector = yield* connected
      const source = yield* Sandbox.Sandbox
      const sql = yield* SqlClient
      const { isMember } = yield* grantFor(connector.id, soon(60_000))
      yield* source.faults.set({ name: "unauthorized" })
      yield* (yield* TimedGrants).setExpiry(admin, (yield* only(connector.id)).id, soon(-1_000))
      yield* until(sql`SELECT id FROM timed_grants WHERE state = 'revoking' AND retry_at IS NOT NULL`, (rows) =>
        rows.length === 1)
      const [failed] = (yield* (yield* Operations).list({ connectorId: connector.id, state: "failed" }, {})).items
      assert.deepStrictEqual([failed?.requestedBy, failed?.error?.reason], ["expiry", "Unauthenticated"])
      assert.isTrue(yield* isMember)
      yield* source.faults.clear()
      // The pause is over.
      yield* sql`UPDATE timed_grants SET retry_at = 1`
      const ended = yield* until(only(connector.id), ({ state }) =>
        state === "ended")
      assert.notStrictEqual(ended.revocationId, failed?.id)
      assert.isFalse(yield* isMember)
    }).pipe(Effect.provide(server)))

  it.effect("end when somebody revokes, grants for good or deletes the account, and leave a grant alone that was there before", () =>
    Effect.gen(function*() {
      const connector = yield* connected
      const timed = yield* TimedGrants
      const first = yield* grantFor(connector.id, soon(3_600_000))
      const revoked = yield* submit(connector.id, Change.Revoke({ grantId: first.grantId, dryRun: false }))
      const one = yield* only(connector.id)
      assert.deepStrictEqual([one.state, one.revocationId], ["ended", revoked.id])
      assert.strictEqual((yield* Effect.flip(timed.setExpiry(admin, one.id, soon(1_000))))._tag, "Conflict")

      const second = yield* grantFor(connector.id, soon(3_600_000))
      yield* submit(connector.id, Change.Grant({ request: second.request }))
      const { items: [made] } = yield* timed.list({ connectorId: connector.id, state: "ended" }, { limit: 1 })
      assert.isDefined(made)
      assert.isTrue(yield* second.isMember)
      assert.deepStrictEqual((yield* timed.list({ connectorId: connector.id, state: "active" }, {})).items, [])

      // It is there for good now: a time for it would take it away at its end.
      const again = yield* submit(
        connector.id,
        Change.Grant({ request: { ...second.request, expiresAt: soon(3_600_000) } })
      )
      assert.deepStrictEqual([again.outcome, again.expiry], ["AlreadyGranted", "NotSet"])
      const { items: [kept] } = yield* timed.list({ connectorId: connector.id, state: "kept" }, {})
      assert.deepStrictEqual([kept?.operationId, kept?.id], [again.id, again.timedGrantId])
      assert.isTrue(yield* second.isMember)

      const third = yield* grantFor(connector.id, soon(3_600_000))
      yield* submit(connector.id, Change.DeleteAccount({ accountId: third.userId, dryRun: false }))
      assert.deepStrictEqual((yield* timed.list({ connectorId: connector.id, state: "active" }, {})).items, [])
    }).pipe(Effect.provide(server)))
})

onEachDatabase("An expiry for what is granted already", (it) => {
  it.effect("leaves it without an end unless asked, and takes it away when asked", () =>
    Effect.gen(function*() {
      const connector = yield* connected
      const operations = yield* Operations
      const timed = yield* TimedGrants
      const { isMember, request } = yield* grantFor(connector.id, undefined)
      const ask = (
        more: { readonly ifGranted?: "keep" | "expire"; readonly dryRun?: boolean; readonly in: number }
      ) => {
        const { in: milliseconds, ...rest } = more
        return submit(connector.id, Change.Grant({ request: { ...request, ...rest, expiresAt: soon(milliseconds) } }))
      }
      const wouldKeep = yield* ask({ in: 60_000, dryRun: true })
      assert.deepStrictEqual([wouldKeep.outcome, wouldKeep.expiry, wouldKeep.timedGrantId], [
        "AlreadyGranted",
        "NotSet",
        undefined
      ])
      const would = yield* ask({ in: 60_000, dryRun: true, ifGranted: "expire" })
      assert.deepStrictEqual([would.outcome, would.expiry], ["AlreadyGranted", "Set"])
      const kept = yield* ask({ in: 60_000, ifGranted: "keep" })
      assert.deepStrictEqual([kept.outcome, kept.expiry], ["AlreadyGranted", "NotSet"])
      assert.deepStrictEqual((yield* timed.list({ connectorId: connector.id, state: "active" }, {})).items, [])

      const set = yield* ask({ in: 1_500, ifGranted: "expire" })
      assert.deepStrictEqual([set.outcome, set.expiry], ["AlreadyGranted", "Set"])
      assert.isTrue(yield* isMember)
      const ended = yield* until(timed.get(set.timedGrantId ?? ""), ({ state }) => state === "ended")
      assert.isAtLeast(Date.parse(ended.endedAt ?? ""), Date.parse(ended.expiresAt))
      assert.isFalse(yield* isMember)

      const alone = yield* Effect.flip(
        operations.submit(
          admin,
          connector.id,
          Change.Grant({ request: { ...request, ifGranted: "expire" } }),
          undefined
        )
      )
      assert.strictEqual(alone._tag, "InvalidInput")
    }).pipe(Effect.provide(server)))

  it.effect("does not take what was there for good for its own after a crash", () =>
    Effect.gen(function*() {
      const connector = yield* connected
      const operations = yield* Operations
      const timed = yield* TimedGrants
      const sql = yield* SqlClient
      const { isMember, request } = yield* grantFor(connector.id, undefined)
      yield* (yield* Connectors).update(admin, connector.id, {
        guards: { maxChangesPerHour: 0, maxDeletionsPerHour: 0, maxShrinkPercent: 100 }
      }, undefined)
      /** Taken up after a process died on it: before it had looked, or after. */
      const takenUp = (looked: number) =>
        Effect.gen(function*() {
          const { id } = yield* operations.submit(
            admin,
            connector.id,
            Change.Grant({ request: { ...request, expiresAt: soon(3_600_000) } }),
            undefined
          )
          yield* sql`UPDATE operations SET attempts = 1, looked = ${looked} WHERE id = ${id}`
          yield* operations.approve(other, id)
          const operation = yield* operations.await(id, Duration.minutes(1))
          return { operation, timed: yield* timed.get(operation.timedGrantId ?? "") }
        })
      const before = yield* takenUp(0)
      assert.deepStrictEqual([before.operation.outcome, before.operation.expiry, before.timed.state], [
        "AlreadyGranted",
        "NotSet",
        "kept"
      ])
      const own = yield* takenUp(1)
      assert.deepStrictEqual([own.operation.outcome, own.operation.expiry, own.timed.state], [
        "AlreadyGranted",
        "Set",
        "active"
      ])
      assert.isTrue(yield* isMember)
    }).pipe(Effect.provide(server)))
})

onEachDatabase("The caretaker", (it) => {
  it.effect("carries out what a process that died has written and never handed over", () =>
    Effect.gen(function*() {
      const connector = yield* connected
      const operations = yield* Operations
      const sql = yield* SqlClient
      const change = Change.CreateAccount({
        request: { email: "left@aurora.example", fields: { display_name: "Left Behind" } }
      })
      const pretend = { name: "other", tokenId: "3".repeat(27) }
      // As if the process had died between the two steps.
      const { id } = yield* Effect.scoped(Effect.gen(function*() {
        yield* (yield* Sandbox.Sandbox).faults.set({ name: "latency", ms: 200 })
        const made = yield* operations.submit(pretend, connector.id, change, undefined)
        yield* operations.await(made.id, Duration.minutes(1))
        yield* sql`UPDATE operations SET state = 'queued', handed_over = 0, requested_at = 1, ended_at = NULL, outcome = NULL WHERE id = ${made.id}`
        yield* sql`DELETE FROM cluster_replies`
        yield* sql`DELETE FROM cluster_messages`
        return made
      }))
      const ended = yield* until(operations.get(id), ({ state }) => state === "succeeded")
      assert.strictEqual(ended.attempts, 2)
    }).pipe(Effect.provide(server)))

  it.effect("catches up once on syncs that were missed", () =>
    Effect.gen(function*() {
      const connector = yield* connected
      const sql = yield* SqlClient
      const syncs = yield* Syncs
      yield* sql`UPDATE connectors SET schedule = ${
        JSON.stringify({ type: "interval", everySeconds: 3_600 })
      }, next_sync_at = 1`
      const { items } = yield* until(
        syncs.list(connector.id, {}, {}),
        ({ items }) => items.length === 2 && items.every(({ state }) => state === "succeeded")
      )
      assert.deepStrictEqual([items[0]?.trigger, items[0]?.requestedBy], ["schedule", "schedule"])
      yield* Caretaker.startDue()
      assert.strictEqual((yield* syncs.list(connector.id, {}, {})).items.length, 2)
      const [row] = yield* sql<{ readonly next_sync_at: number }>`SELECT next_sync_at FROM connectors`
      assert.isAbove(row?.next_sync_at ?? 0, Date.now() + 3_500_000)
    }).pipe(Effect.provide(server)))

  it.effect("removes the messages of what has ended, and none of what sleeps", () =>
    Effect.gen(function*() {
      const connector = yield* connected
      const sql = yield* SqlClient
      const { isMember } = yield* grantFor(connector.id, soon(3_600_000))
      const count = Effect.map(
        sql<{ readonly n: number }>`SELECT count(*) AS n FROM cluster_messages`,
        ([row]) => row?.n ?? 0
      )
      yield* asleep
      const before = yield* count
      const types = Effect.map(
        sql<{ readonly entity_type: string }>`SELECT DISTINCT entity_type FROM cluster_messages`,
        (rows) => rows.map(({ entity_type }) => entity_type)
      )
      // That of the sync ends a little after the sync.
      const left = yield* until(
        Effect.andThen(Effect.suspend(() => Purge.messages(Date.now() + 60_000)), types),
        (types) => !types.includes("Workflow/RunSync")
      )
      assert.isBelow(yield* count, before)
      assert.include(left, "Workflow/Expire")
      yield* over
      yield* until(isMember, (member) => !member)
      // Handing over what has ended again does nothing, although its messages are gone.
      const { items: [operation] } = yield* (yield* Operations).list({ kind: "grant" }, {})
      yield* (yield* Jobs).carryOut(connector.id, operation?.id ?? "")
      assert.strictEqual((yield* (yield* Operations).get(operation?.id ?? "")).attempts, 1)
    }).pipe(Effect.provide(server)))
})
