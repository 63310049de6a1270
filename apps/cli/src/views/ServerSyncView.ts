/**
 * What a sync that a server made came to. What it has in common with a sync of the command's own has the same names.
 *
 * @since 0.1.0
 */
import type { Snapshot } from "@access-kit/server-api/Snapshots"
import type { Sync } from "@access-kit/server-api/Syncs"
import * as Text from "../Text.ts"
import type { View } from "../View.ts"

/**
 * @since 0.1.0
 */
export interface ServerSyncSummary {
  readonly sync: Sync
  readonly snapshot: Snapshot
  /** Where it was downloaded to. */
  readonly file: string | undefined
}

const millis = ({ sync }: ServerSyncSummary): number =>
  Math.max(0, Date.parse(sync.endedAt ?? sync.requestedAt) - Date.parse(sync.startedAt ?? sync.requestedAt))

/**
 * @since 0.1.0
 */
export const view: View<ServerSyncSummary> = {
  noun: ["snapshot", "snapshots"],
  columns: [
    { name: "file", header: "Snapshot", cell: ({ file }) => file ?? "on the server; --out FILE fetches it" },
    { name: "accounts", header: "Accounts", cell: ({ snapshot }) => Text.grouped(snapshot.resources["user"] ?? 0) },
    { name: "groups", header: "Groups", cell: ({ snapshot }) => Text.grouped(snapshot.resources["group"] ?? 0) },
    { name: "entitlements", header: "Entitlements", cell: ({ snapshot }) => Text.grouped(snapshot.entitlements) },
    { name: "grants", header: "Grants", cell: ({ snapshot }) => Text.grouped(snapshot.grants) },
    { name: "bytes", header: "Bytes", cell: ({ snapshot }) => `${Text.bytes(snapshot.bytes)} in the file` },
    { name: "time", header: "Time", cell: (row) => Text.elapsed(millis(row)) },
    { name: "syncId", header: "Sync id", cell: ({ sync }) => sync.id },
    { name: "snapshotId", header: "Snapshot id", cell: ({ snapshot }) => snapshot.id }
  ],
  json: (row) => ({
    file: row.file ?? null,
    syncId: row.sync.id,
    snapshotId: row.snapshot.id,
    startedAt: row.sync.startedAt ?? null,
    endedAt: row.sync.endedAt ?? null,
    resources: { ...row.snapshot.resources },
    entitlements: row.snapshot.entitlements,
    grants: row.snapshot.grants,
    fileBytes: row.snapshot.bytes,
    sha256: row.snapshot.sha256,
    resumed: row.sync.attempts > 1,
    durationMillis: millis(row),
    notes: (row.sync.notes ?? []).map(({ code, count, message }) => ({ code, message, count }))
  })
}
