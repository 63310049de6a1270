import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import * as Postgres from "../src/Postgres.ts"

const psql = (url: string, sql: string) => spawnSync("psql", [url, "-qtAc", sql], { encoding: "utf8" })

describe.skipIf(!Postgres.isInstalled())("Postgres", () => {
  it.live("makes databases that know nothing of each other, and keeps them over a crash", () =>
    Effect.gen(function*() {
      const postgres = yield* Postgres.start
      const [first, second] = [yield* postgres.database, yield* postgres.database]
      assert.strictEqual(psql(first, "CREATE TABLE t AS SELECT 42 AS n").status, 0)
      assert.notStrictEqual(psql(second, "SELECT n FROM t").status, 0)
      yield* postgres.restart
      assert.strictEqual(psql(first, "SELECT n FROM t").stdout.trim(), "42")
    }))

  it.live("is gone with its scope", () =>
    Effect.gen(function*() {
      const url = yield* Effect.scoped(Effect.flatMap(Postgres.start, (postgres) => postgres.database))
      assert.notStrictEqual(psql(url, "SELECT 1").status, 0)
    }))
})
