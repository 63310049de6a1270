/**
 * Answers to list and search requests (RFC 7644 §3.4.2, RFC 9865): a tolerant decoder that never turns an unreadable
 * answer into an empty list.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as decoding from "./internal/decoding.ts"
import type { Findings, JsonObject, RowDecoder } from "./ScimResource.ts"

/**
 * One page of a list.
 *
 * @since 0.1.0
 */
export interface ListResponse<A> {
  readonly resources: ReadonlyArray<A>
  /** Rows the server sent, skipped ones included: what an index walk advances by. */
  readonly rowsReceived: number
  /** Rows left out since they carried no id. */
  readonly skipped: number
  readonly totalResults: number | undefined
  readonly startIndex: number | undefined
  readonly itemsPerPage: number | undefined
  /** Never empty. `undefined` on the last page of a cursor walk and on every page of an index walk. */
  readonly nextCursor: string | undefined
  readonly previousCursor: string | undefined
}

/**
 * The answer is no list. `reason` for programs, `message` for people; neither holds directory data.
 *
 * @since 0.1.0
 */
export interface InvalidListResponse {
  readonly _tag: "InvalidListResponse"
  readonly reason: "NotAnObject" | "ResourcesMissing" | "ResourcesNotAList"
  readonly totalResults: number | undefined
  readonly message: string
}

/**
 * How strictly to read.
 *
 * @since 0.1.0
 */
export interface DecodeOptions {
  /**
   * `false` when the request can rightly be answered without `Resources` although `totalResults` is above 0:
   * `count=0`, or a `startIndex` beyond the end. Default `true`.
   */
  readonly expectRows?: boolean | undefined
  /** Accept a bare JSON array of rows. Default `true`. */
  readonly bareArray?: boolean | undefined
}

const listNames = decoding.names(
  "Resources",
  "totalResults",
  "startIndex",
  "itemsPerPage",
  "nextCursor",
  "previousCursor"
)

/**
 * Decodes a list answer with `row` for each of its rows. Never throws, and never turns an answer that it cannot read into
 * an empty page: `Resources` may be missing only when `totalResults` is 0 or {@link DecodeOptions.expectRows} is `false`.
 *
 * @since 0.1.0
 */
export const decode = <A>(
  body: unknown,
  row: RowDecoder<A>,
  findings?: Findings,
  options?: DecodeOptions
): Result.Result<ListResponse<A>, InvalidListResponse> => {
  if (decoding.isArray(body)) {
    if (options?.bareArray === false) {
      return invalid("NotAnObject", undefined, "The answer is a bare JSON array instead of a SCIM ListResponse.")
    }
    findings?.add("Shape", "ListResponse", "a bare array instead of a list response; read as its rows")
    return Result.succeed(page(body, row, findings, {}))
  }
  if (!decoding.isObject(body)) {
    return invalid(
      "NotAnObject",
      undefined,
      `The answer is ${describe(body)} instead of a SCIM ListResponse. Check that the base URL is the SCIM endpoint.`
    )
  }
  const object = decoding.withExactNames(body, listNames, "ListResponse", findings)
  const totalResults = decoding.count(object["totalResults"], "ListResponse.totalResults", findings)
  const rows = object["Resources"] ?? undefined
  if (rows === undefined) {
    if (totalResults === 0 || (totalResults !== undefined && options?.expectRows === false)) {
      return Result.succeed(page([], row, findings, object, totalResults))
    }
    return invalid(
      "ResourcesMissing",
      totalResults,
      totalResults === undefined
        ? "The answer has neither Resources nor a readable totalResults, so it is no SCIM ListResponse. Check that the base URL is the SCIM endpoint."
        : `The answer says totalResults ${totalResults} but has no Resources, so its rows cannot be read.`
    )
  }
  if (!decoding.isArray(rows)) {
    return invalid("ResourcesNotAList", totalResults, `Resources is ${describe(rows)} instead of an array.`)
  }
  return Result.succeed(page(rows, row, findings, object, totalResults))
}

const page = <A>(
  rows: ReadonlyArray<unknown>,
  row: RowDecoder<A>,
  findings: Findings | undefined,
  object: JsonObject,
  totalResults?: number
): ListResponse<A> => {
  const resources: Array<A> = []
  for (const input of rows) {
    const decoded = row(input, findings)
    if (decoded !== undefined) {
      resources.push(decoded)
    }
  }
  return {
    resources,
    rowsReceived: rows.length,
    skipped: rows.length - resources.length,
    totalResults,
    startIndex: decoding.count(object["startIndex"], "ListResponse.startIndex", findings),
    itemsPerPage: decoding.count(object["itemsPerPage"], "ListResponse.itemsPerPage", findings),
    nextCursor: decoding.identifier(object["nextCursor"], "ListResponse.nextCursor", findings),
    previousCursor: decoding.identifier(object["previousCursor"], "ListResponse.previousCursor", findings)
  }
}

const invalid = (
  reason: InvalidListResponse["reason"],
  totalResults: number | undefined,
  message: string
): Result.Result<never, InvalidListResponse> =>
  Result.fail({ _tag: "InvalidListResponse", reason, totalResults, message })

const describe = (value: unknown): string =>
  value === null
    ? "null"
    : value === undefined
    ? "empty"
    : typeof value === "string"
    ? "text"
    : typeof value === "object"
    ? "an object"
    : `a ${typeof value}`
