/**
 * SCIM filters (RFC 7644 section 3.4.2.2): npm's `scim2-parse-filter` parses, this module evaluates, since case-sensitivity
 * depends on the attribute, which the library's own evaluator does not know.
 */
import * as Result from "effect/Result"
import { type Filter as Ast, parse } from "scim2-parse-filter"
import * as ScimFailure from "../ScimFailure.ts"
import { isJsonObject, type JsonObject } from "./Json.ts"
import type { Attribute, ResourceDefinition } from "./Schemas.ts"
import { resolve, splitPath, subShape } from "./Schemas.ts"

export interface Filter {
  readonly test: (resource: JsonObject) => boolean
  /** Set when the whole filter is one `attribute eq "text"`, so that an index can answer it. Lower-case attribute name. */
  readonly equality: { readonly attribute: string; readonly value: string } | undefined
}

const invalid = (detail: string): ScimFailure.ScimFailure => ScimFailure.make(400, detail, "invalidFilter")

const quoted = /"(?:[^"\\]|\\.)*"/g

/**
 * The library doubles every backslash that does not stand before a quote, so `"a\\b"` would come out wrong. Strings are
 * therefore taken out before it parses, read as the JSON strings they are (RFC 7644 figure 1), and put back by number.
 */
const parseFilter = (
  text: string
): Result.Result<{ readonly ast: Ast; readonly strings: ReadonlyArray<string> }, ScimFailure.ScimFailure> =>
  Result.try({
    try: () => {
      const strings: Array<string> = []
      const bare = text.replace(quoted, (literal) => {
        const value: unknown = JSON.parse(literal)
        strings.push(String(value))
        return `"${strings.length - 1}"`
      })
      return { ast: parse(bare), strings }
    },
    catch: (cause) => invalid(`The filter can't be parsed: ${cause instanceof Error ? cause.message : String(cause)}`)
  })

const comparable = (value: unknown, exact: boolean): unknown =>
  typeof value === "string" && !exact ? value.toLowerCase() : value

const compare = (op: string, actual: unknown, wanted: unknown, exact: boolean): boolean => {
  const left = comparable(actual, exact)
  const right = comparable(wanted, exact)
  switch (op) {
    case "eq":
      return left === right
    case "co":
      return typeof left === "string" && typeof right === "string" && left.includes(right)
    case "sw":
      return typeof left === "string" && typeof right === "string" && left.startsWith(right)
    case "ew":
      return typeof left === "string" && typeof right === "string" && left.endsWith(right)
    default: {
      const ordered = (typeof left === "string" && typeof right === "string") ||
        (typeof left === "number" && typeof right === "number")
      if (!ordered) return false
      if (op === "gt") return left > right
      if (op === "ge") return left >= right
      if (op === "lt") return left < right
      return left <= right
    }
  }
}

const member = (object: JsonObject, name: string): unknown => {
  const exact = object[name]
  if (exact !== undefined) return exact
  const folded = name.toLowerCase()
  const key = Object.keys(object).find((key) => key.toLowerCase() === folded)
  return key === undefined ? undefined : object[key]
}

/** Every value at a path; arrays on the way contribute each of their elements. */
const valuesAt = (start: unknown, names: ReadonlyArray<string>): ReadonlyArray<unknown> => {
  let values: ReadonlyArray<unknown> = [start]
  for (const name of names) {
    values = values.flatMap((value) => {
      const next = isJsonObject(value) ? member(value, name) : undefined
      return next === undefined || next === null ? [] : Array.isArray(next) ? next : [next]
    })
  }
  return values
}

/** `emails eq "x"` means `emails.value eq "x"` (RFC 7644 section 3.4.2.2). */
const plain = (value: unknown): unknown => (isJsonObject(value) && "value" in value ? value["value"] : value)

const isPresent = (value: unknown): boolean =>
  value !== "" && value !== undefined && value !== null && !(isJsonObject(value) && Object.keys(value).length === 0)

interface Place {
  readonly names: (path: string) => ReadonlyArray<string>
  readonly attribute: (path: string) => Attribute | undefined
}

const exactNames = new Set(["id", "externalid", "meta.location", "meta.version", "meta.created", "meta.lastmodified"])

const compile = (ast: Ast, strings: ReadonlyArray<string>, place: Place): (start: unknown) => boolean => {
  switch (ast.op) {
    case "and":
    case "or": {
      const tests = ast.filters.map((part) => compile(part, strings, place))
      return ast.op === "and"
        ? (start) => tests.every((test) => test(start))
        : (start) => tests.some((test) => test(start))
    }
    case "not": {
      const test = compile(ast.filter, strings, place)
      return (start) => !test(start)
    }
    case "[]": {
      const names = place.names(ast.attrPath)
      const attribute = place.attribute(ast.attrPath)
      const test = compile(ast.valFilter, strings, {
        names: (path) => path.split("."),
        attribute: (path) => (attribute === undefined ? undefined : subShape(attribute).lower.get(path.toLowerCase()))
      })
      return (start) => valuesAt(start, names).some(test)
    }
    case "pr": {
      const names = place.names(ast.attrPath)
      return (start) => valuesAt(start, names).some(isPresent)
    }
    default: {
      const names = place.names(ast.attrPath)
      const wanted = typeof ast.compValue === "string" ? strings[Number(ast.compValue)] : ast.compValue
      const attribute = place.attribute(ast.attrPath)
      const exact = attribute?.caseExact ?? exactNames.has(names.join(".").toLowerCase())
      const { op } = ast
      if (wanted === null) {
        return op === "ne"
          ? (start) => valuesAt(start, names).some(isPresent)
          : (start) => !valuesAt(start, names).some(isPresent)
      }
      if (op === "ne") {
        return (start) => !valuesAt(start, names).some((value) => compare("eq", plain(value), wanted, exact))
      }
      return (start) => valuesAt(start, names).some((value) => compare(op, plain(value), wanted, exact))
    }
  }
}

/** Compiles a filter for resources of one type. */
export const make = (
  text: string,
  definition: ResourceDefinition
): Result.Result<Filter, ScimFailure.ScimFailure> =>
  Result.map(parseFilter(text), ({ ast, strings }) => {
    const place: Place = {
      names: (path) => {
        const { extension, names } = splitPath(path, definition)
        return extension === undefined ? names : [extension.id, ...names]
      },
      attribute: (path) => resolve(path, definition)
    }
    const value = ast.op === "eq" && typeof ast.compValue === "string" ? strings[Number(ast.compValue)] : undefined
    return {
      test: compile(ast, strings, place),
      equality: ast.op === "eq" && value !== undefined
        ? { attribute: place.names(ast.attrPath).join(".").toLowerCase(), value }
        : undefined
    }
  })
