/**
 * What a finished sync came to.
 *
 * @since 0.1.0
 */
import type { Note } from "@access-kit/connector-model/Page"
import type { AccountStatus } from "@access-kit/connector-model/Resource"
import type { SnapshotSummary } from "@access-kit/connector-model/SnapshotSink"
import type * as Duration from "effect/Duration"

/**
 * Counts hold for the whole sync, whatever number of runs it took; `duration` holds for the last run.
 *
 * @since 0.1.0
 */
export interface SyncReport {
  /** What was published, as the sink tells it. */
  readonly summary: SnapshotSummary
  /** Whether an interrupted sync was taken up. */
  readonly resumed: boolean
  /** Accounts in the snapshot by status. */
  readonly accounts: Readonly<Record<AccountStatus, number>>
  /** Pages that were read and kept or, where a listing was read again, thrown away. */
  readonly pages: number
  /** How often a listing was thrown away and read again, because the directory changed under it. */
  readonly rewalks: number
  /** Principals that no listing had and that were fetched one by one. */
  readonly recoveredPrincipals: number
  /** Principals that grants named and that do not exist any more, and the grants to them that were left out. */
  readonly stalePrincipals: { readonly principals: number; readonly grants: number }
  /** What the connector and the sync forgave, one entry for each code. */
  readonly notes: ReadonlyArray<Note>
  readonly duration: Duration.Duration
}
