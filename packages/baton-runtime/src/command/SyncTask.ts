/**
 * The default command: everything that the connector has, into a c1z file.
 *
 * @since 0.1.0
 */
import * as C1z from "@access-kit/c1z/C1z"
import * as C1zSink from "@access-kit/c1z/C1zSink"
import { Connector } from "@access-kit/connector-model/Connector"
import type { SnapshotKind } from "@access-kit/connector-model/SnapshotSink"
import * as Sync from "@access-kit/connector-sync/Sync"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Selection from "../Selection.ts"
import * as SyncLog from "../SyncLog.ts"
import * as CommandError from "./CommandError.ts"
import type { Given } from "./Given.ts"
import * as SyncFlags from "./SyncFlags.ts"

/** What of the connector is read, and what the snapshot is then. */
const shapeOf = Effect.fnUntraced(function*(given: Given) {
  const named = (flag: string) => ({ message }: Selection.UnknownResourceType) =>
    CommandError.make("InvalidValue", `--${flag}: ${message}`)
  const whole = yield* Connector
  const types = yield* Effect.mapError(
    Selection.only(whole, given.list("sync-resource-types")),
    named("sync-resource-types")
  )
  const targets = yield* SyncFlags.resources(given)
  const partial = targets.length > 0
  const some = partial
    ? yield* Effect.mapError(Selection.resources(types, targets), named("sync-resources"))
    : types
  const bare = given.isOn("skip-entitlements-and-grants")
  const connector = bare
    ? Selection.without(some, "entitlements-and-grants")
    : given.isOn("skip-grants")
    ? Selection.without(some, "grants")
    : some
  const kind: SnapshotKind = partial ? "partial" : bare ? "resources-only" : "full"
  return { connector, kind, otherTypes: Selection.leftOut(whole, connector) }
})

/** The file that is there, if it is a snapshot; anything else is for the sink to judge. */
const formatAt = (path: string) =>
  C1z.inspect(path).pipe(
    Effect.map((found): "v1" | "v3" | undefined => found.format),
    Effect.orElseSucceed(() => undefined)
  )

/**
 * Syncs into `--file`. What a run that was cut off had kept beside the file is taken up. A snapshot that is there stays as it is until the new sync is
 * whole; then it has that too, or, of the kind that holds one sync, is replaced.
 *
 * @since 0.1.0
 */
export const run = Effect.fn("SyncTask.run")(function*(given: Given, worker: URL | undefined) {
  const path = given.text("file") ?? "sync.c1z"
  const { connector, kind, otherTypes } = yield* shapeOf(given)
  const present = yield* formatAt(path)
  const format = SyncFlags.format(given) ?? present ?? "v1"
  if (kind === "partial" && present !== undefined && (present === "v3" || format === "v3")) {
    return yield* CommandError.make(
      "Refused",
      `A snapshot of the kind pebble holds one sync, so that ${
        JSON.stringify(path)
      } would lose all but the resources of --sync-resources. Give another --file, or sync without --sync-resources.`
    )
  }
  const keep = yield* SyncFlags.keep
  const reading = yield* SyncFlags.reading(given)
  const report = yield* Sync.run({
    concurrency: SyncFlags.workers(given),
    progress: SyncLog.tell(path),
    kind,
    otherTypes
  }).pipe(
    Effect.provide(Layer.merge(
      Layer.succeed(Connector, connector),
      C1zSink.layer({
        path,
        format,
        // Which resources an interrupted run was about is not kept.
        resume: kind !== "partial",
        append: { keep, ...reading },
        ...(worker === undefined ? {} : { worker })
      })
    ))
  )
  const { summary } = report
  yield* Effect.logInfo("sync complete").pipe(Effect.annotateLogs({
    sync_id: summary.syncId,
    file: summary.location,
    bytes: summary.bytes,
    resources: summary.resources,
    entitlements: summary.entitlements,
    grants: summary.grants,
    resumed: report.resumed,
    seconds: Math.round(Duration.toMillis(report.duration)) / 1000
  }))
})
