/**
 * What the end of an operation means for timed grants. Runs in the transaction that writes the outcome.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import { type Actor, AuditLog } from "../AuditLog.ts"
import type { OperationRow, Target } from "../operations/OperationRow.ts"
import * as Timestamp from "../storage/Timestamp.ts"
import * as Expiry from "./Expiry.ts"
import type { TimedGrantRow } from "./TimedGrantRow.ts"

/**
 * A timed grant whose sleep has to begin.
 *
 * @since 0.1.0
 */
export interface Begun {
  readonly timedGrantId: string
  readonly generation: number
}

/**
 * After a change that was made, or that was so already.
 *
 * @param wasSo whether the source said so before anything was done, in this attempt and any before
 * @param expires whether a grant that was so already is to end too
 * @since 0.1.0
 */
export const ofSuccess = Effect.fnUntraced(function*(
  actor: Actor,
  operation: OperationRow,
  target: Target,
  wasSo: boolean,
  expires: boolean
): Effect.fn.Return<Begun | undefined, Effect.Error<ReturnType<typeof ended>>, SqlClient.SqlClient | AuditLog> {
  const sql = yield* SqlClient.SqlClient
  const audit = yield* AuditLog
  const { connector_id, timed_grant_id } = operation
  switch (target._tag) {
    case "Grant": {
      if (timed_grant_id === null) {
        // Somebody has granted it for good.
        const open = yield* sql<TimedGrantRow>`SELECT * FROM timed_grants
          WHERE connector_id = ${connector_id} AND grant_id = ${target.grantId} AND state = 'active'`
        yield* ended(actor, open, null, "timed-grant.made-permanent")
        return undefined
      }
      if (wasSo && !expires) {
        // It was granted without an end before: at the end of this one nobody may take it away.
        yield* sql`UPDATE timed_grants SET state = 'kept', ended_at = ${yield* Clock.currentTimeMillis}
          WHERE id = ${timed_grant_id} AND state = 'granting'`
        return undefined
      }
      const [row] = yield* sql<TimedGrantRow>`UPDATE timed_grants SET state = 'active'
        WHERE id = ${timed_grant_id} AND state = 'granting' RETURNING *`
      if (row === undefined) return undefined
      if (wasSo) {
        yield* audit.append(actor, {
          action: "timed-grant.set-on-existing",
          connectorId: connector_id,
          subjectId: row.id,
          details: { grantId: row.grant_id, operationId: operation.id, expiresAt: Timestamp.format(row.expires_at) }
        })
      }
      return { timedGrantId: row.id, generation: row.generation }
    }
    case "Revoke": {
      const open = yield* sql<TimedGrantRow>`SELECT * FROM timed_grants
        WHERE connector_id = ${connector_id} AND grant_id = ${target.grantId} AND state IN ('active', 'revoking')`
      yield* ended(actor, open, operation.id, "timed-grant.ended")
      return undefined
    }
    case "DeleteAccount": {
      const open = yield* sql<TimedGrantRow>`SELECT * FROM timed_grants
        WHERE connector_id = ${connector_id} AND principal_type = ${target.account.resourceType}
          AND principal_id = ${target.account.resource} AND state IN ('active', 'revoking')`
      yield* ended(actor, open, operation.id, "timed-grant.ended")
      return undefined
    }
    case "CreateAccount":
      return undefined
  }
})

const ended = Effect.fnUntraced(function*(
  actor: Actor,
  rows: ReadonlyArray<TimedGrantRow>,
  revocationId: string | null,
  action: string
) {
  const sql = yield* SqlClient.SqlClient
  const audit = yield* AuditLog
  const now = yield* Clock.currentTimeMillis
  for (const row of rows) {
    yield* sql`UPDATE timed_grants SET ${
      sql.update({ state: "ended", ended_at: now, retry_at: null, revocation_id: revocationId ?? row.revocation_id })
    } WHERE id = ${row.id}`
    yield* audit.append(actor, {
      action,
      connectorId: row.connector_id,
      subjectId: row.id,
      details: { grantId: row.grant_id, ...(revocationId === null ? {} : { operationId: revocationId }) }
    })
  }
})

/**
 * After an operation that failed.
 *
 * @since 0.1.0
 */
export const ofFailure = Effect.fnUntraced(function*(operation: OperationRow) {
  if (operation.timed_grant_id === null) return
  const sql = yield* SqlClient.SqlClient
  const now = yield* Clock.currentTimeMillis
  yield* sql`UPDATE timed_grants SET state = 'failed', ended_at = ${now}
    WHERE id = ${operation.timed_grant_id} AND state = 'granting'`
  const [row] = yield* sql<TimedGrantRow>`SELECT * FROM timed_grants
    WHERE id = ${operation.timed_grant_id} AND state = 'revoking' AND revocation_id = ${operation.id}`
  if (row === undefined) return
  yield* sql`UPDATE timed_grants SET retry_at = ${Expiry.retryAt(now, row.revocations)} WHERE id = ${row.id}`
})
