/**
 * Reading whole lists: walks whose state the caller keeps, streams, and streams collected.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { Page, PageRequest, Query } from "../Page.ts"
import * as Pagination from "../Pagination.ts"
import type { List, WalkOptions } from "../ResourceClient.ts"
import * as ScimError from "../ScimError.ts"
import type { Finding, ScimResource } from "../ScimResource.ts"
import type { Endpoint } from "./endpoint.ts"
import { type Step, walk } from "./walker.ts"

export const make = <A extends ScimResource, New>(
  endpoint: Endpoint<A, New>,
  readPage: (request: PageRequest, expectRows: boolean) => Effect.Effect<Page<A>, ScimError.ScimError>
) => {
  const { dialect, named, pageSize } = endpoint

  const startWalk = (options: Pagination.StartOptions = {}) =>
    Pagination.start({
      count: pageSize,
      method: dialect.paging,
      firstIndex: dialect.firstIndex,
      ...options
    })

  /** An error of the walk itself knows nothing of requests; these are the ones it came from. */
  const placed = (error: ScimError.ScimError) =>
    error.method === undefined ? ScimError.make(error.reason, { method: "GET", path: endpoint.path }) : error

  const stepOf = (state: Pagination.WalkState, query: Query): Effect.Effect<Step<A>, ScimError.ScimError> =>
    Effect.flatMap(
      Effect.result(readPage({ ...query, ...Pagination.window(state) }, Pagination.expectRows(state))),
      (result): Effect.Effect<Step<A>, ScimError.ScimError> => {
        if (Result.isSuccess(result)) {
          const advance = Pagination.advance(state, result.success)
          return Result.isSuccess(advance)
            ? Effect.succeed({ ...advance.success, page: result.success, state })
            : Effect.fail(placed(advance.failure))
        }
        const recovery = Pagination.recover(state, result.failure)
        switch (recovery._tag) {
          case "Fail":
            return Effect.fail(recovery.error)
          case "Done":
            return Effect.succeed({ resources: [], next: Option.none(), siblings: [], page: emptyPage, state })
          case "Retry":
            return stepOf(recovery.state, query)
        }
      }
    )

  const walkOne = Effect.fn("ScimClient.walk", named)((state: Pagination.WalkState, query: Query = {}) =>
    Effect.map(stepOf(state, query), ({ next, page, resources, siblings }) => ({
      resources,
      next,
      siblings,
      totalResults: page.totalResults,
      findings: page.findings
    }))
  )

  const rows = (options: WalkOptions, onPage?: (step: Step<A>, duplicates: number) => void) => {
    const { attributes, excludedAttributes, filter, sortBy, sortOrder } = options
    const query: Query = { attributes, excludedAttributes, filter, sortBy, sortOrder }
    const step = Effect.fn("ScimClient.walk", named)((state: Pagination.WalkState) => stepOf(state, query))
    const concurrency = options.concurrency ?? 1
    return walk<A>({
      step,
      start: (manner) => {
        const overlap = manner === "overlapping" || (manner === "concurrent" && options.overlap !== false)
        const count = options.pageSize ?? pageSize
        return startWalk({
          concurrent: manner === "concurrent",
          overlap,
          // A page of one row has nothing to share with the next one.
          count: overlap ? Math.max(2, count) : count,
          ...(options.method === undefined ? {} : { method: options.method }),
          maxPages: options.maxPages
        })
      },
      manner: concurrency > 1 ? "concurrent" : options.overlap === false ? "plain" : "overlapping",
      concurrency,
      plainIfStalled: true,
      maxRewalks: options.maxRewalks ?? 1,
      onPage
    })
  }

  const stream = (options: WalkOptions = {}) => rows(options)

  const list = Effect.fn("ScimClient.list", named)(function*(options: WalkOptions = {}) {
    let duplicates = 0
    const findings = new Map<string, Finding>()
    const resources = yield* Stream.runCollect(rows(options, (step, repeated) => {
      duplicates += repeated
      for (const finding of step.page.findings) {
        const key = `${finding.kind} ${finding.attribute}`
        const known = findings.get(key)
        findings.set(key, known === undefined ? finding : { ...known, count: known.count + finding.count })
      }
    }))
    const out: List<A> = { resources, duplicates, findings: [...findings.values()] }
    return out
  })

  return { startWalk, walk: walkOne, stream, list }
}

const emptyPage: Page<never> = {
  resources: [],
  rowsReceived: 0,
  totalResults: undefined,
  startIndex: undefined,
  itemsPerPage: undefined,
  nextCursor: undefined,
  findings: []
}
