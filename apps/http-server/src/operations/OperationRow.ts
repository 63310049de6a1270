/**
 * An operation as it stands in the database, and as the API shows it.
 *
 * @since 0.1.0
 */
import { ResourceId } from "@access-kit/connector-model/Resource"
import { Operation, OperationKind, OperationState } from "@access-kit/server-api/Operations"
import * as Schema from "effect/Schema"
import * as Timestamp from "../storage/Timestamp.ts"

/**
 * @since 0.1.0
 */
export interface OperationRow {
  readonly sequence: number
  readonly id: string
  readonly connector_id: string
  readonly kind: string
  readonly state: string
  readonly dry_run: number
  readonly request: string
  readonly target: string
  readonly outcome: string | null
  readonly result_id: string | null
  readonly error: string | null
  readonly changed: number
  readonly approval_reason: string | null
  readonly requested_by: string
  readonly requester: string
  readonly actor: string
  readonly idempotency_key: string | null
  readonly decided_by: string | null
  readonly requested_at: number
  readonly started_at: number | null
  readonly ended_at: number | null
  readonly attempts: number
  readonly timed_grant_id: string | null
  /** Whether the source was seen without the grant before anything was done. Only of timed grants. */
  readonly looked: number
  readonly expiry: string | null
}

const Membership = Schema.Struct({
  grantId: Schema.String,
  entitlement: Schema.Struct({ id: Schema.String, resource: ResourceId, slug: Schema.String }),
  principal: ResourceId
})

/**
 * What the connector is asked to do, as it was worked out when the operation was asked for.
 *
 * @since 0.1.0
 */
export const Target = Schema.TaggedUnion({
  Grant: Membership.fields,
  Revoke: Membership.fields,
  CreateAccount: {
    resourceType: Schema.String,
    email: Schema.String,
    login: Schema.optionalKey(Schema.String),
    fields: Schema.Record(Schema.String, Schema.String)
  },
  DeleteAccount: { account: ResourceId }
})

/**
 * @since 0.1.0
 */
export type Target = typeof Target.Type

/**
 * @since 0.1.0
 */
export type Membership = typeof Membership.Type

const json = <A>(schema: Schema.Codec<A, unknown>) => {
  const codec = Schema.fromJsonString(schema)
  return { encode: Schema.encodeSync(codec), decode: Schema.decodeSync(codec) }
}

const ErrorMember = Schema.Struct({ reason: Schema.String, message: Schema.String })

/**
 * @since 0.1.0
 */
export const targetJson = json<Target>(Target)

/**
 * @since 0.1.0
 */
export const membershipJson = json<Membership>(Membership)

/**
 * @since 0.1.0
 */
export const requestJson = json<Operation["request"]>(Operation.fields.request)

/**
 * @since 0.1.0
 */
export const errorJson = json<typeof ErrorMember.Type>(ErrorMember)

/**
 * Who asked, for lines of the audit log that come later.
 *
 * @since 0.1.0
 */
export const actorJson = json(Schema.Struct({
  name: Schema.String,
  tokenId: Schema.optionalKey(Schema.String),
  requestId: Schema.optionalKey(Schema.String),
  address: Schema.optionalKey(Schema.String)
}))

const decodeKind = Schema.decodeUnknownSync(OperationKind)
const decodeState = Schema.decodeUnknownSync(OperationState)
const decodeExpiry = Schema.decodeUnknownSync(Schema.Literals(["Set", "NotSet"]))

/**
 * @since 0.1.0
 */
export const toOperation = (row: OperationRow): Operation => ({
  id: row.id,
  connectorId: row.connector_id,
  kind: decodeKind(row.kind),
  state: decodeState(row.state),
  dryRun: row.dry_run === 1,
  request: requestJson.decode(row.request),
  ...(row.outcome === null ? {} : { outcome: row.outcome }),
  ...(row.expiry === null ? {} : { expiry: decodeExpiry(row.expiry) }),
  ...(row.timed_grant_id === null ? {} : { timedGrantId: row.timed_grant_id }),
  ...(row.result_id === null ? {} : { resultId: row.result_id }),
  ...(row.error === null ? {} : { error: errorJson.decode(row.error) }),
  ...(row.approval_reason === null ? {} : { approvalReason: row.approval_reason }),
  requestedBy: row.requested_by,
  ...(row.decided_by === null ? {} : { decidedBy: row.decided_by }),
  requestedAt: Timestamp.format(row.requested_at),
  ...Timestamp.optional("startedAt", row.started_at),
  ...Timestamp.optional("endedAt", row.ended_at),
  attempts: row.attempts
})

/**
 * Whether nothing more comes of it.
 *
 * @since 0.1.0
 */
export const hasEnded = (row: Pick<OperationRow, "state">): boolean =>
  row.state === "succeeded" || row.state === "failed" || row.state === "rejected" || row.state === "cancelled"
