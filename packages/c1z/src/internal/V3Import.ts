/**
 * Rows of a v3 file whose payload is a log only, put into the tables of v1, so that everything that reads a snapshot reads both.
 *
 * v3 keeps references where v1 keeps copies: the resource of an entitlement and the entitlement and principal of a grant come as their ids.
 */
import { GrantExpandableSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_grant_pb"
import { AssetRefSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/asset_pb"
import {
  type Entitlement_PurposeValue,
  Entitlement_PurposeValueSchema,
  EntitlementSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/entitlement_pb"
import {
  GrantSchema,
  GrantSources_GrantSourceSchema,
  GrantSourcesSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/grant_pb"
import {
  ResourceIdSchema,
  ResourceSchema,
  type ResourceType_Trait,
  ResourceType_TraitSchema,
  ResourceTypeSchema,
  type Status_ResourceStatus,
  StatusSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"
import {
  AssetRecordSchema,
  type EntitlementRecord,
  EntitlementRecordSchema,
  type GrantRecord,
  GrantRecordSchema,
  type ResourceRecord,
  ResourceRecordSchema,
  type ResourceTypeRecord,
  ResourceTypeRecordSchema,
  type SyncRunRecord,
  SyncRunRecordSchema,
  SyncType
} from "@access-kit/baton-protocol/gen/c1/storage/v3/records_pb"
import { create, type DescEnum, fromBinary, toBinary } from "@bufbuild/protobuf"
import { AnySchema } from "@bufbuild/protobuf/wkt"
import type { Timestamp } from "@bufbuild/protobuf/wkt"
import type { DatabaseSync } from "node:sqlite"
import { type Change, changes, KIND, kindOf } from "./PebbleBatch.ts"
import * as TableSchema from "./TableSchema.ts"
import * as Stamp from "./Timestamp.ts"
import { LogFault, records } from "./WriteAheadLog.ts"

export class ImportFault extends Error {}

/** Bytes in the log that may be read: rows take about as much in the tables. */
export class ImportLimit extends Error {}

const SYNC_TYPES: Readonly<Record<SyncType, string>> = {
  [SyncType.UNSPECIFIED]: "full",
  [SyncType.FULL]: "full",
  [SyncType.PARTIAL]: "partial",
  [SyncType.RESOURCES_ONLY]: "resources_only",
  [SyncType.PARTIAL_UPSERTS]: "partial_upserts",
  [SyncType.PARTIAL_DELETIONS]: "partial_deletions"
}

const timeOf = (timestamp: Timestamp | undefined): string | null =>
  timestamp === undefined
    ? null
    : Stamp.formatNanos(Number(timestamp.seconds), timestamp.nanos)

/** Reads names of enum values without their prefix. */
const numberOf = (schema: DescEnum, prefix: string, name: string): number =>
  schema.values.find((value) => value.name === prefix + name)?.number ?? 0

const idOf = (resourceType: string, resource: string) => create(ResourceIdSchema, { resourceType, resource })

const resourceTypeOf = (record: ResourceTypeRecord) =>
  create(ResourceTypeSchema, {
    id: record.externalId,
    displayName: record.displayName,
    traits: record.traits.map((trait) => numberOf(ResourceType_TraitSchema, "TRAIT_", trait) as ResourceType_Trait),
    annotations: record.annotations,
    description: record.description,
    sourcedExternally: record.sourcedExternally
  })

const resourceOf = (record: ResourceRecord) => {
  const status: Status_ResourceStatus | undefined = record.status?.status as Status_ResourceStatus | undefined
  return create(ResourceSchema, {
    id: idOf(record.resourceTypeId, record.resourceId),
    displayName: record.displayName,
    description: record.description,
    annotations: record.annotations,
    ...(record.parent === undefined || record.parent.resourceId === ""
      ? {}
      : { parentResourceId: idOf(record.parent.resourceTypeId, record.parent.resourceId) }),
    ...(record.profile === undefined ? {} : { profile: record.profile }),
    ...(status === undefined
      ? {}
      : { status: create(StatusSchema, { status, details: record.status?.details ?? "" }) }),
    ...(record.createdAt === undefined ? {} : { createdAt: record.createdAt }),
    ...(record.iconAssetExternalId === "" ? {} : { icon: create(AssetRefSchema, { id: record.iconAssetExternalId }) })
  })
}

const entitlementOf = (record: EntitlementRecord) =>
  create(EntitlementSchema, {
    id: record.externalId,
    displayName: record.displayName,
    description: record.description,
    slug: record.slug,
    purpose: numberOf(Entitlement_PurposeValueSchema, "PURPOSE_VALUE_", record.purpose) as Entitlement_PurposeValue,
    annotations: record.annotations,
    grantableTo: record.grantableToResourceTypeIds.map((id) => create(ResourceTypeSchema, { id })),
    ...(record.resource === undefined
      ? {}
      : { resource: create(ResourceSchema, { id: idOf(record.resource.resourceTypeId, record.resource.resourceId) }) })
  })

const grantOf = (record: GrantRecord, id: string) => {
  const sources = Object.entries(record.sources).sort(([a], [b]) => a < b ? -1 : 1)
  return create(GrantSchema, {
    id,
    entitlement: create(EntitlementSchema, {
      id: record.entitlement?.entitlementId ?? "",
      resource: create(ResourceSchema, {
        id: idOf(record.entitlement?.resourceTypeId ?? "", record.entitlement?.resourceId ?? "")
      })
    }),
    principal: create(ResourceSchema, {
      id: idOf(record.principal?.resourceTypeId ?? "", record.principal?.resourceId ?? ""),
      ...(record.principal === undefined || record.principal.parentResourceId === ""
        ? {}
        : { parentResourceId: idOf(record.principal.parentResourceTypeId, record.principal.parentResourceId) })
    }),
    annotations: record.annotations.map((annotation) => create(AnySchema, annotation)),
    ...(sources.length === 0
      ? {}
      : {
        sources: create(GrantSourcesSchema, {
          sources: Object.fromEntries(
            sources.map(([key, source]) => [key, create(GrantSources_GrantSourceSchema, { isDirect: source.isDirect })])
          )
        })
      })
  })
}

/** A number that is written seven bits at a time, and where it ends. */
const varint = (bytes: Uint8Array, at: number): readonly [value: number, next: number] => {
  let value = 0
  let scale = 1
  for (let index = at; index < bytes.length; index++) {
    const byte = bytes[index] ?? 0
    value += (byte & 0x7f) * scale
    if (byte < 0x80) return [value, index + 1]
    scale *= 128
  }
  throw new LogFault("the list of its files is damaged")
}

/**
 * The engine's list of live files must name no table, else the log is not all there is.
 *
 * @returns the number of the first log that counts
 */
const firstLog = (bytes: Uint8Array): number => {
  let first = 0
  for (const record of records((position, length) => bytes.subarray(position, position + length), bytes.length)) {
    // The tags are varints, each with varints or a text: comparer, log number, next file, last sequence number, previous log.
    for (let at = 0; at < record.length;) {
      const [tag, after] = varint(record, at)
      const [value, next] = varint(record, after)
      if (tag === 1) at = next + value
      else if (tag === 2 || tag === 3 || tag === 4 || tag === 9) at = next
      else throw new ImportFault("tables")
      if (tag === 2) first = value
    }
  }
  return first
}

/** Whether the engine's list of live files names no table. */
export const isLogOnly = (versions: Uint8Array): boolean => {
  try {
    firstLog(versions)
    return true
  } catch (error) {
    if (error instanceof ImportFault) return false
    throw error
  }
}

class Importer {
  private readonly put
  private syncId = ""
  private readonly database: DatabaseSync

  constructor(database: DatabaseSync) {
    this.database = database
    database.exec("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN")
    for (const statement of TableSchema.TABLES) database.exec(statement)
    // Keys come in any order and may come again: the last one counts.
    database.exec("CREATE TABLE imported (key blob primary key, value blob not null) WITHOUT ROWID")
    this.put = {
      set: database.prepare("INSERT OR REPLACE INTO imported VALUES (?, ?)"),
      unset: database.prepare("DELETE FROM imported WHERE key = ?")
    }
  }

  change({ key, value }: Change): void {
    const kind = kindOf(key)
    if (kind === KIND.index || kind === KIND.session) return
    if (value === undefined) this.put.unset.run(key)
    else this.put.set.run(key, value)
  }

  private each(kind: number, run: (value: Uint8Array) => void): void {
    const from = Buffer.of(3, kind)
    const to = Buffer.of(3, kind + 1)
    for (
      const row of this.database.prepare("SELECT value FROM imported WHERE key >= ? AND key < ? ORDER BY key").iterate(
        from,
        to
      )
    ) {
      if (row["value"] instanceof Uint8Array) run(row["value"])
    }
  }

  finish(): void {
    this.each(KIND.syncRun, (value) => this.syncRun(fromBinary(SyncRunRecordSchema, value)))
    const { database, syncId } = this
    const type = database.prepare(
      "INSERT INTO v1_resource_types (external_id, data, sync_id, discovered_at) VALUES (?, ?, ?, ?)"
    )
    this.each(KIND.resourceType, (value) => {
      const record = fromBinary(ResourceTypeRecordSchema, value)
      type.run(
        record.externalId,
        toBinary(ResourceTypeSchema, resourceTypeOf(record)),
        syncId,
        timeOf(record.discoveredAt) ?? ""
      )
    })
    const resource = database.prepare(
      "INSERT INTO v1_resources (resource_type_id, external_id, parent_resource_type_id, parent_resource_id, data, sync_id, discovered_at) VALUES (?, ?, ?, ?, ?, ?, ?)"
    )
    this.each(KIND.resource, (value) => {
      const record = fromBinary(ResourceRecordSchema, value)
      resource.run(
        record.resourceTypeId,
        `${record.resourceTypeId}:${record.resourceId}`,
        record.parent?.resourceTypeId ?? null,
        record.parent?.resourceId ?? null,
        toBinary(ResourceSchema, resourceOf(record)),
        syncId,
        timeOf(record.discoveredAt) ?? ""
      )
    })
    const entitlement = database.prepare(
      "INSERT INTO v1_entitlements (resource_type_id, resource_id, external_id, data, sync_id, discovered_at) VALUES (?, ?, ?, ?, ?, ?)"
    )
    this.each(KIND.entitlement, (value) => {
      const record = fromBinary(EntitlementRecordSchema, value)
      entitlement.run(
        record.resource?.resourceTypeId ?? "",
        record.resource?.resourceId ?? "",
        record.externalId,
        toBinary(EntitlementSchema, entitlementOf(record)),
        syncId,
        timeOf(record.discoveredAt) ?? ""
      )
    })
    const grant = database.prepare(
      "INSERT INTO v1_grants (resource_type_id, resource_id, entitlement_id, principal_resource_type_id, principal_resource_id, external_id, expansion, needs_expansion, data, sync_id, discovered_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    )
    this.each(KIND.grant, (value) => {
      const record = fromBinary(GrantRecordSchema, value)
      const principal = [record.principal?.resourceTypeId ?? "", record.principal?.resourceId ?? ""] as const
      const entitlementId = record.entitlement?.entitlementId ?? ""
      const id = record.externalId === "" ? `${entitlementId}:${principal.join(":")}` : record.externalId
      grant.run(
        record.entitlement?.resourceTypeId ?? "",
        record.entitlement?.resourceId ?? "",
        entitlementId,
        ...principal,
        id,
        record.expansion === undefined
          ? null
          : toBinary(
            GrantExpandableSchema,
            create(GrantExpandableSchema, {
              entitlementIds: record.expansion.entitlementIds,
              shallow: record.expansion.shallow,
              resourceTypeIds: record.expansion.resourceTypeIds
            })
          ),
        record.needsExpansion ? 1 : 0,
        toBinary(GrantSchema, grantOf(record, id)),
        syncId,
        timeOf(record.discoveredAt) ?? ""
      )
    })
    const asset = database.prepare(
      "INSERT INTO v1_assets (external_id, content_type, data, sync_id, discovered_at) VALUES (?, ?, ?, ?, ?)"
    )
    this.each(KIND.asset, (value) => {
      const record = fromBinary(AssetRecordSchema, value)
      asset.run(record.externalId, record.contentType, record.data, syncId, timeOf(record.discoveredAt) ?? "")
    })
    database.exec("DROP TABLE imported; COMMIT")
  }

  private syncRun(record: SyncRunRecord): void {
    this.syncId = record.syncId
    this.database.prepare(
      "INSERT INTO v1_sync_runs (sync_id, started_at, ended_at, sync_token, sync_type, parent_sync_id, linked_sync_id, supports_diff, grants_backfilled) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1)"
    ).run(
      record.syncId,
      timeOf(record.startedAt) ?? "",
      timeOf(record.endedAt),
      record.syncToken,
      SYNC_TYPES[record.type] ?? "full",
      record.parentSyncId,
      record.linkedSyncId,
      record.supportsDiff ? 1 : 0
    )
  }
}

const NEXT = Symbol("next")

/** How many records of the log are read before others get their turn. */
const TURN = 64

/** The contents of a payload that is nothing but logs. */
export interface Logs {
  /** The engine's list of live files. */
  readonly versions: Uint8Array | undefined
  /** The oldest first. */
  readonly logs: ReadonlyArray<{
    readonly name: string
    readonly size: number
    readonly read: (position: number, length: number) => Uint8Array
  }>
}

/**
 * Fills an empty database. Yields now and then, so that the caller can let others run or stop.
 */
export const fill = function*(payload: Logs, database: DatabaseSync, limit: number): Generator<typeof NEXT, void> {
  const first = payload.versions === undefined ? 0 : firstLog(payload.versions)
  const logs = payload.logs.filter((log) => Number.parseInt(log.name, 10) >= first)
  if (logs.reduce((sum, log) => sum + log.size, 0) > limit) throw new ImportLimit()
  const importer = new Importer(database)
  let count = 0
  for (const log of logs) {
    for (const record of records(log.read, log.size)) {
      for (const change of changes(record)) importer.change(change)
      if (++count % TURN === 0) yield NEXT
    }
  }
  yield NEXT
  importer.finish()
}
