/**
 * SCIM filters as data (RFC 7644 §3.4.2.2): constructors, a printer that escapes by construction, a parser, and an
 * evaluator with which a client re-checks the rows that a server returned.
 *
 * ```ts
 * import * as Filter from "@access-kit/scim-core/Filter"
 *
 * const filter = Filter.and(
 *   Filter.eq("userName", "o\"brien@example.com"),
 *   Filter.valuePath("emails", Filter.eq("type", "work"))
 * )
 * Filter.print(filter) // userName eq "o\"brien@example.com" and emails[type eq "work"]
 * ```
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as attributePath from "./internal/attributePath.ts"
import * as filterMatching from "./internal/filterMatching.ts"
import * as filterParser from "./internal/filterParser.ts"
import type { JsonObject } from "./ScimResource.ts"

/**
 * An attribute path (RFC 7644 §3.10): `userName`, `name.familyName`, `urn:…:User:department`.
 *
 * @since 0.1.0
 */
export interface AttributePath {
  /** Schema URN before the attribute, without the colon that follows it. */
  readonly schema: string | undefined
  readonly attribute: string
  readonly subAttribute: string | undefined
}

/**
 * What an attribute can be compared with.
 *
 * @since 0.1.0
 */
export type Value = string | number | boolean | null

/**
 * The operators that take a value (RFC 7644 table 3).
 *
 * @since 0.1.0
 */
export type Operator = "eq" | "ne" | "co" | "sw" | "ew" | "gt" | "ge" | "lt" | "le"

/**
 * A filter.
 *
 * @since 0.1.0
 */
export type Filter = Comparison | Present | And | Or | Not | ValuePath

/**
 * `path operator value`.
 *
 * @since 0.1.0
 */
export interface Comparison {
  readonly _tag: "Comparison"
  readonly path: AttributePath
  readonly operator: Operator
  readonly value: Value
}

/**
 * `path pr`.
 *
 * @since 0.1.0
 */
export interface Present {
  readonly _tag: "Present"
  readonly path: AttributePath
}

/**
 * At least two filters of which all must hold.
 *
 * @since 0.1.0
 */
export interface And {
  readonly _tag: "And"
  readonly filters: readonly [Filter, Filter, ...ReadonlyArray<Filter>]
}

/**
 * At least two filters of which one must hold.
 *
 * @since 0.1.0
 */
export interface Or {
  readonly _tag: "Or"
  readonly filters: readonly [Filter, Filter, ...ReadonlyArray<Filter>]
}

/**
 * `not (filter)`.
 *
 * @since 0.1.0
 */
export interface Not {
  readonly _tag: "Not"
  readonly filter: Filter
}

/**
 * `path[filter]`: one and the same value of a plural attribute must satisfy the whole filter.
 *
 * @since 0.1.0
 */
export interface ValuePath {
  readonly _tag: "ValuePath"
  readonly path: AttributePath
  /** Over sub-attributes; holds no value path itself. */
  readonly filter: Filter
}

/**
 * Text that is no filter or no attribute path. `position` counts UTF-16 units from 0.
 *
 * @since 0.1.0
 */
export class FilterParseError extends Schema.TaggedError<FilterParseError>()("FilterParseError", {
  input: Schema.String,
  position: Schema.Number,
  expected: Schema.String,
  /** What stands there instead, at most 20 characters; `""` for the end of the text. */
  found: Schema.String
}) {
  override get message(): string {
    const found = this.found === "" ? "the text ends" : `it continues with ${JSON.stringify(this.found)}`
    return `Not a SCIM filter: expected ${this.expected} at position ${this.position}, but ${found}.`
  }
}

/**
 * An argument that no filter can hold: a path that is no attribute path, a number without a JSON form, a value path
 * inside a value path. The constructors throw it, since paths are written in programs; check paths from elsewhere with
 * {@link path} first. Text values are always fine.
 *
 * @since 0.1.0
 */
export class InvalidFilter extends Schema.TaggedError<InvalidFilter>()("InvalidFilter", {
  message: Schema.String
}) {}

const parseError = (input: string, failure: filterParser.Failure): FilterParseError =>
  new FilterParseError({
    input,
    position: failure.position,
    expected: failure.expected,
    found: input.slice(failure.position, failure.position + 20).toWellFormed()
  })

/**
 * Parses an attribute path, with or without a schema URN in front.
 *
 * @since 0.1.0
 */
export const path = (text: string): Result.Result<AttributePath, FilterParseError> => {
  const parsed = attributePath.parse(text)
  return parsed === undefined
    ? Result.fail(
      parseError(text, {
        position: 0,
        expected: "an attribute path such as userName, name.familyName or urn:…:User:department"
      })
    )
    : Result.succeed(parsed)
}

/**
 * Prints an attribute path.
 *
 * @since 0.1.0
 */
export const printPath = (path: AttributePath): string => attributePath.print(path)

const checkedPath = (path: string | AttributePath): AttributePath => {
  const parsed = typeof path === "string" ? attributePath.parse(path) : attributePath.isValid(path) ? path : undefined
  if (parsed === undefined) {
    const shown = typeof path === "string" ? path : attributePath.print(path)
    throw new InvalidFilter({ message: `${JSON.stringify(shown)} is no attribute path (RFC 7644 §3.10).` })
  }
  return parsed
}

const checkedValue = (value: Value | Date): Value => {
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw new InvalidFilter({ message: `${value} has no JSON form, so it cannot stand in a filter.` })
  }
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) {
      throw new InvalidFilter({ message: "An invalid Date cannot stand in a filter." })
    }
    return value.toISOString()
  }
  // JSON has no -0: it would be read back as another number than was written.
  return value === 0 ? 0 : value
}

const comparison = (path: string | AttributePath, operator: Operator, value: Value | Date): Comparison => ({
  _tag: "Comparison",
  path: checkedPath(path),
  operator,
  value: checkedValue(value)
})

/**
 * Equal. `null` asks for an attribute without a value. Throws {@link InvalidFilter} for a path that is none.
 *
 * @since 0.1.0
 */
export const eq = (path: string | AttributePath, value: Value | Date): Comparison => comparison(path, "eq", value)

/**
 * Not equal. Throws {@link InvalidFilter} for a path that is none.
 *
 * @since 0.1.0
 */
export const ne = (path: string | AttributePath, value: Value | Date): Comparison => comparison(path, "ne", value)

/**
 * Contains. Throws {@link InvalidFilter} for a path that is none.
 *
 * @since 0.1.0
 */
export const co = (path: string | AttributePath, value: string): Comparison => comparison(path, "co", value)

/**
 * Starts with. Throws {@link InvalidFilter} for a path that is none.
 *
 * @since 0.1.0
 */
export const sw = (path: string | AttributePath, value: string): Comparison => comparison(path, "sw", value)

/**
 * Ends with. Throws {@link InvalidFilter} for a path that is none.
 *
 * @since 0.1.0
 */
export const ew = (path: string | AttributePath, value: string): Comparison => comparison(path, "ew", value)

/**
 * Greater than; later, for dates. Throws {@link InvalidFilter} for a path that is none.
 *
 * @since 0.1.0
 */
export const gt = (path: string | AttributePath, value: string | number | Date): Comparison =>
  comparison(path, "gt", value)

/**
 * Greater than or equal. Throws {@link InvalidFilter} for a path that is none.
 *
 * @since 0.1.0
 */
export const ge = (path: string | AttributePath, value: string | number | Date): Comparison =>
  comparison(path, "ge", value)

/**
 * Less than; earlier, for dates. Throws {@link InvalidFilter} for a path that is none.
 *
 * @since 0.1.0
 */
export const lt = (path: string | AttributePath, value: string | number | Date): Comparison =>
  comparison(path, "lt", value)

/**
 * Less than or equal. Throws {@link InvalidFilter} for a path that is none.
 *
 * @since 0.1.0
 */
export const le = (path: string | AttributePath, value: string | number | Date): Comparison =>
  comparison(path, "le", value)

/**
 * Present: the attribute has a value. Throws {@link InvalidFilter} for a path that is none.
 *
 * @since 0.1.0
 */
export const pr = (path: string | AttributePath): Present => ({ _tag: "Present", path: checkedPath(path) })

/**
 * All of the filters. One filter alone is that filter; nested `and`s become one.
 *
 * @since 0.1.0
 */
export const and = (first: Filter, ...rest: ReadonlyArray<Filter>): Filter => all("And", first, rest)

/**
 * Any of the filters. One filter alone is that filter; nested `or`s become one.
 *
 * @since 0.1.0
 */
export const or = (first: Filter, ...rest: ReadonlyArray<Filter>): Filter => all("Or", first, rest)

const all = (tag: "And" | "Or", first: Filter, [second, ...rest]: ReadonlyArray<Filter>): Filter =>
  second === undefined ? first : filterParser.join(tag, [first, second, ...rest])

/**
 * The opposite of a filter.
 *
 * @since 0.1.0
 */
export const not = (filter: Filter): Not => ({ _tag: "Not", filter })

/**
 * A value of a plural attribute for which the whole filter holds, such as `emails[type eq "work" and primary eq true]`. Throws
 * {@link InvalidFilter} for a path that is none and for a value path inside another.
 *
 * @since 0.1.0
 */
export const valuePath = (path: string | AttributePath, filter: Filter): ValuePath => {
  if (hasValuePath(filter)) {
    throw new InvalidFilter({ message: "A value path cannot hold another value path (RFC 7644 §3.4.2.2)." })
  }
  return { _tag: "ValuePath", path: checkedPath(path), filter }
}

const hasValuePath = (filter: Filter): boolean => {
  switch (filter._tag) {
    case "ValuePath":
      return true
    case "Not":
      return hasValuePath(filter.filter)
    case "And":
    case "Or":
      return filter.filters.some(hasValuePath)
    default:
      return false
  }
}

/**
 * The filter as text. Values are written as JSON, so no value can end its quotes and become part of the filter; parentheses are written where
 * precedence (`not`, `and`, `or`) needs them.
 *
 * @since 0.1.0
 */
export const print = (filter: Filter): string => {
  switch (filter._tag) {
    case "Comparison":
      return `${attributePath.print(filter.path)} ${filter.operator} ${JSON.stringify(filter.value)}`
    case "Present":
      return `${attributePath.print(filter.path)} pr`
    case "Not":
      return `not (${print(filter.filter)})`
    case "ValuePath":
      return `${attributePath.print(filter.path)}[${print(filter.filter)}]`
    case "And":
      return filter.filters.map((part) => part._tag === "Or" || part._tag === "And" ? `(${print(part)})` : print(part))
        .join(" and ")
    case "Or":
      return filter.filters.map((part) => part._tag === "Or" ? `(${print(part)})` : print(part)).join(" or ")
  }
}

/**
 * Parses a filter: the whole grammar of RFC 7644 §3.4.2.2, operators and keywords in any case, any white space, at most 200 levels of
 * parentheses. `not` binds stronger than `and`, `and` stronger than `or`. Never throws.
 *
 * @since 0.1.0
 */
export const parse = (text: string): Result.Result<Filter, FilterParseError> => {
  const parsed = filterParser.parseFilter(text)
  return parsed.ok ? Result.succeed(parsed.value) : Result.fail(parseError(text, parsed.failure))
}

/**
 * Whether a path is compared with regard to case when nobody says otherwise: `id`, `externalId`, `meta.resourceType`,
 * `meta.location`, `meta.version` and `$ref` (RFC 7643 §3.1 and §7). Everything else is compared without.
 *
 * @since 0.1.0
 */
export const defaultCaseExact = (path: AttributePath): boolean => {
  const attribute = path.attribute.toLowerCase()
  return attribute === "id" || attribute === "externalid" || attribute === "meta" ||
    (path.subAttribute ?? path.attribute).toLowerCase() === "$ref"
}

/**
 * Whether a resource, as the server sent it (`raw`), satisfies the filter. With it a client finds out that a server ignored a filter.
 *
 * Names are compared without regard to case. A plural attribute matches when one of its values does; `ne` is the
 * opposite of `eq`, so it holds when no value is equal. Timestamps are compared as instants. What tolerant decoders read
 * as equal is equal here, too: id `42` and `"42"`, `"True"` and `true`.
 *
 * @since 0.1.0
 */
export const matches = (
  filter: Filter,
  resource: JsonObject,
  options?: {
    /** For which paths case counts; {@link defaultCaseExact} without. */
    readonly caseExact?: ((path: AttributePath) => boolean) | undefined
  }
): boolean => filterMatching.matches(filter, resource, options?.caseExact ?? defaultCaseExact)
