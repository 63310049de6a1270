/**
 * A server that is asked to end in the middle of its work: it finishes what has begun, and begins nothing more.
 */
import { ServerClient } from "@access-kit/server-api/ServerClient"
import { assert } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { Bundle, withBundle } from "../Bundle.ts"
import { until } from "../CoreServices.ts"
import { temporaryDirectory } from "../Databases.ts"
import * as Load from "./Load.ts"

withBundle("SIGTERM in the middle of work", (it) => {
  it.effect("makes no change twice", () =>
    Effect.gen(function*() {
      const { serve } = yield* Bundle
      const args = ["--data-dir", join(yield* temporaryDirectory, "data"), "--requests-per-minute", "1000000"]
      const sandbox = yield* Load.source
      const free = yield* Load.pairs(sandbox)
      const acknowledged = Load.nothingYet()
      let server = yield* serve(args)
      const token = server.firstToken ?? ""
      const connectorId = yield* Load.connect(sandbox).pipe(Effect.provide(Load.asClient(server, token)))
      yield* sandbox.requests.reset
      const slow = { name: "latency", ms: 150 } as const
      yield* sandbox.faults.clear()
      yield* sandbox.faults.set(slow)
      const took: Array<number> = []
      for (let round = 0; round < 3; round++) {
        const work = [
          ...free.slice(round * 5, round * 5 + 5).map((pair) => ({ _tag: "Grant", pair } as const)),
          { _tag: "Create", email: `term-${round}@aurora.example` } as const,
          { _tag: "Sync" } as const
        ]
        const submitting = yield* Load.submit(connectorId, acknowledged, work).pipe(
          Effect.provide(Load.asClient(server, token)),
          Effect.exit,
          Effect.forkChild
        )
        // A change is on its way to the source, and not answered yet.
        const { total } = yield* sandbox.requests.stats
        yield* until(sandbox.requests.stats, (now) => now.total >= total + 4 && now.inFlight > 0)
        const asked = Date.now()
        yield* server.kill("SIGTERM")
        const end = yield* server.finished
        took.push(Date.now() - asked)
        assert.include([0, 130, 143], end.code, end.stderr)
        yield* Fiber.join(submitting)
        server = yield* serve(args)
      }
      const { operations } = yield* Load.judge(sandbox, connectorId, acknowledged).pipe(
        Effect.provide(Load.asClient(server, token))
      )
      const writes = (yield* sandbox.requests.entries).filter(({ method }) => method !== "GET")
      const wanted = operations.filter(({ outcome }) => outcome === "Granted" || outcome === "Created").length
      assert.strictEqual(wanted, operations.length, "a change was found to be made already")
      assert.strictEqual(writes.length, operations.length)
      for (const milliseconds of took) assert.isBelow(milliseconds, 10_000)
      console.log(
        `ended ${took.join(", ")} ms after SIGTERM; ${writes.length} writes for ${operations.length} operations`
      )
    }).pipe(Effect.scoped), 300_000)

  it.effect("leaves a sync to the next start, and no file behind", () =>
    Effect.gen(function*() {
      const { serve } = yield* Bundle
      const data = join(yield* temporaryDirectory, "data")
      const args = ["--data-dir", data]
      const sandbox = yield* Load.source
      const first = yield* serve(args)
      const token = first.firstToken ?? ""
      const asked = yield* Effect.gen(function*() {
        const client = yield* ServerClient
        const connectorId = yield* Load.connect(sandbox)
        const params = { connectorId }
        // The groups are read, the people never come.
        yield* sandbox.faults.set({ name: "hang", path: "/Users" })
        const { id } = yield* client.syncs.start({ params, headers: {} })
        yield* until(client.syncs.get({ params: { syncId: id } }), ({ progress }) => (progress?.rows["group"] ?? 0) > 0)
        yield* until(sandbox.requests.stats, ({ inFlight }) => inFlight > 0)
        return { params, syncId: id }
      }).pipe(Effect.provide(Load.asClient(first, token)))
      const at = Date.now()
      yield* first.kill("SIGTERM")
      const end = yield* first.finished
      const took = Date.now() - at
      assert.isBelow(took, 10_000)
      assert.strictEqual(end.code, 0, end.stderr)
      assert.isNotEmpty(readdirSync(join(data, "work")), "what was read is kept")

      yield* sandbox.faults.clear()
      const second = yield* serve(args)
      yield* Effect.gen(function*() {
        const client = yield* ServerClient
        const { params, syncId } = asked
        const ended = yield* until(
          client.syncs.get({ params: { syncId } }),
          ({ state }) => state !== "queued" && state !== "running"
        )
        assert.deepStrictEqual([ended.state, ended.attempts], ["succeeded", 2])
        assert.isTrue(
          (yield* client.syncs.logs({ params: { syncId }, query: {} })).items.some(({ message }) =>
            message.includes("taken up again")
          )
        )
        const { items } = yield* client.snapshots.list({ params, query: {} })
        assert.deepStrictEqual(
          readdirSync(join(data, "snapshots", params.connectorId)).toSorted(),
          items.map(({ id }) => `${id}.c1z`).toSorted()
        )
        assert.deepStrictEqual(readdirSync(join(data, "work")), [])

        // One that is cancelled while it is in the middle leaves none either.
        yield* sandbox.faults.set({ name: "hang", path: "/Users" })
        const { id } = yield* client.syncs.start({ params, headers: {} })
        yield* until(client.syncs.get({ params: { syncId: id } }), ({ progress }) => (progress?.rows["group"] ?? 0) > 0)
        yield* client.syncs.cancel({ params: { syncId: id }, headers: {} })
        yield* until(client.syncs.get({ params: { syncId: id } }), ({ state }) => state === "cancelled")
        yield* sandbox.faults.clear()
        assert.deepStrictEqual(readdirSync(join(data, "work")), [])
      }).pipe(Effect.provide(Load.asClient(second, token)))
      console.log(`ended ${took} ms after SIGTERM in the middle of a sync`)
    }).pipe(Effect.scoped), 60_000)
})
