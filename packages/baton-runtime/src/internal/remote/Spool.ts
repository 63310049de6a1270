/**
 * What a listing of a remote connector brought, on disk until it is read: baton lists resources, entitlements and grants apart, grants possibly by
 * principal or by whole type, and the contract wants them together. A file in the temporary folder keeps that out of memory.
 *
 * Rows are read in the order of their ids, so a cursor is an id and means the same in a spool that was filled anew.
 */
import { EntitlementSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/entitlement_pb"
import type { Entitlement as EntitlementMessage } from "@access-kit/baton-protocol/gen/c1/connector/v2/entitlement_pb"
import {
  type Resource as ResourceMessage,
  ResourceSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"
import * as WorkDirectory from "@access-kit/c1z/WorkDirectory"
import type { Expandable, Grant } from "@access-kit/connector-model/Grant"
import type { ResourceRecord } from "@access-kit/connector-model/Page"
import type { ResourceId } from "@access-kit/connector-model/Resource"
import { fromBinary, toBinary } from "@bufbuild/protobuf"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync, type SQLOutputValue } from "node:sqlite"
import * as FromMessage from "../../FromMessage.ts"

/** A resource whose entitlements and grants are still to be listed. */
export interface Due {
  readonly id: ResourceId
  readonly message: ResourceMessage
}

const SCHEMA = `
  CREATE TABLE resources (type TEXT, id TEXT, data BLOB, entitlements INTEGER, grants INTEGER, PRIMARY KEY (type, id)) WITHOUT ROWID;
  CREATE TABLE entitlements (type TEXT, resource TEXT, id TEXT, data BLOB, PRIMARY KEY (type, resource, id)) WITHOUT ROWID;
  CREATE TABLE grants (
    type TEXT, resource TEXT, entitlement TEXT, principal_type TEXT, principal TEXT, id TEXT, expandable TEXT,
    PRIMARY KEY (type, resource, id)
  ) WITHOUT ROWID;
`

/** Rows after which what was written is committed. */
const BATCH = 10_000

type Row = Record<string, SQLOutputValue>

const text = (row: Row, column: string): string => {
  const value = row[column]
  return typeof value === "string" ? value : ""
}

const bytes = (row: Row, column: string): Uint8Array => {
  const value = row[column]
  return value instanceof Uint8Array ? value : new Uint8Array()
}

// Written by this module a moment ago.
const expandable = (value: SQLOutputValue | undefined): { readonly expandable?: Expandable } =>
  typeof value === "string" ? { expandable: JSON.parse(value) } : {}

export interface Skips {
  readonly entitlements: boolean
  readonly grants: boolean
}

export class Spool {
  private readonly folder: string
  private readonly database: DatabaseSync
  private readonly statements: ReturnType<typeof prepared>
  private uncommitted = 0

  constructor(prefix: string) {
    this.folder = mkdtempSync(join(tmpdir(), prefix))
    this.database = new DatabaseSync(join(this.folder, "listing.db"))
    this.database.exec(
      `PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; ${SCHEMA} BEGIN`
    )
    this.statements = prepared(this.database)
  }

  close(): void {
    this.database.close()
    rmSync(this.folder, { recursive: true, force: true })
  }

  private wrote(): void {
    if (++this.uncommitted < BATCH) return
    this.uncommitted = 0
    this.database.exec("COMMIT; BEGIN")
  }

  putResource(message: ResourceMessage, skips: Skips): void {
    const { resource, resourceType } = FromMessage.resourceId(message.id)
    this.statements.putResource.run(
      resourceType,
      resource,
      toBinary(ResourceSchema, message),
      skips.entitlements ? 0 : 1,
      skips.grants ? 0 : 1
    )
    this.wrote()
  }

  putEntitlement(message: EntitlementMessage): void {
    const { resource, resourceType } = FromMessage.resourceId(message.resource?.id)
    this.statements.putEntitlement.run(resourceType, resource, message.id, toBinary(EntitlementSchema, message))
    this.wrote()
  }

  putGrant(grant: Grant, on: ResourceId): void {
    this.statements.putGrant.run(
      on.resourceType,
      on.resource,
      grant.entitlementId,
      grant.principal.resourceType,
      grant.principal.resource,
      grant.id,
      grant.expandable === undefined ? null : JSON.stringify(grant.expandable)
    )
    this.wrote()
  }

  /** The next resources of a type after an id. */
  private rows(type: string, after: string | undefined, limit: number): ReadonlyArray<Row> {
    return after === undefined
      ? this.statements.firstResources.all(type, limit)
      : this.statements.nextResources.all(type, after, limit)
  }

  resources(type: string, after: string | undefined, limit: number): ReadonlyArray<Due> {
    return this.rows(type, after, limit).map((row) => ({
      id: { resourceType: type, resource: text(row, "id") },
      message: fromBinary(ResourceSchema, bytes(row, "data"))
    }))
  }

  /** Resources after an id whose entitlements or grants are not marked to be skipped. */
  due(what: "entitlements" | "grants", type: string, after: string | undefined, limit: number): ReadonlyArray<Due> {
    const statement = what === "entitlements" ? this.statements.dueEntitlements : this.statements.dueGrants
    return statement.all(type, after ?? "", limit).map((row) => ({
      id: { resourceType: type, resource: text(row, "id") },
      message: fromBinary(ResourceSchema, bytes(row, "data"))
    }))
  }

  resource(id: ResourceId): ResourceMessage | undefined {
    const row = this.statements.resource.get(id.resourceType, id.resource)
    return row === undefined ? undefined : fromBinary(ResourceSchema, bytes(row, "data"))
  }

  count(type: string): number {
    const value = this.statements.count.get(type)?.["count"]
    return typeof value === "number" ? value : 0
  }

  records(type: string, after: string | undefined, limit: number): ReadonlyArray<ResourceRecord> {
    return this.resources(type, after, limit).map(({ id, message }) => ({
      resource: FromMessage.resource(message),
      entitlements: this.statements.entitlements.all(id.resourceType, id.resource).map((row) =>
        FromMessage.entitlement(fromBinary(EntitlementSchema, bytes(row, "data")))
      ),
      grants: this.statements.grants.all(id.resourceType, id.resource).map((row) => ({
        id: text(row, "id"),
        entitlementId: text(row, "entitlement"),
        principal: { resourceType: text(row, "principal_type"), resource: text(row, "principal") },
        ...expandable(row["expandable"])
      }))
    }))
  }
}

const prepared = (database: DatabaseSync) => ({
  putResource: database.prepare("INSERT OR REPLACE INTO resources VALUES (?, ?, ?, ?, ?)"),
  putEntitlement: database.prepare("INSERT OR REPLACE INTO entitlements VALUES (?, ?, ?, ?)"),
  putGrant: database.prepare("INSERT OR REPLACE INTO grants VALUES (?, ?, ?, ?, ?, ?, ?)"),
  firstResources: database.prepare("SELECT id, data FROM resources WHERE type = ? ORDER BY id LIMIT ?"),
  nextResources: database.prepare("SELECT id, data FROM resources WHERE type = ? AND id > ? ORDER BY id LIMIT ?"),
  dueEntitlements: database.prepare(
    "SELECT id, data FROM resources WHERE type = ? AND id > ? AND entitlements = 1 ORDER BY id LIMIT ?"
  ),
  dueGrants: database.prepare(
    "SELECT id, data FROM resources WHERE type = ? AND id > ? AND grants = 1 ORDER BY id LIMIT ?"
  ),
  resource: database.prepare("SELECT data FROM resources WHERE type = ? AND id = ?"),
  count: database.prepare("SELECT count(*) AS count FROM resources WHERE type = ?"),
  entitlements: database.prepare("SELECT data FROM entitlements WHERE type = ? AND resource = ? ORDER BY id"),
  grants: database.prepare("SELECT * FROM grants WHERE type = ? AND resource = ? ORDER BY id")
})

export const make: Effect.Effect<Spool, never, Scope.Scope> = Effect.acquireRelease(
  WorkDirectory.sweep(tmpdir(), "baton-listing").pipe(
    Effect.andThen(WorkDirectory.prefix("baton-listing")),
    Effect.map((prefix) => new Spool(prefix))
  ),
  (spool) => Effect.sync(() => spool.close())
)
