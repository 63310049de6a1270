/**
 * A timed grant as it stands in the database, and as the API shows it.
 *
 * @since 0.1.0
 */
import { TimedGrant } from "@access-kit/server-api/Directory"
import * as Schema from "effect/Schema"
import * as Timestamp from "../storage/Timestamp.ts"

/**
 * @since 0.1.0
 */
export interface TimedGrantRow {
  readonly id: string
  readonly connector_id: string
  readonly grant_id: string
  readonly entitlement_id: string
  readonly target: string
  readonly principal_type: string
  readonly principal_id: string
  readonly expires_at: number
  /** Counts the times that the expiry was set. */
  readonly generation: number
  readonly state: string
  readonly operation_id: string
  readonly revocation_id: string | null
  /** Counts the operations that tried to revoke it. */
  readonly revocations: number
  /** When to try again, after one has failed. */
  readonly retry_at: number | null
  readonly requested_by: string
  readonly created_at: number
  readonly ended_at: number | null
}

const decodeState = Schema.decodeUnknownSync(TimedGrant.fields.state)

/**
 * @since 0.1.0
 */
export const toTimedGrant = (row: TimedGrantRow): TimedGrant => ({
  id: row.id,
  connectorId: row.connector_id,
  grantId: row.grant_id,
  entitlementId: row.entitlement_id,
  principal: { resourceType: row.principal_type, resource: row.principal_id },
  expiresAt: Timestamp.format(row.expires_at),
  state: decodeState(row.state),
  operationId: row.operation_id,
  ...(row.revocation_id === null ? {} : { revocationId: row.revocation_id }),
  requestedBy: row.requested_by,
  ...Timestamp.optional("endedAt", row.ended_at)
})
