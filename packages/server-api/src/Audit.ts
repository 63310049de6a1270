/**
 * The audit log: who did what, when, from where, and what came of it. It only grows.
 *
 * @since 0.1.0
 */
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { Authorization, RequiredScope } from "./Authorization.ts"
import * as Paging from "./Paging.ts"
import { InvalidInput } from "./Problems.ts"
import * as Requests from "./Requests.ts"

/**
 * @since 0.1.0
 */
export const AuditEntry = Schema.Struct({
  id: Schema.String,
  /** RFC 3339, UTC. */
  at: Schema.String,
  /** Name of the token, `schedule`, `expiry`, or `cli` for commands on the server's machine. */
  actor: Schema.String,
  tokenId: Schema.optionalKey(Schema.String),
  /** What was done, for example `operation.succeeded` or `connector.updated`. */
  action: Schema.String,
  connectorId: Schema.optionalKey(Schema.String),
  /** Id of what it was done to: an operation, a sync, a token, …. */
  subjectId: Schema.optionalKey(Schema.String),
  /** Facts of the action. Never holds a secret. */
  details: Schema.JsonObject,
  /** The address that the request came from. */
  address: Schema.optionalKey(Schema.String),
  requestId: Schema.optionalKey(Schema.String)
}).annotate({ identifier: "AuditEntry" })

/**
 * @since 0.1.0
 */
export type AuditEntry = typeof AuditEntry.Type

const filters = {
  connectorId: Schema.optionalKey(Requests.Id),
  actor: Schema.optionalKey(Schema.String.check(Schema.isBetweenLength(1, 200))),
  action: Schema.optionalKey(Schema.String.check(Schema.isBetweenLength(1, 100))),
  subjectId: Schema.optionalKey(Schema.String.check(Schema.isBetweenLength(1, 200))),
  since: Schema.optionalKey(Requests.Timestamp),
  until: Schema.optionalKey(Requests.Timestamp)
}

/**
 * @since 0.1.0
 */
export class AuditGroup extends HttpApiGroup.make("audit")
  .add(
    HttpApiEndpoint.get("list", "/audit", {
      query: { ...Paging.query, ...filters },
      success: Paging.page(AuditEntry),
      error: InvalidInput
    }).annotate(RequiredScope, "admin").annotate(OpenApi.Summary, "The audit log, newest first"),
    HttpApiEndpoint.get("export", "/audit/export", {
      query: filters,
      success: HttpApiSchema.StreamNdjson({ schema: AuditEntry }),
      error: InvalidInput
    }).annotate(RequiredScope, "admin").annotate(OpenApi.Summary, "The audit log as JSON lines, oldest first")
  )
  .middleware(Authorization)
  .prefix("/v1")
  .annotateMerge(OpenApi.annotations({ title: "Audit log" }))
{}
