/**
 * What happens when the time of a grant is over: a revocation, which is an operation like any other but for the guards. One that fails is followed by
 * another after a pause, until the grant is gone.
 *
 * @since 0.1.0
 */
import * as Ksuid from "@access-kit/c1z/Ksuid"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import { type Actor, AuditLog } from "../AuditLog.ts"
import { EXPIRY } from "../operations/Guard.ts"
import { actorJson, membershipJson, requestJson, targetJson } from "../operations/OperationRow.ts"
import type { TimedGrantRow } from "./TimedGrantRow.ts"

/** Milliseconds. */
const FIRST_PAUSE = 15_000
const LONGEST_PAUSE = 900_000

/**
 * When to try again after this many revocations have failed.
 *
 * @since 0.1.0
 */
export const retryAt = (now: number, revocations: number): number =>
  now + Math.min(FIRST_PAUSE * 2 ** Math.max(0, revocations - 1), LONGEST_PAUSE)

const actor: Actor = { name: EXPIRY }

/**
 * Makes the operation that revokes the grant, if its time is over: for the generation that was slept for, or, without one, if it is time to try again.
 * Answers the operation, or `undefined` if there is nothing to do.
 *
 * @since 0.1.0
 */
export const begin = Effect.fn("Expiry.begin")(function*(timedGrantId: string, generation: number | undefined) {
  const sql = yield* SqlClient.SqlClient
  const audit = yield* AuditLog
  return yield* sql.withTransaction(Effect.gen(function*() {
    const operationId = yield* Ksuid.make
    const now = yield* Clock.currentTimeMillis
    const [row] = yield* sql<TimedGrantRow>`UPDATE timed_grants
      SET state = 'revoking', revocations = revocations + 1, retry_at = NULL, revocation_id = ${operationId}
      WHERE id = ${timedGrantId} AND ${
      generation === undefined
        ? sql`state = 'revoking' AND retry_at <= ${now}`
        : sql`state = 'active' AND generation = ${generation} AND expires_at <= ${now}`
    } RETURNING *`
    if (row === undefined) return undefined
    const membership = membershipJson.decode(row.target)
    yield* sql`INSERT INTO operations ${
      sql.insert({
        id: operationId,
        connector_id: row.connector_id,
        kind: "revoke",
        state: "queued",
        dry_run: 0,
        request: requestJson.encode({
          grantId: row.grant_id,
          entitlementId: row.entitlement_id,
          principalType: row.principal_type,
          principalId: row.principal_id
        }),
        target: targetJson.encode({ _tag: "Revoke", ...membership }),
        requested_by: EXPIRY,
        requester: EXPIRY,
        actor: actorJson.encode(actor),
        requested_at: now,
        timed_grant_id: timedGrantId
      })
    }`
    yield* audit.append(actor, {
      action: generation === undefined ? "timed-grant.revoked-again" : "timed-grant.expired",
      connectorId: row.connector_id,
      subjectId: timedGrantId,
      details: { grantId: row.grant_id, operationId, attempt: row.revocations }
    })
    return { connectorId: row.connector_id, operationId }
  }))
})
