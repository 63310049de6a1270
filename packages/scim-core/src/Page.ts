/**
 * What is asked of a list, and one page of the answer (RFC 7644 §3.4.2, RFC 9865).
 *
 * @since 0.1.0
 */
import type { Filter } from "./Filter.ts"
import type { Finding } from "./ScimResource.ts"

/**
 * What resources, and what of them. The same for every page of a walk.
 *
 * @since 0.1.0
 */
export interface Query {
  /** A {@link Filter}, or the text of one, sent as it is. */
  readonly filter?: Filter | string | undefined
  /** Attributes to return. A hint: servers may send more. */
  readonly attributes?: ReadonlyArray<string> | undefined
  /** Attributes to leave out. A hint: servers may send them all the same. */
  readonly excludedAttributes?: ReadonlyArray<string> | undefined
  readonly sortBy?: string | undefined
  readonly sortOrder?: "ascending" | "descending" | undefined
}

/**
 * Which part of the list. Nothing given: the server's first page.
 *
 * @since 0.1.0
 */
export interface Window {
  /** 1-based. */
  readonly startIndex?: number | undefined
  /** Rows wanted; a server may send fewer. 0 asks for `totalResults` only. */
  readonly count?: number | undefined
  /** RFC 9865. The empty string asks for the first page of a cursor walk. */
  readonly cursor?: string | undefined
}

/**
 * @since 0.1.0
 */
export interface PageRequest extends Query, Window {}

/**
 * @since 0.1.0
 */
export interface Page<A> {
  readonly resources: ReadonlyArray<A>
  /** Rows the server sent, those without an id included. */
  readonly rowsReceived: number
  readonly totalResults: number | undefined
  readonly startIndex: number | undefined
  readonly itemsPerPage: number | undefined
  /** `undefined` on the last page of a cursor walk and on every page of an index walk. */
  readonly nextCursor: string | undefined
  /** What decoding had to forgive. Holds no directory data. */
  readonly findings: ReadonlyArray<Finding>
}
