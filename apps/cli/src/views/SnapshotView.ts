/**
 * A snapshot as a whole: the file, its syncs, its counts, what is wrong with it.
 *
 * @since 0.1.0
 */
import type { AccessRow, Path } from "@access-kit/c1z/Access"
import type { Inspection, SyncRun } from "@access-kit/c1z/C1z"
import type { Change } from "@access-kit/c1z/Diff"
import type { ResourceRow } from "@access-kit/c1z/ResourceRow"
import type { Stats } from "@access-kit/c1z/Stats"
import type { Finding } from "@access-kit/c1z/Verify"
import * as Json from "../Json.ts"
import * as Text from "../Text.ts"
import type { View } from "../View.ts"
import { resourceJson, time } from "./SnapshotRowView.ts"

/**
 * @since 0.1.0
 */
export const sync: View<SyncRun> = {
  noun: ["sync", "syncs"],
  columns: [
    { name: "id", header: "ID", whole: true, cell: (row) => row.id },
    { name: "type", header: "TYPE", cell: (row) => row.type },
    { name: "startedAt", header: "STARTED", whole: true, cell: (row) => time(row.startedAt) },
    { name: "endedAt", header: "ENDED", whole: true, cell: (row) => time(row.endedAt) || "not finished" },
    { name: "parentId", cell: (row) => row.parentId },
    { name: "linkedId", cell: (row) => row.linkedId },
    { name: "supportsDiff", cell: (row) => String(row.supportsDiff) }
  ],
  json: (row) => ({
    id: row.id,
    type: row.type,
    startedAt: time(row.startedAt) || null,
    endedAt: time(row.endedAt) || null,
    parentId: row.parentId || null,
    linkedId: row.linkedId || null,
    supportsDiff: row.supportsDiff
  })
}

/**
 * The outside of a file, with the syncs where they could be read.
 *
 * @since 0.1.0
 */
export interface Info {
  readonly inspection: Inspection
  readonly syncs: ReadonlyArray<SyncRun>
}

const syncLine = (sync: { readonly id: string; readonly type: string; readonly endedAt: number | undefined }): string =>
  `${sync.id} (${sync.type}, ${sync.endedAt === undefined ? "not finished" : time(sync.endedAt)})`

/**
 * @since 0.1.0
 */
export const info: View<Info> = {
  noun: ["file", "files"],
  columns: [
    { name: "path", header: "FILE", cell: ({ inspection }) => inspection.path },
    { name: "format", header: "FORMAT", cell: ({ inspection }) => inspection.format },
    { name: "bytes", header: "SIZE", cell: ({ inspection }) => Text.bytes(inspection.bytes) },
    {
      name: "decodedBytes",
      header: "DECOMPRESSED",
      cell: ({ inspection }) => inspection.decodedBytes === undefined ? "" : Text.bytes(inspection.decodedBytes)
    },
    { name: "checksum", header: "CHECKSUM", cell: ({ inspection }) => inspection.checksum ? "yes" : "none" },
    {
      name: "readable",
      header: "ROWS",
      cell: ({ inspection }) => inspection.readable ? "readable" : "in Pebble tables, which only baton reads"
    },
    { name: "engine", header: "ENGINE", cell: ({ inspection }) => inspection.manifest?.engine ?? "sqlite" },
    { name: "payload", header: "PAYLOAD", cell: ({ inspection }) => inspection.manifest?.payload ?? "zstd" },
    {
      name: "syncs",
      header: "SYNCS",
      cell: ({ inspection, syncs }) =>
        (inspection.readable ?
          syncs.map(syncLine) :
          (inspection.manifest?.syncs ?? []).map((sync) =>
            `${syncLine(sync)}${
              sync.counts === undefined
                ? ""
                : `: ${Text.counted(sync.counts.resources, "resource")}, ${
                  Text.counted(sync.counts.entitlements, "entitlement")
                }, ${Text.counted(sync.counts.grants, "grant")}`
            }`
          )).join("; ")
    }
  ],
  json: ({ inspection, syncs }) => ({
    path: inspection.path,
    format: inspection.format,
    bytes: inspection.bytes,
    decodedBytes: inspection.decodedBytes ?? null,
    checksum: inspection.checksum,
    readable: inspection.readable,
    engine: inspection.manifest?.engine ?? "sqlite",
    payload: inspection.manifest?.payload ?? "zstd",
    syncs: inspection.readable
      ? syncs.map(sync.json)
      : (inspection.manifest?.syncs ?? []).map((each) => ({
        id: each.id,
        type: each.type,
        startedAt: time(each.startedAt) || null,
        endedAt: time(each.endedAt) || null,
        counts: each.counts === undefined ? null : { ...each.counts }
      }))
  })
}

/**
 * @since 0.1.0
 */
export const stats: View<{ readonly sync: SyncRun; readonly stats: Stats }> = {
  noun: ["snapshot", "snapshots"],
  columns: [
    { name: "sync", header: "SYNC", cell: (row) => row.sync.id },
    { name: "startedAt", header: "STARTED", cell: (row) => time(row.sync.startedAt) },
    { name: "endedAt", header: "ENDED", cell: (row) => time(row.sync.endedAt) || "not finished" },
    { name: "resourceTypes", header: "RESOURCE TYPES", cell: (row) => Text.grouped(row.stats.resourceTypes) },
    { name: "resources", header: "RESOURCES", cell: (row) => Text.grouped(row.stats.resources) },
    { name: "entitlements", header: "ENTITLEMENTS", cell: (row) => Text.grouped(row.stats.entitlements) },
    { name: "grants", header: "GRANTS", cell: (row) => Text.grouped(row.stats.grants) },
    { name: "principals", header: "PRINCIPALS", cell: (row) => Text.grouped(row.stats.principals) },
    { name: "assets", header: "ASSETS", cell: (row) => Text.grouped(row.stats.assets) },
    {
      name: "byType",
      header: "BY TYPE",
      cell: (row) =>
        row.stats.byType.map((each) =>
          `${each.type}: ${Text.counted(each.resources, "resource")}, ${
            Text.counted(each.entitlements, "entitlement")
          }, ${Text.counted(each.grants, "grant")}`
        ).join("; ")
    }
  ],
  json: (row) => ({
    sync: sync.json(row.sync),
    resourceTypes: row.stats.resourceTypes,
    resources: row.stats.resources,
    entitlements: row.stats.entitlements,
    grants: row.stats.grants,
    principals: row.stats.principals,
    assets: row.stats.assets,
    byType: row.stats.byType.map((each) => ({ ...each }))
  })
}

/**
 * @since 0.1.0
 */
export const finding: View<Finding> = {
  noun: ["finding", "findings"],
  columns: [
    { name: "severity", header: "SEVERITY", cell: (row) => row.severity },
    { name: "check", header: "CHECK", cell: (row) => row.check },
    { name: "kind", header: "KIND", cell: (row) => row.kind },
    { name: "id", header: "ID", whole: true, cell: (row) => row.id },
    { name: "message", header: "WHAT", cell: (row) => row.message },
    { name: "rows", cell: (row) => String(row.rows) }
  ],
  json: (row) => ({
    severity: row.severity,
    check: row.check,
    kind: row.kind,
    id: row.id,
    rows: row.rows,
    message: row.message
  })
}

/**
 * @since 0.1.0
 */
export const access: View<AccessRow & { readonly principal: ResourceRow }> = {
  noun: ["entitlement", "entitlements"],
  columns: [
    { name: "resourceName", header: "RESOURCE", cell: (row) => row.resource.displayName || row.resource.id },
    { name: "resourceType", header: "TYPE", cell: (row) => row.resource.type },
    { name: "entitlement", header: "RIGHT", cell: (row) => row.entitlement.slug },
    {
      name: "how",
      header: "HOW",
      cell: (row) =>
        [row.direct ? "directly" : "", row.via.length === 0 ? "" : `through ${row.via.join(" ")}`]
          .filter((part) => part !== "").join(", ")
    },
    { name: "entitlementId", cell: (row) => row.entitlement.id },
    { name: "resourceId", cell: (row) => row.resource.id },
    { name: "grantId", cell: (row) => row.grantId ?? "" },
    { name: "principalType", cell: (row) => row.principal.type },
    { name: "principalId", cell: (row) => row.principal.id },
    { name: "principalName", cell: (row) => row.principal.displayName }
  ],
  json: (row) => ({
    principal: { type: row.principal.type, id: row.principal.id, displayName: row.principal.displayName },
    entitlement: { id: row.entitlement.id, slug: row.entitlement.slug, displayName: row.entitlement.displayName },
    resource: resourceJson(row.resource),
    direct: row.direct,
    via: [...row.via],
    grantId: row.grantId ?? null
  })
}

/**
 * A way to an entitlement, numbered.
 *
 * @since 0.1.0
 */
export interface PathRow {
  readonly number: number
  readonly path: Path
}

/**
 * @since 0.1.0
 */
export const path: View<PathRow> = {
  noun: ["way", "ways"],
  columns: [
    { name: "way", header: "WAY", align: "right", cell: (row) => String(row.number) },
    { name: "kind", header: "KIND", cell: (row) => row.path.length === 1 ? "direct" : "inherited" },
    {
      name: "steps",
      header: "STEPS",
      cell: (row) =>
        row.path.map((step) => `${step.resource.displayName || step.entitlementId} (${step.slug})`).join(" → ")
    },
    { name: "entitlements", cell: (row) => row.path.map((step) => step.entitlementId).join(" ") }
  ],
  json: (row) => ({
    way: row.number,
    kind: row.path.length === 1 ? "direct" : "inherited",
    steps: row.path.map((step) => ({
      entitlement: step.entitlementId,
      slug: step.slug,
      resource: { type: step.resource.type, id: step.resource.id, displayName: step.resource.displayName }
    }))
  })
}

const SIGNS = { created: "+", deleted: "-", modified: "~" } as const

const shown = (value: Change["fields"][number]["before"]): string =>
  value === undefined ? "(not set)" : typeof value === "string" ? value : Json.compact(value)

/**
 * @since 0.1.0
 */
export const change: View<Change> = {
  noun: ["change", "changes"],
  columns: [
    { name: "change", header: "CHANGE", cell: (row) => `${SIGNS[row.change]} ${row.change}` },
    { name: "kind", header: "KIND", cell: (row) => row.kind },
    { name: "name", header: "NAME", cell: (row) => row.name },
    {
      name: "fields",
      header: "FIELDS",
      cell: (row) =>
        row.fields.map((field) => `${field.path}: ${shown(field.before)} → ${shown(field.after)}`).join("; ")
    },
    { name: "id", header: "ID", whole: true, cell: (row) => row.id }
  ],
  json: (row) => ({
    change: row.change,
    kind: row.kind,
    id: row.id,
    name: row.name,
    fields: row.fields.map((field) => ({
      path: field.path,
      before: field.before ?? null,
      after: field.after ?? null
    })),
    message: row.message
  })
}

/**
 * Text in a cell of a Markdown table.
 *
 * @since 0.1.0
 */
export const markdownCell = (text: string): string =>
  Text.printable(text).replaceAll(/[\\`*_{}[\]<>|~]/g, (character) => `\\${character}`)

/**
 * The same as rows of a Markdown table.
 *
 * @since 0.1.0
 */
export const changeMarkdown = {
  heading: "| change | kind | name | fields | id |\n| --- | --- | --- | --- | --- |\n",
  row: (row: Change): string => `| ${change.columns.map((column) => markdownCell(column.cell(row))).join(" | ")} |\n`
}
