import * as Postgres from "@access-kit/tooling-postgres/Postgres"
import * as FreePort from "@access-kit/tooling-vitest/FreePort"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, Redacted } from "effect"
import { join } from "node:path"
import * as Engine from "../../src/jobs/Engine.ts"
import * as Database from "../../src/storage/Database.ts"
import { temporaryDirectory } from "../Databases.ts"

const engineOn = (options: Engine.Options) =>
  Layer.fresh(Engine.layer(options).pipe(Layer.provide(Database.layer(options.location))))

const millis = (input: Duration.Input) => Duration.toMillis(Duration.fromInputUnsafe(input))

describe("Engine", () => {
  it("is tuned so that another process takes over within ten seconds", () => {
    const { entityMessagePollInterval, refreshAssignmentsInterval, runnerHealthCheckInterval, shardLockExpiration } =
      Engine.tuning
    // One that is dead: noticed, left out, its messages read.
    assert.isBelow(
      millis(runnerHealthCheckInterval) + 2 * millis(refreshAssignmentsInterval) + millis(entityMessagePollInterval),
      10_000
    )
    // One that is frozen: PostgreSQL ends its session, and with it its locks; and the others no longer count on it.
    const { answerWithin, pause, tries } = Engine.silence
    const unheard = tries * millis(answerWithin) + (tries - 1) * millis(pause) + millis(runnerHealthCheckInterval)
    assert.isBelow(
      Math.max(millis(shardLockExpiration), unheard) + 2 * millis(refreshAssignmentsInterval) +
        millis(entityMessagePollInterval),
      10_000
    )
  })

  it.live("lets no second process work on a SQLite file, and the next one once the first is gone", () =>
    Effect.gen(function*() {
      const location = Database.Location.Sqlite({ filename: join(yield* temporaryDirectory, "server.db") })
      yield* Effect.scoped(Effect.gen(function*() {
        yield* Layer.build(engineOn({ location }))
        const error = yield* Effect.flip(Layer.build(engineOn({ location })))
        assert.match(error.message, /Another process of this server uses the database/)
      }))
      yield* Layer.build(engineOn({ location }))
    }))

  it.live("wants an address of its own for a cluster, and a private one", () =>
    Effect.gen(function*() {
      const location = Database.locate("postgres://nobody@127.0.0.1:1/none")
      const build = (runner: Pick<Engine.Options, "runner">) =>
        Effect.flip(
          Effect.scoped(
            Layer.build(
              Engine.layer({ location, ...runner }).pipe(
                Layer.provide(Database.layerClient(Database.Location.Sqlite({ filename: ":memory:" })))
              )
            )
          )
        )
      assert.match((yield* build({})).message, /each needs an address/)
      const open = yield* build({ runner: { address: { host: "0.0.0.0", port: 1 }, secrets: [Redacted.make("s")] } })
      assert.match(open.message, /is not private/)
    }))

  it.live.skipIf(!Postgres.isInstalled())("answers nobody who does not know the secret", () =>
    Effect.gen(function*() {
      const postgres = yield* Effect.orDie(Postgres.start)
      const location = Database.locate(yield* Effect.orDie(postgres.database))
      const port = yield* FreePort.find
      const runner = (secret: string, at: number) => ({
        address: { host: "127.0.0.1", port: at },
        secrets: [Redacted.make(secret), Redacted.make("old")] as const
      })
      yield* Layer.build(engineOn({ location, runner: runner("secret", port) }))
      const ask = (headers: Readonly<Record<string, string>>) =>
        Effect.promise(async () => (await fetch(`http://127.0.0.1:${port}/runner`, { method: "POST", headers })).status)
      assert.strictEqual(yield* ask({}), 401)
      assert.strictEqual(yield* ask({ "x-runner-secret": "guess" }), 401)
      assert.notStrictEqual(yield* ask({ "x-runner-secret": "secret" }), 401)
      assert.notStrictEqual(yield* ask({ "x-runner-secret": "old" }), 401)
      const taken = yield* Effect.flip(Layer.build(engineOn({ location, runner: runner("secret", port) })))
      assert.match(taken.message, /runner port \d+ of 127\.0\.0\.1 can't be used/)
    }))
})
