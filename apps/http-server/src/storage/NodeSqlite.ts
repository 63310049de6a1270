/**
 * SQL on the SQLite that is part of Node.js: a driver for `effect/sql`, which has none for it.
 *
 * One connection, used by one statement or transaction at a time. Every commit waits for the disk (`synchronous = FULL`), so that nothing which was
 * acknowledged is lost with the power.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Reactivity from "effect/reactivity/Reactivity"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as SqlClient from "effect/sql/SqlClient"
import type { Connection } from "effect/sql/SqlConnection"
import * as SqlError from "effect/sql/SqlError"
import * as Statement from "effect/sql/Statement"
import * as Stream from "effect/Stream"
import { closeSync, openSync } from "node:fs"
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite"
import { type Read, Reading } from "./Reading.ts"

/**
 * @since 0.1.0
 */
export interface Options {
  /** `:memory:` for one that ends with its scope. */
  readonly filename: string
  /** How long a statement waits for another process that writes, in milliseconds. */
  readonly busyTimeout?: number
}

/** Statements that stay compiled. Lists of values in a statement make many texts of it, so there is an end. */
const CACHED_STATEMENTS = 512

/** Rows that a stream reads at a time. */
const CHUNK = 256

/** `node:sqlite` has the result code in `errcode`; the classification of `effect/sql` looks for `errno`. */
const classified = (operation: string) => (cause: unknown): SqlError.SqlError => {
  if (cause instanceof Error && Predicate.hasProperty(cause, "errcode")) {
    Object.assign(cause, { errno: cause.errcode })
  }
  return new SqlError.SqlError({ reason: SqlError.classifySqliteError(cause, { operation }) })
}

const bind = (value: unknown): SQLInputValue => {
  switch (typeof value) {
    case "string":
    case "number":
    case "bigint":
      return value
    case "boolean":
      return value ? 1 : 0
    case "undefined":
      return null
  }
  if (value === null || value instanceof Uint8Array) return value
  throw new TypeError(`A value of type ${typeof value} can't be bound to a statement.`)
}

type Row = Record<string, unknown>

const open = (options: Options): Effect.Effect<DatabaseSync, SqlError.SqlError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.try({
      try: () => {
        // Before SQLite makes it for everybody to read. Its journals get the same permissions.
        if (options.filename !== ":memory:") closeSync(openSync(options.filename, "a", 0o600))
        const db = new DatabaseSync(options.filename, { timeout: options.busyTimeout ?? 5_000 })
        // With recursive triggers, REPLACE does not go around a trigger that refuses to delete.
        db.exec(
          `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON; PRAGMA cache_size = -${WRITE_CACHE}`
        )
        return db
      },
      catch: classified("connect")
    }),
    (db) => Effect.sync(() => db.close())
  )

/** What the connection that writes keeps of the file in memory, in kibibytes: the indexes that a load puts rows into in no order are in there. */
const WRITE_CACHE = 32_768

/** What a connection that only reads keeps of the file in its own memory, in kibibytes, and what it sees of it through that of the system, in bytes. */
const READ_CACHE = 8_192
const MAPPED = 2 ** 32

const openToRead = (options: Options): Effect.Effect<DatabaseSync, SqlError.SqlError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.try({
      try: () => {
        const db = new DatabaseSync(options.filename, { timeout: options.busyTimeout ?? 5_000, readOnly: true })
        db.exec(`PRAGMA cache_size = -${READ_CACHE}; PRAGMA mmap_size = ${MAPPED}`)
        return db
      },
      catch: classified("connect")
    }),
    (db) => Effect.sync(() => db.close())
  )

const statementsOf = (db: DatabaseSync) => {
  const statements = new Map<string, StatementSync>()

  const compiled = (sql: string): StatementSync => {
    const known = statements.get(sql)
    if (known !== undefined) return known
    const made = db.prepare(sql)
    const [oldest] = statements.keys()
    if (oldest !== undefined && statements.size >= CACHED_STATEMENTS) statements.delete(oldest)
    statements.set(sql, made)
    return made
  }
  return compiled
}

const connectionOf = (db: DatabaseSync): Connection => {
  const compiled = statementsOf(db)

  const rows = (statement: StatementSync, params: ReadonlyArray<unknown>): ReadonlyArray<Row> => {
    statement.setReturnArrays(false)
    return statement.all(...params.map(bind))
  }

  const values = (statement: StatementSync, params: ReadonlyArray<unknown>): ReadonlyArray<ReadonlyArray<unknown>> => {
    statement.setReturnArrays(true)
    return statement.all(...params.map(bind)).map((row) => Array.isArray(row) ? row : Object.values(row))
  }

  const attempt = <A>(evaluate: () => A): Effect.Effect<A, SqlError.SqlError> =>
    Effect.try({ try: evaluate, catch: classified("execute") })

  const transformed = (
    found: ReadonlyArray<Row>,
    transform: (<A extends object>(rows: ReadonlyArray<A>) => ReadonlyArray<A>) | undefined
  ): ReadonlyArray<Row> => transform === undefined ? found : transform(found)

  return {
    execute: (sql, params, transform) => attempt(() => transformed(rows(compiled(sql), params), transform)),
    executeRaw: (sql, params) => attempt(() => rows(compiled(sql), params)),
    executeValues: (sql, params) => attempt(() => values(compiled(sql), params)),
    // The cluster writes ids into the text of these. Each would stay compiled for nothing, outside of the heap.
    executeUnprepared: (sql, params, transform) => attempt(() => transformed(rows(db.prepare(sql), params), transform)),
    executeValuesUnprepared: (sql, params) => attempt(() => values(db.prepare(sql), params)),
    // Never a compiled statement that others use too: running it again would begin it again.
    executeStream: (sql, params, transform) =>
      Stream.unwrap(Effect.map(
        Effect.acquireRelease(
          attempt(() => db.prepare(sql).iterate(...params.map(bind))),
          (iterator) => Effect.sync(() => iterator.return?.())
        ),
        (iterator) =>
          Stream.fromPull(Effect.succeed(Effect.flatMap(
            attempt(() => {
              const chunk: Array<Row> = []
              while (chunk.length < CHUNK) {
                const next = iterator.next()
                if (next.done === true) break
                chunk.push(next.value)
              }
              return transformed(chunk, transform)
            }),
            ([first, ...rest]) => first === undefined ? Cause.done() : Effect.succeed([first, ...rest] as const)
          )))
      ))
  }
}

/**
 * A client for one database file, open as long as the scope is.
 *
 * @since 0.1.0
 */
export const make = Effect.fn("NodeSqlite.make")(function*(
  options: Options
): Effect.fn.Return<SqlClient.SqlClient, SqlError.SqlError, Scope.Scope | Reactivity.Reactivity> {
  const db = yield* open(options)
  const semaphore = yield* Semaphore.make(1)
  return yield* SqlClient.make({
    ...SqlClient.makeSqliteAcquirers({
      connection: Effect.succeed(connectionOf(db)),
      semaphore,
      isTransaction: () => db.isTransaction
    }),
    compiler: Statement.makeCompilerSqlite(),
    driver: "node-sqlite",
    // A transaction that reads first and writes after would fail where another process has written in between.
    beginTransaction: "BEGIN IMMEDIATE",
    prepareTransactionControls: true,
    spanAttributes: [["db.system.name", "sqlite"]]
  })
})

/** A database in memory has one connection, and so has no other that reads. */
const reading = (options: Options): Layer.Layer<never, SqlError.SqlError> =>
  options.filename === ":memory:" ? Layer.empty : Layer.effect(
    Reading,
    Effect.map(openToRead(options), (db): Read => {
      const compiled = statementsOf(db)
      // The rows are what the statement says that they are, as they are where the client runs it. SQLite has them at once: there is nothing to suspend.
      const text = <Row extends object>(sql: string, params: ReadonlyArray<unknown>) => {
        try {
          return Effect.succeed(compiled(sql).all(...params.map(bind)) as unknown as ReadonlyArray<Row>)
        } catch (cause) {
          return Effect.fail(classified("execute")(cause))
        }
      }
      return {
        rows: (statement) => text(...statement.compile()),
        text: (_, sql, params) => text(sql, params)
      }
    })
  )

/**
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<SqlClient.SqlClient, SqlError.SqlError> =>
  // The connection that writes is first: it makes the file.
  reading(options).pipe(
    Layer.provideMerge(Layer.effect(SqlClient.SqlClient, make(options))),
    Layer.provide(Reactivity.layer)
  )
