/**
 * Brings a resource sent by a client into the stored form: known attributes only, right types, no null. What does not
 * conform is refused in the words of the real endpoint (`'active' is expected boolean, received string`).
 */
import * as Result from "effect/Result"
import type { Profile } from "../Profile.ts"
import * as ScimFailure from "../ScimFailure.ts"
import { isJsonObject, type JsonObject, typeName } from "./Json.ts"
import type { Attribute, ResourceDefinition, Shape } from "./Schemas.ts"
import { shapeOf, subShape } from "./Schemas.ts"

export interface Policy {
  readonly onNull: "reject" | "unassign"
  readonly attributeCase: "exact" | "any"
  readonly emptyArrays: "keep" | "omit"
}

export const policyOf = (profile: Profile, write: "create" | "replace" | "patch"): Policy => ({
  // A null left behind by a PATCH operation is a removal (RFC 7643 section 2.5), for every server.
  onNull: write === "patch" ? "unassign" : profile.onNull,
  attributeCase: profile.attributeCase,
  emptyArrays: profile.emptyArrays
})

type Conformed<A> = Result.Result<A, ScimFailure.ScimFailure>

const mismatch = (path: string, expected: string, received: unknown): Result.Result<never, ScimFailure.ScimFailure> =>
  Result.fail(
    ScimFailure.make(400, `'${path}' is expected ${expected}, received ${typeName(received)}`, "invalidSyntax")
  )

const expectedType = (attribute: Attribute): string =>
  attribute.multiValued ?
    "array" :
    attribute.type === "complex" ?
    "object" :
    attribute.type === "boolean" ?
    "boolean" :
    "string"

const conformValue = (value: unknown, attribute: Attribute, path: string, policy: Policy): Conformed<unknown> => {
  if (attribute.type === "complex") {
    return isJsonObject(value)
      ? conformMembers(value, subShape(attribute), `${path}.`, policy)
      : mismatch(path, "object", value)
  }
  const expected = attribute.type === "boolean" ? "boolean" : "string"
  return typeof value === expected ? Result.succeed(value) : mismatch(path, expected, value)
}

const conformAttribute = (value: unknown, attribute: Attribute, path: string, policy: Policy): Conformed<unknown> => {
  if (!attribute.multiValued) return conformValue(value, attribute, path, policy)
  if (!Array.isArray(value)) return mismatch(path, "array", value)
  const items: Array<unknown> = []
  for (const item of value) {
    if (item === null && policy.onNull === "unassign") continue
    const conformed = conformValue(item, attribute, path, policy)
    if (Result.isFailure(conformed)) return conformed
    items.push(conformed.success)
  }
  return Result.succeed(items)
}

const conformMembers = (input: JsonObject, shape: Shape, prefix: string, policy: Policy): Conformed<JsonObject> => {
  const output: JsonObject = {}
  for (const [key, value] of Object.entries(input)) {
    const attribute = policy.attributeCase === "exact" ? shape.exact.get(key) : shape.lower.get(key.toLowerCase())
    if (attribute === undefined || attribute.mutability === "readOnly") continue
    const path = prefix + attribute.name
    if (value === null || value === undefined) {
      if (policy.onNull === "reject") return mismatch(path, expectedType(attribute), null)
      continue
    }
    const conformed = conformAttribute(value, attribute, path, policy)
    if (Result.isFailure(conformed)) return Result.fail(conformed.failure)
    if (Array.isArray(conformed.success) && conformed.success.length === 0 && policy.emptyArrays === "omit") continue
    output[attribute.name] = conformed.success
  }
  return Result.succeed(output)
}

/** The attributes of a resource, without `schemas`, `id` and `meta`, which the server sets itself. */
export const conform = (body: unknown, definition: ResourceDefinition, policy: Policy): Conformed<JsonObject> => {
  if (!isJsonObject(body)) {
    return Result.fail(
      ScimFailure.make(400, `The body is expected to be an object, received ${typeName(body)}`, "invalidSyntax")
    )
  }
  const core = conformMembers(body, definition.shape, "", policy)
  if (Result.isFailure(core)) return Result.fail(core.failure)
  const output = core.success
  for (const extension of definition.extensions) {
    const wanted = extension.id.toLowerCase()
    const key = Object.keys(body).find((key) =>
      policy.attributeCase === "exact" ? key === extension.id : key.toLowerCase() === wanted
    )
    const value = key === undefined ? undefined : body[key]
    if (value === undefined || (value === null && policy.onNull === "unassign")) continue
    if (!isJsonObject(value)) return mismatch(extension.id, "object", value)
    const conformed = conformMembers(value, shapeOf(extension.attributes), `${extension.id}:`, policy)
    if (Result.isFailure(conformed)) return conformed
    if (Object.keys(conformed.success).length > 0) output[extension.id] = conformed.success
  }
  return Result.succeed(output)
}
