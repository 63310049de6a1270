/**
 * What a finished sync came to.
 *
 * @since 0.1.0
 */
import type { SyncReport } from "@access-kit/connector-sync/SyncReport"
import type { RequestStats } from "@access-kit/scim-core/ScimClient"
import * as Duration from "effect/Duration"
import * as Text from "../Text.ts"
import type { View } from "../View.ts"

/**
 * @since 0.1.0
 */
export interface SyncSummary {
  readonly report: SyncReport
  readonly stats: RequestStats
}

const sorted = (counts: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(counts).sort(([a], [b]) => a < b ? -1 : 1))

const accounts = ({ report }: SyncSummary): string =>
  Text.counted(report.summary.resources["user"] ?? 0, "account")
  + ": " + (Object.entries(report.accounts)
    .filter(([, count]) => count > 0)
    .map(([status, count]) => `${Text.grouped(count)} ${status}`)
    .join(", ") || "none")

const waits = ({ stats }: SyncSummary): string =>
  stats.waitedMillis === 0 ? "" : `, ${Text.elapsed(stats.waitedMillis)} waited`

/**
 * @since 0.1.0
 */
export const view: View<SyncSummary> = {
  noun: ["snapshot", "snapshots"],
  columns: [
    { name: "file", header: "Snapshot", cell: ({ report }) => report.summary.location },
    { name: "accounts", header: "Accounts", cell: accounts },
    { name: "groups", header: "Groups", cell: ({ report }) => Text.grouped(report.summary.resources["group"] ?? 0) },
    { name: "entitlements", header: "Entitlements", cell: ({ report }) => Text.grouped(report.summary.entitlements) },
    { name: "grants", header: "Grants", cell: ({ report }) => Text.grouped(report.summary.grants) },
    {
      name: "requests",
      header: "Requests",
      cell: (row) =>
        `${Text.grouped(row.stats.requests)}, ${Text.counted(row.stats.retries, "retry", "retries")}${waits(row)}`
    },
    {
      name: "bytes",
      header: "Bytes",
      cell: ({ report, stats }) =>
        `${Text.bytes(stats.bytesReceived)} received, ${Text.bytes(report.summary.bytes)} in the file`
    },
    {
      name: "time",
      header: "Time",
      cell: ({ report }) =>
        Text.elapsed(Duration.toMillis(report.duration)) + (report.resumed ? ", going on from an interrupted run" : "")
    },
    { name: "syncId", header: "Sync id", cell: ({ report }) => report.summary.syncId }
  ],
  json: ({ report, stats }) => ({
    file: report.summary.location,
    syncId: report.summary.syncId,
    startedAt: new Date(report.summary.startedAt).toISOString(),
    endedAt: new Date(report.summary.endedAt).toISOString(),
    resources: sorted(report.summary.resources),
    accounts: { ...report.accounts },
    entitlements: report.summary.entitlements,
    grants: report.summary.grants,
    fileBytes: report.summary.bytes,
    resumed: report.resumed,
    requests: stats.requests,
    retries: stats.retries,
    waitedMillis: stats.waitedMillis,
    bytesReceived: stats.bytesReceived,
    bytesSent: stats.bytesSent,
    pages: report.pages,
    rewalks: report.rewalks,
    recoveredPrincipals: report.recoveredPrincipals,
    stalePrincipals: { ...report.stalePrincipals },
    durationMillis: Math.round(Duration.toMillis(report.duration)),
    notes: report.notes.map((note) => ({ code: note.code, message: note.message, count: note.count }))
  })
}
