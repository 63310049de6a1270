/**
 * The one order of a connector, as its source sees it: whichever server is asked, a connector makes one change after the other, in the order in which they
 * were asked for.
 */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import * as Cluster from "./Cluster.ts"
import * as Load from "./Load.ts"

Cluster.withCluster("Two servers on one PostgreSQL", (it) => {
  it.effect(
    "make the changes of a connector one after the other, in the order in which they were asked for",
    () =>
      Effect.gen(function*() {
        const cluster = yield* Cluster.make
        const { toA, toB } = cluster
        const { all, ofA, ofB } = yield* Cluster.parties(cluster)
        for (const { sandbox } of all) yield* sandbox.requests.reset
        const asked = yield* Effect.forEach(all, ({ acknowledged, connectorId, free }) =>
          Effect.gen(function*() {
            const groups: Array<string> = []
            // By turns of the one and the other, and faster than they are made.
            for (const [index, pair] of free.splice(0, 16).entries()) {
              const through = index % 2 === 0 ? toA : toB
              yield* through(Load.submit(connectorId, acknowledged, [{ _tag: "Grant", pair }]))
              groups.push(pair.group)
            }
            return groups
          }), { concurrency: "unbounded" })
        for (const [index, { acknowledged, connectorId, sandbox }] of all.entries()) {
          yield* toA(Load.judge(sandbox, connectorId, acknowledged))
          const entries = yield* sandbox.requests.entries
          assert.deepStrictEqual(entries.filter(({ inFlight }) => inFlight > 1), [], "two at the same time")
          assert.deepStrictEqual(
            entries.filter(({ method }) => method === "PATCH").map(({ path }) => path.split("/").at(-1)),
            asked[index]
          )
        }
        console.log(
          `${
            all.length * 16
          } changes of ${all.length} connectors, ${ofA.length} of them looked after by one server and ${ofB.length} by the other`
        )
      }).pipe(Effect.scoped),
    300_000
  )
})
