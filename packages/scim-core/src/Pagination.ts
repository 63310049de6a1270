/**
 * How a list is walked to its end, as a pure state machine (RFC 7644 §3.4.2.4, RFC 9865): a state says which page to ask
 * for, and the page gives the next state or a typed error. States turn into short strings and back, so a walk can go on in
 * another process.
 *
 * @since 0.1.0
 */
import type * as Option from "effect/Option"
import type * as Result from "effect/Result"
import type { Page, Window } from "./Page.ts"
import type { ScimError } from "./ScimError.ts"
import type { ScimResource } from "./ScimResource.ts"

/**
 * Where a walk stands. Build with {@link start} or {@link decode}.
 *
 * @since 0.1.0
 */
export type WalkState = IndexState | CursorState | UnpagedState

interface Shared {
  /** `count` of every request; `undefined` leaves it to the server. */
  readonly count: number | undefined
  /** Pages read so far, of this segment if it is one. */
  readonly pages: number
  readonly maxPages: number
  /** Rows read so far, of this segment if it is one. */
  readonly received: number
  /** `totalResults` as first said. */
  readonly total: number | undefined
  /** Fingerprint of an earlier page or cursor, moved forward in growing steps: meeting it again means going in circles. */
  readonly mark: string | undefined
  /** Whether the walk began again once already, after an expired cursor. */
  readonly restarted: boolean
}

/** @since 0.1.0 */
export interface IndexState extends Shared {
  readonly _tag: "Index"
  /** 1-based index of the first row to ask for. */
  readonly startIndex: number
  /** Index behind the last row of this segment; `undefined` for a walk to the end of the list. */
  readonly end: number | undefined
  /** Offer the rest of the list as siblings once its length is known. */
  readonly concurrent: boolean
  /** Ask for the last row again with each page, to notice rows that moved. */
  readonly overlap: boolean
  /** Id of that row. */
  readonly anchor: string | undefined
  /** All announced rows are there; one more page is asked for since the announcement may be false. */
  readonly probe: boolean
  readonly firstIndex: 0 | 1
}

/** @since 0.1.0 */
export interface CursorState extends Shared {
  readonly _tag: "Cursor"
  /** Empty for the first page. */
  readonly cursor: string
}

/** @since 0.1.0 */
export interface UnpagedState extends Shared {
  readonly _tag: "Unpaged"
}

/**
 * @since 0.1.0
 */
export interface StartOptions {
  /** `count` to ask for. Default: the server's own. */
  readonly count?: number | undefined
  /** Default `index`. */
  readonly method?: "index" | "cursor" | undefined
  /** Default `false`. See {@link Advance.siblings}. */
  readonly concurrent?: boolean | undefined
  /**
   * Ask for the last row of a page again with the next page, so that rows that moved up past the border are noticed and end
   * in `DirectoryDrift`. Not together with `concurrent`. Default `false`.
   */
  readonly overlap?: boolean | undefined
  /** Default 100,000. */
  readonly maxPages?: number | undefined
  /** Default 1. */
  readonly firstIndex?: 0 | 1 | undefined
}

/**
 * @since 0.1.0
 */
export interface Advance<A> {
  /** The rows of the page that were not in the page before. */
  readonly resources: ReadonlyArray<A>
  /** Where this state goes on; `None` when its range is done. */
  readonly next: Option.Option<WalkState>
  /**
   * Further ranges of the list that may be walked independently of `next`, of each other and in any order. Always empty
   * unless the walk was started with `concurrent`, and then the list is read only when `next` **and** every sibling are.
   */
  readonly siblings: ReadonlyArray<WalkState>
}

/** The first state of a walk. @since 0.1.0 */
export declare const start: (options?: StartOptions) => WalkState

/** What to ask for. @since 0.1.0 */
export declare const window: (state: WalkState) => Window

/**
 * Takes the page that {@link window} asked for. Fails with `PaginationStalled`, `IncompleteList`, `DirectoryDrift` or
 * `PageLimitExceeded`.
 *
 * @since 0.1.0
 */
export declare const advance: <A extends ScimResource>(
  state: WalkState,
  page: Page<A>
) => Result.Result<Advance<A>, ScimError>

/**
 * What a failed page request means for the walk: `Retry` with another state (paging refused, cursor expired), `Done` (the
 * page was a probe), `Fail` with the error.
 *
 * @since 0.1.0
 */
export declare const recover: (state: WalkState, error: ScimError) => Recovery

/** @since 0.1.0 */
export type Recovery =
  | { readonly _tag: "Retry"; readonly state: WalkState }
  | { readonly _tag: "Done" }
  | { readonly _tag: "Fail"; readonly error: ScimError }

/** A short text, safe in JSON and protobuf strings. @since 0.1.0 */
export declare const encode: (state: WalkState) => string

/** `None` for a text that {@link encode} did not write. @since 0.1.0 */
export declare const decode: (text: string) => Option.Option<WalkState>
