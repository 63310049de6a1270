/**
 * Reading one resource, or one page of them.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Filter from "../Filter.ts"
import * as ListResponse from "../ListResponse.ts"
import type { Page, PageRequest, Query } from "../Page.ts"
import type { ReadOptions } from "../ResourceClient.ts"
import * as ResourcePath from "../ResourcePath.ts"
import * as Schemas from "../Schemas.ts"
import * as ScimError from "../ScimError.ts"
import { Findings, type JsonObject, type ScimResource } from "../ScimResource.ts"
import { condition, type Endpoint, located, readQuery, unreadable } from "./endpoint.ts"
import type { Response } from "./transport.ts"

const filterText = (filter: Query["filter"]): string | undefined =>
  filter === undefined || typeof filter === "string" ? filter : Filter.print(filter)

/** What a list is asked for, in either form of the request. */
const wanted = (request: PageRequest) => ({
  filter: filterText(request.filter),
  sortBy: request.sortBy,
  sortOrder: request.sortOrder,
  startIndex: request.startIndex,
  count: request.count,
  cursor: request.cursor
})

const listQuery = (request: PageRequest): ResourcePath.Query => ({ ...readQuery(request), ...wanted(request) })

const searchBody = (request: PageRequest): JsonObject => ({
  schemas: [Schemas.SearchRequest],
  attributes: request.attributes,
  excludedAttributes: request.excludedAttributes,
  ...wanted(request)
})

export const make = <A extends ScimResource, New>(endpoint: Endpoint<A, New>) => {
  const { base, dialect, kind, named, pathOf, transport, url, urlOf } = endpoint

  const get = Effect.fn("ScimClient.get", named)(function*(id: string, options?: ReadOptions) {
    const target = yield* urlOf(id, readQuery(options))
    const facts = { method: "GET", path: pathOf(id) } as const
    const response = yield* transport.send({ ...facts, url: target, target: "resource", repeatable: true })
    const resource = kind.decode(response.json)
    return resource ?? (yield* unreadable(response, facts, `is no ${kind.name}: it has no id`))
  })

  const getIfChanged = Effect.fn("ScimClient.getIfChanged", named)(function*(
    id: string,
    etag: string,
    options?: ReadOptions
  ) {
    const target = yield* urlOf(id, readQuery(options))
    const facts = { method: "GET", path: pathOf(id) } as const
    const headers = dialect.etag ? yield* condition("if-none-match", etag) : {}
    const response = yield* transport.send({ ...facts, url: target, target: "resource", repeatable: true, headers })
    if (response.status === 304) return Option.none<A>()
    const resource = kind.decode(response.json)
    return Option.some(resource ?? (yield* unreadable(response, facts, `is no ${kind.name}: it has no id`)))
  })

  const decodePage = (response: Response, request: PageRequest, facts: ScimError.Facts, expectRows: boolean) => {
    const findings = new Findings()
    const list = ListResponse.decode(response.json, kind.decode, findings, {
      expectRows: expectRows && request.count !== 0
    })
    if (Result.isFailure(list)) {
      return Effect.fail(
        ScimError.make(
          new ScimError.InvalidListResponse({ message: `${facts.method} ${facts.path}: ${list.failure.message}` }),
          { ...facts, status: response.status }
        )
      )
    }
    const { itemsPerPage, nextCursor, resources, rowsReceived, startIndex, totalResults } = list.success
    if (startIndex === 0 && request.startIndex === 1) {
      findings.add("Shape", "ListResponse.startIndex", "the server counts rows from 0; see the dialect's firstIndex")
    }
    const page: Page<A> = {
      resources,
      rowsReceived,
      totalResults,
      startIndex,
      itemsPerPage,
      nextCursor,
      findings: findings.isEmpty ? noFindings : findings.toArray()
    }
    return Effect.succeed(page)
  }

  const readPage = Effect.fnUntraced(function*(request: PageRequest, expectRows: boolean) {
    const target = yield* url(listQuery(request))
    const facts = { method: "GET", path: endpoint.path } as const
    const response = yield* transport.send({ ...facts, url: target, target: "list", repeatable: true })
    return yield* decodePage(response, request, facts, expectRows)
  })

  const page = Effect.fn("ScimClient.page", named)((request: PageRequest = {}) => readPage(request, true))

  const search = Effect.fn("ScimClient.search", named)(function*(request: PageRequest = {}) {
    if (!dialect.search) return yield* readPage(request, true)
    const path = `${endpoint.path}/.search`
    const target = yield* located(ResourcePath.collection(base, path))
    const facts = { method: "POST", path } as const
    const body = JSON.stringify(searchBody(request))
    const response = yield* transport.send({ ...facts, url: target, target: "list", repeatable: true, body })
    return yield* decodePage(response, request, facts, true)
  })

  return { get, getIfChanged, page, readPage, search }
}

const noFindings: Page<never>["findings"] = []
