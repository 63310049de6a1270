import { assert, describe, it } from "@effect/vitest"
import { Array, Effect, Exit, Layer, Redacted, Stream } from "effect"
import { SqlClient } from "effect/sql/SqlClient"
import { statSync } from "node:fs"
import { join } from "node:path"
import * as Database from "../../src/storage/Database.ts"
import { fresh, onEachDatabase, temporaryDirectory, TestDatabase } from "../Databases.ts"

onEachDatabase("Database", (it) => {
  it.effect("makes the tables once, however many processes start at the same time", () =>
    Effect.gen(function*() {
      const location = yield* (yield* TestDatabase).fresh
      const names = Effect.gen(function*() {
        const sql = yield* SqlClient
        yield* sql`INSERT INTO audit_log ${
          sql.insert({
            id: yield* Effect.sync(() => crypto.randomUUID()),
            at: 1,
            actor: "a",
            action: "b",
            details: "{}"
          })
        }`
        return (yield* sql<{ readonly name: string }>`SELECT name FROM migrations ORDER BY migration_id`).map((
          { name }
        ) => name)
      }).pipe(Effect.provide(Layer.fresh(Database.layer(location))))
      // SQLite belongs to one process; a second one may still look in, one after the other.
      const concurrency = location._tag === "Sqlite" ? 1 : 4
      const [first, ...others] = yield* Effect.all([names, names, names, names], { concurrency })
      assert.include(first, "core")
      for (const other of others) assert.deepStrictEqual(other, first)
    }))

  it.effect("refuses the tables of a newer version", () =>
    Effect.gen(function*() {
      const location = yield* (yield* TestDatabase).fresh
      yield* Effect.gen(function*() {
        const sql = yield* SqlClient
        yield* sql`INSERT INTO migrations (migration_id, name) VALUES (9000, 'tomorrow')`
      }).pipe(Effect.provide(Layer.fresh(Database.layer(location))))
      const error = yield* Effect.flip(Layer.build(Layer.fresh(Database.layer(location))))
      assert.match(error.message, /newer version of this server \(migration 9000/)
    }))

  it.effect("answers whole numbers as numbers, and ids beyond them exactly", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient
      yield* sql`CREATE TABLE t (small BIGINT NOT NULL, large TEXT NOT NULL, flag INTEGER NOT NULL)`
      yield* sql`INSERT INTO t ${sql.insert({ small: 1_795_000_000_123, large: "9007199254740993", flag: 1 })}`
      const [row] = yield* sql`SELECT small, large, flag, count(*) AS n FROM t GROUP BY 1, 2, 3`
      assert.deepStrictEqual({ ...row }, { small: 1_795_000_000_123, large: "9007199254740993", flag: 1, n: 1 })
    }).pipe(Effect.provide(fresh)))

  it.effect("tells a value that is there already from other faults", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient
      yield* sql`CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT NOT NULL UNIQUE, c INTEGER NOT NULL CHECK (c > 0))`
      yield* sql`INSERT INTO t VALUES (1, 'x', 1)`
      const twice = yield* Effect.flip(sql`INSERT INTO t VALUES (2, 'x', 1)`)
      assert.strictEqual(twice.reason._tag, "UniqueViolation")
      const unchecked = yield* Effect.flip(sql`INSERT INTO t VALUES (3, 'y', 0)`)
      assert.strictEqual(unchecked.reason._tag, "ConstraintError")
    }).pipe(Effect.provide(fresh)))

  it.effect("takes back all of a transaction that fails", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient
      yield* sql`CREATE TABLE t (a INTEGER)`
      const exit = yield* Effect.exit(sql.withTransaction(
        Effect.andThen(sql`INSERT INTO t VALUES (1)`, Effect.fail("no"))
      ))
      assert.isTrue(Exit.isFailure(exit))
      assert.deepStrictEqual(yield* sql`SELECT a FROM t`, [])
    }).pipe(Effect.provide(fresh)))

  it.effect("streams more rows than one chunk, and stops in the middle", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient
      yield* sql`CREATE TABLE t (a INTEGER)`
      yield* sql`INSERT INTO t ${sql.insert(Array.makeBy(1_000, (a) => ({ a })))}`
      const rows = sql<{ readonly a: number }>`SELECT a FROM t ORDER BY a`.stream
      assert.deepStrictEqual(
        yield* Stream.runCollect(Stream.map(rows, ({ a }) => a)),
        Array.range(0, 999)
      )
      assert.strictEqual((yield* Stream.runCollect(Stream.take(rows, 3))).length, 3)
      assert.strictEqual((yield* sql`SELECT a FROM t`).length, 1_000)
    }).pipe(Effect.provide(fresh)))

  it.effect("lets nobody change the audit log", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient
      yield* sql`INSERT INTO audit_log ${sql.insert({ id: "1", at: 1, actor: "a", action: "b", details: "{}" })}`
      const statements = [
        "UPDATE audit_log SET actor = 'c'",
        "DELETE FROM audit_log",
        ...sql.onDialectOrElse({
          pg: () => ["TRUNCATE audit_log"],
          orElse: () => ["REPLACE INTO audit_log (id, at, actor, action, details) VALUES ('1', 2, 'c', 'd', '{}')"]
        })
      ]
      for (const statement of statements) {
        assert.isTrue(Exit.isFailure(yield* Effect.exit(sql.unsafe(statement))), statement)
      }
      assert.deepStrictEqual((yield* sql`SELECT id, at, actor FROM audit_log`).map((row) => ({ ...row })), [
        { id: "1", at: 1, actor: "a" }
      ])
    }).pipe(Effect.provide(fresh)))
})

describe("Database", () => {
  it("knows a URL from a path, and shows no password", () => {
    const postgres = Database.locate("postgresql://me:secret@db.example.com:5433/access?sslmode=require")
    assert.strictEqual(postgres._tag, "Postgres")
    assert.strictEqual(Database.describe(postgres), "PostgreSQL at db.example.com:5433/access")
    assert.strictEqual(String(postgres._tag === "Postgres" && Redacted.isRedacted(postgres.url)), "true")
    assert.deepStrictEqual({ ...Database.locate("/var/lib/x.db") }, { _tag: "Sqlite", filename: "/var/lib/x.db" })
    assert.deepStrictEqual({ ...Database.locate("sqlite:///var/lib/x.db") }, {
      _tag: "Sqlite",
      filename: "/var/lib/x.db"
    })
  })

  it.live("says what to do about a database that can't be opened", () =>
    Effect.gen(function*() {
      const directory = yield* temporaryDirectory
      const nowhere = Database.Location.Sqlite({ filename: join(directory, "no", "such", "server.db") })
      const missing = yield* Effect.flip(Layer.build(Database.layer(nowhere)))
      assert.match(missing.message, /server\.db" can't be opened\. The directory must exist/)
      const refused = yield* Effect.flip(
        Layer.build(Database.layer(Database.locate("postgres://me:secret@127.0.0.1:1/x")))
      )
      assert.match(refused.message, /^PostgreSQL at 127\.0\.0\.1:1\/x can't be reached/)
      assert.notInclude(refused.message, "secret")
    }))

  it.live("keeps the file to its owner", () =>
    Effect.gen(function*() {
      const filename = join(yield* temporaryDirectory, "server.db")
      yield* Layer.build(Database.layer(Database.Location.Sqlite({ filename })))
      assert.strictEqual(statSync(filename).mode & 0o777, 0o600)
      assert.strictEqual(statSync(`${filename}-wal`).mode & 0o777, 0o600)
    }))
})
