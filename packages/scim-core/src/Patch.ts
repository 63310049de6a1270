/**
 * PATCH requests as data (RFC 7644 §3.5.2), with the form that is safe on every known server as the easy one.
 *
 * A member is removed with `remove` on `members[value eq "<id>"]`. The other form in use, `remove` on `members` with a value array, empties
 * the whole group on servers that follow the RFC literally and does nothing on others; it exists here only under a name that says so.
 *
 * ```ts
 * import * as Patch from "@access-kit/scim-core/Patch"
 * import * as Result from "effect/Result"
 *
 * const body = Result.map(Patch.make([Patch.addMember("2819c223"), Patch.removeMember("902c246b")]), Patch.encode)
 * ```
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as attributePath from "./internal/attributePath.ts"
import { isArray, isObject } from "./internal/decoding.ts"
import * as filterParser from "./internal/filterParser.ts"
import * as Schemas from "./Schemas.ts"
import type { JsonObject } from "./ScimResource.ts"

/**
 * A JSON value without null: a PATCH takes an attribute away with `remove`. Members of objects that are `undefined` are left out.
 *
 * @since 0.1.0
 */
export type PatchValue =
  | string
  | number
  | boolean
  | ReadonlyArray<PatchValue>
  | PatchAttributes

/**
 * Attributes by name, for values of complex attributes and for operations without a path.
 *
 * @since 0.1.0
 */
export interface PatchAttributes {
  readonly [name: string]: PatchValue | undefined
}

/**
 * One operation of a PATCH.
 *
 * @since 0.1.0
 */
export type Operation = Add | Replace | Remove | RemoveValues

/**
 * Adds values to a plural attribute, or sets a singular one. Without `path` the value is an object of attributes.
 *
 * @since 0.1.0
 */
export interface Add {
  readonly _tag: "Add"
  readonly path: string | undefined
  readonly value: PatchValue
}

/**
 * Replaces the value of an attribute. Without `path` the value is an object of attributes.
 *
 * @since 0.1.0
 */
export interface Replace {
  readonly _tag: "Replace"
  readonly path: string | undefined
  readonly value: PatchValue
}

/**
 * Takes away an attribute, or the values of it that the filter in `path` selects.
 *
 * @since 0.1.0
 */
export interface Remove {
  readonly _tag: "Remove"
  readonly path: string
}

/**
 * The non-standard `remove` with values; see {@link removeMembersByValueDangerously}.
 *
 * @since 0.1.0
 */
export interface RemoveValues {
  readonly _tag: "RemoveValues"
  readonly path: string
  readonly values: ReadonlyArray<PatchValue>
}

/**
 * A checked PATCH with at least one operation. Made by {@link make}.
 *
 * @since 0.1.0
 */
export interface Patch {
  readonly operations: readonly [Operation, ...ReadonlyArray<Operation>]
}

/**
 * A PATCH that no server may be sent. `operation` is the index of the operation, absent when there is none.
 *
 * @since 0.1.0
 */
export class InvalidPatch extends Schema.TaggedError<InvalidPatch>()("InvalidPatch", {
  operation: Schema.optional(Schema.Number),
  message: Schema.String
}) {}

/**
 * Adds one member to a group. On a server that stores more than the id of a member, adding one who is there already may
 * store them twice: read first.
 *
 * @since 0.1.0
 */
export const addMember = (id: string): Operation => addMembers([id])

/**
 * Adds members to a group, all in one operation; ids that occur twice are sent once.
 *
 * @since 0.1.0
 */
export const addMembers = (ids: Iterable<string>): Operation => ({
  _tag: "Add",
  path: "members",
  value: membersOf(ids)
})

const membersOf = (ids: Iterable<string>): ReadonlyArray<PatchValue> => [...new Set(ids)].map((value) => ({ value }))

/**
 * Removes one member from a group and touches no other: `remove` on `members[value eq "<id>"]`, the id escaped.
 *
 * @since 0.1.0
 */
export const removeMember = (id: string): Operation => ({
  _tag: "Remove",
  path: `members[value eq ${JSON.stringify(id)}]`
})

/**
 * Removes several members, one operation each.
 *
 * @since 0.1.0
 */
export const removeMembers = (ids: Iterable<string>): ReadonlyArray<Operation> => [...new Set(ids)].map(removeMember)

/**
 * Adds `value` at `path`.
 *
 * @since 0.1.0
 */
export const add = (path: string, value: PatchValue): Operation => ({ _tag: "Add", path, value })

/**
 * Sets `path` to `value`. Replacing `members` replaces all of them.
 *
 * @since 0.1.0
 */
export const replace = (path: string, value: PatchValue): Operation => ({ _tag: "Replace", path, value })

/**
 * Takes `path` away. A path without filter takes away every value: `remove("members")` empties a group, one member is
 * removed with {@link removeMember}.
 *
 * @since 0.1.0
 */
export const remove = (path: string): Operation => ({ _tag: "Remove", path })

/**
 * Activates or deactivates a user: `replace` on path `active` with a JSON boolean. `replaceAttributes({ active })` is the form
 * without a path that some identity providers send.
 *
 * @since 0.1.0
 */
export const setActive = (active: boolean): Operation => replace("active", active)

/**
 * Adds several attributes at once, without a path.
 *
 * @since 0.1.0
 */
export const addAttributes = (attributes: PatchAttributes): Operation => ({
  _tag: "Add",
  path: undefined,
  value: attributes
})

/**
 * Replaces several attributes at once, without a path.
 *
 * @since 0.1.0
 */
export const replaceAttributes = (attributes: PatchAttributes): Operation => ({
  _tag: "Replace",
  path: undefined,
  value: attributes
})

/**
 * Removes members in the non-standard form: `remove` on `members` with a value array.
 *
 * **Dangerous**: RFC 7644 §3.5.2.2 gives `remove` no value, so a server that follows it removes **every** member; one built
 * on npm `scim-patch` answers success and removes nobody whose entry holds more than the id. Only for a server known to want it,
 * and never without reading the group afterwards.
 *
 * @since 0.1.0
 */
export const removeMembersByValueDangerously = (ids: Iterable<string>): Operation => ({
  _tag: "RemoveValues",
  path: "members",
  values: membersOf(ids)
})

/**
 * Checks operations and makes a PATCH of them. Refused are: no operations at all, paths that are none, read-only
 * attributes (`id`, `meta`, `schemas`), null, numbers without a JSON form, booleans as strings for `active` and `primary`,
 * empty ids, `add` without a value. The values are copied.
 *
 * @since 0.1.0
 */
export const make = (operations: Iterable<Operation>): Result.Result<Patch, InvalidPatch> => {
  const checked: Array<Operation> = []
  let index = 0
  for (const operation of operations) {
    const result = check(operation)
    if (typeof result === "string") {
      return Result.fail(new InvalidPatch({ operation: index, message: `Operation ${index} of the PATCH: ${result}` }))
    }
    checked.push(result)
    index++
  }
  const [first, ...rest] = checked
  return first === undefined
    ? Result.fail(new InvalidPatch({ message: "A PATCH needs at least one operation." }))
    : Result.succeed({ operations: [first, ...rest] })
}

/** The operation with its value copied, or what is wrong with it. */
const check = (operation: Operation): Operation | string => {
  const path = operation.path === undefined ? undefined : checkPath(operation.path)
  if (typeof path === "string") {
    return path
  }
  if (operation._tag === "Remove") {
    return operation
  }
  const input = operation._tag === "RemoveValues" ? operation.values : operation.value
  const copied = copy(input, path?.last)
  if ("problem" in copied) {
    return copied.problem
  }
  const { value } = copied
  const nothing = isEmpty(value)
  switch (operation._tag) {
    case "RemoveValues":
      return isArray(value) && !nothing
        ? { ...operation, values: value }
        : "without values it would remove everything at its path; use remove(path) if that is meant."
    case "Add":
    case "Replace": {
      // `replace` with an empty list is how a plural attribute is emptied; everything else empty says nothing.
      if (nothing && !(operation._tag === "Replace" && isArray(value) && operation.path !== undefined)) {
        return "the value is empty, so it would change nothing."
      }
      return path === undefined
        ? checkAttributes(value) ?? { ...operation, value }
        : { ...operation, value }
    }
  }
}

const checkPath = (text: string): { readonly last: string } | string => {
  const parsed = filterParser.parsePatchPath(text)
  if (!parsed.ok) {
    return `${
      JSON.stringify(text)
    } is no PATCH path: expected ${parsed.failure.expected} at position ${parsed.failure.position}.`
  }
  const { filter, subAttribute, target } = parsed.value
  if (isReadOnly(target.schema, target.attribute)) {
    return `${JSON.stringify(target.attribute)} is read-only (RFC 7643 §3.1); only the server sets it.`
  }
  if (
    filter?._tag === "Comparison" && filter.value === "" && filter.operator === "eq" &&
    filter.path.attribute.toLowerCase() === "value"
  ) {
    return "the id is empty."
  }
  return { last: subAttribute ?? target.subAttribute ?? target.attribute }
}

const coreSchema = /^urn:ietf:params:scim:schemas:core:2\.0:/i

const isReadOnly = (schema: string | undefined, attribute: string): boolean =>
  (schema === undefined || coreSchema.test(schema)) && /^(?:id|meta|schemas)$/i.test(attribute)

/** An operation without a path names its attributes as the members of its value. */
const checkAttributes = (value: PatchValue): string | undefined => {
  if (!isAttributes(value)) {
    return "without a path the value must be an object of attributes."
  }
  for (const name of Object.keys(value)) {
    const path = attributePath.parse(name)
    if (path === undefined && !attributePath.isSchemaUri(name)) {
      return `${JSON.stringify(name)} is no attribute path.`
    }
    if (path !== undefined && isReadOnly(path.schema, path.attribute)) {
      return `${JSON.stringify(name)} is read-only (RFC 7643 §3.1); only the server sets it.`
    }
  }
  return undefined
}

const isAttributes = (value: PatchValue): value is PatchAttributes => isObject(value)

const isEmpty = (value: PatchValue): boolean =>
  isArray(value) ? value.length === 0 : isAttributes(value) && Object.keys(value).length === 0

type Copied = { readonly value: PatchValue } | { readonly problem: string }

/**
 * A copy without undefined members. It takes `unknown`, since callers in JavaScript and values from elsewhere pass the type
 * checker by. `name` is the attribute that the value is for.
 */
const copy = (input: unknown, name: string | undefined, depth = 0): Copied => {
  if (depth > 32) {
    return { problem: "the value is nested more than 32 levels deep." }
  }
  switch (typeof input) {
    case "string":
      return isBooleanAttribute(name) && /^\s*(?:true|false)\s*$/i.test(input)
        ? { problem: `${JSON.stringify(name)} takes a JSON boolean, not the text ${JSON.stringify(input)}.` }
        : { value: input }
    case "boolean":
      return { value: input }
    case "number":
      return Number.isFinite(input) ? { value: input } : { problem: `${input} has no JSON form.` }
  }
  if (isArray(input)) {
    const out: Array<PatchValue> = []
    for (const item of input) {
      const copied = copy(item, name, depth + 1)
      if ("problem" in copied) {
        return copied
      }
      out.push(copied.value)
    }
    return { value: out }
  }
  if (isObject(input)) {
    const out: Record<string, PatchValue> = {}
    for (const [key, item] of Object.entries(input)) {
      if (item === undefined) {
        continue
      }
      if (item === "" && key.toLowerCase() === "value" && isMembers(name)) {
        return { problem: "the id of a member is empty." }
      }
      const copied = copy(item, key, depth + 1)
      if ("problem" in copied) {
        return copied
      }
      // Assigning `__proto__` would set the prototype instead of a member.
      Object.defineProperty(out, key, { value: copied.value, enumerable: true, configurable: true, writable: true })
    }
    return { value: out }
  }
  return {
    problem: input === null
      ? "null is not sent, since servers reject it; take the attribute away with remove(path)."
      : `the value holds ${input === undefined ? "undefined" : `a ${typeof input}`}, which has no JSON form.`
  }
}

const isBooleanAttribute = (name: string | undefined): boolean =>
  name !== undefined && /(?:^|[.:])(?:active|primary)$/i.test(name)

const isMembers = (name: string | undefined): boolean => name?.toLowerCase() === "members"

/**
 * Cuts a PATCH into several that keep a server's limits, in the same order: at most `maxOperations` operations and at most `maxValues` values each,
 * where every entry of a value array counts as one value and every other operation as one. Long arrays are cut, too: of an `add` and of a
 * `remove` with values into several of them, of a `replace` into one `replace` and `add`s for the rest.
 *
 * Several requests are not one transaction: after a failure the earlier ones have taken effect. Limits below 1 count as 1, absent ones
 * as none.
 *
 * @since 0.1.0
 */
export const split = (
  patch: Patch,
  limits: { readonly maxOperations?: number | undefined; readonly maxValues?: number | undefined }
): readonly [Patch, ...ReadonlyArray<Patch>] => {
  const maxOperations = limit(limits.maxOperations)
  const maxValues = limit(limits.maxValues)
  const [first, ...rest] = patch.operations.flatMap((operation) => cut(operation, maxValues))
  if (first === undefined) {
    return [patch]
  }
  const done: Array<Patch> = []
  let current: [Operation, ...Array<Operation>] = [first]
  let values = valuesOf(first)
  for (const operation of rest) {
    const more = valuesOf(operation)
    if (current.length >= maxOperations || values + more > maxValues) {
      done.push({ operations: current })
      current = [operation]
      values = more
    } else {
      current.push(operation)
      values += more
    }
  }
  const [head, ...tail] = [...done, { operations: current }]
  return head === undefined ? [patch] : [head, ...tail]
}

const limit = (value: number | undefined): number =>
  value === undefined || Number.isNaN(value) ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(value))

const valuesOf = (operation: Operation): number => {
  const value = operation._tag === "RemoveValues"
    ? operation.values
    : operation._tag === "Remove"
    ? undefined
    : operation.value
  return isArray(value) ? Math.max(1, value.length) : 1
}

const cut = (operation: Operation, maxValues: number): ReadonlyArray<Operation> => {
  if (operation._tag === "Remove" || operation.path === undefined || valuesOf(operation) <= maxValues) {
    return [operation]
  }
  const values = operation._tag === "RemoveValues" ? operation.values : operation.value
  if (!isArray(values)) {
    return [operation]
  }
  const out: Array<Operation> = []
  for (let start = 0; start < values.length; start += maxValues) {
    const piece = values.slice(start, start + maxValues)
    out.push(
      operation._tag === "RemoveValues"
        ? { ...operation, values: piece }
        : operation._tag === "Replace" && start > 0
        ? { _tag: "Add", path: operation.path, value: piece }
        : { ...operation, value: piece }
    )
  }
  return out
}

/**
 * The JSON body of the request: `schemas`, and `Operations` with lower-case `op`.
 *
 * @since 0.1.0
 */
export const encode = (patch: Patch): JsonObject => ({
  schemas: [Schemas.PatchOp],
  Operations: patch.operations.map(encodeOperation)
})

const encodeOperation = (operation: Operation): JsonObject => {
  switch (operation._tag) {
    case "Add":
    case "Replace": {
      const op = operation._tag === "Add" ? "add" : "replace"
      return operation.path === undefined
        ? { op, value: operation.value }
        : { op, path: operation.path, value: operation.value }
    }
    case "Remove":
      return { op: "remove", path: operation.path }
    case "RemoveValues":
      return { op: "remove", path: operation.path, value: operation.values }
  }
}
