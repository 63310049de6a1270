/**
 * PATCH (RFC 7644 section 3.5.2) by npm's `scim-patch`, in two manners: as the library does it, which is what the real endpoint
 * almost surely runs, or with the library's departures from the RFC straightened out before and after.
 */
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import {
  patchBodyValidation,
  ScimError,
  type ScimPatch,
  scimPatch,
  type ScimPatchOperation,
  type ScimResource
} from "scim-patch"
import * as ScimFailure from "../ScimFailure.ts"
import { isJsonObject, type JsonObject, objectsOf, stringOf } from "./Json.ts"
import { resolve, type ResourceDefinition, type SchemaDefinition, shapeOf, splitPath, subShape } from "./Schemas.ts"

type Patched<A> = Result.Result<A, ScimFailure.ScimFailure>

const refuse = (detail: string, scimType: string): Result.Result<never, ScimFailure.ScimFailure> =>
  Result.fail(ScimFailure.make(400, detail, scimType))

// The library types what it accepts but checks it itself, at run time; these guards let foreign data reach that check.
const isPatchBody = (body: unknown): body is ScimPatch => isJsonObject(body)
const isResource = (resource: JsonObject): resource is JsonObject & ScimResource => Array.isArray(resource["schemas"])
const isOperation = (operation: JsonObject): operation is JsonObject & ScimPatchOperation =>
  Predicate.isString(operation["op"])

const failureOf = (cause: unknown): ScimFailure.ScimFailure =>
  cause instanceof ScimError
    ? ScimFailure.make(400, cause.message, cause.scimCode)
    : ScimFailure.make(
      400,
      `Invalid SCIM Patch: ${cause instanceof Error ? cause.message : String(cause)}`,
      "invalidSyntax"
    )

// The library walks paths through plain objects, so such names would reach the prototypes of this very process.
const forbidden = /(?:^|[.:[])(?:__proto__|constructor|prototype)(?:$|[.:[])/

const reachesPrototypes = (operation: JsonObject): boolean => {
  const names = [
    stringOf(operation["path"]) ?? "",
    ...(isJsonObject(operation["value"]) ? Object.keys(operation["value"]) : [])
  ]
  return names.some((name) => forbidden.test(name))
}

const run = (resource: JsonObject, operations: ReadonlyArray<JsonObject>): Patched<JsonObject> =>
  Result.try({
    try: (): JsonObject => (isResource(resource) ? scimPatch(resource, operations.filter(isOperation)) : resource),
    catch: failureOf
  })

/** Operations of a body that the library's own validation accepts. */
const operationsOf = (body: unknown): Patched<ReadonlyArray<JsonObject>> => {
  if (!isPatchBody(body)) return refuse("Invalid SCIM Patch: The body is not an object.", "invalidSyntax")
  return Result.flatMap(
    Result.try({ try: () => patchBodyValidation(body), catch: failureOf }),
    () => {
      const operations = objectsOf(body.Operations)
      return operations.some(reachesPrototypes)
        ? refuse("Invalid SCIM Patch: a path names no attribute.", "invalidPath")
        : Result.succeed(operations)
    }
  )
}

const readOnlyNames = new Set(["id", "meta", "schemas", "groups"])

interface Target {
  readonly path: string
  readonly attribute: string
  readonly extension: SchemaDefinition | undefined
  readonly filtered: boolean
  readonly multiValued: boolean
}

const pathPattern = /^([^[\]]+)(\[.*\])?(?:\.([^.[\]]+))?$/s

/** Gives a path the names as the schema spells them, and refuses what the schema does not have. */
const targetOf = (path: string, definition: ResourceDefinition): Patched<Target> => {
  const match = pathPattern.exec(path)
  const [, head = "", filter = "", tail] = match ?? []
  const { extension, names } = splitPath(head, definition)
  const [first = "", ...rest] = names
  if (extension === undefined && readOnlyNames.has(first.toLowerCase())) {
    return refuse(`The attribute '${path}' is read-only`, "mutability")
  }
  const attribute = (extension === undefined ? definition.shape : shapeOf(extension.attributes)).lower
    .get(first.toLowerCase())
  if (attribute === undefined) return refuse(`The path '${path}' names no attribute`, "invalidPath")
  let shape = subShape(attribute)
  const spelled = [attribute.name]
  let last = attribute
  for (const name of tail === undefined ? rest : [...rest, tail]) {
    const sub = shape.lower.get(name.toLowerCase())
    if (sub === undefined) return refuse(`The path '${path}' names no attribute`, "invalidPath")
    spelled.push(sub.name)
    last = sub
    shape = subShape(sub)
  }
  if (last.mutability === "readOnly") return refuse(`The attribute '${path}' is read-only`, "mutability")
  const prefix = extension === undefined ? "" : `${extension.id}:`
  const [base = "", ...subs] = spelled
  return Result.succeed({
    path: `${prefix}${base}${filter}${subs.map((sub) => `.${sub}`).join("")}`,
    attribute: base,
    extension,
    filtered: filter !== "",
    multiValued: attribute.multiValued && filter === "" && subs.length === 0
  })
}

/**
 * One operation as several with a path each, where the client gave none or named a whole extension. Members of the value that
 * the schema does not have, or that clients may not write (Okta sends the `id` along), are left out as they are in a PUT.
 */
const spread = (operation: JsonObject, definition: ResourceDefinition): ReadonlyArray<JsonObject> => {
  const { op, value } = operation
  const path = stringOf(operation["path"])
  const place = path === undefined ? undefined : splitPath(path, definition)
  if (place !== undefined && (place.extension === undefined || place.names.length > 0)) return [operation]
  const whole = place?.extension
  if (op === "remove") {
    return whole === undefined
      ? [operation]
      : whole.attributes.map((attribute) => ({ op, path: `${whole.id}:${attribute.name}` }))
  }
  if (!isJsonObject(value)) return [operation]
  const parts = Object.entries(value).flatMap(([key, inner]) => {
    const { extension, names } = splitPath(key, definition)
    return whole === undefined && extension !== undefined && names.length === 0 && isJsonObject(inner)
      ? Object.entries(inner).map(([name, part]) => ({ op, path: `${extension.id}:${name}`, value: part }))
      : [{ op, path: whole === undefined ? key : `${whole.id}:${key}`, value: inner }]
  })
  return parts.filter((part) => {
    const attribute = resolve(part.path, definition)
    return attribute !== undefined && attribute.mutability !== "readOnly"
  })
}

const applyByTheLetter = (
  resource: JsonObject,
  operation: JsonObject,
  definition: ResourceDefinition
): Patched<JsonObject> => {
  const path = stringOf(operation["path"])
  if (path === undefined) return run(resource, [operation])
  const target = targetOf(path, definition)
  if (Result.isFailure(target)) return Result.fail(target.failure)
  const { attribute, extension, filtered, multiValued } = target.success
  const value = operation["value"]
  const holder = extension === undefined ? resource : resource[extension.id]
  if (operation["op"] === "remove") {
    const present = isJsonObject(holder) && holder[attribute] !== undefined
    // A remove has no `value` in the RFC: a server that knows only the RFC removes the whole attribute.
    return present ? run(resource, [{ op: "remove", path: target.success.path }]) : Result.succeed(resource)
  }
  if (filtered && !(isJsonObject(holder) && Array.isArray(holder[attribute])) && !path.includes("].")) {
    return refuse(`The path '${path}' matches no value`, "noTarget")
  }
  const values = multiValued && !Array.isArray(value) ? [value] : value
  return run(resource, [{ op: operation["op"], path: target.success.path, value: values }])
}

/** `primary` is true at most once (RFC 7643 section 2.4): the last one written wins. A member is in a group once. */
const settle = (resource: JsonObject): JsonObject => {
  const settled = { ...resource }
  for (const [key, value] of Object.entries(resource)) {
    const items = objectsOf(value)
    if (items.length < 2) continue
    const seen = new Set<unknown>()
    const distinct = key === "members"
      ? items.filter((item) => seen.size < seen.add(item["value"]).size)
      : items
    const last = items.findLast((item) => item["primary"] === true)
    settled[key] = distinct.map((item) =>
      item["primary"] === true && item !== last ? { ...item, primary: false } : item
    )
  }
  return settled
}

const byTheLetter = (body: unknown, resource: JsonObject, definition: ResourceDefinition): Patched<JsonObject> => {
  const lowered = isJsonObject(body) && Array.isArray(body["Operations"])
    ? {
      ...body,
      Operations: body["Operations"].map((operation: unknown) =>
        isJsonObject(operation) && Predicate.isString(operation["op"])
          ? { ...operation, op: operation["op"].toLowerCase() }
          : operation
      )
    }
    : body
  return Result.flatMap(operationsOf(lowered), (operations) => {
    let patched: Patched<JsonObject> = Result.succeed(resource)
    for (const operation of operations.flatMap((operation) => spread(operation, definition))) {
      patched = Result.flatMap(patched, (current) => applyByTheLetter(current, operation, definition))
    }
    return Result.map(patched, settle)
  })
}

/**
 * Applies a PATCH body to a resource, in place: give it a copy, which is worthless if the patch fails half-way. The result still
 * has to be conformed.
 */
export const apply = (
  body: unknown,
  resource: JsonObject,
  definition: ResourceDefinition,
  manner: "scim-patch" | "rfc"
): Patched<JsonObject> =>
  manner === "rfc"
    ? byTheLetter(body, resource, definition)
    : Result.flatMap(operationsOf(body), (operations) => run(resource, operations))

/** Whether a PATCH body adds members (`"add"`), takes some away (`"remove"`), both or neither. */
export const touchesMembers = (body: unknown): { readonly adds: boolean; readonly removes: boolean } => {
  const operations = isJsonObject(body) ? objectsOf(body["Operations"]) : []
  const onMembers = operations.filter((operation) => {
    const path = stringOf(operation["path"])
    return path === undefined
      ? isJsonObject(operation["value"]) && "members" in operation["value"]
      : /^(?:.*:)?members(?:$|\[)/i.test(path)
  })
  const has = (op: string): boolean => onMembers.some((operation) => stringOf(operation["op"])?.toLowerCase() === op)
  return { adds: has("add") || has("replace"), removes: has("remove") || has("replace") }
}
