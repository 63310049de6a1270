/**
 * Two servers on one PostgreSQL, one of which is killed in the middle of its work.
 */
import * as Postgres from "@access-kit/tooling-postgres/Postgres"
import * as FreePort from "@access-kit/tooling-vitest/FreePort"
import { assert, it as plain } from "@effect/vitest"
import { Array, Effect, Fiber } from "effect"
import { randomBytes } from "node:crypto"
import { join } from "node:path"
import { Bundle, withBundle } from "../Bundle.ts"
import { until } from "../CoreServices.ts"
import { temporaryDirectory } from "../Databases.ts"
import * as Load from "./Load.ts"

if (Postgres.isInstalled()) {
  withBundle("Two servers on one PostgreSQL", (it) => {
    it.effect("lose nothing when one of them is killed", () =>
      Effect.gen(function*() {
        const { run, serve } = yield* Bundle
        const postgres = yield* Effect.orDie(Postgres.start)
        const environment = {
          CLAUDE_ENTERPRISE_SERVER_DATABASE_URL: yield* Effect.orDie(postgres.database),
          CLAUDE_ENTERPRISE_SERVER_ENCRYPTION_KEY: randomBytes(32).toString("hex")
        }
        const directory = yield* temporaryDirectory
        const start = Effect.fnUntraced(function*(name: string) {
          const args = [
            "--data-dir",
            join(directory, name),
            "--snapshot-store",
            join(directory, "snapshots"),
            "--requests-per-minute",
            "1000000",
            "--runner-address",
            `127.0.0.1:${yield* FreePort.find}`
          ]
          return yield* serve(args, environment)
        })
        const a = yield* start("a")
        const b = yield* start("b")
        const made = yield* run(
          [
            "token",
            "create",
            "--name",
            "crash",
            "--scope",
            "admin",
            "--data-dir",
            join(directory, "cli"),
            "--runner-address",
            "127.0.0.1:1"
          ],
          environment
        )
        const token = made.stdout.trim()
        assert.match(token, /^cesrv_/, made.stderr)
        const toA = Effect.provide(Load.asClient(a, token))
        const toB = Effect.provide(Load.asClient(b, token))
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
} else if (process.env["CI"] === undefined) {
  plain.skip(`NOT RUN: PostgreSQL is not installed. ${Postgres.remedy}`, () => {})
} else {
  plain("finds a PostgreSQL", () => assert.fail(`PostgreSQL is not installed. ${Postgres.remedy}`))
}
