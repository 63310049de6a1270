/**
 * A sync as it stands in the database, and as the API shows it.
 *
 * @since 0.1.0
 */
import { Note } from "@access-kit/connector-model/Page"
import { Sync, type SyncLogEntry, SyncState } from "@access-kit/server-api/Syncs"
import * as Schema from "effect/Schema"
import * as Timestamp from "../storage/Timestamp.ts"

/**
 * @since 0.1.0
 */
export interface SyncRow {
  readonly id: string
  readonly connector_id: string
  readonly state: string
  readonly cause: string
  readonly requested_by: string
  readonly requested_at: number
  readonly started_at: number | null
  readonly ended_at: number | null
  readonly attempts: number
  readonly cancel_requested: number
  readonly progress: string | null
  readonly snapshot_id: string | null
  readonly counts: string | null
  readonly notes: string | null
  readonly error: string | null
  readonly log_lines: number
  readonly revision: number
}

/**
 * @since 0.1.0
 */
export interface SyncLogRow {
  readonly sequence: number
  readonly at: number
  readonly level: SyncLogEntry["level"]
  readonly message: string
}

type Member<Name extends "progress" | "counts" | "notes" | "error"> = NonNullable<Sync[Name]>

const json = <A>(schema: Schema.Codec<A, unknown>) => {
  const codec = Schema.fromJsonString(schema)
  return { encode: Schema.encodeSync(codec), decode: Schema.decodeSync(codec) }
}

const { fields } = Sync

/**
 * What is kept as JSON.
 *
 * @since 0.1.0
 */
export const progressJson = json<Member<"progress">>(Schema.Struct({
  rows: Schema.Record(Schema.String, Schema.Int),
  pages: Schema.Int
}))

/**
 * @since 0.1.0
 */
export const countsJson = json<Member<"counts">>(Schema.Struct({
  resources: Schema.Record(Schema.String, Schema.Int),
  entitlements: Schema.Int,
  grants: Schema.Int
}))

/**
 * @since 0.1.0
 */
export const notesJson = json<Member<"notes">>(Schema.Array(Note))

/**
 * @since 0.1.0
 */
export const errorJson = json<Member<"error">>(Schema.Struct({ reason: Schema.String, message: Schema.String }))

const decodeState = Schema.decodeUnknownSync(SyncState)
const decodeTrigger = Schema.decodeUnknownSync(fields.trigger)

/**
 * @since 0.1.0
 */
export const toSync = (row: SyncRow): Sync => ({
  id: row.id,
  connectorId: row.connector_id,
  state: decodeState(row.state),
  trigger: decodeTrigger(row.cause),
  requestedBy: row.requested_by,
  requestedAt: Timestamp.format(row.requested_at),
  ...Timestamp.optional("startedAt", row.started_at),
  ...Timestamp.optional("endedAt", row.ended_at),
  attempts: row.attempts,
  ...(row.progress === null ? {} : { progress: progressJson.decode(row.progress) }),
  ...(row.snapshot_id === null ? {} : { snapshotId: row.snapshot_id }),
  ...(row.counts === null ? {} : { counts: countsJson.decode(row.counts) }),
  ...(row.notes === null ? {} : { notes: notesJson.decode(row.notes) }),
  ...(row.error === null ? {} : { error: errorJson.decode(row.error) })
})

/**
 * @since 0.1.0
 */
export const toLogEntry = (row: SyncLogRow): SyncLogEntry => ({
  sequence: row.sequence,
  at: Timestamp.format(row.at),
  level: row.level,
  message: row.message
})

/**
 * Whether nothing more comes of it by itself.
 *
 * @since 0.1.0
 */
export const hasEnded = (row: Pick<SyncRow, "state">): boolean => row.state !== "queued" && row.state !== "running"
