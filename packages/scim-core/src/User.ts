/**
 * SCIM `User` resources (RFC 7643 §4.1 and §4.3): a tolerant, allocation-lean decoder and the encoder for create and replace bodies.
 *
 * @since 0.1.0
 */
import type { Findings, JsonObject, Meta, ScimResource } from "./ScimResource.ts"

/**
 * Components of a person's name (RFC 7643 §4.1.1).
 *
 * @since 0.1.0
 */
export interface Name {
  readonly formatted: string | undefined
  readonly givenName: string | undefined
  readonly middleName: string | undefined
  readonly familyName: string | undefined
  readonly honorificPrefix: string | undefined
  readonly honorificSuffix: string | undefined
}

/**
 * One value of a plural attribute such as `emails`, `phoneNumbers`, `roles` or `groups` (RFC 7643 §2.4).
 *
 * @since 0.1.0
 */
export interface PluralValue {
  readonly value: string
  readonly display: string | undefined
  readonly type: string | undefined
  /** `undefined` when the server said nothing. */
  readonly primary: boolean | undefined
}

/**
 * The Enterprise User extension (RFC 7643 §4.3).
 *
 * @since 0.1.0
 */
export interface EnterpriseUser {
  readonly employeeNumber: string | undefined
  readonly costCenter: string | undefined
  readonly organization: string | undefined
  readonly division: string | undefined
  readonly department: string | undefined
  readonly manager: { readonly value: string | undefined; readonly displayName: string | undefined } | undefined
}

/**
 * A user as read from a server. Absent, null and unreadable attributes are all `undefined`; plural attributes are then empty.
 *
 * @since 0.1.0
 */
export interface User extends ScimResource {
  readonly userName: string | undefined
  readonly displayName: string | undefined
  readonly name: Name | undefined
  readonly title: string | undefined
  readonly userType: string | undefined
  /** `undefined` means that the server did not say, which is neither active nor inactive. */
  readonly active: boolean | undefined
  readonly emails: ReadonlyArray<PluralValue>
  readonly phoneNumbers: ReadonlyArray<PluralValue>
  readonly groups: ReadonlyArray<PluralValue>
  readonly roles: ReadonlyArray<PluralValue>
  readonly enterprise: EnterpriseUser | undefined
}

/**
 * An e-mail address to write.
 *
 * @since 0.1.0
 */
export interface NewEmail {
  readonly value: string
  readonly type?: string | undefined
  readonly primary?: boolean | undefined
  readonly display?: string | undefined
}

/**
 * What a client may say about a user when it creates or replaces one. Everything but `userName` may be left out;
 * `undefined` is the same as left out.
 *
 * @since 0.1.0
 */
export interface NewUser {
  readonly userName: string
  readonly externalId?: string | undefined
  readonly displayName?: string | undefined
  readonly name?: {
    readonly formatted?: string | undefined
    readonly givenName?: string | undefined
    readonly middleName?: string | undefined
    readonly familyName?: string | undefined
    readonly honorificPrefix?: string | undefined
    readonly honorificSuffix?: string | undefined
  } | undefined
  readonly title?: string | undefined
  readonly userType?: string | undefined
  readonly active?: boolean | undefined
  readonly emails?: ReadonlyArray<NewEmail> | undefined
  readonly enterprise?: {
    readonly employeeNumber?: string | undefined
    readonly costCenter?: string | undefined
    readonly organization?: string | undefined
    readonly division?: string | undefined
    readonly department?: string | undefined
    readonly manager?: string | undefined
  } | undefined
  /** Attributes of further extensions, by schema URN. */
  readonly extensions?: { readonly [urn: string]: JsonObject } | undefined
}

/**
 * Decodes a user; `undefined` when there is no usable `id`. Never throws.
 *
 * @since 0.1.0
 */
export declare const decode: (input: unknown, findings?: Findings) => User | undefined

/**
 * The body of a create (POST) or replace (PUT) request: no null, no `id`, no `meta`, no boolean as a string.
 *
 * @since 0.1.0
 */
export declare const create: (user: NewUser) => JsonObject

/**
 * The e-mail that stands for the user: `primary: true`, else the first `work`, else the first `home`, else the first
 * with a value. `undefined` without any e-mail.
 *
 * @since 0.1.0
 */
export declare const primaryEmail: (user: { readonly emails: ReadonlyArray<PluralValue> }) => string | undefined
export type { Meta }
