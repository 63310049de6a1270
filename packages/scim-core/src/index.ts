/**
 * SCIM 2.0 client on Effect.
 *
 * @since 0.1.0
 */
export * as Auth from "./Auth.ts"
export * as Bulk from "./Bulk.ts"
export * as Detect from "./Detect.ts"
export * as Dialect from "./Dialect.ts"
export * as Discovery from "./Discovery.ts"
export * as ErrorResponse from "./ErrorResponse.ts"
export * as Filter from "./Filter.ts"
export * as Group from "./Group.ts"
export * as ListResponse from "./ListResponse.ts"
export * as Membership from "./Membership.ts"
export * as Page from "./Page.ts"
export * as Pagination from "./Pagination.ts"
export * as Patch from "./Patch.ts"
export * as ResourceClient from "./ResourceClient.ts"
export * as ResourceKind from "./ResourceKind.ts"
export * as ResourcePath from "./ResourcePath.ts"
export * as RetryPolicy from "./RetryPolicy.ts"
export * as Schemas from "./Schemas.ts"
export * as ScimClient from "./ScimClient.ts"
export * as ScimError from "./ScimError.ts"
export * as ScimMetrics from "./ScimMetrics.ts"
export * as ScimResource from "./ScimResource.ts"
export * as User from "./User.ts"
