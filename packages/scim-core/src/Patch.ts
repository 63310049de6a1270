/**
 * PATCH requests as data (RFC 7644 §3.5.2), with the form that is safe on every known server as the easy one.
 *
 * @since 0.1.0
 */
import type * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { JsonObject } from "./ScimResource.ts"

/**
 * A JSON value without null. `undefined` members of objects are left out.
 *
 * @since 0.1.0
 */
export type PatchValue =
  | string
  | number
  | boolean
  | ReadonlyArray<PatchValue>
  | { readonly [name: string]: PatchValue | undefined }

/** @since 0.1.0 */
export type Operation =
  | { readonly _tag: "Add"; readonly path: string | undefined; readonly value: PatchValue }
  | { readonly _tag: "Replace"; readonly path: string | undefined; readonly value: PatchValue }
  | { readonly _tag: "Remove"; readonly path: string }
  | { readonly _tag: "RemoveValues"; readonly path: string; readonly values: ReadonlyArray<PatchValue> }

/** At least one operation. @since 0.1.0 */
export interface Patch {
  readonly operations: readonly [Operation, ...Array<Operation>]
}

/** @since 0.1.0 */
export class InvalidPatch extends Schema.TaggedError<InvalidPatch>()("InvalidPatch", {
  message: Schema.String
}) {}

export declare const addMember: (id: string) => Operation
/** One `add` with all ids in its value array. */
export declare const addMembers: (ids: ReadonlyArray<string>) => Operation
/** `remove` on `members[value eq "<id>"]`. */
export declare const removeMember: (id: string) => Operation
export declare const add: (path: string, value: PatchValue) => Operation
export declare const replace: (path: string, value: PatchValue) => Operation
export declare const remove: (path: string) => Operation
/** `replace` on path `active`; `replaceAttributes({ active })` is the path-less form that Okta sends. */
export declare const setActive: (active: boolean) => Operation
/** Path-less forms. */
export declare const addAttributes: (attributes: { readonly [name: string]: PatchValue | undefined }) => Operation
export declare const replaceAttributes: (attributes: { readonly [name: string]: PatchValue | undefined }) => Operation
/** Dangerous on literal servers: empties groups. Dialects that need it only. */
export declare const removeMembersByValueDangerously: (ids: ReadonlyArray<string>) => Operation
/** Checks every operation. */
export declare const make: (operations: ReadonlyArray<Operation>) => Result.Result<Patch, InvalidPatch>
export declare const split: (
  patch: Patch,
  limits: { readonly maxOperations?: number | undefined; readonly maxValues?: number | undefined }
) => ReadonlyArray<Patch>
/** The JSON body. */
export declare const encode: (patch: Patch) => JsonObject
