/**
 * The evaluator of filters (RFC 7644 §3.4.2.2).
 */
import type { AttributePath, Comparison, Filter } from "../Filter.ts"
import type { JsonObject } from "../ScimResource.ts"
import { boolean, instant, isArray, isObject } from "./decoding.ts"

export type CaseExact = (path: AttributePath) => boolean

export const matches = (filter: Filter, object: JsonObject, caseExact: CaseExact): boolean => {
  switch (filter._tag) {
    case "And":
      return filter.filters.every((part) => matches(part, object, caseExact))
    case "Or":
      return filter.filters.some((part) => matches(part, object, caseExact))
    case "Not":
      return !matches(filter.filter, object, caseExact)
    case "Present":
      return valuesAt(object, filter.path).some(isPresent)
    case "ValuePath": {
      const inner = withParent(filter.path, caseExact)
      return valuesAt(object, filter.path).some((value) =>
        matches(filter.filter, isObject(value) ? value : { value }, inner)
      )
    }
    case "Comparison":
      return compare(filter, valuesAt(object, filter.path), caseExact)
  }
}

/** Inside `emails[…]` the path `type` means `emails.type`. */
const withParent = (parent: AttributePath, caseExact: CaseExact): CaseExact => (path) =>
  caseExact({ schema: parent.schema, attribute: parent.attribute, subAttribute: path.attribute })

const compare = (filter: Comparison, values: ReadonlyArray<unknown>, caseExact: CaseExact): boolean => {
  const { operator, value: expected } = filter
  if (expected === null) {
    // null is "unassigned" (RFC 7643 §2.5); only equality can be asked of it.
    const assigned = values.some(isPresent)
    return operator === "eq" ? !assigned : operator === "ne" && assigned
  }
  const exact = typeof expected !== "string" || caseExact(filter.path)
  const wanted = typeof expected === "string" && !exact ? expected.toLowerCase() : expected
  const simple = values.map(simpleValue).map((value) =>
    typeof value === "string" && !exact ? value.toLowerCase() : value
  )
  if (operator === "ne") {
    return !simple.some((value) => isEqual(value, wanted))
  }
  return simple.some((value) => {
    switch (operator) {
      case "eq":
        return isEqual(value, wanted)
      case "co":
        return isText(value) && String(value).includes(String(wanted))
      case "sw":
        return isText(value) && String(value).startsWith(String(wanted))
      case "ew":
        return isText(value) && String(value).endsWith(String(wanted))
      default: {
        const order = compareOrder(value, wanted)
        return order !== undefined &&
          (operator === "gt" ? order > 0 : operator === "ge" ? order >= 0 : operator === "lt" ? order < 0 : order <= 0)
      }
    }
  })
}

/** A complex value without a sub-attribute in the path stands for its `value` (RFC 7644 §3.4.2.2). */
const simpleValue = (value: unknown): unknown => isObject(value) ? lookUp(value, "value") : value

/**
 * Equal also across the forms that the decoders forgive: a numeric id is its text, `"True"` is `true`, and two
 * timestamps are equal when they are the same instant.
 */
const isEqual = (value: unknown, wanted: string | number | boolean): boolean => {
  if (value === wanted) {
    return true
  }
  if (typeof wanted === "boolean") {
    return boolean(value, "") === wanted
  }
  if (typeof value === "string" && typeof wanted === "string") {
    const instants = bothInstants(value, wanted)
    return instants !== undefined && instants[0] === instants[1]
  }
  return isText(value) && String(value) === String(wanted)
}

/** Booleans have no order (RFC 7644 §3.4.2.2), and neither have values of two types. */
const compareOrder = (value: unknown, wanted: string | number | boolean): number | undefined => {
  if (typeof value === "number" && typeof wanted === "number") {
    return value - wanted
  }
  if (typeof value !== "string" || typeof wanted !== "string") {
    return undefined
  }
  const [a, b] = bothInstants(value, wanted) ?? [value, wanted]
  return a < b ? -1 : a > b ? 1 : 0
}

const bothInstants = (a: string, b: string): readonly [number, number] | undefined => {
  const first = instant(a)
  const second = first === undefined ? undefined : instant(b)
  return first === undefined || second === undefined ? undefined : [first, second]
}

const isText = (value: unknown): value is string | number => typeof value === "string" || typeof value === "number"

const isPresent = (value: unknown): boolean => {
  if (value === undefined || value === null || value === "") {
    return false
  }
  if (isArray(value)) {
    return value.some(isPresent)
  }
  return isObject(value) ? Object.values(value).some(isPresent) : true
}

const valuesAt = (root: JsonObject, path: AttributePath): ReadonlyArray<unknown> => {
  const object = path.schema === undefined ? root : schemaObject(root, path.schema)
  if (object === undefined) {
    return []
  }
  const values = flat(lookUp(object, path.attribute))
  const { subAttribute } = path
  return subAttribute === undefined
    ? values
    : values.flatMap((value) => isObject(value) ? flat(lookUp(value, subAttribute)) : [])
}

/** Extensions live under their URN; attributes of the core schema at the top (RFC 7643 §3). */
const schemaObject = (root: JsonObject, schema: string): JsonObject | undefined => {
  const extension = lookUp(root, schema)
  if (isObject(extension)) {
    return extension
  }
  return /^urn:ietf:params:scim:schemas:core:2\.0:/i.test(schema) ? root : undefined
}

const flat = (value: unknown): ReadonlyArray<unknown> => isArray(value) ? value : [value]

const lookUp = (object: JsonObject, name: string): unknown => {
  if (Object.hasOwn(object, name)) {
    return object[name]
  }
  const lowerCase = name.toLowerCase()
  const found = Object.keys(object).find((candidate) => candidate.toLowerCase() === lowerCase)
  return found === undefined ? undefined : object[found]
}
