/**
 * The same tests on every database that the server runs on: a SQLite file, and a real PostgreSQL that is started for the test file. Where the machine
 * has no PostgreSQL its half is left out and says so; on CI that is a failure.
 */
import * as Postgres from "@access-kit/tooling-postgres/Postgres"
import { assert, describe, it, layer, type Vitest } from "@effect/vitest"
import { Context, Effect, Layer, type Scope } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Database from "../src/storage/Database.ts"

/** A directory that ends with the scope. */
export const temporaryDirectory: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "http-server-"))),
  (made) => Effect.sync(() => rmSync(made, { recursive: true, force: true }))
)

export class TestDatabase extends Context.Service<TestDatabase, {
  readonly kind: "SQLite" | "PostgreSQL"
  /** A database that nobody has used. */
  readonly fresh: Effect.Effect<Database.Location, never, Scope.Scope>
  /** What PostgreSQL does when it is restarted at once; nothing for SQLite. */
  readonly restart: Effect.Effect<void>
}>()("@access-kit/http-server/test/TestDatabase") {
  static readonly sqlite = Layer.succeed(TestDatabase, {
    kind: "SQLite",
    fresh: Effect.map(
      temporaryDirectory,
      (directory) => Database.Location.Sqlite({ filename: join(directory, "server.db") })
    ),
    restart: Effect.void
  })

  static readonly postgres = Layer.effect(
    TestDatabase,
    Effect.map(Effect.orDie(Postgres.start), (postgres) => ({
      kind: "PostgreSQL" as const,
      fresh: Effect.map(Effect.orDie(postgres.database), Database.locate),
      restart: Effect.orDie(postgres.restart)
    }))
  )
}

/** A fresh database with its tables, for one test. */
export const fresh: Layer.Layer<SqlClient, never, TestDatabase> = Layer.unwrap(Effect.gen(function*() {
  const database = yield* TestDatabase
  return Layer.orDie(Database.layer(yield* database.fresh))
}))

/** Tests that run against a real clock, once for each database. */
export const onEachDatabase = (name: string, tests: (it: Vitest.MethodsNonLive<TestDatabase>) => void): void => {
  describe(name, () => {
    layer(TestDatabase.sqlite, { excludeTestServices: true })("on SQLite", tests)
    if (Postgres.isInstalled()) {
      layer(TestDatabase.postgres, { excludeTestServices: true, timeout: "2 minutes" })("on PostgreSQL", tests)
    } else if (process.env["CI"] === undefined) {
      describe.skip(`on PostgreSQL: NOT RUN, it is not installed. ${Postgres.remedy}`, () => {
        it("is not installed", () => {})
      })
    } else {
      it("finds a PostgreSQL", () => assert.fail(`PostgreSQL is not installed. ${Postgres.remedy}`))
    }
  })
}
