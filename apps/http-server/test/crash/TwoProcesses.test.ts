/**
 * Two servers on one PostgreSQL, one of which is killed in the middle of its work.
 */
import { Array, Effect, Fiber } from "effect"
import { until } from "../CoreServices.ts"
import * as Cluster from "./Cluster.ts"
import * as Load from "./Load.ts"

Cluster.withCluster("Two servers on one PostgreSQL", (it) => {
  it.effect("lose nothing when one of them is killed", () =>
    Effect.gen(function*() {
      const { a, toA, toB } = yield* Cluster.make
      // Several connectors, each with a source of its own: some are looked after by the one, some by the other.
      const parties = yield* Effect.forEach(Array.range(1, 4), (number) =>
        Effect.gen(function*() {
          const sandbox = yield* Load.source
          const connectorId = yield* toA(Load.connect(sandbox, `Claude ${number}`))
          const free = yield* Load.pairs(sandbox)
          const work = free.slice(0, 24).map((pair, index) =>
            index % 8 === 7
              ? { _tag: "Sync" } as const
              : index % 3 === 1
              ? { _tag: "Grant", pair, seconds: 5 + index } as const
              : index % 7 === 2
              ? { _tag: "Create", email: `two-${number}-${index}@aurora.example` } as const
              : { _tag: "Grant", pair } as const
          )
          return { sandbox, connectorId, work, acknowledged: Load.nothingYet() }
        }))
      const requests = Effect.map(
        Effect.forEach(parties, ({ sandbox }) => sandbox.requests.stats),
        (all) => all.reduce((sum, { total }) => sum + total, 0)
      )
      const before = yield* requests
      const submitting = yield* Effect.forEach(parties, ({ acknowledged, connectorId, work }) =>
        Effect.all([
          Effect.exit(toA(Load.submit(connectorId, acknowledged, work.filter((_, index) => index % 2 === 0)))),
          // Its death is no concern of those who ask the other.
          toB(Load.submit(connectorId, acknowledged, work.filter((_, index) => index % 2 === 1)))
        ], { concurrency: "unbounded" }), { concurrency: "unbounded" }).pipe(Effect.forkChild)
      yield* until(requests, (now) => now >= before + 60)
      yield* a.kill("SIGKILL")
      yield* a.finished
      const killed = Date.now()
      yield* Fiber.join(submitting)
      // What stood in no outcome when it died is carried out by the other.
      yield* toB(Load.settled)
      const ended = Date.now() - killed
      let [changes, syncs, again] = [0, 0, 0]
      let begun: ReadonlyArray<number> = []
      for (const { acknowledged, connectorId, sandbox } of parties) {
        const judged = yield* toB(Load.judge(sandbox, connectorId, acknowledged))
        changes += acknowledged.operations.size
        syncs += acknowledged.syncs.size
        again += judged.operations.filter(({ attempts }) => attempts > 1).length
        begun = begun.concat(
          judged.operations.map(({ endedAt }) => Date.parse(endedAt ?? "") - killed).filter((after) => after > 0)
            .toSorted((x, y) => x - y)
            .slice(0, 1)
        )
      }
      console.log(
        `killed with ${changes} changes and ${syncs} syncs acknowledged; the first change of each connector ended ${
          begun.join(", ")
        } ms after, all of them after ${ended} ms; ${again} were carried out again`
      )
    }).pipe(Effect.scoped), 300_000)
})
