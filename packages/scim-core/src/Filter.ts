/**
 * SCIM filters as data (RFC 7644 §3.4.2.2): constructors, a printer that escapes by construction, a parser and an evaluator.
 *
 * @since 0.1.0
 */
import type * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { JsonObject } from "./ScimResource.ts"

/**
 * An attribute path: `userName`, `name.familyName`, `urn:…:User:department`.
 *
 * @since 0.1.0
 */
export interface AttributePath {
  /** Schema URN prefix without the trailing colon. */
  readonly schema: string | undefined
  readonly attribute: string
  readonly subAttribute: string | undefined
}

/** @since 0.1.0 */
export type Value = string | number | boolean | null

/** @since 0.1.0 */
export type Operator = "eq" | "ne" | "co" | "sw" | "ew" | "gt" | "ge" | "lt" | "le"

/** @since 0.1.0 */
export type Filter = Comparison | Present | And | Or | Not | ValuePath

/** @since 0.1.0 */
export interface Comparison {
  readonly _tag: "Comparison"
  readonly path: AttributePath
  readonly operator: Operator
  readonly value: Value
}

/** @since 0.1.0 */
export interface Present {
  readonly _tag: "Present"
  readonly path: AttributePath
}

/** @since 0.1.0 */
export interface And {
  readonly _tag: "And"
  readonly filters: ReadonlyArray<Filter>
}

/** @since 0.1.0 */
export interface Or {
  readonly _tag: "Or"
  readonly filters: ReadonlyArray<Filter>
}

/** @since 0.1.0 */
export interface Not {
  readonly _tag: "Not"
  readonly filter: Filter
}

/** @since 0.1.0 */
export interface ValuePath {
  readonly _tag: "ValuePath"
  readonly path: AttributePath
  readonly filter: Filter
}

/**
 * Text that is no filter. `position` is the index of the first character that does not fit.
 *
 * @since 0.1.0
 */
export class FilterParseError extends Schema.TaggedError<FilterParseError>()("FilterParseError", {
  input: Schema.String,
  position: Schema.Number,
  expected: Schema.String,
  found: Schema.String
}) {}

/**
 * An argument of a constructor that no filter can hold. Constructors throw it, since it is a mistake in the program:
 * values are escaped, only paths that are no attribute path and numbers that JSON has no form for end here.
 *
 * @since 0.1.0
 */
export class InvalidFilter extends Schema.TaggedError<InvalidFilter>()("InvalidFilter", {
  message: Schema.String
}) {}

type Path = string | AttributePath
export declare const path: (text: string) => Result.Result<AttributePath, FilterParseError>
export declare const eq: (path: Path, value: Value | Date) => Comparison
export declare const ne: (path: Path, value: Value | Date) => Comparison
export declare const co: (path: Path, value: string) => Comparison
export declare const sw: (path: Path, value: string) => Comparison
export declare const ew: (path: Path, value: string) => Comparison
export declare const gt: (path: Path, value: string | number | Date) => Comparison
export declare const ge: (path: Path, value: string | number | Date) => Comparison
export declare const lt: (path: Path, value: string | number | Date) => Comparison
export declare const le: (path: Path, value: string | number | Date) => Comparison
export declare const pr: (path: Path) => Present
export declare const and: (first: Filter, ...rest: ReadonlyArray<Filter>) => Filter
export declare const or: (first: Filter, ...rest: ReadonlyArray<Filter>) => Filter
export declare const not: (filter: Filter) => Not
export declare const valuePath: (path: Path, filter: Filter) => ValuePath
/** Never fails. */
export declare const print: (filter: Filter) => string
export declare const parse: (text: string) => Result.Result<Filter, FilterParseError>
export declare const matches: (
  filter: Filter,
  resource: JsonObject,
  options?: { readonly caseExact?: ((path: AttributePath) => boolean) | undefined }
) => boolean
