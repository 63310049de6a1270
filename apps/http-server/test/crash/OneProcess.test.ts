/**
 * One server on SQLite that is killed in the middle of its work, twenty times, and started again.
 */
import { ServerClient } from "@access-kit/server-api/ServerClient"
import { Effect, Fiber } from "effect"
import { join } from "node:path"
import { Bundle, withBundle } from "../Bundle.ts"
import { until } from "../CoreServices.ts"
import { temporaryDirectory } from "../Databases.ts"
import * as Load from "./Load.ts"

const KILLS = 20

/** The same kills in each run; what they hit is chance anyway. */
const random = (() => {
  let state = 20_261_125
  return (bound: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor(state / 2 ** 32 * bound)
  }
})()

withBundle("One server on SQLite", (it) => {
  it.effect("loses nothing when it is killed twenty times", () =>
    Effect.gen(function*() {
      const { serve } = yield* Bundle
      const args = ["--data-dir", join(yield* temporaryDirectory, "data"), "--requests-per-minute", "1000000"]
      const sandbox = yield* Load.source
      const free = (yield* Load.pairs(sandbox)).values()
      const next = () => {
        const { done, value } = free.next()
        return done === true ? { group: "", user: "" } : value
      }
      const acknowledged = Load.nothingYet()

      let server = yield* serve(args)
      const token = server.firstToken ?? ""
      const connectorId = yield* Load.connect(sandbox).pipe(Effect.provide(Load.asClient(server, token)))

      for (let kill = 0; kill < KILLS; kill++) {
        const work = [
          { _tag: "Grant", pair: next() },
          { _tag: "Sync" },
          { _tag: "Grant", pair: next(), seconds: 1 + random(4) },
          { _tag: "Create", email: `crash-${kill}@aurora.example` },
          { _tag: "Grant", pair: next(), seconds: 2 + random(20) },
          { _tag: "Grant", pair: next() },
          { _tag: "Grant", pair: next() }
        ] as const
        const submitting = yield* Load.submit(connectorId, acknowledged, work).pipe(
          Effect.provide(Load.asClient(server, token)),
          Effect.exit,
          Effect.forkChild
        )
        // After so many requests to the source, however long that takes; or when there is nothing left to do.
        const { total } = yield* sandbox.requests.stats
        const enough = total + 1 + random(25)
        yield* until(
          Effect.all({ stats: sandbox.requests.stats, over: Effect.sync(() => submitting.pollUnsafe() !== undefined) }),
          ({ over, stats }) => stats.total >= enough || (over && stats.inFlight === 0 && stats.total >= total + 1)
        )
        yield* server.kill("SIGKILL")
        yield* server.finished
        yield* Fiber.join(submitting)
        server = yield* serve(args)
      }

      const judged = yield* Effect.gen(function*() {
        const client = yield* ServerClient
        const result = yield* Load.judge(sandbox, connectorId, acknowledged)
        return { ...result, ready: yield* client.connectors.get({ params: { connectorId } }) }
      }).pipe(Effect.provide(Load.asClient(server, token)))
      const again = judged.operations.filter(({ attempts }) => attempts > 1).length
      console.log(
        `${KILLS} kills: ${acknowledged.operations.size} changes and ${acknowledged.syncs.size} syncs acknowledged, `
          + `${judged.operations.length} operations ended, ${again} of them carried out again, ${judged.timed.length} timed grants`
      )
    }).pipe(Effect.scoped), 600_000)
})
