/**
 * Operations: every change to a source is one, from the request to its outcome.
 *
 * @since 0.1.0
 */
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { Authorization, RequiredScope } from "./Authorization.ts"
import { Changes } from "./Changes.ts"
import * as Paging from "./Paging.ts"
import { Conflict, IdempotencyKeyReused, InvalidInput, NotFound } from "./Problems.ts"
import * as Requests from "./Requests.ts"

/**
 * @since 0.1.0
 */
export const OperationKind = Schema.Literals(["grant", "revoke", "createAccount", "deleteAccount"])

/**
 * @since 0.1.0
 */
export type OperationKind = typeof OperationKind.Type

/**
 * `awaitingApproval` until a second token lets it through or turns it down, `queued` and `running` on the way, and one of `succeeded`, `failed`,
 * `rejected`, `cancelled` at the end.
 *
 * @since 0.1.0
 */
export const OperationState = Schema.Literals([
  "awaitingApproval",
  "queued",
  "running",
  "succeeded",
  "failed",
  "rejected",
  "cancelled"
])

/**
 * @since 0.1.0
 */
export type OperationState = typeof OperationState.Type

/**
 * @since 0.1.0
 */
export const Operation = Schema.Struct({
  id: Schema.String,
  connectorId: Schema.String,
  kind: OperationKind,
  state: OperationState,
  dryRun: Schema.Boolean,
  /** What was asked for; which members are present depends on the kind. */
  request: Schema.Struct({
    entitlementId: Schema.optionalKey(Schema.String),
    principalType: Schema.optionalKey(Schema.String),
    principalId: Schema.optionalKey(Schema.String),
    grantId: Schema.optionalKey(Schema.String),
    accountId: Schema.optionalKey(Schema.String),
    email: Schema.optionalKey(Schema.String),
    login: Schema.optionalKey(Schema.String),
    fields: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
    /** RFC 3339; the grant is revoked then. */
    expiresAt: Schema.optionalKey(Schema.String),
    ifGranted: Schema.optionalKey(Schema.Literals(["keep", "expire"]))
  }),
  /** Tag of the connector's outcome, for example `AlreadyGranted`. */
  outcome: Schema.optionalKey(Schema.String),
  /**
   * For a grant with `expiresAt` that succeeded: `Set` if the server takes it away then; `NotSet` if the principal had it without an end before and keeps
   * it so (`ifGranted`). Of a dry run: what would be.
   */
  expiry: Schema.optionalKey(Schema.Literals(["Set", "NotSet"])),
  /** The timed grant that it began or ended. */
  timedGrantId: Schema.optionalKey(Schema.String),
  /** Id of the account or grant that the outcome is about. */
  resultId: Schema.optionalKey(Schema.String),
  error: Schema.optionalKey(Schema.Struct({ reason: Schema.String, message: Schema.String })),
  /** Why approval is needed. */
  approvalReason: Schema.optionalKey(Schema.String),
  /** Name of the token, or `expiry` for a revocation at the end of a timed grant. */
  requestedBy: Schema.String,
  decidedBy: Schema.optionalKey(Schema.String),
  requestedAt: Schema.String,
  startedAt: Schema.optionalKey(Schema.String),
  endedAt: Schema.optionalKey(Schema.String),
  attempts: Schema.Int
}).annotate({ identifier: "Operation" })

/**
 * @since 0.1.0
 */
export type Operation = typeof Operation.Type

const params = { operationId: Requests.Id }

const decision = {
  params,
  headers: Requests.changeHeaders,
  success: Operation,
  error: [NotFound, Conflict, IdempotencyKeyReused] as const
}

/**
 * @since 0.1.0
 */
export class OperationsGroup extends HttpApiGroup.make("operations")
  .add(
    HttpApiEndpoint.get("list", "/operations", {
      query: {
        ...Paging.query,
        connectorId: Schema.optionalKey(Requests.Id),
        state: Schema.optionalKey(OperationState),
        kind: Schema.optionalKey(OperationKind)
      },
      success: Paging.page(Operation),
      error: InvalidInput
    }).annotate(OpenApi.Summary, "Operations, newest first"),
    HttpApiEndpoint.get("get", "/operations/:operationId", {
      params,
      query: {
        /** Seconds to wait for the end of the operation before answering it as it is. */
        wait: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 30 })))
      },
      success: Operation,
      error: NotFound
    }).annotate(OpenApi.Summary, "An operation"),
    HttpApiEndpoint.post("approve", "/operations/:operationId/approve", decision)
      .annotate(RequiredScope, "approve")
      .annotate(OpenApi.Summary, "Let through what a guard stopped; by another token than the one that asked"),
    HttpApiEndpoint.post("reject", "/operations/:operationId/reject", decision)
      .annotate(RequiredScope, "approve").annotate(OpenApi.Summary, "Turn down what a guard stopped"),
    HttpApiEndpoint.post("cancel", "/operations/:operationId/cancel", decision)
      .annotate(RequiredScope, "provision").annotate(OpenApi.Summary, "Cancel an operation that has not begun")
  )
  .middleware(Changes)
  .middleware(Authorization)
  .prefix("/v1")
  .annotateMerge(OpenApi.annotations({ title: "Operations" }))
{}
