/**
 * The log lines of a sync.
 *
 * @since 0.1.0
 */
import type { ProgressEvent } from "@access-kit/connector-sync/ProgressEvent"
import * as Effect from "effect/Effect"

/**
 * Logs what happens during a sync into `file`.
 *
 * @since 0.1.0
 */
export const tell = (file: string, options: { readonly resumable: boolean } = { resumable: true }) =>
(
  event: ProgressEvent
): Effect.Effect<void> => {
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
      return event.kept === undefined || event.kept.rows === 0 || !options.resumable
        ? Effect.logWarning("sync stopped; nothing of it is kept")
        : Effect.logWarning("sync stopped; the same command goes on from here").pipe(
          Effect.annotateLogs({ rows: event.kept.rows, pages: event.kept.pages, file })
        )
    default:
      return Effect.void
  }
}
