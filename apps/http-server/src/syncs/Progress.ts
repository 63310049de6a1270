/**
 * Writes down how far a sync is: counts of rows and pages, no more often than once a second, and a log line for each thing that a person may want to
 * know.
 *
 * @since 0.1.0
 */
import type { ProgressEvent } from "@access-kit/connector-sync/ProgressEvent"
import type { SyncLogEntry } from "@access-kit/server-api/Syncs"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import * as SyncLog from "./SyncLog.ts"
import { progressJson } from "./SyncRow.ts"

/** Milliseconds between two times that counts are written. */
const INTERVAL = 1_000

const lineOf = (event: ProgressEvent): readonly [SyncLogEntry["level"], string] | undefined => {
  switch (event._tag) {
    case "Started":
      return event.resumedFrom === undefined
        ? ["info", "Reading the source."]
        : [
          "info",
          `Going on with ${event.resumedFrom.rows} rows from ${event.resumedFrom.pages} pages that are there already.`
        ]
    case "Noted":
      return ["warning", event.note.message]
    case "TypeStarted":
      return [
        "info",
        `Reading resources of type "${event.resourceType}"${
          event.total === undefined ? "" : `, ${event.total} of them`
        }.`
      ]
    case "TypeFinished":
      return ["info", `Read ${event.rows} resources of type "${event.resourceType}" in ${event.pages} pages.`]
    case "ReadingAgain":
      return ["warning", `Reading "${event.resourceType}" again: ${event.reason}`]
    case "LookingUpPrincipals":
      return ["info", `Looking up ${event.count} principals that no listing has.`]
    case "Settling":
      return ["info", "Everything is read; checking it."]
    case "Publishing":
      return ["info", "Writing the snapshot file."]
    case "Finished":
      return ["info", `The snapshot has ${event.summary.grants} grants and ${event.summary.bytes} bytes.`]
    case "PageWritten":
    case "Stopped":
      return undefined
  }
}

/**
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(syncId: string) {
  const sql = yield* SqlClient.SqlClient
  const rows = new Map<string, number>()
  const pages = new Map<string, number>()
  let last = 0

  const save = Effect.suspend(() =>
    sql`UPDATE syncs SET ${
      sql.update({
        progress: progressJson.encode({
          rows: Object.fromEntries(rows),
          pages: pages.values().reduce((sum, count) => sum + count, 0)
        })
      })
    }, revision = revision + 1 WHERE id = ${syncId}`
  )

  const tell = Effect.fnUntraced(function*(event: ProgressEvent) {
    if (event._tag === "PageWritten" || event._tag === "TypeFinished") {
      rows.set(event.resourceType, event.rows)
      pages.set(event.resourceType, event.pages)
    }
    const now = yield* Clock.currentTimeMillis
    const line = lineOf(event)
    if (line !== undefined) {
      yield* Effect.provideService(SyncLog.append(syncId, line[0], line[1]), SqlClient.SqlClient, sql)
    }
    if (rows.size > 0 && (line !== undefined || now - last >= INTERVAL)) {
      last = now
      yield* save
    }
  })

  return {
    /** A sync does not fail because its progress could not be written. */
    tell: (event: ProgressEvent) =>
      Effect.catchCause(
        tell(event),
        (cause) => Effect.logWarning(`The progress of sync ${syncId} could not be written`, cause)
      )
  }
})
