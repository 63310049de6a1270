/**
 * A connector as it stands in the database, and as the API shows it.
 *
 * @since 0.1.0
 */
import type { Connector } from "@access-kit/server-api/Connectors"
import { Guards, Schedule } from "@access-kit/server-api/Connectors"
import * as Schema from "effect/Schema"
import * as Timestamp from "../storage/Timestamp.ts"

/**
 * @since 0.1.0
 */
export interface ConnectorRow {
  readonly id: string
  readonly name: string
  readonly kind: string
  readonly settings: string
  readonly schedule: string
  readonly guards: string
  readonly paused: number
  readonly revision: number
  readonly next_sync_at: number | null
  readonly last_sync_id: string | null
  readonly last_success_at: number | null
  readonly last_error: string | null
  readonly consecutive_failures: number
  readonly current_snapshot_id: string | null
  readonly created_at: number
  readonly updated_at: number
}

/**
 * What holds when a request says nothing.
 *
 * @since 0.1.0
 */
export const defaults: { readonly schedule: Schedule; readonly guards: Guards } = {
  schedule: { type: "interval", everySeconds: 3_600, jitterSeconds: 60 },
  guards: { maxChangesPerHour: 100, maxDeletionsPerHour: 10, maxShrinkPercent: 30 }
}

const Settings = Schema.Record(Schema.String, Schema.String)

/**
 * @since 0.1.0
 */
export const settingsJson = Schema.fromJsonString(Settings)

/**
 * @since 0.1.0
 */
export const scheduleJson = Schema.fromJsonString(Schedule)

/**
 * @since 0.1.0
 */
export const guardsJson = Schema.fromJsonString(Guards)

const statusOf = (row: ConnectorRow, syncing: boolean): Pick<Connector, "status" | "statusDetail"> => {
  if (row.paused === 1) return { status: "paused", statusDetail: "Somebody paused it: no syncs and no changes." }
  if (syncing) return { status: "syncing" }
  if (row.consecutive_failures > 0) {
    return { status: "failing", ...(row.last_error === null ? {} : { statusDetail: row.last_error }) }
  }
  return row.last_success_at === null ? { status: "connecting" } : { status: "connected" }
}

/**
 * @param syncing whether a sync of it runs, or waits for its turn
 * @param secrets names of the secret settings that it has
 * @since 0.1.0
 */
export const toConnector = (row: ConnectorRow, syncing: boolean, secrets: ReadonlyArray<string>): Connector => ({
  id: row.id,
  name: row.name,
  kind: row.kind,
  ...statusOf(row, syncing),
  settings: Schema.decodeSync(settingsJson)(row.settings),
  secrets,
  schedule: Schema.decodeSync(scheduleJson)(row.schedule),
  guards: Schema.decodeSync(guardsJson)(row.guards),
  ...(row.paused === 1 ? {} : Timestamp.optional("nextSyncAt", row.next_sync_at)),
  ...(row.last_sync_id === null ? {} : { lastSyncId: row.last_sync_id }),
  ...Timestamp.optional("lastSuccessAt", row.last_success_at),
  consecutiveFailures: row.consecutive_failures,
  ...(row.current_snapshot_id === null ? {} : { currentSnapshotId: row.current_snapshot_id }),
  createdAt: Timestamp.format(row.created_at),
  updatedAt: Timestamp.format(row.updated_at),
  revision: row.revision
})
