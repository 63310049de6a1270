/**
 * A snapshot as plain tables, for whoever has SQL and no protobuf.
 */
import {
  ResourceType_TraitSchema,
  ResourceTypeSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"
import { fromBinary } from "@bufbuild/protobuf"
import { DatabaseSync } from "node:sqlite"
import * as ResourceRow from "../ResourceRow.ts"
import type { Snapshot } from "../Snapshot.ts"
import { originOf } from "./Grants.ts"
import { dataOf, entitlementOf } from "./Names.ts"
import { text } from "./Row.ts"
import { storeOf } from "./Store.ts"
import * as Timestamp from "./Timestamp.ts"

const SCHEMA = `
  CREATE TABLE sync (id TEXT PRIMARY KEY, type TEXT NOT NULL, started_at TEXT, ended_at TEXT);
  CREATE TABLE resource_types (id TEXT PRIMARY KEY, display_name TEXT NOT NULL, description TEXT NOT NULL, traits TEXT NOT NULL);
  CREATE TABLE resources (
    type TEXT NOT NULL, id TEXT NOT NULL, display_name TEXT NOT NULL, description TEXT NOT NULL,
    parent_type TEXT, parent_id TEXT, status TEXT, status_details TEXT NOT NULL, login TEXT NOT NULL, email TEXT NOT NULL,
    account_type TEXT, given_name TEXT NOT NULL, family_name TEXT NOT NULL, created_at TEXT, last_login TEXT, profile TEXT NOT NULL,
    PRIMARY KEY (type, id)
  ) WITHOUT ROWID;
  CREATE TABLE emails (type TEXT NOT NULL, id TEXT NOT NULL, address TEXT NOT NULL, is_primary INTEGER NOT NULL);
  CREATE TABLE entitlements (
    id TEXT PRIMARY KEY, resource_type TEXT NOT NULL, resource_id TEXT NOT NULL, slug TEXT NOT NULL, display_name TEXT NOT NULL,
    description TEXT NOT NULL, purpose TEXT NOT NULL, grantable_to TEXT NOT NULL
  );
  CREATE TABLE grants (
    id TEXT PRIMARY KEY, entitlement_id TEXT NOT NULL, principal_type TEXT NOT NULL, principal_id TEXT NOT NULL, is_direct INTEGER NOT NULL,
    is_immutable INTEGER NOT NULL, is_expandable INTEGER NOT NULL, discovered_at TEXT
  );
  CREATE TABLE grant_sources (grant_id TEXT NOT NULL, entitlement_id TEXT NOT NULL, is_direct INTEGER NOT NULL);
  CREATE VIEW access AS
    SELECT g.id AS grant_id, p.type AS principal_type, p.id AS principal_id, p.display_name AS principal_name, p.email AS email,
      p.login AS login, p.status AS status, r.type AS resource_type, r.id AS resource_id, r.display_name AS resource_name,
      e.id AS entitlement_id, e.slug AS slug, e.display_name AS entitlement_name, g.is_direct AS is_direct
    FROM grants g
    LEFT JOIN entitlements e ON e.id = g.entitlement_id
    LEFT JOIN resources r ON r.type = e.resource_type AND r.id = e.resource_id
    LEFT JOIN resources p ON p.type = g.principal_type AND p.id = g.principal_id;
`

const INDEXES = `
  CREATE INDEX emails_address ON emails (address COLLATE NOCASE);
  CREATE INDEX grants_entitlement ON grants (entitlement_id);
  CREATE INDEX grants_principal ON grants (principal_type, principal_id);
  CREATE INDEX grant_sources_grant ON grant_sources (grant_id);
`

const time = (milliseconds: number | undefined): string | null =>
  milliseconds === undefined ? null : new Date(milliseconds).toISOString()

const NEXT = Symbol("next")

const STEP = 500

/** Fills a database at a path. Yields now and then. */
export const write = function*(snapshot: Snapshot, path: string): Generator<typeof NEXT, void> {
  const store = storeOf(snapshot.file)
  const { sync } = snapshot
  const source = (table: string) =>
    store.database.prepare(`SELECT * FROM ${table} WHERE sync_id = ? ORDER BY id`).iterate(sync.id)
  const target = new DatabaseSync(path)
  try {
    target.exec("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN")
    target.exec(SCHEMA)
    // Of rows with one id, which a sound file does not have, the last one stays.
    const into = (table: string, columns: number) =>
      target.prepare(
        `INSERT OR REPLACE INTO ${table} VALUES (${Array.from({ length: columns }, () => "?").join(", ")})`
      )
    into("sync", 4).run(sync.id, sync.type, time(sync.startedAt), time(sync.endedAt))
    const type = into("resource_types", 4)
    for (const row of source("v1_resource_types")) {
      const message = fromBinary(ResourceTypeSchema, dataOf(row) ?? new Uint8Array(0))
      const traits = message.traits.map((trait) =>
        (ResourceType_TraitSchema.value[trait]?.name ?? String(trait)).replace(/^TRAIT_/, "").toLowerCase()
      )
      type.run(text(row, "external_id"), message.displayName, message.description, traits.join(" "))
    }
    const resource = into("resources", 16)
    const email = into("emails", 4)
    let count = 0
    for (const row of source("v1_resources")) {
      if (++count % STEP === 0) yield NEXT
      const each = ResourceRow.fromBytes(dataOf(row) ?? new Uint8Array(0))
      resource.run(
        each.type,
        each.id,
        each.displayName,
        each.description,
        each.parent?.type ?? null,
        each.parent?.id ?? null,
        each.status ?? null,
        each.statusDetails,
        each.login,
        each.email,
        each.accountType ?? null,
        each.givenName,
        each.familyName,
        time(each.createdAt),
        time(each.lastLogin),
        JSON.stringify(each.profile)
      )
      for (const { address, primary } of each.emails) email.run(each.type, each.id, address, primary ? 1 : 0)
    }
    const entitlement = into("entitlements", 8)
    for (const row of source("v1_entitlements")) {
      if (++count % STEP === 0) yield NEXT
      const each = entitlementOf(row)
      entitlement.run(
        each.id,
        each.resourceType,
        each.resourceId,
        each.slug,
        each.displayName,
        each.description,
        each.purpose,
        each.grantableTo.join(" ")
      )
    }
    const grant = into("grants", 8)
    const origin = into("grant_sources", 3)
    for (const row of source("v1_grants")) {
      if (++count % STEP === 0) yield NEXT
      const id = text(row, "external_id")
      const entitlementId = text(row, "entitlement_id")
      const { immutable, sources } = originOf(dataOf(row) ?? new Uint8Array(0))
      grant.run(
        id,
        entitlementId,
        text(row, "principal_resource_type_id"),
        text(row, "principal_resource_id"),
        sources.length === 0 || sources.some((each) => each.entitlementId === entitlementId) ? 1 : 0,
        immutable ? 1 : 0,
        row["expansion"] instanceof Uint8Array ? 1 : 0,
        time(Timestamp.parse(text(row, "discovered_at")))
      )
      for (const each of sources) origin.run(id, each.entitlementId, each.direct ? 1 : 0)
    }
    target.exec(INDEXES)
    target.exec("COMMIT")
  } finally {
    target.close()
  }
}
