/**
 * The schema and message URNs that SCIM names: constants, so that no URN is typed twice.
 *
 * @since 0.1.0
 */

/**
 * Core `User` schema (RFC 7643 §4.1).
 *
 * @since 0.1.0
 */
export const User = "urn:ietf:params:scim:schemas:core:2.0:User"

/**
 * Core `Group` schema (RFC 7643 §4.2).
 *
 * @since 0.1.0
 */
export const Group = "urn:ietf:params:scim:schemas:core:2.0:Group"

/**
 * Enterprise User extension (RFC 7643 §4.3).
 *
 * @since 0.1.0
 */
export const EnterpriseUser = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

/**
 * `ServiceProviderConfig` schema (RFC 7643 §5).
 *
 * @since 0.1.0
 */
export const ServiceProviderConfig = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"

/**
 * `ResourceType` schema (RFC 7643 §6).
 *
 * @since 0.1.0
 */
export const ResourceType = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"

/**
 * `Schema` schema (RFC 7643 §7).
 *
 * @since 0.1.0
 */
export const Schema = "urn:ietf:params:scim:schemas:core:2.0:Schema"

/**
 * List answer message (RFC 7644 §3.4.2).
 *
 * @since 0.1.0
 */
export const ListResponse = "urn:ietf:params:scim:api:messages:2.0:ListResponse"

/**
 * Body of a `/.search` request (RFC 7644 §3.4.3).
 *
 * @since 0.1.0
 */
export const SearchRequest = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"

/**
 * Body of a PATCH request (RFC 7644 §3.5.2).
 *
 * @since 0.1.0
 */
export const PatchOp = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

/**
 * Body of a bulk request (RFC 7644 §3.7).
 *
 * @since 0.1.0
 */
export const BulkRequest = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"

/**
 * Answer to a bulk request (RFC 7644 §3.7).
 *
 * @since 0.1.0
 */
export const BulkResponse = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"

/**
 * Error message (RFC 7644 §3.12).
 *
 * @since 0.1.0
 */
export const Error = "urn:ietf:params:scim:api:messages:2.0:Error"
