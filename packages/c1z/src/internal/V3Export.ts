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
import {
  SyncRunRecordSchema,
  SyncStatsRecordSchema,
  SyncType
} from "@access-kit/baton-protocol/gen/c1/storage/v3/records_pb"
import { create, toBinary } from "@bufbuild/protobuf"
import { closeSync, createReadStream, createWriteStream, openSync, statSync, writeSync } from "node:fs"
import type { DatabaseSync } from "node:sqlite"
import { pipeline } from "node:stream/promises"
import { constants, createZstdCompress } from "node:zlib"
import { BatchWriter, engineKey, key, KIND } from "./PebbleBatch.ts"
import { integer, text } from "./Row.ts"
import { preamble, TAR_END, tarHeader, tarPadding } from "./V3Container.ts"
import { time, writers } from "./V3Records.ts"
import { LogWriter } from "./WriteAheadLog.ts"

const BATCH = 1024 * 1024

const CHUNK = 256 * 1024

const SYNC_TYPES: Readonly<Record<string, SyncType>> = {
  full: SyncType.FULL,
  partial: SyncType.PARTIAL,
  resources_only: SyncType.RESOURCES_ONLY,
  partial_upserts: SyncType.PARTIAL_UPSERTS,
  partial_deletions: SyncType.PARTIAL_DELETIONS
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

const countBy = (database: DatabaseSync, table: string, syncId: string): Record<string, bigint> =>
  Object.fromEntries(
    database.prepare(
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
 * Writes the payload of the sync `syncId` to a file of its own: a tar, whose log is known in size only once it is written. Yields between some hundred
 * rows, and answers what stands before the payload.
 */
export const write = function*(
  database: DatabaseSync,
  syncId: string,
  payload: string
): Generator<typeof NEXT, Uint8Array> {
  const run = database.prepare("SELECT * FROM v1_sync_runs WHERE sync_id = ?").get(syncId)
  const resources = countBy(database, "v1_resources", syncId)
  const entitlements = countBy(database, "v1_entitlements", syncId)
  const grants = countBy(database, "v1_grants", syncId)
  const count = (table: string): bigint =>
    BigInt(integer(database.prepare(`SELECT count(*) AS rows FROM ${table} WHERE sync_id = ?`).get(syncId), "rows"))
  const stats = create(SyncStatsRecordSchema, {
    syncId,
    resourceTypes: count("v1_resource_types"),
    assets: count("v1_assets"),
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
      payloadEncoding: PayloadEncoding.TAR_ZSTD,
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
  const file = openSync(payload, "w+", 0o600)
  try {
    let position = 0
    const emit = (bytes: Uint8Array): void => {
      let done = 0
      while (done < bytes.length) done += writeSync(file, bytes, done, bytes.length - done, position + done)
      position += bytes.length
    }
    // The header of the first entry, which comes last.
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
      const page = database.prepare(
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
    position = 0
    emit(tarHeader("000002.log", size))
  } finally {
    closeSync(file)
  }
  return preamble(manifest)
}

/** Packs a payload, which takes a tenth of the room, into a file that exists. */
export const pack = (before: Uint8Array, payload: string, path: string, signal?: AbortSignal): Promise<void> => {
  const output = createWriteStream(path, { flags: "r+" })
  output.write(before)
  return pipeline(
    createReadStream(payload, { highWaterMark: CHUNK }),
    createZstdCompress({
      chunkSize: CHUNK,
      pledgedSrcSize: statSync(payload).size,
      // As the writer of v1 has it.
      params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 }
    }),
    output,
    signal === undefined ? {} : { signal }
  )
}
