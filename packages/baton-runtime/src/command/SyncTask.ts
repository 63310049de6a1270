/**
 * The default command: everything that the connector has, into a c1z file.
 *
 * @since 0.1.0
 */
import * as C1zSink from "@access-kit/c1z/C1zSink"
import { Connector } from "@access-kit/connector-model/Connector"
import type { ProgressEvent } from "@access-kit/connector-sync/ProgressEvent"
import * as Sync from "@access-kit/connector-sync/Sync"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Given } from "./Given.ts"
import * as Selection from "./Selection.ts"

/** Pages at a time when nobody says: a source that takes fewer is asked by its connector for fewer. */
const AS_MANY_AS_MAKE_SENSE = 8

const workersOf = (given: Given): number => {
  const workers = given.isOn("parallel-sync") ? -1 : given.integer("workers")
  return workers < 0 ? AS_MANY_AS_MAKE_SENSE : Math.max(1, workers)
}

const tell = (file: string) => (event: ProgressEvent): Effect.Effect<void> => {
  switch (event._tag) {
    case "Started":
      return Effect.logInfo(
        event.resumedFrom === undefined
          ? "sync started"
          : `sync goes on where it was stopped, with ${event.resumedFrom.rows} rows kept`
      ).pipe(Effect.annotateLogs({ sync_id: event.syncId, file }))
    case "Noted":
      return Effect.logWarning(event.note.message)
    case "PageWritten":
      return Effect.forEach(
        event.notes,
        (note) =>
          Effect.logWarning(note.message).pipe(
            Effect.annotateLogs({ resource_type_id: event.resourceType, code: note.code, count: note.count })
          ),
        { discard: true }
      ).pipe(
        Effect.andThen(Effect.logDebug("page written")),
        Effect.annotateLogs({ resource_type_id: event.resourceType, rows: event.rows, pages: event.pages })
      )
    case "TypeFinished":
      return Effect.logInfo("resources read").pipe(
        Effect.annotateLogs({ resource_type_id: event.resourceType, rows: event.rows, pages: event.pages })
      )
    case "ReadingAgain":
      return Effect.logWarning(`a listing is read again (${event.attempt} of ${event.limit}): ${event.reason}`).pipe(
        Effect.annotateLogs({ resource_type_id: event.resourceType })
      )
    case "LookingUpPrincipals":
      return Effect.logInfo("principals that no listing has are looked up").pipe(
        Effect.annotateLogs({ count: event.count })
      )
    case "Stopped":
      return event.kept === undefined || event.kept.rows === 0
        ? Effect.logWarning("sync stopped; nothing of it is kept")
        : Effect.logWarning("sync stopped; the same command goes on from here").pipe(
          Effect.annotateLogs({ rows: event.kept.rows, pages: event.kept.pages, file })
        )
    default:
      return Effect.void
  }
}

/**
 * Syncs into `--file`. What a run that was cut off had kept beside the file is taken up. An older snapshot is replaced when the new one is
 * whole, and not before.
 *
 * @since 0.1.0
 */
export const run = Effect.fn("SyncTask.run")(function*(given: Given, worker: URL | undefined) {
  const path = given.text("file") ?? "sync.c1z"
  const selected = yield* Selection.only(yield* Connector, given.list("sync-resource-types"))
  const report = yield* Sync.run({ concurrency: workersOf(given), progress: tell(path) }).pipe(
    Effect.provide(Layer.merge(
      Layer.succeed(Connector, selected),
      C1zSink.layer(worker === undefined ? { path } : { path, worker })
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
