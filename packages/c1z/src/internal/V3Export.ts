/**
 * Writes one sync as a v3 file whose payload is nothing but a log: the form of v3 that needs no tables of Pebble, and that baton accepts since the
 * engine is called `pebble3` (SDK v0.18).
 */
import {
  C1ZManifestV3Schema,
  PayloadEncoding,
  PebbleIdIndexFormat,
  SyncRunSummarySchema
} from "@access-kit/baton-protocol/gen/c1/c1z/v3/manifest_pb"
import { GrantExpandableSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_grant_pb"
import {
  Entitlement_PurposeValueSchema,
  EntitlementSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/entitlement_pb"
import {
  ResourceSchema,
  ResourceType_TraitSchema,
  ResourceTypeSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"
import {
  EntitlementRecordSchema,
  GrantExpandableRecordSchema,
  GrantRecordSchema,
  GrantSourceRecordSchema,
  ResourceRecordSchema,
  ResourceTypeRecordSchema,
  type StatusRecord_ResourceStatus,
  StatusRecordSchema,
  SyncRunRecordSchema,
  SyncStatsRecordSchema,
  SyncType
} from "@access-kit/baton-protocol/gen/c1/storage/v3/records_pb"
import {
  EntitlementRefSchema,
  PrincipalRefSchema,
  ResourceRefSchema
} from "@access-kit/baton-protocol/gen/c1/storage/v3/refs_pb"
import { create, type DescEnum, fromBinary, toBinary } from "@bufbuild/protobuf"
import { type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt"
import { closeSync, openSync, writeSync } from "node:fs"
import * as Grants from "./Grants.ts"
import { BatchWriter, engineKey, INDEX, indexKey, key, KIND } from "./PebbleBatch.ts"
import { integer, type Row, text } from "./Row.ts"
import type { Store } from "./Store.ts"
import { preamble, TAR_END, tarHeader, tarPadding } from "./V3Container.ts"
import { LogWriter } from "./WriteAheadLog.ts"

const BATCH = 1024 * 1024

const SYNC_TYPES: Readonly<Record<string, SyncType>> = {
  full: SyncType.FULL,
  partial: SyncType.PARTIAL,
  resources_only: SyncType.RESOURCES_ONLY,
  partial_upserts: SyncType.PARTIAL_UPSERTS,
  partial_deletions: SyncType.PARTIAL_DELETIONS
}

/** A time of the tables as a message; nothing where it can't be read. */
const timeOf = (value: string): Timestamp | undefined => {
  const match = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?/.exec(value)
  if (match === null) return undefined
  const seconds = Date.parse(`${match[1]}T${match[2]}Z`) / 1000
  if (!Number.isFinite(seconds)) return undefined
  return create(TimestampSchema, { seconds: BigInt(seconds), nanos: Number((match[3] ?? "").padEnd(9, "0")) })
}

const time = (value: string, name: "discoveredAt" | "startedAt" | "endedAt") => {
  const found = timeOf(value)
  return found === undefined ? {} : { [name]: found }
}

const nameOf = (schema: DescEnum, prefix: string, number: number): string =>
  number === 0 ? "" : (schema.values.find((value) => value.number === number)?.name ?? "").slice(prefix.length)

const blob = (row: Row, column: string): Uint8Array => {
  const value = row[column]
  return value instanceof Uint8Array ? value : new Uint8Array(0)
}

/** An entitlement as keys name it: what begins with its resource is kept without. */
const identity = (type: string, resource: string, id: string): readonly [string, string, string, string] => {
  const prefix = `${type}:${resource}:`
  return id.startsWith(prefix) ? [type, resource, "1", id.slice(prefix.length)] : [type, resource, "0", id]
}

class Log {
  private readonly batch = new BatchWriter()
  private readonly log: LogWriter
  private sequence = 10

  constructor(log: LogWriter) {
    this.log = log
  }

  set(at: Uint8Array, value: Uint8Array = new Uint8Array(0)): void {
    this.batch.set(at, value)
    if (this.batch.size >= BATCH) this.flush()
  }

  flush(): void {
    const { count } = this.batch
    if (count === 0) return
    this.log.append(this.batch.take(this.sequence))
    this.sequence += count
  }
}

/** Each table with what it becomes. */
const writers: ReadonlyArray<readonly [table: string, write: (log: Log, row: Row) => void]> = [
  ["v1_resource_types", (log, row) => {
    const type = fromBinary(ResourceTypeSchema, blob(row, "data"))
    log.set(
      key(KIND.resourceType, type.id),
      toBinary(
        ResourceTypeRecordSchema,
        create(ResourceTypeRecordSchema, {
          externalId: type.id,
          displayName: type.displayName,
          traits: type.traits.map((trait) => nameOf(ResourceType_TraitSchema, "TRAIT_", trait)),
          annotations: type.annotations,
          description: type.description,
          sourcedExternally: type.sourcedExternally,
          ...time(text(row, "discovered_at"), "discoveredAt")
        })
      )
    )
  }],
  ["v1_resources", (log, row) => {
    const resource = fromBinary(ResourceSchema, blob(row, "data"))
    const id = { resourceTypeId: resource.id?.resourceType ?? "", resourceId: resource.id?.resource ?? "" }
    const parent = resource.parentResourceId
    if (parent !== undefined && parent.resource !== "") {
      log.set(indexKey(INDEX.byParent, parent.resourceType, parent.resource, id.resourceTypeId, id.resourceId))
    }
    log.set(
      key(KIND.resource, id.resourceTypeId, id.resourceId),
      toBinary(
        ResourceRecordSchema,
        create(ResourceRecordSchema, {
          ...id,
          displayName: resource.displayName,
          description: resource.description,
          annotations: resource.annotations,
          ...(parent === undefined || parent.resource === ""
            ? {}
            : {
              parent: create(ResourceRefSchema, {
                resourceTypeId: parent.resourceType,
                resourceId: parent.resource
              })
            }),
          ...(resource.profile === undefined ? {} : { profile: resource.profile }),
          ...(resource.createdAt === undefined ? {} : { createdAt: resource.createdAt }),
          ...(resource.status === undefined ? {} : {
            status: create(StatusRecordSchema, {
              // The two enums have the same numbers.
              status: Number(resource.status.status) as StatusRecord_ResourceStatus,
              details: resource.status.details
            })
          }),
          iconAssetExternalId: resource.icon?.id ?? "",
          ...time(text(row, "discovered_at"), "discoveredAt")
        })
      )
    )
  }],
  ["v1_entitlements", (log, row) => {
    const entitlement = fromBinary(EntitlementSchema, blob(row, "data"))
    const resource = [text(row, "resource_type_id"), text(row, "resource_id")] as const
    log.set(
      key(KIND.entitlement, ...identity(...resource, entitlement.id)),
      toBinary(
        EntitlementRecordSchema,
        create(EntitlementRecordSchema, {
          externalId: entitlement.id,
          resource: create(ResourceRefSchema, { resourceTypeId: resource[0], resourceId: resource[1] }),
          displayName: entitlement.displayName,
          description: entitlement.description,
          slug: entitlement.slug,
          purpose: nameOf(Entitlement_PurposeValueSchema, "PURPOSE_VALUE_", entitlement.purpose),
          annotations: entitlement.annotations,
          grantableToResourceTypeIds: entitlement.grantableTo.map((type) => type.id),
          ...time(text(row, "discovered_at"), "discoveredAt")
        })
      )
    )
  }],
  ["v1_grants", (log, row) => {
    const grant = Grants.messageOf(row, blob(row, "data"))
    const entitlementId = text(row, "entitlement_id")
    const resource = [text(row, "resource_type_id"), text(row, "resource_id")] as const
    const principal = [text(row, "principal_resource_type_id"), text(row, "principal_resource_id")] as const
    const entitlement = identity(...resource, entitlementId)
    const expansion = row["expansion"] instanceof Uint8Array
      ? fromBinary(GrantExpandableSchema, row["expansion"])
      : undefined
    const needsExpansion = integer(row, "needs_expansion") === 1
    const parent = grant.principal?.parentResourceId
    const sources = Object.entries(grant.sources?.sources ?? {}).sort(([a], [b]) => a < b ? -1 : 1)
    log.set(indexKey(INDEX.byPrincipal, ...principal, ...entitlement))
    if (needsExpansion) log.set(indexKey(INDEX.byNeedsExpansion, ...entitlement, ...principal))
    log.set(
      key(KIND.grant, ...entitlement, ...principal),
      toBinary(
        GrantRecordSchema,
        create(GrantRecordSchema, {
          externalId: grant.id,
          entitlement: create(EntitlementRefSchema, {
            resourceTypeId: resource[0],
            resourceId: resource[1],
            entitlementId
          }),
          principal: create(PrincipalRefSchema, {
            resourceTypeId: principal[0],
            resourceId: principal[1],
            parentResourceTypeId: parent?.resourceType ?? "",
            parentResourceId: parent?.resource ?? ""
          }),
          annotations: grant.annotations,
          sources: Object.fromEntries(
            sources.map(([id, source]) => [id, create(GrantSourceRecordSchema, { isDirect: source.isDirect })])
          ),
          needsExpansion,
          ...(expansion === undefined ? {} : {
            expansion: create(GrantExpandableRecordSchema, {
              entitlementIds: expansion.entitlementIds,
              shallow: expansion.shallow,
              resourceTypeIds: expansion.resourceTypeIds
            })
          }),
          ...time(text(row, "discovered_at"), "discoveredAt")
        })
      )
    )
  }]
]

const countBy = (store: Store, table: string, syncId: string): Record<string, bigint> =>
  Object.fromEntries(
    store.database.prepare(
      `SELECT resource_type_id AS type, count(*) AS rows FROM ${table} WHERE sync_id = ? GROUP BY 1 ORDER BY 1`
    ).all(syncId).map((row) => [text(row, "type"), BigInt(integer(row, "rows"))])
  )

const total = (counts: Record<string, bigint>): bigint =>
  Object.values(counts).reduce((sum, count) => sum + count, BigInt(0))

const uint32 = (value: number): Uint8Array => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** One edit of the engine's list of files: a comparer, the log's number, the next file's, the last sequence number; no tables. */
const versions = (): Uint8Array => {
  const comparer = Buffer.from("leveldb.BytewiseComparator")
  const parts: Array<Uint8Array> = []
  const edit = Buffer.concat([Buffer.of(1, comparer.length), comparer, Buffer.of(2, 2, 3, 3, 4, 9)])
  new LogWriter((bytes) => parts.push(bytes)).append(edit)
  return Buffer.concat(parts)
}

const NEXT = Symbol("next")

/**
 * Writes the sync `syncId` to a file that exists. Yields between some hundred rows.
 */
export const write = function*(store: Store, syncId: string, path: string): Generator<typeof NEXT, void> {
  const run = store.database.prepare("SELECT * FROM v1_sync_runs WHERE sync_id = ?").get(syncId)
  const resources = countBy(store, "v1_resources", syncId)
  const entitlements = countBy(store, "v1_entitlements", syncId)
  const grants = countBy(store, "v1_grants", syncId)
  const stats = create(SyncStatsRecordSchema, {
    syncId,
    resourceTypes: BigInt(
      integer(
        store.database.prepare("SELECT count(*) AS rows FROM v1_resource_types WHERE sync_id = ?").get(syncId),
        "rows"
      )
    ),
    resources: total(resources),
    entitlements: total(entitlements),
    grants: total(grants),
    resourcesByResourceType: resources,
    entitlementsByResourceType: entitlements,
    grantsByEntitlementResourceType: grants
  })
  const times = { ...time(text(run, "started_at"), "startedAt"), ...time(text(run, "ended_at"), "endedAt") }
  const type = SYNC_TYPES[text(run, "sync_type")] ?? SyncType.FULL
  const manifest = toBinary(
    C1ZManifestV3Schema,
    create(C1ZManifestV3Schema, {
      engine: "pebble3",
      engineSchemaVersion: 24,
      payloadEncoding: PayloadEncoding.TAR,
      pebbleIdIndexFormat: PebbleIdIndexFormat.STRUCTURED_V1,
      syncRuns: [create(SyncRunSummarySchema, {
        syncId,
        type,
        parentSyncId: text(run, "parent_sync_id"),
        stats,
        ...times
      })]
    })
  )
  const file = openSync(path, "r+")
  try {
    let position = 0
    const emit = (bytes: Uint8Array): void => {
      let done = 0
      while (done < bytes.length) done += writeSync(file, bytes, done, bytes.length - done, position + done)
      position += bytes.length
    }
    emit(preamble(manifest))
    const header = position
    position += 512
    const records = new LogWriter(emit)
    const log = new Log(records)
    log.set(engineKey("keyspace_version"), uint32(2))
    log.set(engineKey("grant_entitlement_id_format"), uint32(2))
    log.set(
      key(KIND.syncRun),
      toBinary(
        SyncRunRecordSchema,
        create(SyncRunRecordSchema, {
          syncId,
          type,
          parentSyncId: text(run, "parent_sync_id"),
          linkedSyncId: text(run, "linked_sync_id"),
          syncToken: text(run, "sync_token"),
          supportsDiff: integer(run, "supports_diff") === 1,
          ...times
        })
      )
    )
    log.set(engineKey("stats\u0000"), toBinary(SyncStatsRecordSchema, stats))
    for (const [table, put] of writers) {
      const page = store.database.prepare(
        `SELECT * FROM ${table} WHERE id > ? AND sync_id = ? ORDER BY id LIMIT 500`
      )
      for (let after = 0;;) {
        const rows = page.all(after, syncId)
        for (const row of rows) {
          put(log, row)
          after = integer(row, "id")
        }
        yield NEXT
        if (rows.length < 500) break
      }
    }
    log.flush()
    const size = records.size
    emit(tarPadding(size))
    for (
      const [name, content] of [
        ["MANIFEST-000001", versions()],
        ["marker.format-version.000001.013", new Uint8Array(0)],
        ["marker.manifest.000001.MANIFEST-000001", new Uint8Array(0)]
      ] as const
    ) {
      emit(tarHeader(name, content.length))
      emit(content)
      emit(tarPadding(content.length))
    }
    emit(new Uint8Array(TAR_END))
    position = header
    emit(tarHeader("000002.log", size))
  } finally {
    closeSync(file)
  }
}
