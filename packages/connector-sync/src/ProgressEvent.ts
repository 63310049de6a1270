/**
 * What a sync tells while it runs, for a progress bar, a log or a stream of events. Every field is plain data that can be sent as JSON.
 *
 * @since 0.1.0
 */
import type { Note } from "@access-kit/connector-model/Page"
import type { SnapshotSummary } from "@access-kit/connector-model/SnapshotSink"
import * as Data from "effect/Data"

/**
 * How much is durable and need not be read again.
 *
 * @since 0.1.0
 */
export interface Kept {
  readonly rows: number
  readonly pages: number
  /** Ids of the resource types that are read to their end. */
  readonly finishedTypes: ReadonlyArray<string>
}

/**
 * In the order in which they can come. `rows` and `pages` count within the resource type, from its first page on, earlier runs of the same
 * sync included.
 *
 * @since 0.1.0
 */
export type ProgressEvent = Data.TaggedEnum<{
  Started: {
    readonly syncId: string
    /** What an interrupted sync had kept. Absent for a new sync. */
    readonly resumedFrom?: Kept
  }
  /** Something that a person may want to know, of the sync itself. */
  Noted: { readonly note: Note }
  TypeStarted: { readonly resourceType: string; readonly rows: number; readonly total?: number }
  PageWritten: {
    readonly resourceType: string
    readonly rows: number
    readonly pages: number
    /** Rows of the whole listing, if the source says. */
    readonly total?: number
    /** Notes of this page. */
    readonly notes: ReadonlyArray<Note>
  }
  TypeFinished: { readonly resourceType: string; readonly rows: number; readonly pages: number }
  /** The rows of the type were thrown away and its listing begins again. */
  ReadingAgain: {
    readonly resourceType: string
    /** 1 for the first time in this run; 0 when the rows were of an earlier run. */
    readonly attempt: number
    readonly limit: number
    readonly reason: string
  }
  Settling: {}
  /** So many principals are in no listing and are looked up one by one. */
  LookingUpPrincipals: { readonly count: number }
  Publishing: {}
  Finished: { readonly summary: SnapshotSummary }
  /** The sync failed or was interrupted. With `kept`, running it again goes on from there. */
  Stopped: { readonly reason: "failed" | "interrupted"; readonly kept?: Kept }
}>

/**
 * Constructors by tag, with `$is` and `$match`.
 *
 * @since 0.1.0
 */
export const ProgressEvent = Data.taggedEnum<ProgressEvent>()
