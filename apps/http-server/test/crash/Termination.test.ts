/**
 * A server that is asked to end in the middle of its work: it finishes what has begun, and begins nothing more.
 */
import { assert } from "@effect/vitest"
import { Effect, Fiber } from "effect"
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
})
