/**
 * Answers to list and search requests (RFC 7644 §3.4.2, RFC 9865): a tolerant decoder that never turns an unreadable
 * answer into an empty list.
 *
 * @since 0.1.0
 */
import type * as Result from "effect/Result"
import type { Findings, RowDecoder } from "./ScimResource.ts"

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

/**
 * Decodes a list answer with `row` for each of its rows.
 *
 * @since 0.1.0
 */
export declare const decode: <A>(
  body: unknown,
  row: RowDecoder<A>,
  findings?: Findings,
  options?: DecodeOptions
) => Result.Result<ListResponse<A>, InvalidListResponse>
