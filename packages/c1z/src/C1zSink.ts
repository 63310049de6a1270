/**
 * Writes a snapshot as a `.c1z` file: of format v1, which every baton tool reads, or of another that was asked for.
 *
 * The file appears, or replaces the one before it, in one step when the sync is finished; with `append` the syncs of the one before stay in it. Until then rows gather in a hidden work file beside it
 * (`.<name>.partial`), together with the sync's checkpoint: a sync that was interrupted, even by `SIGKILL`, goes on from there when it is run
 * again for the same connector and source within seven days. After a restart of the machine it begins anew, because rows are not waited for to
 * reach the disk.
 *
 * @since 0.1.0
 */
import type { ResourceRecord } from "@access-kit/connector-model/Page"
import {
  type SinkError,
  type SnapshotHeader,
  type SnapshotKind,
  SnapshotSink,
  type SnapshotStart
} from "@access-kit/connector-model/SnapshotSink"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { createHash } from "node:crypto"
import type { Format } from "./Convert.ts"
import { Batch } from "./internal/Batch.ts"
import { writeResourceType } from "./internal/ModelEncoding.ts"
import type { Discarded } from "./internal/Protocol.ts"
import { ProtoWriter } from "./internal/ProtoWriter.ts"
import { sinkError, StoreClient } from "./internal/StoreClient.ts"
import * as Ksuid from "./Ksuid.ts"

/**
 * @since 0.1.0
 */
export interface Options {
  /**
   * The file to write. A `.c1z` file of that name is replaced; any other file is left alone and refused.
   */
  readonly path: string
  /**
   * Where the code of the worker thread is: the module `@access-kit/c1z/worker`. A bundle has it as an entry of its own and says here where that went,
   * for example `new URL("./worker.mjs", import.meta.url)`.
   *
   * @default the module `worker` beside this one
   */
  readonly worker?: URL
  /**
   * Whether an interrupted sync of the same source is taken up. Without, its work file is thrown away.
   *
   * @default true
   */
  readonly resume?: boolean
  /**
   * Whether the syncs that the file has stay in it, as with baton: the latest `keep` full ones, this one included, and what belongs to them; or all. A partial
   * sync then names the latest full one as its parent. Only format v1 holds several syncs: one of another is replaced.
   *
   * @default the file holds this sync only
   */
  readonly append?: {
    readonly keep: number | "all"
    /** Where the file is decompressed to while the sync runs. @default the system's directory for temporary files */
    readonly temporaryDirectory?: string
    /** A file that decompresses to more is refused. @default 10 GiB, as Go's SDK */
    readonly maxDecodedBytes?: number
  }
  /**
   * What the finished file looks like; see `Convert.formats`. Until it is finished, work is kept the same way for each: a sync that was interrupted
   * may go on with another format.
   *
   * @default "v1"
   */
  readonly format?: Format
}

/** Rows after which a checkpoint is taken. A killed process loses what came after the last one. */
const CHECKPOINT_ROWS = 10_000

/** Milliseconds after which one is taken in any case, so that a slow source gets ahead in short sessions too. */
const CHECKPOINT_TIME = 5_000

const defaultWorker = (): URL =>
  new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js", import.meta.url)

const discardedWords: Readonly<Record<Discarded, string>> = {
  "not wanted": "a new one was asked for",
  "other source": "it read another source, or with another version of the connector",
  "too old": "it is older than seven days",
  "machine restarted": "the machine was restarted since, and rows may be missing",
  "already published": "it had been published already"
}

/** Equal for syncs that may take up each other's work. */
const fingerprintOf = (header: SnapshotHeader): string => {
  const kind = header.kind === undefined || header.kind === "full" ? [] : [header.kind]
  return createHash("sha256")
    .update(
      JSON.stringify([1, header.connector, header.connectorVersion, header.source, header.resourceTypes, ...kind])
    )
    .digest("hex")
}

/** Kinds of snapshots as `sync_type` has them. */
const SYNC_TYPES = {
  full: "full",
  partial: "partial",
  "resources-only": "resources_only"
} as const satisfies Record<SnapshotKind, string>

const encodedTypes = (header: SnapshotHeader): ReadonlyArray<{ readonly id: string; readonly data: Uint8Array }> =>
  header.resourceTypes.map((type) => {
    const writer = new ProtoWriter(new ArrayBuffer(1024))
    writeResourceType(writer, type)
    return { id: type.id, data: writer.slice(0, writer.position).slice() }
  })

/**
 * A sink that writes to a file. When the scope closes before {@link SnapshotSink} `finish`, what has a checkpoint is kept for the next run,
 * and a work file without one is removed.
 *
 * @since 0.1.0
 */
export const make = Effect.fn("C1zSink.make")(function*(
  options: Options
): Effect.fn.Return<SnapshotSink["Service"], never, Scope.Scope> {
  const client = yield* StoreClient.make(options.worker ?? defaultWorker(), options.path)
  let batch: Batch | undefined
  let sinceCheckpoint = 0
  let lastCheckpoint = 0

  const notBegun = Effect.fail(sinkError({
    tag: "StorageFailure",
    location: options.path,
    message: `Nothing can be written to "${options.path}" before the sync has begun. Call begin first.`
  }))

  /** Hands over what was gathered; with a checkpoint, all of it becomes durable. */
  const handOver = (current: Batch, now: number, checkpoint: string | undefined): Effect.Effect<void, SinkError> =>
    Effect.suspend(() => {
      const taken = current.take()
      sinceCheckpoint += taken.count
      if (checkpoint !== undefined) {
        sinceCheckpoint = 0
        lastCheckpoint = now
      }
      return client.send(taken, { now, checkpoint }, (returned) => current.reuse(returned))
    })

  const begin = Effect.fn("C1zSink.begin")(function*(
    header: SnapshotHeader
  ): Effect.fn.Return<SnapshotStart, SinkError> {
    const now = yield* Clock.currentTimeMillis
    const started = yield* client.ask("begin", {
      path: options.path,
      now,
      syncId: yield* Ksuid.make,
      fingerprint: fingerprintOf(header),
      syncType: SYNC_TYPES[header.kind ?? "full"],
      resume: options.resume ?? true,
      ...(options.append === undefined
        ? {}
        : { append: { ...options.append, keep: options.append.keep === "all" ? null : options.append.keep } }),
      resourceTypes: encodedTypes(header)
    })
    if (started.discarded !== undefined) {
      yield* Effect.logInfo(
        `An interrupted sync into "${options.path}" was found and is not continued: ${
          discardedWords[started.discarded]
        }.`
      )
    }
    batch = new Batch([...header.resourceTypes, ...header.otherTypes ?? []])
    lastCheckpoint = now
    const { checkpoint, startedAt, syncId } = started
    return checkpoint === undefined ? { syncId, startedAt } : { syncId, startedAt, checkpoint }
  })

  /** The latest way to take a checkpoint, for rows that were gathered and not handed over when the sync settles. */
  let latest: (() => string) | undefined

  const write = (
    records: ReadonlyArray<ResourceRecord>,
    checkpoint: () => string
  ): Effect.Effect<void, SinkError> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      if (batch === undefined) return notBegun
      const current = batch
      latest = checkpoint
      for (const record of records) current.add(record)
      const due = sinceCheckpoint + current.size >= CHECKPOINT_ROWS || now - lastCheckpoint >= CHECKPOINT_TIME
      if (due) return handOver(current, now, checkpoint())
      return current.isFull ? handOver(current, now, undefined) : Effect.void
    })

  const flush = Effect.flatMap(Clock.currentTimeMillis, (now) =>
    batch === undefined
      ? notBegun
      : latest === undefined
      ? Effect.void
      : handOver(batch, now, latest()))

  return SnapshotSink.of({
    begin,
    write,
    grantsComplete: Effect.andThen(flush, client.tell("indexGrants")),
    discard: Effect.fn("C1zSink.discard")(function*(resourceType, checkpoint) {
      if (batch === undefined) return yield* notBegun
      latest = checkpoint
      // Rows that were gathered may be of the type: they go in first, to be removed with the others.
      const now = yield* Clock.currentTimeMillis
      yield* handOver(batch, now, undefined)
      yield* client.ask("discard", { resourceType, checkpoint: checkpoint() })
      sinceCheckpoint = 0
      lastCheckpoint = now
    }),
    settle: Effect.fn("C1zSink.settle")(function*({ missingLimit }) {
      yield* flush
      return yield* client.ask("settle", { missingLimit })
    }),
    dropGrantsTo: Effect.fn("C1zSink.dropGrantsTo")(function*(principals) {
      yield* flush
      return yield* client.ask("dropGrantsTo", { principals: [...principals] })
    }),
    finish: Effect.gen(function*() {
      yield* flush
      return yield* client.ask("finish", {
        now: yield* Clock.currentTimeMillis,
        format: options.format ?? "v1"
      })
    }).pipe(Effect.withSpan("C1zSink.finish"))
  })
})

/**
 * Provides a {@link SnapshotSink} that writes to a file.
 *
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<SnapshotSink> => Layer.effect(SnapshotSink, make(options))
