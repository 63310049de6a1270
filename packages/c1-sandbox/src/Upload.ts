/**
 * A file that a connector uploaded.
 *
 * @since 0.1.0
 */

/**
 * How much a snapshot holds.
 *
 * @since 0.1.0
 */
export interface Counts {
  readonly resourceTypes: number
  readonly resources: number
  readonly entitlements: number
  readonly grants: number
}

/**
 * What an uploaded snapshot is found to be.
 *
 * @since 0.1.0
 */
export interface UploadedSnapshot {
  readonly format: "v1" | "v3"
  /** Of the sync that ended last. */
  readonly syncId: string
  /** `full`, `partial` or `resources_only`. */
  readonly syncType: string
  /** Whether that sync was finished. */
  readonly finished: boolean
  /** Counted row by row; of a v3 file in Pebble's own tables, what its manifest says. Absent where it says nothing. */
  readonly counts: Counts | undefined
  /** Whether the rows could be read, or only the outside of the file. */
  readonly rowsRead: boolean
  /** What is wrong in it: rows that name others which are not there, and their like. */
  readonly findings: ReadonlyArray<string>
}

/**
 * @since 0.1.0
 */
export interface Upload {
  readonly taskId: string
  readonly clientId: string
  readonly hostId: string
  /** Epoch milliseconds at which it was whole. */
  readonly at: number
  /** Where the sandbox keeps it. */
  readonly path: string
  readonly bytes: number
  /** Sizes of the pieces in which it came, in bytes. */
  readonly chunks: ReadonlyArray<number>
  /** Hexadecimal, of all bytes; it is what the connector said, too. */
  readonly sha256: string
  /** A snapshot, or the log of a task with `debug`. */
  readonly kind: "snapshot" | "log"
  readonly snapshot: UploadedSnapshot | undefined
}
