/**
 * A type of resource, declared once: where it lives, how its rows are read and how new ones are written. `User` and `Group`
 * are here; any other type, and any extension, takes one declaration.
 *
 * @since 0.1.0
 */
import * as Group from "./Group.ts"
import * as Schemas from "./Schemas.ts"
import * as Resource from "./ScimResource.ts"
import type { Findings, JsonObject, RowDecoder, ScimResource } from "./ScimResource.ts"
import * as User from "./User.ts"

/**
 * An attribute whose value singles out one resource, as far as the server keeps its word.
 *
 * @since 0.1.0
 */
export interface NaturalKey {
  readonly attribute: string
  /** Whether case counts when an answer is checked. */
  readonly caseExact: boolean
}

/**
 * @since 0.1.0
 */
export interface ResourceKind<A extends ScimResource, in New = JsonObject> {
  /** Singular, such as `User`. */
  readonly name: string
  /** Below the base URL, with the leading slash. */
  readonly endpoint: string
  /** Schema URNs, the main one first. */
  readonly schemas: ReadonlyArray<string>
  readonly decode: RowDecoder<A>
  /** Body of a create or replace request. */
  readonly encode: (resource: New) => JsonObject
  /** Tried in this order when a resource has to be found again after a create request with an unclear end. */
  readonly naturalKeys: ReadonlyArray<NaturalKey>
}

/**
 * RFC 7643 §4.1.
 *
 * @since 0.1.0
 */
export const user: ResourceKind<User.User, User.NewUser> = {
  name: "User",
  endpoint: "/Users",
  schemas: [Schemas.User],
  decode: User.decode,
  encode: User.create,
  naturalKeys: [{ attribute: "userName", caseExact: false }, { attribute: "externalId", caseExact: true }]
}

/**
 * RFC 7643 §4.2. Display names are not unique among groups, so only `externalId` finds one again.
 *
 * @since 0.1.0
 */
export const group: ResourceKind<Group.Group, Group.NewGroup> = {
  name: "Group",
  endpoint: "/Groups",
  schemas: [Schemas.Group],
  decode: Group.decode,
  encode: Group.create,
  naturalKeys: [{ attribute: "externalId", caseExact: true }]
}

/**
 * Declares a type of resource.
 *
 * @since 0.1.0
 */
export const make = <A extends ScimResource, New = JsonObject>(options: {
  readonly name: string
  /** As `ResourceType.endpoint` says, such as `/Devices`. */
  readonly endpoint: string
  readonly schemas: ReadonlyArray<string>
  readonly decode: RowDecoder<A>
  readonly encode: (resource: New) => JsonObject
  /** Without any, a create request with an unclear end stays unclear. */
  readonly naturalKeys?: ReadonlyArray<NaturalKey> | undefined
}): ResourceKind<A, New> => ({ ...options, naturalKeys: options.naturalKeys ?? [] })

/**
 * A type of resource whose attributes nothing is known about: rows come as `ScimResource` with their `raw` object, and bodies
 * are sent as they are, with `schemas` added where it is missing.
 *
 * @since 0.1.0
 */
export const untyped = (options: {
  readonly name: string
  readonly endpoint: string
  readonly schemas: ReadonlyArray<string>
}): ResourceKind<Resource.ScimResource> =>
  make({
    ...options,
    decode: Resource.decode,
    encode: (body) => Resource.attribute(body, "schemas") === undefined ? { schemas: options.schemas, ...body } : body,
    naturalKeys: [{ attribute: "externalId", caseExact: true }]
  })

/**
 * The same kind with a typed extension: what `decode` makes of the extension's object stands under `property`, `undefined`
 * where the server sent none.
 *
 * @since 0.1.0
 */
export const extend = <A extends ScimResource, New, const P extends string, E>(
  kind: ResourceKind<A, New>,
  extension: {
    readonly property: P
    /** URN of the extension. */
    readonly schema: string
    readonly decode: (input: JsonObject, findings?: Findings) => E | undefined
  }
): ResourceKind<A & Extended<P, E>, New> => ({
  ...kind,
  schemas: [...kind.schemas, extension.schema],
  decode: (input, findings) => {
    const resource = kind.decode(input, findings)
    if (resource === undefined) return undefined
    const object = Resource.extension(resource, extension.schema, findings)
    const value = object === undefined ? undefined : extension.decode(object, findings)
    return { ...resource, ...property(extension.property, value) }
  }
})

/**
 * @since 0.1.0
 */
export type Extended<P extends string, E> = { readonly [K in P]: E | undefined }

const property = <const P extends string, E>(name: P, value: E | undefined): Extended<P, E> =>
  // A computed key widens to `string`; this is the one place that says what it was.
  ({ [name]: value }) as Extended<P, E>
