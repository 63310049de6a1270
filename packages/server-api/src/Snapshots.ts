/**
 * Snapshots: what each sync has published, as files that every baton tool reads.
 *
 * @since 0.1.0
 */
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { Authorization } from "./Authorization.ts"
import * as Paging from "./Paging.ts"
import { InvalidInput, NotFound } from "./Problems.ts"
import * as Requests from "./Requests.ts"

/**
 * @since 0.1.0
 */
export const Snapshot = Schema.Struct({
  id: Schema.String,
  connectorId: Schema.String,
  syncId: Schema.String,
  createdAt: Schema.String,
  bytes: Schema.Int,
  /** Of the file, in hexadecimal. */
  sha256: Schema.String,
  resources: Schema.Record(Schema.String, Schema.Int),
  entitlements: Schema.Int,
  grants: Schema.Int,
  /** Whether reads are answered from it. */
  current: Schema.Boolean
}).annotate({ identifier: "Snapshot" })

/**
 * @since 0.1.0
 */
export type Snapshot = typeof Snapshot.Type

/**
 * One thing that differs between two snapshots.
 *
 * @since 0.1.0
 */
export const Difference = Schema.Struct({
  what: Schema.Literals(["resource", "entitlement", "grant"]),
  change: Schema.Literals(["added", "removed", "changed"]),
  id: Schema.String,
  /** What a person calls it. */
  name: Schema.String,
  /** For `changed`: the fields that differ. */
  fields: Schema.optionalKey(Schema.Array(Schema.Struct({
    field: Schema.String,
    before: Schema.optionalKey(Schema.Json),
    after: Schema.optionalKey(Schema.Json)
  })))
}).annotate({ identifier: "Difference" })

/**
 * @since 0.1.0
 */
export type Difference = typeof Difference.Type

const params = { snapshotId: Requests.Id }

/**
 * @since 0.1.0
 */
export class SnapshotsGroup extends HttpApiGroup.make("snapshots")
  .add(
    HttpApiEndpoint.get("list", "/connectors/:connectorId/snapshots", {
      params: { connectorId: Requests.Id },
      query: Paging.query,
      success: Paging.page(Snapshot),
      error: [NotFound, InvalidInput]
    }).annotate(OpenApi.Summary, "Snapshots of a connector, newest first"),
    HttpApiEndpoint.get("get", "/snapshots/:snapshotId", { params, success: Snapshot, error: NotFound })
      .annotate(OpenApi.Summary, "A snapshot"),
    HttpApiEndpoint.get("download", "/snapshots/:snapshotId/file", {
      params,
      headers: Requests.readHeaders,
      success: [
        HttpApiSchema.WithHeaders(HttpApiSchema.StreamUint8Array(), {
          etag: Schema.String,
          "content-disposition": Schema.String,
          "content-length": Schema.String
        }),
        HttpApiSchema.Empty(304)
      ],
      error: NotFound
    }).annotate(OpenApi.Summary, "The .c1z file of a snapshot"),
    HttpApiEndpoint.get("diff", "/snapshots/:snapshotId/diff", {
      params,
      query: { ...Paging.query, since: Requests.Id },
      success: Paging.page(Difference),
      error: [NotFound, InvalidInput]
    }).annotate(OpenApi.Summary, "What has changed since another snapshot")
  )
  .middleware(Authorization)
  .prefix("/v1")
  .annotateMerge(OpenApi.annotations({ title: "Snapshots" }))
{}
