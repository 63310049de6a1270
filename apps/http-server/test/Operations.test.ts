import * as Sandbox from "@access-kit/scim-sandbox/Sandbox"
import { assert } from "@effect/vitest"
import { Duration, Effect, Layer, Stream } from "effect"
import { AuditLog } from "../src/AuditLog.ts"
import { Connectors } from "../src/Connectors.ts"
import { Directory } from "../src/Directory.ts"
import { Change, Operations } from "../src/Operations.ts"
import { TimedGrants } from "../src/TimedGrants.ts"
import { admin, connected, core, other, sandbox, until } from "./CoreServices.ts"
import { onEachDatabase } from "./Databases.ts"

const server = Layer.provideMerge(core, sandbox)

/** A group and somebody who is not in it. */
const pair = Effect.gen(function*() {
  const { directory } = yield* Sandbox.Sandbox
  const { groups, users } = yield* directory.snapshot
  const group = groups[0]
  const inside = new Set(group?.members)
  const user = users.find((candidate) => candidate.active && !inside.has(candidate.id))
  if (group === undefined || user === undefined) return yield* Effect.die("no such pair")
  return { group, user, entitlementId: `group:${group.id}:member`, grantId: `group:${group.id}:member:user:${user.id}` }
})

const isMember = (groupId: string, userId: string) =>
  Effect.gen(function*() {
    const { directory } = yield* Sandbox.Sandbox
    const { groups } = yield* directory.snapshot
    return groups.some((group) => group.id === groupId && group.members.includes(userId))
  })

/** Submits, and waits for the end. */
const done = (connectorId: string, change: Change, actor = admin, key?: string) =>
  Effect.gen(function*() {
    const operations = yield* Operations
    const { id } = yield* operations.submit(actor, connectorId, change, key)
    return yield* operations.await(id, Duration.minutes(1))
  })

onEachDatabase("Operations", (it) => {
  it.effect("grants and revokes, says what came of it, and answers it from the directory at once", () =>
    Effect.gen(function*() {
      const connector = yield* connected
      assert.strictEqual(connector.status, "connected")
      const { entitlementId, grantId, group, user } = yield* pair
      const directory = yield* Directory
      const grant = Change.Grant({ request: { entitlementId, principalId: user.id } })

      const dry = yield* done(
        connector.id,
        Change.Grant({ request: { entitlementId, principalId: user.id, dryRun: true } })
      )
      assert.deepStrictEqual([dry.state, dry.outcome], ["succeeded", "WouldGrant"])
      assert.isFalse(yield* isMember(group.id, user.id))

      const granted = yield* done(connector.id, grant)
      assert.deepStrictEqual([granted.state, granted.outcome, granted.resultId], ["succeeded", "Granted", grantId])
      assert.isTrue(yield* isMember(group.id, user.id))
      assert.strictEqual((yield* directory.findGrant(connector.id, grantId)).principal.resource, user.id)

      const again = yield* done(connector.id, grant)
      assert.strictEqual(again.outcome, "AlreadyGranted")

      const revoked = yield* done(connector.id, Change.Revoke({ grantId, dryRun: false }))
      assert.strictEqual(revoked.outcome, "Revoked")
      assert.isFalse(yield* isMember(group.id, user.id))
      assert.strictEqual((yield* Effect.flip(directory.findGrant(connector.id, grantId)))._tag, "NotFound")

      const audit = yield* AuditLog
      const lines = yield* Stream.runCollect(audit.export({ connectorId: connector.id }))
      assert.deepStrictEqual(
        lines.filter(({ subjectId }) => subjectId === revoked.id).map(({ action, actor }) => [action, actor]),
        [["operation.requested", "admin"], ["operation.succeeded", "admin"]]
      )
    }).pipe(Effect.provide(server)))

  it.effect("keeps the order in which changes were asked for", () =>
    Effect.gen(function*() {
      const connector = yield* connected
      const { entitlementId, grantId, group, user } = yield* pair
      const operations = yield* Operations
      yield* done(connector.id, Change.Grant({ request: { entitlementId, principalId: user.id } }))
      const submitted: Array<string> = []
      for (let index = 0; index < 5; index++) {
        for (
          const change of [
            Change.Revoke({ grantId, dryRun: false }),
            Change.Grant({ request: { entitlementId, principalId: user.id } })
          ]
        ) {
          // Only what is in the directory can be revoked, so the grant has to be known before the next round.
          const made = yield* Effect.exit(operations.submit(admin, connector.id, change, undefined))
          if (made._tag === "Success") submitted.push(made.value.id)
        }
      }
      const ended = yield* Effect.forEach(submitted, (id) => operations.await(id, Duration.minutes(1)))
      const starts = ended.map((operation) => operation.startedAt ?? "")
      assert.deepStrictEqual(starts, starts.toSorted())
      assert.isTrue(ended.every((operation) => operation.state === "succeeded"))
      assert.strictEqual(yield* isMember(group.id, user.id), ended.at(-1)?.kind === "grant")
    }).pipe(Effect.provide(server)))

  it.effect("waits for another token above the limit, and carries out what was approved", () =>
    Effect.gen(function*() {
      const connector = yield* connected
      const connectors = yield* Connectors
      const operations = yield* Operations
      yield* connectors.update(admin, connector.id, {
        guards: { maxChangesPerHour: 1, maxDeletionsPerHour: 0, maxShrinkPercent: 30 }
      }, undefined)
      const { entitlementId, group, user } = yield* pair
      const grant = Change.Grant({ request: { entitlementId, principalId: user.id } })
      assert.strictEqual((yield* done(connector.id, grant)).outcome, "Granted")

      const second = yield* operations.submit(admin, connector.id, grant, undefined)
      assert.strictEqual(second.state, "awaitingApproval")
      assert.match(second.approvalReason ?? "", /1 changes within an hour/)
      assert.strictEqual((yield* Effect.flip(operations.approve(admin, second.id)))._tag, "Forbidden")
      yield* operations.approve(other, second.id)
      const approved = yield* operations.await(second.id, Duration.minutes(1))
      assert.deepStrictEqual([approved.state, approved.outcome, approved.decidedBy], [
        "succeeded",
        "AlreadyGranted",
        "other"
      ])

      const deletion = yield* operations.submit(
        admin,
        connector.id,
        Change.DeleteAccount({ accountId: user.id, dryRun: false }),
        undefined
      )
      assert.match(deletion.approvalReason ?? "", /deletions/)
      const rejected = yield* operations.reject(other, deletion.id)
      assert.strictEqual(rejected.state, "rejected")
      assert.strictEqual((yield* Effect.flip(operations.approve(other, deletion.id)))._tag, "Conflict")
      const dry = yield* done(connector.id, Change.DeleteAccount({ accountId: user.id, dryRun: true }))
      assert.strictEqual(dry.outcome, "WouldDelete")
      assert.isTrue(yield* isMember(group.id, user.id))
    }).pipe(Effect.provide(server)))

  it.effect("answers the same key with the same operation", () =>
    Effect.gen(function*() {
      const connector = yield* connected
      const operations = yield* Operations
      const { entitlementId, user } = yield* pair
      const grant = Change.Grant({ request: { entitlementId, principalId: user.id } })
      const made = yield* Effect.all(
        Array.from({ length: 5 }, () => operations.submit(admin, connector.id, grant, "key-1")),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(new Set(made.map(({ id }) => id)).size, 1)
      assert.notStrictEqual((yield* operations.submit(other, connector.id, grant, "key-1")).id, made[0]?.id)
    }).pipe(Effect.provide(server)))

  it.effect("revokes a timed grant when its time comes, and not before", () =>
    Effect.gen(function*() {
      const connector = yield* connected
      const timed = yield* TimedGrants
      const { entitlementId, group, user } = yield* pair
      const expiresAt = new Date(Date.now() + 3_600_000).toISOString()
      const granted = yield* done(
        connector.id,
        Change.Grant({ request: { entitlementId, principalId: user.id, expiresAt } })
      )
      assert.strictEqual(granted.outcome, "Granted")
      const { items: [row] } = yield* timed.list({ connectorId: connector.id, state: "active" }, {})
      assert.strictEqual(row?.expiresAt, expiresAt)
      assert.strictEqual(row?.operationId, granted.id)
      const twice = yield* Effect.flip(
        (yield* Operations).submit(
          admin,
          connector.id,
          Change.Grant({ request: { entitlementId, principalId: user.id, expiresAt } }),
          undefined
        )
      )
      assert.strictEqual(twice._tag, "Conflict")
      const time = Date.now() + 1_500
      yield* timed.setExpiry(admin, row?.id ?? "", new Date(time).toISOString())
      const member = yield* isMember(group.id, user.id)
      // A slow machine may have come here too late to see it.
      if (Date.now() < time) assert.isTrue(member)
      const ended = yield* until(timed.get(row?.id ?? ""), ({ state }) => state === "ended")
      assert.isFalse(yield* isMember(group.id, user.id))
      assert.isTrue(Date.parse(ended.endedAt ?? "") >= Date.parse(ended.expiresAt))
      const revocation = yield* (yield* Operations).get(ended.revocationId ?? "")
      assert.deepStrictEqual([revocation.requestedBy, revocation.outcome], ["expiry", "Revoked"])
    }).pipe(Effect.provide(server)))
})
