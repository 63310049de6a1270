/**
 * The brakes of a connector: how many changes, and how many deletions of accounts, may be made in an hour without a second person's approval. Counted in
 * the database, so that all processes count together.
 *
 * @since 0.1.0
 */
import type { Guards } from "@access-kit/server-api/Connectors"
import type { OperationKind } from "@access-kit/server-api/Operations"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"

/** Milliseconds. */
const HOUR = 3_600_000

/**
 * Revocations at the end of a timed grant were let through with the grant.
 *
 * @since 0.1.0
 */
export const EXPIRY = "expiry"

/**
 * Why a change must wait for approval, or `undefined`. Counted are changes without approval that wait, run, or were made within the last hour; what was
 * so already does not count. Runs in a transaction that has locked the connector: of two requests at the same time the second one counts the first.
 *
 * @since 0.1.0
 */
export const reasonOf = Effect.fnUntraced(function*(connectorId: string, kind: OperationKind, guards: Guards) {
  const sql = yield* SqlClient.SqlClient
  const since = (yield* Clock.currentTimeMillis) - HOUR
  const [counted] = yield* sql<{ readonly changes: number; readonly deletions: number }>`SELECT
      count(*) AS changes, count(CASE WHEN kind = 'deleteAccount' THEN 1 END) AS deletions
    FROM operations
    WHERE connector_id = ${connectorId} AND dry_run = 0 AND decided_by IS NULL AND requester <> ${EXPIRY}
      AND (state IN ('queued', 'running') OR (ended_at > ${since} AND changed = 1))`
  const { changes, deletions } = counted ?? { changes: 0, deletions: 0 }
  if (kind === "deleteAccount" && deletions >= guards.maxDeletionsPerHour) {
    return `${deletions} deletions of accounts within an hour, and the connector allows ${guards.maxDeletionsPerHour} without approval.`
  }
  if (changes >= guards.maxChangesPerHour) {
    return `${changes} changes within an hour, and the connector allows ${guards.maxChangesPerHour} without approval.`
  }
  return undefined
})
