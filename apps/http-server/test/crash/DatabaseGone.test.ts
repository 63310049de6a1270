/**
 * PostgreSQL goes away under two servers in the middle of their work, as in a crash, and comes back.
 */
import { ServerClient } from "@access-kit/server-api/ServerClient"
import { assert } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { until } from "../CoreServices.ts"
import * as Cluster from "./Cluster.ts"
import * as Load from "./Load.ts"

Cluster.withCluster("Servers whose PostgreSQL is gone", (it) => {
  it.effect("say so, and go on when it is back", () =>
    Effect.gen(function*() {
      const cluster = yield* Cluster.make
      const { a, b, postgres, toA, toB } = cluster
      const { all } = yield* Cluster.parties(cluster)
      const before = yield* Effect.forEach(all, ({ sandbox }) => sandbox.requests.stats)
      const submitting = yield* Effect.forEach(all, ({ acknowledged, connectorId, free }) =>
        Effect.exit(toB(Load.submit(
          connectorId,
          acknowledged,
          free.splice(0, 12).map((pair, index) =>
            index === 5
              ? { _tag: "Sync" } as const
              : index % 4 === 1
              ? { _tag: "Grant", pair, seconds: 2 + index } as const
              : { _tag: "Grant", pair } as const
          )
        ))), { concurrency: "unbounded" }).pipe(Effect.forkChild)
      yield* until(
        Effect.forEach(all, ({ sandbox }) => sandbox.requests.stats),
        (now) => now.every(({ total }, index) => total > (before[index]?.total ?? 0) + 2)
      )
      yield* postgres.stop
      for (const server of [a, b]) yield* until(Cluster.ready(server), (status) => status === 503)
      const refused = yield* toA(
        Effect.flip(Effect.flatMap(ServerClient, (client) => client.operations.list({ query: {} })))
      )
      assert.strictEqual(refused._tag, "Unavailable")
      yield* Fiber.join(submitting)
      yield* Effect.orDie(postgres.resume)
      for (const server of [a, b]) yield* until(Cluster.ready(server), (status) => status === 200)
      const back = Date.now()
      for (const { acknowledged, connectorId, free } of all) {
        yield* toA(
          Load.submit(connectorId, acknowledged, free.splice(0, 3).map((pair) => ({ _tag: "Grant", pair } as const)))
        )
      }
      let changes = 0
      let again = 0
      for (const { acknowledged, connectorId, sandbox } of all) {
        const { operations } = yield* toB(Load.judge(sandbox, connectorId, acknowledged))
        changes += acknowledged.operations.size
        again += operations.filter(({ attempts }) => attempts > 1).length
      }
      console.log(
        `${changes} changes ended, the last ${Date.now() - back} ms after it was back; ${again} were carried out again`
      )
    }).pipe(Effect.scoped), 120_000)
})
