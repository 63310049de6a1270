/**
 * Tables and indexes of format v1. Readers open them by name and type: `datetime` is what makes Go's driver read a time, and two indexes of
 * `v1_resources` bear each other's names since an old mistake that nobody can mend any more.
 */

/** In the order in which Go's SDK creates them. */
export const TABLES: ReadonlyArray<string> = [
  `CREATE TABLE v1_resource_types (
    id integer primary key,
    external_id text not null,
    data blob not null,
    sync_id text not null,
    discovered_at datetime not null
  )`,
  `CREATE TABLE v1_resources (
    id integer primary key,
    resource_type_id text not null,
    external_id text not null,
    parent_resource_type_id text,
    parent_resource_id text,
    data blob not null,
    sync_id text not null,
    discovered_at datetime not null
  )`,
  `CREATE TABLE v1_entitlements (
    id integer primary key,
    resource_type_id text not null,
    resource_id text not null,
    external_id text not null,
    data blob not null,
    sync_id text not null,
    discovered_at datetime not null
  )`,
  `CREATE TABLE v1_sync_runs (
    id integer primary key,
    sync_id text not null,
    started_at datetime not null,
    ended_at datetime,
    sync_token text not null,
    sync_type text not null default 'full',
    parent_sync_id text not null default '',
    linked_sync_id text not null default '',
    supports_diff integer not null default 0,
    grants_backfilled integer not null default 0,
    stats text,
    ingest_invariant_generation text not null default '',
    ingest_invariant_coverage text not null default '',
    ingest_invariant_mode text not null default ''
  )`,
  `CREATE TABLE v1_grants (
    id integer primary key,
    resource_type_id text not null,
    resource_id text not null,
    entitlement_id text not null,
    principal_resource_type_id text not null,
    principal_resource_id text not null,
    external_id text not null,
    expansion blob,
    needs_expansion integer not null default 0,
    data blob not null,
    sync_id text not null,
    discovered_at datetime not null
  )`,
  `CREATE TABLE v1_assets (
    id integer primary key,
    external_id text not null,
    content_type text not null,
    data blob not null,
    sync_id text not null,
    discovered_at datetime not null
  )`,
  `CREATE TABLE v1_connector_sessions (
    id integer primary key,
    sync_id text not null,
    key text not null,
    value blob not null
  )`
]

/** Columns of `v1_sync_runs` that came after SDK v0.7; tools of that age that copy syncs stumble over them. */
export const LATER_SYNC_COLUMNS: Readonly<Record<string, string>> = {
  grants_backfilled: "integer not null default 0",
  stats: "text",
  ingest_invariant_generation: "text not null default ''",
  ingest_invariant_coverage: "text not null default ''",
  ingest_invariant_mode: "text not null default ''"
}

/** Takes those columns away. */
export const WITHOUT_LATER_SYNC_COLUMNS = Object.keys(LATER_SYNC_COLUMNS).map((column) =>
  `ALTER TABLE v1_sync_runs DROP COLUMN ${column}`
).join(";")

export interface Index {
  readonly name: string
  readonly unique?: boolean
  readonly on: string
}

const sqlOf = (index: Index): string =>
  `CREATE ${index.unique === true ? "UNIQUE INDEX" : "INDEX"} IF NOT EXISTS ${index.name} ON ${index.on}`

export const create = (indexes: ReadonlyArray<Index>): string => indexes.map(sqlOf).join(";")

export const drop = (indexes: ReadonlyArray<Index>): string =>
  indexes.map((index) => `DROP INDEX IF EXISTS ${index.name}`).join(";")

/** Kept up to date from the first row: their tables are small, or rows come in their order, or hardly any row is in them. */
export const EARLY: ReadonlyArray<Index> = [
  { name: "idx_resource_types_external_sync_v1", unique: true, on: "v1_resource_types (external_id, sync_id)" },
  { name: "idx_sync_runs_sync_id_v1", unique: true, on: "v1_sync_runs (sync_id)" },
  { name: "idx_resources_resource_type_id_v1", on: "v1_resources (resource_type_id)" },
  { name: "idx_resources_external_sync_v1", on: "v1_resources (parent_resource_type_id, parent_resource_id)" },
  { name: "idx_grants_sync_expansion_v1", on: "v1_grants (sync_id) WHERE expansion IS NOT NULL" },
  { name: "idx_grants_sync_needs_expansion_v1", on: "v1_grants (sync_id) WHERE needs_expansion = 1" },
  { name: "idx_assets_external_sync_v1", unique: true, on: "v1_assets (external_id, sync_id)" },
  { name: "idx_session_store_sync_key_v1", unique: true, on: "v1_connector_sessions (sync_id, key)" }
]

/**
 * Led by the entitlement. Where entitlements have many grants that come together, keeping these up to date costs what creating them
 * afterwards costs, but is done while the source is still answering; where they have few, it costs four times as much.
 */
export const BY_ENTITLEMENT: ReadonlyArray<Index> = [
  { name: "idx_grants_resource_type_id_resource_id_v1", on: "v1_grants (resource_type_id, resource_id)" },
  {
    name: "idx_grants_entitlement_id_principal_id_v1",
    on: "v1_grants (entitlement_id, principal_resource_type_id, principal_resource_id)"
  },
  { name: "idx_grants_entitlement_sync_grant_v1", on: "v1_grants (entitlement_id, sync_id, id)" }
]

/** The targets of every upsert of Go's SDK, by table. Created last: they are what tells repeated rows. */
export const IDENTITY: ReadonlyArray<readonly [table: string, index: Index]> = [
  ["v1_resources", {
    name: "idx_resources_parent_resource_id_v1",
    unique: true,
    on: "v1_resources (external_id, sync_id)"
  }],
  ["v1_entitlements", {
    name: "idx_entitlements_external_sync_v1",
    unique: true,
    on: "v1_entitlements (external_id, sync_id)"
  }],
  ["v1_grants", { name: "idx_grants_external_sync_v1", unique: true, on: "v1_grants (external_id, sync_id)" }]
]

/** In no order that rows come in. */
export const LATE: ReadonlyArray<Index> = [
  { name: "idx_entitlements_resource_id_v1", on: "v1_entitlements (resource_type_id, resource_id)" },
  {
    name: "idx_grants_principal_id_v1",
    on: "v1_grants (principal_resource_type_id, principal_resource_id)"
  }
]

/** What comes last of a table: first the index that tells repeated rows. */
export const last = (table: string): ReadonlyArray<Index> => [
  ...IDENTITY.filter(([of]) => of === table).map(([, index]) => index),
  ...LATE.filter(({ on }) => on.startsWith(`${table} `))
]
