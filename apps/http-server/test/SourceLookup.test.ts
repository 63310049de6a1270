import * as Sandbox from "@access-kit/scim-sandbox/Sandbox"
import type { NotFound, SourceFailed, Unavailable } from "@access-kit/server-api/Problems"
import { assert } from "@effect/vitest"
import { Duration, Effect, Layer } from "effect"
import { Connectors } from "../src/Connectors.ts"
import { Directory } from "../src/Directory.ts"
import { Change, Operations } from "../src/Operations.ts"
import { SourceLookup } from "../src/SourceLookup.ts"
import { admin, connected, core, sandbox } from "./CoreServices.ts"
import { onEachDatabase } from "./Databases.ts"

const server = Layer.provideMerge(core, sandbox)

type Problem = NotFound | SourceFailed | Unavailable

const read = (body: string): Record<string, unknown> => JSON.parse(body)

/** Somebody and a group that came to the source after the last sync, the one in the other. */
const younger = Effect.gen(function*() {
  const { directory } = yield* Sandbox.Sandbox
  const user = yield* directory.create("User", {
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
    userName: "young@aurora.example",
    displayName: "Young Person",
    emails: [{ value: "young@aurora.example", primary: true }],
    active: true
  })
  const group = yield* directory.create("Group", {
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:Group"],
    displayName: "Young Group",
    members: [{ value: user }]
  })
  const entitlementId = `group:${group}:member`
  return { user, group, entitlementId, grantId: `${entitlementId}:user:${user}` }
})

onEachDatabase("What is younger than the snapshot", (it) => {
  it.effect("is asked of the source by its id", () =>
    Effect.gen(function*() {
      const connector = yield* connected
      const lookup = yield* SourceLookup
      const { entitlementId, grantId, group, user } = yield* younger
      const account = read((yield* lookup.account(connector.id, user)).body)
      assert.deepStrictEqual([account["_tag"], account["displayName"]], ["Account", "Young Person"])
      const shown = read((yield* lookup.group(connector.id, group)).body)
      assert.deepStrictEqual([shown["displayName"], shown["members"]], ["Young Group", 1])
      const entitlement = read((yield* lookup.entitlement(connector.id, entitlementId)).body)
      assert.deepStrictEqual([entitlement["slug"], entitlement["resourceName"], entitlement["holders"]], [
        "member",
        "Young Group",
        1
      ])
      const grant = read((yield* lookup.grant(connector.id, grantId)).body)
      assert.deepStrictEqual([grant["entitlementId"], grant["principalName"], grant["principalEmail"]], [
        entitlementId,
        "Young Person",
        "young@aurora.example"
      ])
      assert.match((yield* Effect.flip(lookup.access(connector.id, user))).detail ?? "", /after the next sync/)

      const absent: ReadonlyArray<Effect.Effect<unknown, Problem>> = [
        lookup.account(connector.id, "nobody"),
        lookup.access(connector.id, "nobody"),
        lookup.group(connector.id, "none"),
        lookup.entitlement(connector.id, "group:none:member"),
        lookup.entitlement(connector.id, "no such form"),
        lookup.grant(connector.id, `${entitlementId}:user:nobody`),
        lookup.grant(connector.id, ":user:")
      ]
      for (const asked of absent) {
        const problem = yield* Effect.flip(asked)
        assert.strictEqual(problem._tag, "NotFound")
        assert.match(problem.detail ?? "", /neither in the latest snapshot nor, as of now, at the source/)
      }
    }).pipe(Effect.provide(server)))

  it.effect("can be granted, revoked and deleted", () =>
    Effect.gen(function*() {
      const connector = yield* connected
      const operations = yield* Operations
      const source = yield* Sandbox.Sandbox
      const { entitlementId, grantId, group, user } = yield* younger
      const done = (change: Change) =>
        Effect.flatMap(
          operations.submit(admin, connector.id, change, undefined),
          ({ id }) => operations.await(id, Duration.minutes(1))
        )
      const members = Effect.map(
        source.directory.snapshot,
        ({ groups }) => groups.find(({ id }) => id === group)?.members
      )
      const revoked = yield* done(Change.Revoke({ grantId, dryRun: false }))
      assert.deepStrictEqual([revoked.state, revoked.outcome], ["succeeded", "Revoked"])
      assert.deepStrictEqual(yield* members, [])
      const unknown = yield* Effect.flip(operations.submit(
        admin,
        connector.id,
        Change.Revoke({ grantId, dryRun: false }),
        undefined
      ))
      assert.strictEqual(unknown._tag, "NotFound")

      const granted = yield* done(Change.Grant({ request: { entitlementId, principalId: user } }))
      assert.strictEqual(granted.outcome, "Granted")
      assert.deepStrictEqual(yield* members, [user])
      const deleted = yield* done(Change.DeleteAccount({ accountId: user, dryRun: false }))
      assert.strictEqual(deleted.outcome, "Deleted")
    }).pipe(Effect.provide(server)))

  it.effect("is not found while the connector is paused, and not told of when the source does not answer", () =>
    Effect.gen(function*() {
      const connector = yield* connected
      const connectors = yield* Connectors
      const lookup = yield* SourceLookup
      const operations = yield* Operations
      const source = yield* Sandbox.Sandbox
      const { grantId, user } = yield* younger
      yield* source.faults.set({ name: "unauthorized" })
      const failed = yield* Effect.flip(lookup.account(connector.id, user))
      assert.deepStrictEqual([failed._tag, failed._tag === "SourceFailed" && failed.reason], [
        "SourceFailed",
        "Unauthenticated"
      ])
      const refused = yield* Effect.flip(
        operations.submit(admin, connector.id, Change.Revoke({ grantId, dryRun: false }), undefined)
      )
      assert.strictEqual(refused._tag, "SourceFailed")
      yield* source.faults.clear()
      yield* connectors.pause(admin, connector.id)
      const { total } = yield* source.requests.stats
      assert.strictEqual((yield* Effect.flip(lookup.account(connector.id, user)))._tag, "NotFound")
      assert.strictEqual((yield* source.requests.stats).total, total)
    }).pipe(Effect.provide(server)))

  it.effect("is asked of the source no more often than a reader may", () =>
    Effect.gen(function*() {
      const connector = yield* connected
      const lookup = yield* SourceLookup
      const source = yield* Sandbox.Sandbox
      const { total } = yield* source.requests.stats
      yield* Effect.forEach(Array.from({ length: 200 }), (_, index) =>
        Effect.flip(lookup.account(connector.id, `nobody-${index}`)), { concurrency: 8 })
      assert.strictEqual((yield* source.requests.stats).total - total, 120)
      const directory = yield* Directory
      assert.strictEqual((yield* Effect.flip(directory.account(connector.id, "nobody")))._tag, "NotFound")
    }).pipe(Effect.provide(server)))
})
