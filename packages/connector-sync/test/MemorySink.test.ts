/**
 * The sink that the other tests lean on keeps the contract itself.
 */
import type { SnapshotSink } from "@access-kit/connector-model"
import { MemorySink } from "@access-kit/connector-sync"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Option } from "effect"
import { TestClock } from "effect/testing"

const header: SnapshotSink.SnapshotHeader = {
  connector: "made-by-hand",
  connectorVersion: "1.0.0",
  source: "memory://here",
  resourceTypes: [
    { id: "user", displayName: "User", traits: ["user"] },
    { id: "group", displayName: "Group", traits: ["group"] }
  ]
}

const account = (id: string) => ({
  resource: {
    _tag: "Account",
    id: { resourceType: "user", resource: id },
    displayName: id,
    status: "enabled",
    accountType: "human",
    login: id,
    emails: []
  },
  entitlements: [],
  grants: []
} as const)

const group = (id: string, ...members: ReadonlyArray<string>) => ({
  resource: { _tag: "Group", id: { resourceType: "group", resource: id }, displayName: id },
  entitlements: [{
    id: `group:${id}:member`,
    resource: { resourceType: "group", resource: id },
    slug: "member",
    displayName: "Member",
    description: "",
    purpose: "assignment",
    grantableTo: ["user"]
  }],
  grants: members.map((member) => ({
    id: `group:${id}:member:${member}`,
    entitlementId: `group:${id}:member`,
    principal: { resourceType: member.split("/")[0] ?? "", resource: member.split("/")[1] ?? "" }
  }))
} as const)

describe("MemorySink", () => {
  it.effect("publishes what was written, in one step, with times", () =>
    Effect.gen(function*() {
      const { published, sink } = MemorySink.make()
      yield* TestClock.setTime(1_000)
      const start = yield* sink.begin(header)
      assert.deepStrictEqual(start, { syncId: "memory-1", startedAt: 1_000 })
      yield* sink.write([account("a"), account("b")], () => "one")
      yield* sink.write([group("g", "user/a"), account("a")], () => "two")
      const settled = yield* sink.settle({ missingLimit: 10 })
      assert.deepStrictEqual(settled, { resources: { user: 2, group: 1 }, duplicates: 1, missingPrincipals: [] })
      assert.isTrue(Option.isNone(yield* published))
      yield* TestClock.setTime(3_000)
      assert.deepStrictEqual(yield* sink.finish, {
        syncId: "memory-1",
        startedAt: 1_000,
        endedAt: 3_000,
        location: "memory",
        bytes: 0,
        resources: { user: 2, group: 1 },
        entitlements: 1,
        grants: 1
      })
      const snapshot = Option.getOrThrow(yield* published)
      assert.deepStrictEqual([...snapshot.resources.keys()], ["user:a", "user:b", "group:g"])
      assert.deepStrictEqual([...snapshot.grants.keys()], ["group:g:member:user/a"])
    }))

  it.effect("keeps rows and checkpoint together: what was not durable is gone after a crash", () =>
    Effect.gen(function*() {
      const { sink } = MemorySink.make({ commitEvery: 2 })
      yield* sink.begin(header)
      yield* sink.write([account("a"), account("b")], () => "after a and b")
      yield* sink.write([account("c")], () => "after c")
      const again = yield* sink.begin(header)
      assert.deepStrictEqual(again, { syncId: "memory-1", startedAt: 0, checkpoint: "after a and b" })
      assert.deepStrictEqual((yield* sink.settle({ missingLimit: 1 })).resources, { user: 2 })
    }))

  it.effect("does not take up a sync of another source, nor one that has no checkpoint", () =>
    Effect.gen(function*() {
      const { sink } = MemorySink.make({ commitEvery: 1 })
      yield* sink.begin(header)
      assert.strictEqual((yield* sink.begin(header)).syncId, "memory-2")
      yield* sink.write([account("a")], () => "kept")
      const other = yield* sink.begin({ ...header, source: "memory://elsewhere" })
      assert.deepStrictEqual(other, { syncId: "memory-3", startedAt: 0 })
      assert.deepStrictEqual((yield* sink.settle({ missingLimit: 1 })).resources, {})
    }))

  it.effect("forgets a type with its entitlements and grants, under a new checkpoint", () =>
    Effect.gen(function*() {
      const { published, sink } = MemorySink.make({ commitEvery: 1 })
      yield* sink.begin(header)
      yield* sink.write([account("a")], () => "one")
      yield* sink.write([group("g", "user/a")], () => "two")
      yield* sink.discard("group", () => "without groups")
      assert.strictEqual((yield* sink.begin(header)).checkpoint, "without groups")
      yield* sink.settle({ missingLimit: 1 })
      yield* sink.finish
      const snapshot = Option.getOrThrow(yield* published)
      assert.deepStrictEqual(
        [snapshot.resources.size, snapshot.entitlements.size, snapshot.grants.size],
        [1, 0, 0]
      )
    }))

  it.effect("names missing principals in order, of the header's types only, up to the limit, and drops grants to them", () =>
    Effect.gen(function*() {
      const { sink } = MemorySink.make()
      yield* sink.begin(header)
      yield* sink.write([group("g", "user/z", "user/y", "robot/r"), group("h", "user/z")], () => "one")
      const { missingPrincipals } = yield* sink.settle({ missingLimit: 5 })
      assert.deepStrictEqual(missingPrincipals, [
        { id: { resourceType: "user", resource: "y" }, grants: 1 },
        { id: { resourceType: "user", resource: "z" }, grants: 2 }
      ])
      assert.strictEqual((yield* sink.settle({ missingLimit: 1 })).missingPrincipals.length, 1)
      assert.strictEqual(yield* sink.dropGrantsTo([{ resourceType: "user", resource: "z" }]), 2)
      assert.deepStrictEqual(
        (yield* sink.settle({ missingLimit: 5 })).missingPrincipals.map((missing) => missing.id.resource),
        ["y"]
      )
    }))

  it.effect("can't be written to before it began", () =>
    Effect.gen(function*() {
      const { sink } = MemorySink.make()
      const exit = yield* Effect.exit(sink.write([], () => ""))
      assert.isTrue(Exit.hasDies(exit))
    }))
})
