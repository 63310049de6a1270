/**
 * A sink that keeps snapshots in memory: for tests of connectors, and for programs that want to look at a small directory as a whole.
 *
 * It behaves like one on disk. Rows become durable in steps, each with its checkpoint; a sync that stops in between leaves what was
 * durable, and the next sync of the same source goes on from there.
 *
 * @since 0.1.0
 */
import type { Entitlement } from "@access-kit/connector-model/Entitlement"
import type { Grant } from "@access-kit/connector-model/Grant"
import type { ResourceRecord } from "@access-kit/connector-model/Page"
import { keyOf, type Resource, type ResourceId } from "@access-kit/connector-model/Resource"
import { type MissingPrincipal, type SnapshotHeader, SnapshotSink } from "@access-kit/connector-model/SnapshotSink"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"

/**
 * A whole snapshot.
 *
 * @since 0.1.0
 */
export interface MemorySnapshot {
  readonly header: SnapshotHeader
  readonly syncId: string
  /** Epoch milliseconds. */
  readonly startedAt: number
  /** Epoch milliseconds. */
  readonly endedAt: number
  /** By `Resource.keyOf`. */
  readonly resources: ReadonlyMap<string, Resource>
  /** By id. */
  readonly entitlements: ReadonlyMap<string, Entitlement>
  /** By id. */
  readonly grants: ReadonlyMap<string, Grant>
}

/**
 * @since 0.1.0
 */
export interface MemorySink {
  readonly sink: SnapshotSink["Service"]
  /** The sink as the service that a sync needs. */
  readonly layer: Layer.Layer<SnapshotSink>
  /** The last snapshot that was finished. */
  readonly published: Effect.Effect<Option.Option<MemorySnapshot>>
}

type Change =
  | { readonly _tag: "Write"; readonly records: ReadonlyArray<ResourceRecord> }
  | { readonly _tag: "Discard"; readonly resourceType: string }
  | { readonly _tag: "Drop"; readonly keys: ReadonlySet<string> }

/** A sync in progress: what would survive if the process died now, and what is not durable yet. */
class Progress {
  readonly header: SnapshotHeader
  readonly syncId: string
  readonly startedAt: number
  readonly resources = new Map<string, Resource>()
  readonly entitlements = new Map<string, { readonly entitlement: Entitlement; readonly owner: string }>()
  readonly grants = new Map<string, { readonly grant: Grant; readonly owner: string }>()
  duplicates = 0
  checkpoint: string | undefined
  changes: Array<Change> = []
  waitingRows = 0
  latest: (() => string) | undefined

  constructor(header: SnapshotHeader, syncId: string, startedAt: number) {
    this.header = header
    this.syncId = syncId
    this.startedAt = startedAt
  }

  /** What a process finds that comes after one that died. */
  reopen(): void {
    this.changes = []
    this.waitingRows = 0
    this.latest = undefined
  }

  commit(): void {
    const checkpoint = this.latest?.()
    if (checkpoint !== undefined) this.checkpoint = checkpoint
    for (const change of this.changes) this.apply(change)
    this.changes = []
    this.waitingRows = 0
  }

  private apply(change: Change): void {
    switch (change._tag) {
      case "Write": {
        for (const record of change.records) {
          const owner = record.resource.id.resourceType
          const key = keyOf(record.resource.id)
          if (this.resources.has(key)) this.duplicates += 1
          this.resources.set(key, record.resource)
          for (const entitlement of record.entitlements) {
            this.entitlements.set(entitlement.id, { entitlement, owner })
          }
          for (const grant of record.grants) this.grants.set(grant.id, { grant, owner })
        }
        return
      }
      case "Discard": {
        for (const [key, resource] of this.resources) {
          if (resource.id.resourceType === change.resourceType) this.resources.delete(key)
        }
        for (const [key, row] of this.entitlements) {
          if (row.owner === change.resourceType) this.entitlements.delete(key)
        }
        for (const [key, row] of this.grants) {
          if (row.owner === change.resourceType) this.grants.delete(key)
        }
        return
      }
      case "Drop": {
        for (const [key, row] of this.grants) {
          if (change.keys.has(keyOf(row.grant.principal))) this.grants.delete(key)
        }
        return
      }
    }
  }

  /** Distinct resources by type. */
  count(): Record<string, number> {
    const counts: Record<string, number> = {}
    for (const { id } of this.resources.values()) counts[id.resourceType] = (counts[id.resourceType] ?? 0) + 1
    return counts
  }

  missing(limit: number): ReadonlyArray<MissingPrincipal> {
    const types = new Set(this.header.resourceTypes.map((type) => type.id))
    const found = new Map<string, { readonly id: ResourceId; grants: number }>()
    for (const { grant } of this.grants.values()) {
      const key = keyOf(grant.principal)
      if (!types.has(grant.principal.resourceType) || this.resources.has(key)) continue
      const known = found.get(key)
      if (known === undefined) found.set(key, { id: grant.principal, grants: 1 })
      else known.grants += 1
    }
    return [...found].sort(([a], [b]) => a < b ? -1 : 1).slice(0, limit).map(([, principal]) => principal)
  }
}

/**
 * An empty store. The same one is given to a sync and to the sync that takes it up.
 *
 * @since 0.1.0
 */
export const make = (options?: {
  /** After how many resources rows become durable. Defaults to 1,000. */
  readonly commitEvery?: number
}): MemorySink => {
  const commitEvery = options?.commitEvery ?? 1_000
  let unfinished: Progress | undefined
  let published: MemorySnapshot | undefined
  let begun = 0

  /** The sync that `begin` opened; to go without one is a mistake in the program. */
  const open = Effect.suspend(() =>
    unfinished === undefined
      ? Effect.die(new Error("MemorySink: begin has to be called first"))
      : Effect.succeed(unfinished)
  )

  const sink = SnapshotSink.of({
    begin: Effect.fnUntraced(function*(header) {
      if (unfinished !== undefined && unfinished.header.source === header.source) {
        unfinished.reopen()
        const { checkpoint, startedAt, syncId } = unfinished
        if (checkpoint !== undefined) return { syncId, startedAt, checkpoint }
      }
      begun += 1
      const startedAt = yield* Clock.currentTimeMillis
      unfinished = new Progress(header, `memory-${begun}`, startedAt)
      return { syncId: unfinished.syncId, startedAt }
    }),
    write: (records, checkpoint) =>
      Effect.map(open, (progress) => {
        progress.latest = checkpoint
        progress.changes.push({ _tag: "Write", records })
        progress.waitingRows += records.length
        if (progress.waitingRows >= commitEvery) progress.commit()
      }),
    discard: (resourceType, checkpoint) =>
      Effect.map(open, (progress) => {
        progress.latest = checkpoint
        progress.changes.push({ _tag: "Discard", resourceType })
        progress.commit()
      }),
    settle: ({ missingLimit }) =>
      Effect.map(open, (progress) => {
        progress.commit()
        return {
          resources: progress.count(),
          duplicates: progress.duplicates,
          missingPrincipals: progress.missing(missingLimit)
        }
      }),
    dropGrantsTo: (principals) =>
      Effect.map(open, (progress) => {
        progress.commit()
        const before = progress.grants.size
        progress.changes.push({ _tag: "Drop", keys: new Set(principals.map(keyOf)) })
        progress.commit()
        return before - progress.grants.size
      }),
    finish: Effect.gen(function*() {
      const progress = yield* open
      progress.commit()
      const endedAt = yield* Clock.currentTimeMillis
      const { header, resources, startedAt, syncId } = progress
      published = {
        header,
        syncId,
        startedAt,
        endedAt,
        resources,
        entitlements: new Map(Array.from(progress.entitlements, ([key, row]) => [key, row.entitlement])),
        grants: new Map(Array.from(progress.grants, ([key, row]) => [key, row.grant]))
      }
      unfinished = undefined
      return {
        syncId,
        startedAt,
        endedAt,
        location: "memory",
        bytes: 0,
        resources: progress.count(),
        entitlements: published.entitlements.size,
        grants: published.grants.size
      }
    })
  })

  return {
    sink,
    layer: Layer.succeed(SnapshotSink, sink),
    published: Effect.sync(() => Option.fromUndefinedOr(published))
  }
}
