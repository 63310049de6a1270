/**
 * The database of the server: SQLite in a file of its own, or PostgreSQL by URL. Both hold the same tables, made by the same migrations.
 *
 * @since 0.1.0
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import * as PgTypes from "@effect/sql-pg/PgTypes"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Migrator from "effect/sql/Migrator"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { migrations } from "./Migrations.ts"
import * as NodeSqlite from "./NodeSqlite.ts"

/**
 * Where the database is.
 *
 * @since 0.1.0
 */
export type Location = Data.TaggedEnum<{
  Sqlite: { readonly filename: string }
  Postgres: { readonly url: Redacted.Redacted<string> }
}>

/**
 * @since 0.1.0
 */
export const Location = Data.taggedEnum<Location>()

/**
 * The server can't work with its database. The message says what to do.
 *
 * @since 0.1.0
 */
export class DatabaseError extends Schema.TaggedError<DatabaseError>()("DatabaseError", {
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

/**
 * `postgres://…` and `postgresql://…` are URLs of a PostgreSQL, anything else is the path of a SQLite file.
 *
 * @since 0.1.0
 */
export const locate = (text: string): Location =>
  /^postgres(?:ql)?:\/\//i.test(text)
    ? Location.Postgres({ url: Redacted.make(text, { label: "database-url" }) })
    : Location.Sqlite({ filename: text.replace(/^sqlite:(?:\/\/)?/i, "") })

/**
 * For people: no password.
 *
 * @since 0.1.0
 */
export const describe: (location: Location) => string = Location.$match({
  Sqlite: ({ filename }) => `SQLite in "${filename}"`,
  Postgres: ({ url }) => {
    const parsed = URL.parse(Redacted.value(url))
    return parsed === null ? "PostgreSQL" : `PostgreSQL at ${parsed.host}${parsed.pathname}`
  }
})

/**
 * Counts and times are numbers in JavaScript. The ids that the engine makes are beyond what a number can hold, and stay what they are.
 */
const numbers = (): PgTypes.Registry => {
  const registry = PgTypes.makeRegistry()
  const read = (bytes: Uint8Array, offset: number): Result.Result<number | bigint, never> => {
    const value = new DataView(bytes.buffer, bytes.byteOffset + offset, 8).getBigInt64(0)
    const number = Number(value)
    return Result.succeed(Number.isSafeInteger(number) ? number : value)
  }
  registry.register<number | bigint>(PgTypes.OID.int8, {
    read: (bytes, offset) => read(bytes, offset),
    decode: (bytes) => read(bytes, 0),
    encode: (value) => {
      const bytes = new Uint8Array(8)
      new DataView(bytes.buffer).setBigInt64(0, BigInt(value))
      return Result.succeed(bytes)
    }
  })
  return registry
}

/**
 * Milliseconds after which PostgreSQL ends a transaction in which nothing is asked any more. A process that stands still in the middle of one would keep its
 * rows from all others for as long as it stands; whoever takes its work over must get at them.
 */
const IDLE_IN_TRANSACTION = "8000"

/** Connections to PostgreSQL that one process opens at the most. The engine keeps some of them for itself. */
const MAX_CONNECTIONS = 16

/**
 * A client without any table made. For tests and for the engine.
 *
 * @since 0.1.0
 */
export const layerClient = (location: Location): Layer.Layer<SqlClient.SqlClient, SqlError> =>
  Location.$match(location, {
    Sqlite: ({ filename }) => NodeSqlite.layer({ filename }),
    Postgres: ({ url }) =>
      PgClient.layer({
        url,
        applicationName: "claude-enterprise-server",
        startupParameters: { idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION },
        maxConnections: MAX_CONNECTIONS,
        types: numbers()
      })
  })

const unusable = (location: Location) => (cause: SqlError | Migrator.MigrationError): DatabaseError => {
  const where = describe(location)
  if (cause._tag === "MigrationError") {
    return new DatabaseError({
      message: `The tables of ${where} could not be brought up to date: ${cause.message}`,
      cause
    })
  }
  switch (cause.reason._tag) {
    case "AuthenticationError":
      return new DatabaseError({ message: `${where} refuses the user or the password. Check the database URL.`, cause })
    case "AuthorizationError":
      return new DatabaseError({
        message:
          `The user may not make tables in ${where}. Grant it CREATE on the schema, or use a database of its own.`,
        cause
      })
    case "LockTimeoutError":
      return new DatabaseError({ message: `${where} is locked by another process. Stop that one first.`, cause })
    default:
      return new DatabaseError({
        message: location._tag === "Sqlite"
          ? `${where} can't be opened. The directory must exist and be writable, and the file must be a database of this server.`
          : `${where} can't be reached. Check the database URL, and that PostgreSQL runs and accepts connections from here.`,
        cause
      })
  }
}

const latest = Math.max(...Object.keys(migrations).map((key) => Number.parseInt(key, 10)))

/** A table made by a later version may have columns that this one must fill in. */
const refuseNewer = Effect.fnUntraced(function*(location: Location) {
  const sql = yield* SqlClient.SqlClient
  const [newest] = yield* sql<{ readonly id: number | null }>`SELECT max(migration_id) AS id FROM migrations`
  if (newest?.id !== undefined && newest.id !== null && newest.id > latest) {
    return yield* Effect.fail(
      new DatabaseError({
        message: `${
          describe(location)
        } was used by a newer version of this server (migration ${newest.id}; this one knows ${latest}). Start that version.`
      })
    )
  }
})

/**
 * Brings the tables up to date. Processes that start at the same time wait for each other.
 *
 * @since 0.1.0
 */
export const migrate = (location: Location): Effect.Effect<void, DatabaseError, SqlClient.SqlClient> =>
  Migrator.make({})({ loader: Migrator.fromRecord(migrations), table: "migrations" }).pipe(
    Effect.mapError(unusable(location)),
    Effect.andThen(
      refuseNewer(location).pipe(Effect.catchTag("SqlError", (error) => Effect.fail(unusable(location)(error))))
    )
  )

/**
 * The database with its tables.
 *
 * @since 0.1.0
 */
export const layer = (location: Location): Layer.Layer<SqlClient.SqlClient, DatabaseError> => {
  const client = layerClient(location).pipe(
    Layer.catchTag("SqlError", (error) => Layer.effect(SqlClient.SqlClient, Effect.fail(unusable(location)(error))))
  )
  return Layer.effectDiscard(migrate(location)).pipe(Layer.provideMerge(client))
}
