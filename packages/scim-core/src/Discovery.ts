/**
 * What a server says about itself (RFC 7643 §5 to §7, RFC 9865 §4), read field by field.
 *
 * Absent or broken discovery never fails, and one unreadable field does not touch the others. What a server does not say is
 * `unknown`, which is not `unsupported`: a client must not switch features off because of it.
 *
 * @since 0.1.0
 */
import * as decoding from "./internal/decoding.ts"
import type { Findings, JsonObject } from "./ScimResource.ts"

/**
 * Whether a server supports a feature, as far as it says so.
 *
 * @since 0.1.0
 */
export type Support = "supported" | "unsupported" | "unknown"

/**
 * Bulk requests (RFC 7644 §3.7).
 *
 * @since 0.1.0
 */
export interface BulkSupport {
  readonly support: Support
  readonly maxOperations: number | undefined
  /** Bytes. */
  readonly maxPayloadSize: number | undefined
}

/**
 * Filters (RFC 7644 §3.4.2.2).
 *
 * @since 0.1.0
 */
export interface FilterSupport {
  readonly support: Support
  /** Most rows of one answer. */
  readonly maxResults: number | undefined
}

/**
 * Paging (RFC 9865 §4).
 *
 * @since 0.1.0
 */
export interface PaginationSupport {
  readonly cursor: Support
  readonly index: Support
  readonly defaultPaginationMethod: "cursor" | "index" | undefined
  readonly defaultPageSize: number | undefined
  readonly maxPageSize: number | undefined
  /** Seconds for which a cursor lives. */
  readonly cursorTimeout: number | undefined
}

/**
 * A way to authenticate that the server names (RFC 7643 §5).
 *
 * @since 0.1.0
 */
export interface AuthenticationScheme {
  /** `oauth`, `oauth2`, `oauthbearertoken`, `httpbasic`, `httpdigest` or another word. */
  readonly type: string | undefined
  readonly name: string | undefined
  readonly description: string | undefined
  readonly primary: boolean | undefined
}

/**
 * The server's configuration (RFC 7643 §5). `raw` is what it sent, `undefined` if that was no object.
 *
 * @since 0.1.0
 */
export interface ServiceProviderConfig {
  readonly documentationUri: string | undefined
  readonly patch: Support
  readonly bulk: BulkSupport
  readonly filter: FilterSupport
  readonly changePassword: Support
  readonly sort: Support
  readonly etag: Support
  readonly pagination: PaginationSupport
  readonly authenticationSchemes: ReadonlyArray<AuthenticationScheme>
  readonly raw: JsonObject | undefined
}

/**
 * An extension of a resource type.
 *
 * @since 0.1.0
 */
export interface SchemaExtension {
  readonly schema: string
  readonly required: boolean | undefined
}

/**
 * A resource type (RFC 7643 §6).
 *
 * @since 0.1.0
 */
export interface ResourceType {
  readonly id: string | undefined
  readonly name: string
  /** As the server wrote it: relative to the base URL, or absolute. Check it with `ResourcePath.collection`. */
  readonly endpoint: string
  readonly description: string | undefined
  readonly schema: string | undefined
  readonly schemaExtensions: ReadonlyArray<SchemaExtension>
  readonly raw: JsonObject
}

/**
 * An attribute of a schema (RFC 7643 §7). Characteristics that the server leaves out are `undefined`; the RFC's defaults
 * are not filled in.
 *
 * @since 0.1.0
 */
export interface SchemaAttribute {
  readonly name: string
  readonly type: string | undefined
  readonly multiValued: boolean | undefined
  readonly description: string | undefined
  readonly required: boolean | undefined
  readonly caseExact: boolean | undefined
  readonly mutability: string | undefined
  readonly returned: string | undefined
  readonly uniqueness: string | undefined
  readonly canonicalValues: ReadonlyArray<string>
  readonly referenceTypes: ReadonlyArray<string>
  readonly subAttributes: ReadonlyArray<SchemaAttribute>
}

/**
 * A schema (RFC 7643 §7).
 *
 * @since 0.1.0
 */
export interface SchemaDefinition {
  /** The URN. */
  readonly id: string
  readonly name: string | undefined
  readonly description: string | undefined
  readonly attributes: ReadonlyArray<SchemaAttribute>
  readonly raw: JsonObject
}

const configNames = decoding.names(
  "documentationUri",
  "patch",
  "bulk",
  "filter",
  "changePassword",
  "sort",
  "etag",
  "pagination",
  "authenticationSchemes"
)
const bulkNames = decoding.names("supported", "maxOperations", "maxPayloadSize")
const filterNames = decoding.names("supported", "maxResults")
const supportedNames = decoding.names("supported")
const paginationNames = decoding.names(
  "cursor",
  "index",
  "defaultPaginationMethod",
  "defaultPageSize",
  "maxPageSize",
  "cursorTimeout"
)
const schemeNames = decoding.names("type", "name", "description", "primary")

/**
 * Decodes a `ServiceProviderConfig`. Never fails and never throws: from a body that is none, everything is unknown. One
 * inside a list answer is read, too.
 *
 * @since 0.1.0
 */
export const decodeServiceProviderConfig = (input: unknown, findings?: Findings): ServiceProviderConfig => {
  const raw = onlyObject(input, findings)
  const object = raw === undefined
    ? {}
    : decoding.withExactNames(raw, configNames, "ServiceProviderConfig", findings)
  const bulk = part(object["bulk"], bulkNames, "ServiceProviderConfig.bulk", findings)
  const filter = part(object["filter"], filterNames, "ServiceProviderConfig.filter", findings)
  return {
    documentationUri: decoding.text(object["documentationUri"], "ServiceProviderConfig.documentationUri", findings),
    patch: feature(object["patch"], "ServiceProviderConfig.patch", findings),
    bulk: {
      support: support(bulk["supported"], "ServiceProviderConfig.bulk", findings),
      maxOperations: limit(bulk["maxOperations"], "ServiceProviderConfig.bulk.maxOperations", findings),
      maxPayloadSize: limit(bulk["maxPayloadSize"], "ServiceProviderConfig.bulk.maxPayloadSize", findings)
    },
    filter: {
      support: support(filter["supported"], "ServiceProviderConfig.filter", findings),
      maxResults: limit(filter["maxResults"], "ServiceProviderConfig.filter.maxResults", findings)
    },
    changePassword: feature(object["changePassword"], "ServiceProviderConfig.changePassword", findings),
    sort: feature(object["sort"], "ServiceProviderConfig.sort", findings),
    etag: feature(object["etag"], "ServiceProviderConfig.etag", findings),
    pagination: decodePagination(object["pagination"], findings),
    authenticationSchemes: list(
      object["authenticationSchemes"],
      "ServiceProviderConfig.authenticationSchemes",
      findings
    )
      .map((scheme) => decodeScheme(scheme, findings)),
    raw
  }
}

const decodePagination = (input: unknown, findings: Findings | undefined): PaginationSupport => {
  const at = "ServiceProviderConfig.pagination"
  const object = decoding.isObject(input) ? decoding.withExactNames(input, paginationNames, at, findings) : {}
  if (input !== undefined && input !== null && !decoding.isObject(input)) {
    findings?.add("Malformed", at, "not an object; treated as unknown")
  }
  const method = decoding.text(object["defaultPaginationMethod"], `${at}.defaultPaginationMethod`, findings)
    ?.toLowerCase()
  return {
    cursor: support(object["cursor"], `${at}.cursor`, findings),
    index: support(object["index"], `${at}.index`, findings),
    defaultPaginationMethod: method === "cursor" || method === "index" ? method : undefined,
    defaultPageSize: limit(object["defaultPageSize"], `${at}.defaultPageSize`, findings),
    maxPageSize: limit(object["maxPageSize"], `${at}.maxPageSize`, findings),
    cursorTimeout: limit(object["cursorTimeout"], `${at}.cursorTimeout`, findings)
  }
}

const decodeScheme = (input: JsonObject, findings: Findings | undefined): AuthenticationScheme => {
  const at = "ServiceProviderConfig.authenticationSchemes"
  const object = decoding.withExactNames(input, schemeNames, at, findings)
  return {
    type: decoding.text(object["type"], `${at}.type`, findings),
    name: decoding.text(object["name"], `${at}.name`, findings),
    description: decoding.text(object["description"], `${at}.description`, findings),
    primary: decoding.boolean(object["primary"], `${at}.primary`, findings)
  }
}

/** `{"supported": …}`, or the bare boolean that some servers write. */
const part = (input: unknown, known: decoding.Names, at: string, findings: Findings | undefined): JsonObject => {
  if (decoding.isObject(input)) {
    return decoding.withExactNames(input, known, at, findings)
  }
  if (input === undefined || input === null) {
    return {}
  }
  findings?.add("Shape", at, "not an object; read as its member `supported`")
  return { supported: input }
}

const feature = (input: unknown, at: string, findings: Findings | undefined): Support =>
  support(part(input, supportedNames, at, findings)["supported"], at, findings)

const support = (input: unknown, at: string, findings: Findings | undefined): Support => {
  const value = decoding.boolean(input, at, findings)
  return value === undefined ? "unknown" : value ? "supported" : "unsupported"
}

/** A limit of 0 would forbid everything; servers that write it mean that there is none, or that they do not support it. */
const limit = (input: unknown, at: string, findings: Findings | undefined): number | undefined => {
  const value = decoding.count(input, at, findings)
  return value === 0 ? undefined : value
}

const resourceTypeNames = decoding.names("id", "name", "endpoint", "description", "schema", "schemaExtensions")
const extensionNames = decoding.names("schema", "required")

/**
 * Decodes the answer of `/ResourceTypes`: a list answer, a bare array or one resource type. Never throws; entries without name or
 * endpoint are left out.
 *
 * @since 0.1.0
 */
export const decodeResourceTypes = (input: unknown, findings?: Findings): ReadonlyArray<ResourceType> =>
  rows(input, "ResourceType", findings).flatMap((raw) => {
    const object = decoding.withExactNames(raw, resourceTypeNames, "ResourceType", findings)
    const endpoint = decoding.text(object["endpoint"], "ResourceType.endpoint", findings)
    const id = decoding.identifier(object["id"], "ResourceType.id", findings)
    const name = decoding.text(object["name"], "ResourceType.name", findings) || id
    if (endpoint === undefined || endpoint === "" || name === undefined) {
      findings?.add("Malformed", "ResourceType", "a resource type without name or endpoint; left out")
      return []
    }
    return [{
      id,
      name,
      endpoint,
      description: decoding.text(object["description"], "ResourceType.description", findings),
      schema: decoding.text(object["schema"], "ResourceType.schema", findings),
      schemaExtensions: decodeExtensions(object["schemaExtensions"], findings),
      raw
    }]
  })

const decodeExtensions = (input: unknown, findings: Findings | undefined): ReadonlyArray<SchemaExtension> =>
  list(input, "ResourceType.schemaExtensions", findings).flatMap((entry) => {
    const object = decoding.withExactNames(entry, extensionNames, "ResourceType.schemaExtensions", findings)
    const schema = decoding.text(object["schema"], "ResourceType.schemaExtensions.schema", findings)
    if (schema === undefined || schema === "") {
      findings?.add("Malformed", "ResourceType.schemaExtensions", "an extension without schema; left out")
      return []
    }
    return [{
      schema,
      required: decoding.boolean(object["required"], "ResourceType.schemaExtensions.required", findings)
    }]
  })

const schemaNames = decoding.names("id", "name", "description", "attributes")
const attributeNames = decoding.names(
  "name",
  "type",
  "multiValued",
  "description",
  "required",
  "caseExact",
  "mutability",
  "returned",
  "uniqueness",
  "canonicalValues",
  "referenceTypes",
  "subAttributes"
)

/**
 * Decodes the answer of `/Schemas`: a list answer, a bare array or one schema. Never throws; schemas without id and
 * attributes without name are left out.
 *
 * @since 0.1.0
 */
export const decodeSchemas = (input: unknown, findings?: Findings): ReadonlyArray<SchemaDefinition> =>
  rows(input, "Schema", findings).flatMap((raw) => {
    const object = decoding.withExactNames(raw, schemaNames, "Schema", findings)
    const id = decoding.text(object["id"], "Schema.id", findings)
    if (id === undefined || id === "") {
      findings?.add("MissingId", "Schema.id", "a schema without id; left out")
      return []
    }
    return [{
      id,
      name: decoding.text(object["name"], "Schema.name", findings),
      description: decoding.text(object["description"], "Schema.description", findings),
      attributes: decodeAttributes(object["attributes"], findings, 0),
      raw
    }]
  })

// RFC 7643 §2.3.8 knows one level of sub-attributes; the rest is room for servers that go further, and an end for those that never would.
const maxAttributeDepth = 4

const decodeAttributes = (
  input: unknown,
  findings: Findings | undefined,
  depth: number
): ReadonlyArray<SchemaAttribute> => {
  if (depth > maxAttributeDepth) {
    findings?.add("Malformed", "Schema.attributes", "attributes nested too deep; left out")
    return []
  }
  const at = "Schema.attributes"
  return list(input, at, findings).flatMap((entry) => {
    const object = decoding.withExactNames(entry, attributeNames, at, findings)
    const name = decoding.text(object["name"], `${at}.name`, findings)
    if (name === undefined || name === "") {
      findings?.add("Malformed", at, "an attribute without name; left out")
      return []
    }
    return [{
      name,
      type: decoding.text(object["type"], `${at}.type`, findings),
      multiValued: decoding.boolean(object["multiValued"], `${at}.multiValued`, findings),
      description: decoding.text(object["description"], `${at}.description`, findings),
      required: decoding.boolean(object["required"], `${at}.required`, findings),
      caseExact: decoding.boolean(object["caseExact"], `${at}.caseExact`, findings),
      mutability: decoding.text(object["mutability"], `${at}.mutability`, findings),
      returned: decoding.text(object["returned"], `${at}.returned`, findings),
      uniqueness: decoding.text(object["uniqueness"], `${at}.uniqueness`, findings),
      canonicalValues: decoding.texts(object["canonicalValues"], `${at}.canonicalValues`, findings),
      referenceTypes: decoding.texts(object["referenceTypes"], `${at}.referenceTypes`, findings),
      subAttributes: decodeAttributes(object["subAttributes"], findings, depth + 1)
    }]
  })
}

const listNames = decoding.names("Resources")

/** The objects of a list answer or of an array; one object counts as a list of one. */
const rows = (input: unknown, at: string, findings: Findings | undefined): ReadonlyArray<JsonObject> => {
  if (!decoding.isObject(input)) {
    return list(input, at, findings)
  }
  const object = decoding.withExactNames(input, listNames, at, findings)
  if (Object.hasOwn(object, "Resources")) {
    return list(object["Resources"], at, findings)
  }
  // An empty list answer may leave Resources out (RFC 7644 §3.4.2); it is no row itself.
  return decoding.isObject(input) && /:ListResponse$/i.test(decoding.texts(input["schemas"], at).join())
    ? []
    : list(input, at, findings)
}

const onlyObject = (input: unknown, findings: Findings | undefined): JsonObject | undefined => {
  const [first] = rows(input, "ServiceProviderConfig", undefined)
  if (first === undefined) {
    findings?.add("Malformed", "ServiceProviderConfig", "not an object; everything is unknown")
  } else if (first !== input) {
    findings?.add("Shape", "ServiceProviderConfig", "inside a list; the first entry was read")
  }
  return first
}

const list = (input: unknown, at: string, findings: Findings | undefined): ReadonlyArray<JsonObject> => {
  if (input === undefined || input === null) {
    return []
  }
  if (!decoding.isArray(input)) {
    if (decoding.isObject(input)) {
      findings?.add("Single", at, "one value where a list belongs; read as a list of one")
      return [input]
    }
    findings?.add("Malformed", at, "not a list; treated as absent")
    return []
  }
  const out = input.filter(decoding.isObject)
  if (out.length < input.length) {
    findings?.add("Malformed", at, "an entry of a list is no object; left out")
  }
  return out
}

/**
 * The configuration of a server that says nothing about itself: everything is unknown.
 *
 * @since 0.1.0
 */
export const unknownServiceProviderConfig: ServiceProviderConfig = decodeServiceProviderConfig(undefined)
