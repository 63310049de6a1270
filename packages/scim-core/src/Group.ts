/**
 * SCIM `Group` resources (RFC 7643 §4.2): a tolerant, allocation-lean decoder and the encoder for create and replace bodies.
 *
 * @since 0.1.0
 */
import type { Findings, JsonObject, ScimResource } from "./ScimResource.ts"

/**
 * One member of a group. `type` comes from `type`, else from `$ref`; `undefined` when neither tells.
 *
 * @since 0.1.0
 */
export interface Member {
  readonly value: string
  readonly display: string | undefined
  readonly type: "User" | "Group" | undefined
  readonly ref: string | undefined
}

/**
 * The members of a group. `Unknown` (the attribute is absent, null or unreadable) is never the same as a known empty list.
 *
 * @since 0.1.0
 */
export type Members =
  | { readonly _tag: "Unknown" }
  | {
    readonly _tag: "Known"
    readonly members: ReadonlyArray<Member>
    /** Entries that carried no id and were left out; above 0 the list is not complete. */
    readonly unreadable: number
  }

/**
 * A group as read from a server.
 *
 * @since 0.1.0
 */
export interface Group extends ScimResource {
  readonly displayName: string | undefined
  readonly members: Members
}

/**
 * What a client may say about a group when it creates or replaces one.
 *
 * @since 0.1.0
 */
export interface NewGroup {
  readonly displayName: string
  readonly externalId?: string | undefined
  /** Ids, or values with a type. */
  readonly members?:
    | ReadonlyArray<string | { readonly value: string; readonly type?: "User" | "Group" | undefined }>
    | undefined
  readonly extensions?: { readonly [urn: string]: JsonObject } | undefined
}

/**
 * Decodes a group; `undefined` when there is no usable `id`. Never throws.
 *
 * @since 0.1.0
 */
export declare const decode: (input: unknown, findings?: Findings) => Group | undefined

/**
 * The body of a create (POST) or replace (PUT) request: no null, no `id`, no `meta`.
 *
 * @since 0.1.0
 */
export declare const create: (group: NewGroup) => JsonObject
