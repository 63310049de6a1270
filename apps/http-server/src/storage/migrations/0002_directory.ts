/**
 * The directory (who has access, by connector) and the snapshots.
 *
 * Rows of the directory belong to a generation: what one load of one snapshot wrote. Their `ref` is a number that begins with that of the generation, so
 * that a generation is a range of the primary key; rows name each other by it. Texts that are ids sort by their bytes in both databases.
 */
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"

const tables = (dialect: {
  /** A number that counts up by itself and is never used again. */
  readonly counter: string
  /** A number of 64 bits that is the primary key. */
  readonly key: string
  /** A text that sorts by its bytes. */
  readonly id: string
}) => [
  `CREATE TABLE directories (
    connector_id TEXT PRIMARY KEY,
    generation BIGINT,
    snapshot_id TEXT,
    as_of BIGINT,
    revision BIGINT NOT NULL DEFAULT 0
  )`,
  `CREATE TABLE directory_generations (
    generation ${dialect.counter},
    connector_id TEXT NOT NULL,
    snapshot_id TEXT NOT NULL,
    state TEXT NOT NULL,
    touched_at BIGINT NOT NULL
  )`,
  `CREATE INDEX directory_generations_of_connector ON directory_generations (connector_id)`,
  `CREATE TABLE directory_changes (
    sequence ${dialect.counter},
    connector_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    outcome TEXT NOT NULL
  )`,
  `CREATE INDEX directory_changes_of_connector ON directory_changes (connector_id, at)`,
  `CREATE TABLE directory_resources (
    ref ${dialect.key},
    generation BIGINT NOT NULL,
    kind INTEGER NOT NULL,
    id ${dialect.id} NOT NULL,
    type ${dialect.id} NOT NULL,
    status TEXT,
    name TEXT NOT NULL,
    json TEXT NOT NULL,
    principal TEXT NOT NULL,
    search TEXT NOT NULL,
    members INTEGER NOT NULL DEFAULT 0
  )`,
  `CREATE UNIQUE INDEX directory_resources_by_id ON directory_resources (generation, kind, id, type)`,
  `CREATE INDEX directory_resources_by_status ON directory_resources (generation, kind, status, id, type)`,
  `CREATE TABLE directory_entitlements (
    ref ${dialect.key},
    generation BIGINT NOT NULL,
    id ${dialect.id} NOT NULL,
    resource_ref BIGINT NOT NULL,
    slug TEXT NOT NULL,
    json TEXT NOT NULL,
    granted TEXT NOT NULL,
    search TEXT NOT NULL,
    holders INTEGER NOT NULL DEFAULT 0
  )`,
  `CREATE UNIQUE INDEX directory_entitlements_by_id ON directory_entitlements (generation, id)`,
  `CREATE INDEX directory_entitlements_by_resource ON directory_entitlements (resource_ref)`,
  `CREATE TABLE directory_grants (
    ref ${dialect.key},
    generation BIGINT NOT NULL,
    id ${dialect.id} NOT NULL,
    whole_id TEXT,
    entitlement_ref BIGINT NOT NULL,
    principal_ref BIGINT NOT NULL,
    expansion TEXT
  )`,
  `CREATE UNIQUE INDEX directory_grants_by_id ON directory_grants (generation, id)`,
  `CREATE INDEX directory_grants_by_entitlement ON directory_grants (entitlement_ref, id)`,
  `CREATE INDEX directory_grants_by_principal ON directory_grants (principal_ref)`,
  `CREATE INDEX directory_grants_that_expand ON directory_grants (generation) WHERE expansion IS NOT NULL`,
  `CREATE TABLE snapshots (
    id TEXT PRIMARY KEY,
    connector_id TEXT NOT NULL,
    sync_id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    resources TEXT NOT NULL,
    entitlements INTEGER NOT NULL,
    grants INTEGER NOT NULL
  )`,
  `CREATE INDEX snapshots_of_connector ON snapshots (connector_id, id)`
]

const sqlite = [
  ...tables({ counter: "INTEGER PRIMARY KEY AUTOINCREMENT", key: "INTEGER PRIMARY KEY", id: "TEXT" }),
  // Only which rows have a piece: neither the text nor where in it the piece stands.
  `CREATE VIRTUAL TABLE directory_search USING fts5(pieces, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii')`
]

const postgres = [
  ...tables({
    counter: "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    key: "BIGINT PRIMARY KEY",
    id: "TEXT COLLATE \"C\""
  }),
  `CREATE TABLE directory_search (ref BIGINT PRIMARY KEY, pieces INTEGER[] NOT NULL)`,
  `CREATE INDEX directory_search_by_piece ON directory_search USING gin (pieces)`
]

export default Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const statements = sql.onDialectOrElse({ pg: () => postgres, orElse: () => sqlite })
  for (const statement of statements) yield* sql.unsafe(statement)
})
