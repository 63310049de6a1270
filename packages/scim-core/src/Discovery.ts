/**
 * What a server says about itself (RFC 7643 §5 to §7, RFC 9865 §4), read field by field. Absent or broken discovery never fails; what a
 * server does not say is unknown, not unsupported.
 *
 * @since 0.1.0
 */
import type { Findings, JsonObject } from "./ScimResource.ts"

/** @since 0.1.0 */
export type Support = "supported" | "unsupported" | "unknown"

/** @since 0.1.0 */
export interface ServiceProviderConfig {
  readonly documentationUri: string | undefined
  readonly patch: Support
  readonly bulk: {
    readonly support: Support
    readonly maxOperations: number | undefined
    readonly maxPayloadSize: number | undefined
  }
  readonly filter: { readonly support: Support; readonly maxResults: number | undefined }
  readonly changePassword: Support
  readonly sort: Support
  readonly etag: Support
  readonly pagination: {
    readonly cursor: Support
    readonly index: Support
    readonly defaultPaginationMethod: "cursor" | "index" | undefined
    readonly defaultPageSize: number | undefined
    readonly maxPageSize: number | undefined
    /** Seconds. */
    readonly cursorTimeout: number | undefined
  }
  readonly authenticationSchemes: ReadonlyArray<
    { readonly type: string | undefined; readonly name: string | undefined }
  >
  readonly raw: JsonObject | undefined
}

/** @since 0.1.0 */
export interface ResourceType {
  readonly id: string | undefined
  readonly name: string
  /** Relative to the base URL, begins with a slash. */
  readonly endpoint: string
  readonly description: string | undefined
  readonly schema: string | undefined
  readonly schemaExtensions: ReadonlyArray<{ readonly schema: string; readonly required: boolean | undefined }>
  readonly raw: JsonObject
}

/** @since 0.1.0 */
export interface SchemaAttribute {
  readonly name: string
  readonly type: string | undefined
  readonly multiValued: boolean | undefined
  readonly required: boolean | undefined
  readonly caseExact: boolean | undefined
  readonly mutability: string | undefined
  readonly returned: string | undefined
  readonly uniqueness: string | undefined
  readonly canonicalValues: ReadonlyArray<string>
  readonly referenceTypes: ReadonlyArray<string>
  readonly description: string | undefined
  readonly subAttributes: ReadonlyArray<SchemaAttribute>
}

/** @since 0.1.0 */
export interface SchemaDefinition {
  readonly id: string
  readonly name: string | undefined
  readonly description: string | undefined
  readonly attributes: ReadonlyArray<SchemaAttribute>
  readonly raw: JsonObject
}

/** Everything unknown. @since 0.1.0 */
export declare const unknownServiceProviderConfig: ServiceProviderConfig
export declare const decodeServiceProviderConfig: (input: unknown, findings?: Findings) => ServiceProviderConfig
/** A list response, a bare array or one object. */
export declare const decodeResourceTypes: (input: unknown, findings?: Findings) => ReadonlyArray<ResourceType>
export declare const decodeSchemas: (input: unknown, findings?: Findings) => ReadonlyArray<SchemaDefinition>
