/**
 * Where a sync writes to: a c1z file, a database, a stream of lines. A sink takes records in any order and more than once (the same id
 * again is the same row), keeps the checkpoint with the rows it belongs to, and shows a snapshot to the world only when it is whole.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { ResourceRecord } from "./Page.ts"
import type { ResourceId } from "./Resource.ts"
import type { ResourceType } from "./ResourceType.ts"

/**
 * How much of a source a snapshot holds: all of it; some resources with everything on them; or every resource without entitlements and grants.
 *
 * @since 0.1.0
 */
export type SnapshotKind = "full" | "partial" | "resources-only"

/**
 * What a sync is about, told to the sink before the first row.
 *
 * @since 0.1.0
 */
export interface SnapshotHeader {
  /** Name of the connector, for example `claude-enterprise`. */
  readonly connector: string
  /** Version of the connector, without a leading `v`. */
  readonly connectorVersion: string
  /**
   * Says which source is read, without any secret. A sink offers to resume only a sync whose source is the same string.
   */
  readonly source: string
  readonly resourceTypes: ReadonlyArray<ResourceType>
  /** Types that entitlements name and whose resources are no part of the snapshot. */
  readonly otherTypes?: ReadonlyArray<ResourceType>
  /** Kept with the snapshot, for those who read it. @default "full" */
  readonly kind?: SnapshotKind
}

/**
 * @since 0.1.0
 */
export interface SnapshotStart {
  /** Names this sync in the snapshot. A resumed sync keeps the id it had. */
  readonly syncId: string
  /** Epoch milliseconds. */
  readonly startedAt: number
  /** The last checkpoint that was kept with its rows. Present when an interrupted sync goes on. */
  readonly checkpoint?: string
}

/**
 * A principal that grants name and that no record has described.
 *
 * @since 0.1.0
 */
export interface MissingPrincipal {
  readonly id: ResourceId
  /** How many grants name it. */
  readonly grants: number
}

/**
 * What the sink holds once everything is written and settled.
 *
 * @since 0.1.0
 */
export interface SettledSnapshot {
  /** Distinct resources by type id. */
  readonly resources: Readonly<Record<string, number>>
  /** Rows that came more than once and were kept once. */
  readonly duplicates: number
  /**
   * At most `missingLimit` of them, in a stable order. Only principals whose resource type the header names are looked for: of another type
   * no record can come, and a grant to it is kept as it is.
   */
  readonly missingPrincipals: ReadonlyArray<MissingPrincipal>
}

/**
 * What was published.
 *
 * @since 0.1.0
 */
export interface SnapshotSummary {
  readonly syncId: string
  /** Epoch milliseconds. */
  readonly startedAt: number
  /** Epoch milliseconds. */
  readonly endedAt: number
  /** Where the snapshot is, in words that the operator knows: a path, a URL. */
  readonly location: string
  /** Size of what was published, in bytes. */
  readonly bytes: number
  /** Distinct resources by type id. */
  readonly resources: Readonly<Record<string, number>>
  readonly entitlements: number
  readonly grants: number
}

const words = {
  /** What happened and what to do about it. */
  message: Schema.String,
  /** The path or address at fault. */
  location: Schema.String
}

/**
 * The target can't hold a snapshot: it is a directory, or a file of another kind that would be lost.
 *
 * @since 0.1.0
 */
export class InvalidTarget extends Schema.TaggedError<InvalidTarget>()("InvalidTarget", words) {}

/**
 * The process may not write there.
 *
 * @since 0.1.0
 */
export class NotWritable extends Schema.TaggedError<NotWritable>()("NotWritable", words) {}

/**
 * Another process is writing the same snapshot.
 *
 * @since 0.1.0
 */
export class Busy extends Schema.TaggedError<Busy>()("Busy", words) {}

/**
 * No room is left.
 *
 * @since 0.1.0
 */
export class StorageFull extends Schema.TaggedError<StorageFull>()("StorageFull", words) {}

/**
 * What was written before can't be read any more.
 *
 * @since 0.1.0
 */
export class Corrupt extends Schema.TaggedError<Corrupt>()("Corrupt", words) {}

/**
 * Any other failure of the storage.
 *
 * @since 0.1.0
 */
export class StorageFailure extends Schema.TaggedError<StorageFailure>()("StorageFailure", words) {}

/**
 * @since 0.1.0
 */
export const SinkReason = Schema.Union([InvalidTarget, NotWritable, Busy, StorageFull, Corrupt, StorageFailure])

/**
 * @since 0.1.0
 */
export type SinkReason = typeof SinkReason.Type

/**
 * The one error of a sink.
 *
 * @since 0.1.0
 */
export class SinkError extends Schema.TaggedError<SinkError>()("SinkError", {
  reason: SinkReason,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    return this.reason.message
  }
}

/**
 * Takes a snapshot in. Its effects are called one at a time, never concurrently, and `write`, `discard`, `dropGrantsTo`, `settle` and
 * `finish` are not interrupted half-way.
 *
 * @since 0.1.0
 */
export class SnapshotSink extends Context.Service<SnapshotSink, {
  /** Opens a new sync, or takes up an interrupted one of the same source. Called once, first. */
  readonly begin: (header: SnapshotHeader) => Effect.Effect<SnapshotStart, SinkError>

  /**
   * Takes records. They need not be on disk when it returns, but they will be no later than any checkpoint taken after it: the sink
   * calls `checkpoint` when it makes rows durable, and keeps the answer in the same transaction. Waits when the sink can't keep up.
   */
  readonly write: (records: ReadonlyArray<ResourceRecord>, checkpoint: () => string) => Effect.Effect<void, SinkError>

  /**
   * Said when everything that can be held by grants was read to its end, while other listings are still to come: a sink may use the time to sort the
   * grants. More may come all the same, where a listing has to be read again.
   */
  readonly grantsComplete?: Effect.Effect<void, SinkError>

  /**
   * Forgets every record of a resource type with its entitlements and grants, because it has to be read again. What is forgotten must not
   * become durable under an older checkpoint, which would still count those records as done: take a new one in the same transaction.
   */
  readonly discard: (resourceTypeId: string, checkpoint: () => string) => Effect.Effect<void, SinkError>

  /**
   * Makes durable what was written, drops repeated rows and looks for grants whose principal is not there. May be called again after
   * further `write`, `discard` and `dropGrantsTo`.
   */
  readonly settle: (options: { readonly missingLimit: number }) => Effect.Effect<SettledSnapshot, SinkError>

  /** Removes all grants to these principals. Answers how many it removed. */
  readonly dropGrantsTo: (principals: ReadonlyArray<ResourceId>) => Effect.Effect<number, SinkError>

  /** Publishes the settled snapshot in one step: before, the old one is there, after, the new one. */
  readonly finish: Effect.Effect<SnapshotSummary, SinkError>
}>()("@access-kit/connector-model/SnapshotSink") {}
