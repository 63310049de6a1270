/**
 * Who has access: accounts, groups, entitlements and grants of the latest snapshot, with the changes made since; and changing it.
 *
 * @since 0.1.0
 */
import { Entitlement as ModelEntitlement } from "@access-kit/connector-model/Entitlement"
import * as Model from "@access-kit/connector-model/Resource"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { Authorization, RequiredScope } from "./Authorization.ts"
import { Changes } from "./Changes.ts"
import { Operation } from "./Operations.ts"
import * as Paging from "./Paging.ts"
import { Conflict, IdempotencyKeyReused, InvalidInput, NotFound, SourceFailed } from "./Problems.ts"
import * as Requests from "./Requests.ts"

/**
 * @since 0.1.0
 */
export const Account = Model.Account.annotate({ identifier: "Account" })

/**
 * @since 0.1.0
 */
export const Group = Schema.Struct({
  ...Model.Group.fields,
  /** Principals that hold an entitlement of the group. */
  members: Schema.Int
}).annotate({ identifier: "Group" })

/**
 * @since 0.1.0
 */
export type Group = typeof Group.Type

/**
 * @since 0.1.0
 */
export const Entitlement = Schema.Struct({
  ...ModelEntitlement.fields,
  /** Name of the resource it is on. */
  resourceName: Schema.String,
  /** Grants of it. */
  holders: Schema.Int
}).annotate({ identifier: "Entitlement" })

/**
 * @since 0.1.0
 */
export type Entitlement = typeof Entitlement.Type

/**
 * @since 0.1.0
 */
export const Grant = Schema.Struct({
  id: Schema.String,
  entitlementId: Schema.String,
  /** The resource that the entitlement is on, for example the group. */
  resource: Model.ResourceId,
  resourceName: Schema.String,
  principal: Model.ResourceId,
  principalName: Schema.String,
  /** Primary address, for accounts. */
  principalEmail: Schema.optionalKey(Schema.String),
  principalStatus: Schema.optionalKey(Model.AccountStatus),
  /** RFC 3339; when the server revokes it. Absent for a grant without an end. */
  expiresAt: Schema.optionalKey(Schema.String)
}).annotate({ identifier: "Grant" })

/**
 * @since 0.1.0
 */
export type Grant = typeof Grant.Type

/**
 * A grant with an end that this server keeps.
 *
 * @since 0.1.0
 */
export const TimedGrant = Schema.Struct({
  id: Schema.String,
  connectorId: Schema.String,
  grantId: Schema.String,
  entitlementId: Schema.String,
  principal: Model.ResourceId,
  /** RFC 3339, UTC. */
  expiresAt: Schema.String,
  /**
   * `granting` until the grant is there, `active` until its time comes, `revoking`, then `ended`; `failed` when the grant was not made; `kept` when the
   * principal had it without an end before, and keeps it so.
   */
  state: Schema.Literals(["granting", "active", "revoking", "ended", "failed", "kept"]),
  /** The operation that granted it. */
  operationId: Schema.String,
  /** The operation that revoked it. */
  revocationId: Schema.optionalKey(Schema.String),
  requestedBy: Schema.String,
  endedAt: Schema.optionalKey(Schema.String)
}).annotate({ identifier: "TimedGrant" })

/**
 * @since 0.1.0
 */
export type TimedGrant = typeof TimedGrant.Type

/**
 * Everything that an account holds, and what it may hold in addition by its groups.
 *
 * @since 0.1.0
 */
export const Access = Schema.Struct({
  account: Account,
  grants: Schema.Array(Grant),
  /** When the snapshot below this answer was taken. */
  asOf: Schema.String
}).annotate({ identifier: "Access" })

/**
 * @since 0.1.0
 */
export type Access = typeof Access.Type

/**
 * @since 0.1.0
 */
export const CreateAccount = Schema.Struct({
  email: Schema.String.check(Schema.isPattern(/^[^\s@]+@[^\s@]+$/u), Schema.isMaxLength(320)),
  login: Schema.optionalKey(Schema.String.check(Schema.isBetweenLength(1, 320))),
  /** Values for the fields that `capabilities` lists, for example `display_name`. */
  fields: Schema.optionalKey(Schema.Record(Schema.String, Schema.String.check(Schema.isMaxLength(4096)))),
  dryRun: Schema.optionalKey(Schema.Boolean)
}).annotate({ identifier: "CreateAccount" })

/**
 * @since 0.1.0
 */
export type CreateAccount = typeof CreateAccount.Type

/**
 * With an expiry: what becomes of a grant that the principal has without an end already. `keep`, if nothing is said: it stays without one. `expire`: the
 * expiry holds for it too, and takes it away.
 *
 * @since 0.1.0
 */
export const IfGranted = Schema.Literals(["keep", "expire"])

/**
 * @since 0.1.0
 */
export type IfGranted = typeof IfGranted.Type

/**
 * @since 0.1.0
 */
export const CreateGrant = Schema.Struct({
  entitlementId: Requests.SourceId,
  principalId: Requests.SourceId,
  /** `user` if absent. */
  principalType: Schema.optionalKey(Requests.SourceId),
  /** When to revoke it again: just-in-time access. */
  expiresAt: Schema.optionalKey(Requests.Timestamp),
  ifGranted: Schema.optionalKey(IfGranted),
  dryRun: Schema.optionalKey(Schema.Boolean)
}).annotate({ identifier: "CreateGrant" })

/**
 * @since 0.1.0
 */
export type CreateGrant = typeof CreateGrant.Type

/**
 * @since 0.1.0
 */
export const UpdateTimedGrant = Schema.Struct({
  /** Later to extend it, earlier to shorten it; in the past to end it now. */
  expiresAt: Requests.Timestamp
}).annotate({ identifier: "UpdateTimedGrant" })

const ofConnector = { connectorId: Requests.Id }

const search = Schema.optionalKey(
  Schema.String.check(Schema.isBetweenLength(1, 200)).annotate({
    description: "Part of a name, login or e-mail address, without regard to case"
  })
)

/** The whole answer carries an `ETag`; `If-None-Match` is answered with 304 where nothing has changed. */
const cached = <S extends Schema.Top>(schema: S) => HttpApiSchema.WithHeaders(schema, { etag: Schema.String })

const NotModified = HttpApiSchema.Empty(304)

const list = <S extends Schema.Top>(item: S) => [cached(Paging.page(item)), NotModified] as const

const change = {
  headers: Requests.changeHeaders,
  success: Operation.pipe(HttpApiSchema.status(202)),
  error: [NotFound, Conflict, InvalidInput, IdempotencyKeyReused, SourceFailed] as const
}

/**
 * @since 0.1.0
 */
export class DirectoryGroup extends HttpApiGroup.make("directory")
  .add(
    HttpApiEndpoint.get("accounts", "/accounts", {
      params: ofConnector,
      headers: Requests.readHeaders,
      query: {
        ...Paging.query,
        search,
        status: Schema.optionalKey(Model.AccountStatus),
        email: Schema.optionalKey(Schema.String.check(Schema.isBetweenLength(1, 320)))
      },
      success: list(Account),
      error: [NotFound, InvalidInput]
    }).annotate(OpenApi.Summary, "Accounts, by id"),
    HttpApiEndpoint.get("account", "/accounts/:accountId", {
      params: { ...ofConnector, accountId: Requests.SourceId },
      headers: Requests.readHeaders,
      success: [cached(Account), NotModified],
      error: [NotFound, SourceFailed]
    }).annotate(OpenApi.Summary, "An account"),
    HttpApiEndpoint.get("access", "/accounts/:accountId/access", {
      params: { ...ofConnector, accountId: Requests.SourceId },
      success: Access,
      error: [NotFound, SourceFailed]
    }).annotate(OpenApi.Summary, "What an account has access to"),
    HttpApiEndpoint.post("createAccount", "/accounts", { params: ofConnector, payload: CreateAccount, ...change })
      .annotate(RequiredScope, "provision").annotate(OpenApi.Summary, "Create an account"),
    HttpApiEndpoint.delete("deleteAccount", "/accounts/:accountId", {
      params: { ...ofConnector, accountId: Requests.SourceId },
      query: { dryRun: Schema.optionalKey(Schema.Literals(["true", "false"])) },
      ...change
    }).annotate(RequiredScope, "provision").annotate(OpenApi.Summary, "Delete an account"),
    HttpApiEndpoint.get("groups", "/groups", {
      params: ofConnector,
      headers: Requests.readHeaders,
      query: { ...Paging.query, search },
      success: list(Group),
      error: [NotFound, InvalidInput]
    }).annotate(OpenApi.Summary, "Groups, by id"),
    HttpApiEndpoint.get("group", "/groups/:groupId", {
      params: { ...ofConnector, groupId: Requests.SourceId },
      headers: Requests.readHeaders,
      success: [cached(Group), NotModified],
      error: [NotFound, SourceFailed]
    }).annotate(OpenApi.Summary, "A group"),
    HttpApiEndpoint.get("entitlements", "/entitlements", {
      params: ofConnector,
      headers: Requests.readHeaders,
      query: {
        ...Paging.query,
        search,
        resourceType: Schema.optionalKey(Requests.SourceId),
        resourceId: Schema.optionalKey(Requests.SourceId),
        slug: Schema.optionalKey(Requests.SourceId)
      },
      success: list(Entitlement),
      error: [NotFound, InvalidInput]
    }).annotate(OpenApi.Summary, "Entitlements, by id"),
    HttpApiEndpoint.get("entitlement", "/entitlements/:entitlementId", {
      params: { ...ofConnector, entitlementId: Requests.SourceId },
      headers: Requests.readHeaders,
      success: [cached(Entitlement), NotModified],
      error: [NotFound, SourceFailed]
    }).annotate(OpenApi.Summary, "An entitlement"),
    HttpApiEndpoint.get("grants", "/grants", {
      params: ofConnector,
      headers: Requests.readHeaders,
      query: {
        ...Paging.query,
        search,
        entitlementId: Schema.optionalKey(Requests.SourceId),
        resourceId: Schema.optionalKey(Requests.SourceId),
        principalId: Schema.optionalKey(Requests.SourceId),
        principalStatus: Schema.optionalKey(Model.AccountStatus)
      },
      success: list(Grant),
      error: [NotFound, InvalidInput]
    }).annotate(OpenApi.Summary, "Grants, by id"),
    HttpApiEndpoint.get("grant", "/grants/:grantId", {
      params: { ...ofConnector, grantId: Requests.SourceId },
      headers: Requests.readHeaders,
      success: [cached(Grant), NotModified],
      error: [NotFound, SourceFailed]
    }).annotate(OpenApi.Summary, "A grant"),
    HttpApiEndpoint.post("createGrant", "/grants", { params: ofConnector, payload: CreateGrant, ...change })
      .annotate(RequiredScope, "provision").annotate(OpenApi.Summary, "Grant an entitlement, for good or for a time"),
    HttpApiEndpoint.delete("revokeGrant", "/grants/:grantId", {
      params: { ...ofConnector, grantId: Requests.SourceId },
      query: { dryRun: Schema.optionalKey(Schema.Literals(["true", "false"])) },
      ...change
    }).annotate(RequiredScope, "provision").annotate(OpenApi.Summary, "Revoke a grant")
  )
  .middleware(Changes)
  .middleware(Authorization)
  .prefix("/v1/connectors/:connectorId")
  .annotateMerge(OpenApi.annotations({ title: "Directory" }))
{}

/**
 * @since 0.1.0
 */
export class TimedGrantsGroup extends HttpApiGroup.make("timedGrants")
  .add(
    HttpApiEndpoint.get("list", "/timed-grants", {
      query: {
        ...Paging.query,
        connectorId: Schema.optionalKey(Requests.Id),
        state: Schema.optionalKey(TimedGrant.fields.state)
      },
      success: Paging.page(TimedGrant),
      error: InvalidInput
    }).annotate(OpenApi.Summary, "Timed grants, the next to expire first"),
    HttpApiEndpoint.get("get", "/timed-grants/:timedGrantId", {
      params: { timedGrantId: Requests.Id },
      success: TimedGrant,
      error: NotFound
    }).annotate(OpenApi.Summary, "A timed grant"),
    HttpApiEndpoint.patch("update", "/timed-grants/:timedGrantId", {
      params: { timedGrantId: Requests.Id },
      headers: Requests.changeHeaders,
      payload: UpdateTimedGrant,
      success: TimedGrant,
      error: [NotFound, Conflict, InvalidInput, IdempotencyKeyReused]
    }).annotate(RequiredScope, "provision").annotate(OpenApi.Summary, "Extend, shorten or end a timed grant")
  )
  .middleware(Changes)
  .middleware(Authorization)
  .prefix("/v1")
  .annotateMerge(OpenApi.annotations({ title: "Timed grants" }))
{}
