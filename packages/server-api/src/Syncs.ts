/**
 * Syncs: reading a connector's source into a snapshot.
 *
 * @since 0.1.0
 */
import { Note } from "@access-kit/connector-model/Page"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { Authorization, RequiredScope } from "./Authorization.ts"
import { Changes } from "./Changes.ts"
import * as Paging from "./Paging.ts"
import { Conflict, IdempotencyKeyReused, InvalidInput, NotFound } from "./Problems.ts"
import * as Requests from "./Requests.ts"

/**
 * `held` is a sync that read everything and was not published, because the directory shrank by more than the guard allows.
 *
 * @since 0.1.0
 */
export const SyncState = Schema.Literals(["queued", "running", "succeeded", "failed", "cancelled", "held"])

/**
 * @since 0.1.0
 */
export type SyncState = typeof SyncState.Type

/**
 * @since 0.1.0
 */
export const Sync = Schema.Struct({
  id: Schema.String,
  connectorId: Schema.String,
  state: SyncState,
  trigger: Schema.Literals(["manual", "schedule", "created"]),
  /** Name of the token, or `schedule`. */
  requestedBy: Schema.String,
  requestedAt: Schema.String,
  startedAt: Schema.optionalKey(Schema.String),
  endedAt: Schema.optionalKey(Schema.String),
  /** How often it was taken up after a crash or a shutdown. */
  attempts: Schema.Int,
  progress: Schema.optionalKey(Schema.Struct({
    /** Rows read by resource type. */
    rows: Schema.Record(Schema.String, Schema.Int),
    pages: Schema.Int
  })),
  snapshotId: Schema.optionalKey(Schema.String),
  counts: Schema.optionalKey(Schema.Struct({
    resources: Schema.Record(Schema.String, Schema.Int),
    entitlements: Schema.Int,
    grants: Schema.Int
  })),
  notes: Schema.optionalKey(Schema.Array(Note)),
  error: Schema.optionalKey(Schema.Struct({ reason: Schema.String, message: Schema.String }))
}).annotate({ identifier: "Sync" })

/**
 * @since 0.1.0
 */
export type Sync = typeof Sync.Type

/**
 * A line of a sync's log.
 *
 * @since 0.1.0
 */
export const SyncLogEntry = Schema.Struct({
  /** Counts from 1 within the sync, without gaps. */
  sequence: Schema.Int,
  at: Schema.String,
  level: Schema.Literals(["debug", "info", "warning", "error"]),
  message: Schema.String
}).annotate({ identifier: "SyncLogEntry" })

/**
 * @since 0.1.0
 */
export type SyncLogEntry = typeof SyncLogEntry.Type

/**
 * What the event stream sends: the state of the sync whenever it changes, and every log line. It ends after the last state.
 *
 * @since 0.1.0
 */
export const SyncEvent = Schema.Union([
  Schema.Struct({ type: Schema.Literal("sync"), sync: Sync }),
  Schema.Struct({ type: Schema.Literal("log"), entry: SyncLogEntry })
]).annotate({ identifier: "SyncEvent" })

/**
 * @since 0.1.0
 */
export type SyncEvent = typeof SyncEvent.Type

const params = { syncId: Requests.Id }

/**
 * @since 0.1.0
 */
export class SyncsGroup extends HttpApiGroup.make("syncs")
  .add(
    HttpApiEndpoint.post("start", "/connectors/:connectorId/syncs", {
      params: { connectorId: Requests.Id },
      headers: Requests.changeHeaders,
      success: Sync.pipe(HttpApiSchema.status(202)),
      error: [NotFound, Conflict, IdempotencyKeyReused]
    }).annotate(RequiredScope, "provision").annotate(
      OpenApi.Summary,
      "Start a sync; one that is waiting to start is answered instead of a second one"
    ),
    HttpApiEndpoint.get("list", "/connectors/:connectorId/syncs", {
      params: { connectorId: Requests.Id },
      query: { ...Paging.query, state: Schema.optionalKey(SyncState) },
      success: Paging.page(Sync),
      error: [NotFound, InvalidInput]
    }).annotate(OpenApi.Summary, "Syncs of a connector, newest first"),
    HttpApiEndpoint.get("get", "/syncs/:syncId", { params, success: Sync, error: NotFound })
      .annotate(OpenApi.Summary, "A sync"),
    HttpApiEndpoint.post("cancel", "/syncs/:syncId/cancel", {
      params,
      headers: Requests.changeHeaders,
      success: Sync,
      error: [NotFound, Conflict, IdempotencyKeyReused]
    }).annotate(RequiredScope, "provision").annotate(OpenApi.Summary, "Cancel a sync"),
    HttpApiEndpoint.post("publish", "/syncs/:syncId/publish", {
      params,
      headers: Requests.changeHeaders,
      success: Sync,
      error: [NotFound, Conflict, IdempotencyKeyReused]
    }).annotate(RequiredScope, "approve").annotate(OpenApi.Summary, "Publish a sync that a guard holds back"),
    HttpApiEndpoint.get("events", "/syncs/:syncId/events", {
      params,
      headers: {
        /** Log lines up to this `id` were seen and are left out; an `EventSource` sends it when it connects again. */
        "last-event-id": Schema.optionalKey(Schema.String.check(Schema.isPattern(/^[0-9]{1,15}$/u)))
      },
      success: HttpApiSchema.StreamSse({ data: SyncEvent }),
      error: NotFound
    }).annotate(OpenApi.Summary, "Follow a sync as server-sent events"),
    HttpApiEndpoint.get("logs", "/syncs/:syncId/logs", {
      params,
      query: Paging.query,
      success: Paging.page(SyncLogEntry),
      error: [NotFound, InvalidInput]
    }).annotate(OpenApi.Summary, "The log of a sync")
  )
  .middleware(Changes)
  .middleware(Authorization)
  .prefix("/v1")
  .annotateMerge(OpenApi.annotations({ title: "Syncs" }))
{}
