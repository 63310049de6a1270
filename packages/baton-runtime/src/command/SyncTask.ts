/**
 * The default command: everything that the connector has, into a c1z file.
 *
 * @since 0.1.0
 */
import * as C1zSink from "@access-kit/c1z/C1zSink"
import { Connector } from "@access-kit/connector-model/Connector"
import * as Sync from "@access-kit/connector-sync/Sync"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Selection from "../Selection.ts"
import * as SyncLog from "../SyncLog.ts"
import * as CommandError from "./CommandError.ts"
import type { Given } from "./Given.ts"
import * as SyncFlags from "./SyncFlags.ts"

/**
 * Syncs into `--file`. What a run that was cut off had kept beside the file is taken up. An older snapshot is replaced when the new one is
 * whole, and not before.
 *
 * @since 0.1.0
 */
export const run = Effect.fn("SyncTask.run")(function*(given: Given, worker: URL | undefined) {
  const path = given.text("file") ?? "sync.c1z"
  const selected = yield* Selection.only(yield* Connector, given.list("sync-resource-types")).pipe(
    Effect.mapError(({ message }) => CommandError.make("InvalidValue", `--sync-resource-types: ${message}`))
  )
  const format = SyncFlags.format(given)
  const bare = given.isOn("skip-entitlements-and-grants")
  const report = yield* Sync.run({
    concurrency: SyncFlags.workers(given),
    progress: SyncLog.tell(path),
    kind: bare ? "resources-only" : "full"
  }).pipe(
    Effect.provide(Layer.merge(
      Layer.succeed(Connector, bare ? Selection.without(selected, "entitlements-and-grants") : selected),
      C1zSink.layer({
        path,
        ...(worker === undefined ? {} : { worker }),
        ...(format === undefined ? {} : { format })
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
