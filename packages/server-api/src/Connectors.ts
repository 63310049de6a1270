/**
 * Connectors: which systems the server reads and changes, and how.
 *
 * @since 0.1.0
 */
import { Capabilities } from "@access-kit/connector-model/Capabilities"
import { ValidationReport } from "@access-kit/connector-model/Validation"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { Authorization, RequiredScope } from "./Authorization.ts"
import { Changes } from "./Changes.ts"
import * as Paging from "./Paging.ts"
import { Conflict, IdempotencyKeyReused, InvalidInput, NotFound, PreconditionFailed, SourceFailed } from "./Problems.ts"
import * as Requests from "./Requests.ts"

/**
 * One field of a form, read off the connector's own declaration.
 *
 * @since 0.1.0
 */
export const FormField = Schema.Struct({
  name: Schema.String,
  displayName: Schema.String,
  description: Schema.String,
  kind: Schema.Literals(["text", "secret", "url", "integer", "boolean", "duration", "choice"]),
  required: Schema.Boolean,
  default: Schema.optionalKey(Schema.String),
  placeholder: Schema.optionalKey(Schema.String),
  choices: Schema.optionalKey(Schema.Array(Schema.String))
})

/**
 * A kind of connector that this server can run.
 *
 * @since 0.1.0
 */
export const ConnectorKind = Schema.Struct({
  kind: Schema.String,
  displayName: Schema.String,
  description: Schema.String,
  helpUrl: Schema.String,
  version: Schema.String,
  fields: Schema.Array(FormField)
}).annotate({ identifier: "ConnectorKind" })

/**
 * @since 0.1.0
 */
export type ConnectorKind = typeof ConnectorKind.Type

/**
 * When syncs start by themselves. A missed run is caught up once; after failures the pause grows. Jitter is added to each start, in seconds.
 *
 * @since 0.1.0
 */
export const Schedule = Schema.Union([
  Schema.Struct({ type: Schema.Literal("manual") }),
  Schema.Struct({
    type: Schema.Literal("interval"),
    /** Seconds from the start of one sync to the start of the next. */
    everySeconds: Schema.Int.check(Schema.isBetween({ minimum: 60, maximum: 2_592_000 })),
    jitterSeconds: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 86_400 })))
  }),
  Schema.Struct({
    type: Schema.Literal("cron"),
    /** Five or six fields. */
    expression: Schema.String.check(Schema.isPattern(/^\S+( +\S+){4,5}$/u), Schema.isMaxLength(200)),
    /** IANA name; `UTC` if absent. */
    timeZone: Schema.optionalKey(Schema.String.check(Schema.isBetweenLength(1, 64))),
    jitterSeconds: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 86_400 })))
  })
]).annotate({ identifier: "Schedule" })

/**
 * @since 0.1.0
 */
export type Schedule = typeof Schedule.Type

/**
 * The brakes of a connector. What goes beyond waits for a second token with the scope `approve`.
 *
 * @since 0.1.0
 */
export const Guards = Schema.Struct({
  /** Changes that may be carried out in any hour without approval. */
  maxChangesPerHour: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 })),
  /** Account deletions that may be carried out in any hour without approval. */
  maxDeletionsPerHour: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 })),
  /** A sync that would shrink accounts or grants by more than this many percent is not published without approval. 100 turns it off. */
  maxShrinkPercent: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 100 }))
}).annotate({ identifier: "Guards" })

/**
 * @since 0.1.0
 */
export type Guards = typeof Guards.Type

/**
 * `syncing` while a sync runs or waits for its turn, which begins with saving it; `connected` after a good one, `failing` after a bad one, `paused` when
 * somebody said so; `connecting` when none has come to anything yet, because the first one was cancelled or is held back.
 *
 * @since 0.1.0
 */
export const ConnectorStatus = Schema.Literals(["connecting", "syncing", "connected", "failing", "paused"])

/**
 * @since 0.1.0
 */
export const Connector = Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  kind: Schema.String,
  status: ConnectorStatus,
  /** Why the status is what it is, for people. */
  statusDetail: Schema.optionalKey(Schema.String),
  /** Settings as they were written, secrets left out. */
  settings: Schema.Record(Schema.String, Schema.String),
  /** Names of the secret settings that are set. */
  secrets: Schema.Array(Schema.String),
  schedule: Schedule,
  guards: Guards,
  /** RFC 3339, UTC. */
  nextSyncAt: Schema.optionalKey(Schema.String),
  /** The newest sync, from the moment that it was asked for. */
  lastSyncId: Schema.optionalKey(Schema.String),
  lastSuccessAt: Schema.optionalKey(Schema.String),
  /** Failures since the last success. */
  consecutiveFailures: Schema.Int,
  currentSnapshotId: Schema.optionalKey(Schema.String),
  createdAt: Schema.String,
  updatedAt: Schema.String,
  /** Grows with each change; the value of the `ETag`. */
  revision: Schema.Int
}).annotate({ identifier: "Connector" })

/**
 * @since 0.1.0
 */
export type Connector = typeof Connector.Type

const Name = Schema.String.check(Schema.isBetweenLength(1, 200))

const Settings = Schema.Record(Schema.String, Schema.String.check(Schema.isMaxLength(16_384)))

/**
 * @since 0.1.0
 */
export const CreateConnector = Schema.Struct({
  name: Name,
  kind: Schema.String,
  /** By field name, secrets too. */
  settings: Settings,
  schedule: Schema.optionalKey(Schedule),
  guards: Schema.optionalKey(Guards),
  /** Save without trying the connection first. */
  skipTest: Schema.optionalKey(Schema.Boolean)
}).annotate({ identifier: "CreateConnector" })

/**
 * @since 0.1.0
 */
export type CreateConnector = typeof CreateConnector.Type

/**
 * What is absent stays as it is. Settings are merged by name.
 *
 * @since 0.1.0
 */
export const UpdateConnector = Schema.Struct({
  name: Schema.optionalKey(Name),
  settings: Schema.optionalKey(Settings),
  schedule: Schema.optionalKey(Schedule),
  guards: Schema.optionalKey(Guards)
}).annotate({ identifier: "UpdateConnector" })

/**
 * @since 0.1.0
 */
export type UpdateConnector = typeof UpdateConnector.Type

/**
 * @since 0.1.0
 */
export const TestConnector = Schema.Struct({ kind: Schema.String, settings: Settings }).annotate({
  identifier: "TestConnector"
})

/**
 * @since 0.1.0
 */
export type TestConnector = typeof TestConnector.Type

/**
 * New values for secret settings. They are tried before they replace the old ones, unless `skipTest` is set.
 *
 * @since 0.1.0
 */
export const RotateSecrets = Schema.Struct({
  secrets: Settings,
  skipTest: Schema.optionalKey(Schema.Boolean)
}).annotate({ identifier: "RotateSecrets" })

/**
 * @since 0.1.0
 */
export type RotateSecrets = typeof RotateSecrets.Type

const ConnectorWithEtag = HttpApiSchema.WithHeaders(Connector, { etag: Schema.String })

const params = { connectorId: Requests.Id }

/**
 * @since 0.1.0
 */
export class ConnectorsGroup extends HttpApiGroup.make("connectors")
  .add(
    HttpApiEndpoint.get("kinds", "/connector-kinds", { success: Schema.Array(ConnectorKind) })
      .annotate(OpenApi.Summary, "Kinds of connectors, with the fields of their forms"),
    HttpApiEndpoint.get("list", "/connectors", {
      query: Paging.query,
      success: Paging.page(Connector),
      error: InvalidInput
    })
      .annotate(OpenApi.Summary, "Connectors"),
    HttpApiEndpoint.post("create", "/connectors", {
      headers: Requests.changeHeaders,
      payload: CreateConnector,
      success: HttpApiSchema.WithHeaders(Connector.pipe(HttpApiSchema.status(201)), {
        etag: Schema.String,
        location: Schema.String
      }),
      error: [Conflict, InvalidInput, IdempotencyKeyReused, SourceFailed]
    }).annotate(RequiredScope, "admin").annotate(OpenApi.Summary, "Add a connector; its first sync starts at once"),
    HttpApiEndpoint.post("testSettings", "/connectors/test", {
      payload: TestConnector,
      success: ValidationReport,
      error: [InvalidInput, SourceFailed]
    }).annotate(RequiredScope, "admin").annotate(OpenApi.Summary, "Try settings without saving them"),
    HttpApiEndpoint.get("get", "/connectors/:connectorId", { params, success: ConnectorWithEtag, error: NotFound })
      .annotate(OpenApi.Summary, "A connector"),
    HttpApiEndpoint.patch("update", "/connectors/:connectorId", {
      params,
      headers: Requests.conditionalHeaders,
      payload: UpdateConnector,
      success: ConnectorWithEtag,
      error: [NotFound, Conflict, PreconditionFailed, InvalidInput, IdempotencyKeyReused]
    }).annotate(RequiredScope, "admin").annotate(OpenApi.Summary, "Change a connector"),
    HttpApiEndpoint.post("test", "/connectors/:connectorId/test", {
      params,
      success: ValidationReport,
      error: [NotFound, SourceFailed]
    }).annotate(RequiredScope, "provision").annotate(OpenApi.Summary, "Try the saved settings"),
    HttpApiEndpoint.post("rotateSecrets", "/connectors/:connectorId/rotate-secrets", {
      params,
      headers: Requests.changeHeaders,
      payload: RotateSecrets,
      success: ConnectorWithEtag,
      error: [NotFound, Conflict, InvalidInput, IdempotencyKeyReused, SourceFailed]
    }).annotate(RequiredScope, "admin").annotate(OpenApi.Summary, "Replace the token"),
    HttpApiEndpoint.post("pause", "/connectors/:connectorId/pause", {
      params,
      headers: Requests.changeHeaders,
      success: ConnectorWithEtag,
      error: [NotFound, Conflict, IdempotencyKeyReused]
    }).annotate(RequiredScope, "admin").annotate(OpenApi.Summary, "No more syncs and changes; expiries are kept"),
    HttpApiEndpoint.post("resume", "/connectors/:connectorId/resume", {
      params,
      headers: Requests.changeHeaders,
      success: ConnectorWithEtag,
      error: [NotFound, Conflict, IdempotencyKeyReused]
    }).annotate(RequiredScope, "admin").annotate(OpenApi.Summary, "Go on after a pause"),
    HttpApiEndpoint.delete("remove", "/connectors/:connectorId", {
      params,
      headers: Requests.conditionalHeaders,
      success: HttpApiSchema.NoContent,
      error: [NotFound, Conflict, PreconditionFailed, IdempotencyKeyReused]
    }).annotate(RequiredScope, "admin").annotate(
      OpenApi.Summary,
      "Delete a connector with its snapshots; the audit log stays"
    ),
    HttpApiEndpoint.get("capabilities", "/connectors/:connectorId/capabilities", {
      params,
      success: Capabilities,
      error: NotFound
    }).annotate(OpenApi.Summary, "What a connector can do")
  )
  .middleware(Changes)
  .middleware(Authorization)
  .prefix("/v1")
  .annotateMerge(OpenApi.annotations({ title: "Connectors" }))
{}
