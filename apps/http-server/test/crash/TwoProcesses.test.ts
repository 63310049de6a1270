/**
 * Two servers on one PostgreSQL, one of which is killed in the middle of its work.
 */
import * as Postgres from "@access-kit/tooling-postgres/Postgres"
import { assert, it as plain } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { randomBytes } from "node:crypto"
import { join } from "node:path"
import { Bundle, withBundle } from "../Bundle.ts"
import { freePort, until } from "../CoreServices.ts"
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
            `127.0.0.1:${yield* freePort}`
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
        const sandbox = yield* Load.source
        // Shards of several connectors are spread over both.
        const connectorId = yield* toA(Load.connect(sandbox))
        const free = yield* Load.pairs(sandbox)
        const acknowledged = Load.nothingYet()
        const work = free.slice(0, 60).map((pair, index) =>
          index % 10 === 9
            ? { _tag: "Sync" } as const
            : index % 3 === 1
            ? { _tag: "Grant", pair, seconds: 5 + index % 20 } as const
            : index % 7 === 2
            ? { _tag: "Create", email: `two-${index}@aurora.example` } as const
            : { _tag: "Grant", pair } as const
        )
        const [first, second] = [work.filter((_, index) => index % 2 === 0), work.filter((_, index) => index % 2 === 1)]
        const submitting = yield* Effect.all([
          Effect.exit(toA(Load.submit(connectorId, acknowledged, first))),
          Effect.exit(toB(Load.submit(connectorId, acknowledged, second)))
        ], { concurrency: "unbounded" }).pipe(Effect.forkChild)
        const { total } = yield* sandbox.requests.stats
        yield* until(sandbox.requests.stats, (now) => now.total >= total + 30)
        yield* a.kill("SIGKILL")
        yield* a.finished
        const killed = Date.now()
        const before = (yield* sandbox.requests.stats).total
        const quiet = yield* Effect.forkChild(
          until(sandbox.requests.stats, (now) => now.total > before).pipe(Effect.map(() => Date.now() - killed))
        )
        yield* Fiber.join(submitting)
        // What stood in no outcome when it died is carried out by the other.
        yield* toB(Load.settled)
        const ended = Date.now() - killed
        const judged = yield* toB(Load.judge(sandbox, connectorId, acknowledged))
        const again = judged.operations.filter(({ attempts }) => attempts > 1).length
        const longest = Math.max(
          ...judged.timed.map(({ endedAt, expiresAt }) => Date.parse(endedAt ?? "") - Date.parse(expiresAt))
        )
        console.log(
          `killed with ${acknowledged.operations.size} changes and ${acknowledged.syncs.size} syncs acknowledged; the first request `
            + `after ${yield* Fiber.join(
              quiet
            )} ms, all operations ended after ${ended} ms, ${again} carried out again, `
            + `the latest expiry ${longest} ms after its time`
        )
      }).pipe(Effect.scoped), 300_000)
  })
} else if (process.env["CI"] === undefined) {
  plain.skip(`NOT RUN: PostgreSQL is not installed. ${Postgres.remedy}`, () => {})
} else {
  plain("finds a PostgreSQL", () => assert.fail(`PostgreSQL is not installed. ${Postgres.remedy}`))
}
