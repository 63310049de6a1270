/**
 * How a list is walked to its end, as a pure state machine (RFC 7644 §3.4.2.4, RFC 9865): a state says which page to ask
 * for, and the page gives the next state or a typed error. States turn into short strings and back, so a walk can go on in
 * another process.
 *
 * A walk advances by the rows that came, never by those announced or asked for; it never ends because a page is short; and
 * it fails rather than give a shorter list.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { decodeState, encodeState } from "./internal/walkState.ts"
import type { Page, Window } from "./Page.ts"
import * as ScimError from "./ScimError.ts"
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
  /** `totalResults`, so long as the server has not shown that it means something else by it. */
  readonly total: number | undefined
  /** Fingerprint of an earlier page or cursor, moved forward in growing steps: meeting it again means going in circles. */
  readonly mark: string | undefined
  /** Whether the walk began again once already, after an expired cursor. */
  readonly restarted: boolean
}

/**
 * A walk by `startIndex`, or one segment of it.
 *
 * @since 0.1.0
 */
export interface IndexState extends Shared {
  readonly _tag: "Index"
  /** Index of the first row to ask for, counted from 1 whatever the server counts from. */
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
  /** Whether `totalResults` still counts as the length of the list. */
  readonly trusted: boolean
  readonly firstIndex: 0 | 1
}

/**
 * A walk by cursor (RFC 9865).
 *
 * @since 0.1.0
 */
export interface CursorState extends Shared {
  readonly _tag: "Cursor"
  /** Empty for the first page. */
  readonly cursor: string
}

/**
 * One request without any paging parameter, for servers that refuse them.
 *
 * @since 0.1.0
 */
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
   * in `DirectoryDrift`. With `concurrent`, each sibling begins with the last row of the one before it, and comparing the two is
   * the caller's part. Default `false`.
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

/**
 * What a failed page request means for the walk: `Retry` with another state (paging refused, cursor expired), `Done` (the
 * page was only a probe), `Fail` with the error.
 *
 * @since 0.1.0
 */
export type Recovery =
  | { readonly _tag: "Retry"; readonly state: WalkState }
  | { readonly _tag: "Done" }
  | { readonly _tag: "Fail"; readonly error: ScimError.ScimError }

const unlimitedPages = 100_000

/**
 * The first state of a walk.
 *
 * @since 0.1.0
 */
export const start = (options: StartOptions = {}): WalkState => {
  const shared: Shared = {
    count: options.count,
    pages: 0,
    maxPages: options.maxPages ?? unlimitedPages,
    received: 0,
    total: undefined,
    mark: undefined,
    restarted: false
  }
  return options.method === "cursor"
    ? { _tag: "Cursor", ...shared, cursor: "" }
    : indexStart(shared, options)
}

const indexStart = (shared: Shared, options: StartOptions): IndexState => ({
  _tag: "Index",
  ...shared,
  startIndex: 1,
  end: undefined,
  concurrent: options.concurrent ?? false,
  overlap: options.overlap ?? false,
  anchor: undefined,
  probe: false,
  trusted: true,
  firstIndex: options.firstIndex ?? 1
})

/**
 * What to ask for.
 *
 * @since 0.1.0
 */
export const window = (state: WalkState): Window => {
  switch (state._tag) {
    case "Index":
      return { startIndex: state.startIndex - 1 + state.firstIndex, count: state.count }
    case "Cursor":
      return { cursor: state.cursor, count: state.count }
    case "Unpaged":
      return {}
  }
}

/**
 * Whether a list answer to this state may rightly lack `Resources` while `totalResults` is above 0: all but the first page
 * may lie behind the end of the list.
 *
 * @since 0.1.0
 */
export const expectRows = (state: WalkState): boolean => state.pages === 0 && !(state._tag === "Index" && state.probe)

/**
 * Takes the page that {@link window} asked for. Fails with `PaginationStalled`, `IncompleteList`, `DirectoryDrift` or
 * `PageLimitExceeded`.
 *
 * @since 0.1.0
 */
export const advance = <A extends ScimResource>(
  state: WalkState,
  page: Page<A>
): Result.Result<Advance<A>, ScimError.ScimError> => {
  switch (state._tag) {
    case "Cursor":
      return advanceCursor(state, page)
    case "Unpaged":
      return advanceUnpaged(state, page)
    case "Index":
      return state.end === undefined ? advanceIndex(state, page) : advanceSegment(state, state.end, page)
  }
}

/**
 * What a failed page request means for the walk.
 *
 * @since 0.1.0
 */
export const recover = (state: WalkState, error: ScimError.ScimError): Recovery => {
  const reason = error.reason._tag
  if (state._tag === "Index" && state.probe && refusals.has(reason)) return { _tag: "Done" }
  if (state._tag === "Cursor" && reason === "CursorExpired" && !state.restarted && state.cursor !== "") {
    return {
      _tag: "Retry",
      state: { ...state, cursor: "", received: 0, total: undefined, mark: undefined, restarted: true }
    }
  }
  const refused = error.status === 400 || error.status === 422 || error.status === 501
  if (refused && state.pages === 0 && error.scimType !== "invalidFilter" && reason !== "FilterRequired") {
    const { count, maxPages, mark, pages, received, restarted, total } = state
    const shared = { count, maxPages, mark, pages, received, restarted, total }
    if (state._tag === "Cursor") return { _tag: "Retry", state: indexStart(shared, {}) }
    if (state._tag === "Index" && state.end === undefined) {
      return { _tag: "Retry", state: { _tag: "Unpaged", ...shared } }
    }
  }
  return { _tag: "Fail", error }
}

const refusals: ReadonlySet<ScimError.Reason["_tag"]> = new Set([
  "InvalidRequest",
  "NotFound",
  "WrongUrl",
  "NotSupported",
  "InvalidListResponse"
])

/**
 * A short text, safe in JSON, protobuf and log lines. It holds a row's id and the server's cursor, nothing else of the
 * directory.
 *
 * @since 0.1.0
 */
export const encode = (state: WalkState): string => encodeState(state)

/**
 * `None` for a text that {@link encode} did not write.
 *
 * @since 0.1.0
 */
export const decode = (text: string): Option.Option<WalkState> => Option.fromUndefinedOr(decodeState(text))

type Step<A> = Result.Result<Advance<A>, ScimError.ScimError>

const none: ReadonlyArray<WalkState> = []

const step = <A>(resources: ReadonlyArray<A>, next?: WalkState, siblings = none): Step<A> => {
  if (next !== undefined && next.pages >= next.maxPages) return pageLimit(next.maxPages)
  return Result.succeed({ resources, next: Option.fromUndefinedOr(next), siblings })
}

const advanceIndex = <A extends ScimResource>(state: IndexState, page: Page<A>): Step<A> => {
  const rows = page.rowsReceived
  const pages = state.pages + 1
  const print = fingerprint(page.resources)
  const anchored = state.anchor !== undefined
  if (rows > 0 && state.mark === print) {
    // Behind its end this server begins again, so the list ended where its total said.
    if (state.probe && !anchored) return step<A>([])
    // With overlap a page comes again when as many rows were put before it; then the total says so.
    if (!anchored || page.totalResults === undefined || page.totalResults === state.total) {
      return stalled(state.received)
    }
  }

  let resources = page.resources
  if (state.anchor !== undefined) {
    const at = resources.findIndex((row) => row.id === state.anchor)
    if (at < 0) {
      // Nothing is missing when the row vanished after the whole list had been read.
      return state.probe && rows === 0
        ? step(resources)
        : drifted("the last row of a page was no longer where the next page begins")
    }
    resources = resources.filter((_, index) => index !== at)
  }
  const received = state.received + rows - (anchored ? 1 : 0)
  const covered = state.startIndex - 1 + rows
  const disproved = (state.probe && resources.length > 0) ||
    (pages === 1 && page.totalResults !== undefined && page.totalResults < rows)
  const proven = state.trusted && !disproved
  const total = proven ? page.totalResults ?? state.total : undefined

  if (
    proven && !anchored && !state.probe && state.total !== undefined && page.totalResults !== undefined &&
    page.totalResults < state.total
  ) {
    return drifted(`it had ${state.total} rows at first and ${page.totalResults} later`)
  }

  const shared = {
    count: state.count,
    pages,
    maxPages: state.maxPages,
    received,
    total,
    restarted: state.restarted
  }
  if (page.nextCursor !== undefined) {
    return step(resources, { _tag: "Cursor", ...shared, cursor: page.nextCursor, mark: hash(page.nextCursor) })
  }
  if (rows === 0 || (anchored && rows === 1 && total !== undefined && covered >= total)) {
    return total !== undefined && received < total
      ? incomplete(total, received, page.startIndex === state.startIndex - 1 && state.firstIndex === 1)
      : step(resources)
  }

  const mark = isPowerOfTwo(pages) ? print : state.mark
  // A row without an id has no place to be met again at, so the page after it begins plainly behind it.
  const last = state.overlap && rows > 1 && page.resources.length === rows
    ? page.resources[rows - 1]
    : undefined
  const next: IndexState = {
    ...state,
    ...shared,
    mark,
    trusted: proven,
    startIndex: last === undefined ? covered + 1 : covered,
    anchor: last?.id,
    probe: false
  }
  if (total === undefined || covered < total) {
    if (state.concurrent && total !== undefined && pages === 1) return segments(state, page, total, covered, print)
    return step(resources, next)
  }
  // Some servers announce the size of the page as the size of the list. Page sizes are round, so a round total that one
  // page fulfils is tested by asking for what lies behind it.
  return pages === 1 && (rows >= (state.count ?? Infinity) || rows % 5 === 0)
    ? step(resources, { ...next, probe: true })
    : step(resources)
}

/** The rest of a list whose length is known, in ranges of the size that the server really sends. */
const segments = <A extends ScimResource>(
  state: IndexState,
  page: Page<A>,
  total: number,
  covered: number,
  mark: string
): Step<A> => {
  const size = page.rowsReceived
  const stride = state.overlap && size > 1 ? size - 1 : size
  if ((total - covered) / stride > state.maxPages) return pageLimit(state.maxPages)
  const siblings: Array<WalkState> = []
  // Where ranges overlap, the last one has more than the row that it shares.
  for (let from = covered + 1 - (size - stride); from + (size - stride) <= total; from += stride) {
    siblings.push({
      ...state,
      startIndex: from,
      end: Math.min(from + size, total + 1),
      count: size,
      pages: 0,
      received: 0,
      total,
      mark,
      concurrent: false
    })
  }
  return step(page.resources, undefined, siblings)
}

const advanceSegment = <A extends ScimResource>(state: IndexState, end: number, page: Page<A>): Step<A> => {
  const rows = page.rowsReceived
  if (page.totalResults !== undefined && page.totalResults !== state.total) {
    return drifted(`it had ${state.total ?? 0} rows at first and ${page.totalResults} later`)
  }
  if (rows > 0 && state.mark === fingerprint(page.resources)) return stalled(state.received)
  const covered = state.startIndex - 1 + rows
  if (rows === 0) return incomplete(state.received + end - state.startIndex, state.received, false)
  if (covered + 1 < end) {
    return step(page.resources, {
      ...state,
      startIndex: covered + 1,
      count: end - covered - 1,
      pages: state.pages + 1,
      received: state.received + rows
    })
  }
  // Rows beyond the range belong to the segment behind it.
  return step(
    covered + 1 > end && page.resources.length === rows
      ? page.resources.slice(0, end - state.startIndex)
      : page.resources
  )
}

const advanceCursor = <A extends ScimResource>(state: CursorState, page: Page<A>): Step<A> => {
  const pages = state.pages + 1
  const received = state.received + page.rowsReceived
  const total = page.totalResults ?? state.total
  if (page.nextCursor === undefined) {
    return total !== undefined && received < total ? incomplete(total, received, false) : step(page.resources)
  }
  const print = hash(page.nextCursor)
  if (page.nextCursor === state.cursor || print === state.mark) return stalled(state.received)
  return step(page.resources, {
    ...state,
    pages,
    received,
    total,
    cursor: page.nextCursor,
    mark: isPowerOfTwo(pages) ? print : state.mark
  })
}

const advanceUnpaged = <A extends ScimResource>(state: UnpagedState, page: Page<A>): Step<A> => {
  const received = page.rowsReceived
  const { count, maxPages, restarted } = state
  if (page.nextCursor !== undefined) {
    return step(page.resources, {
      _tag: "Cursor",
      count,
      maxPages,
      restarted,
      pages: state.pages + 1,
      received,
      total: page.totalResults,
      cursor: page.nextCursor,
      mark: hash(page.nextCursor)
    })
  }
  return page.totalResults !== undefined && received < page.totalResults
    ? incomplete(page.totalResults, received, false)
    : step(page.resources)
}

const fail = (reason: ScimError.Reason): Result.Result<never, ScimError.ScimError> =>
  Result.fail(ScimError.make(reason))

const stalled = (received: number) =>
  fail(
    new ScimError.PaginationStalled({
      received,
      message: `The list makes no progress: after ${received} rows the server sent a page that had come before. ` +
        "It seems to ignore the paging parameters; try the other paging method, or report it to the server's maker."
    })
  )

const incomplete = (expected: number, received: number, countsFromZero: boolean) =>
  fail(
    new ScimError.IncompleteList({
      expected,
      received,
      message: `The server announced ${expected} rows and sent ${received}. ` +
        (countsFromZero
          ? "It seems to count rows from 0: set the dialect's firstIndex to 0."
          : "The list is not used, since rows are missing; try again, and report it to the server's maker if it stays so.")
    })
  )

const drifted = (what: string) =>
  fail(
    new ScimError.DirectoryDrift({
      message: `The directory changed while it was being listed: ${what}. Rows may be missing, so list it again.`
    })
  )

const pageLimit = (limit: number) =>
  fail(
    new ScimError.PageLimitExceeded({
      limit,
      message: `The list has more than ${limit} pages. Raise maxPages or the page size if the directory is that large.`
    })
  )

const isPowerOfTwo = (n: number): boolean => (n & (n - 1)) === 0

const feed = (state: number, text: string): number => {
  let out = state
  for (let i = 0; i < text.length; i++) out = Math.imul(out ^ text.charCodeAt(i), 0x01000193)
  // Keeps ["ab", "c"] apart from ["a", "bc"].
  return Math.imul(out ^ 0x1f, 0x01000193)
}

/** FNV-1a, 32 bits: equality of pages is what counts, nobody gains by forging it. */
const hash = (text: string): string => (feed(0x811c9dc5, text) >>> 0).toString(36)

const fingerprint = (rows: ReadonlyArray<ScimResource>): string => {
  let state = 0x811c9dc5
  for (const row of rows) state = feed(state, row.id)
  return (state >>> 0).toString(36)
}
