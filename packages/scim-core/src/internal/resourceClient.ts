/**
 * The operations on one type of resource, over the shared transport.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { Dialect } from "../Dialect.ts"
import * as Filter from "../Filter.ts"
import * as ListResponse from "../ListResponse.ts"
import type { Page, PageRequest, Query } from "../Page.ts"
import * as Pagination from "../Pagination.ts"
import * as Patch from "../Patch.ts"
import type {
  Creation,
  Deletion,
  List,
  Lookup,
  PatchOptions,
  ReadOptions,
  ResourceClient,
  WalkOptions,
  WriteOptions
} from "../ResourceClient.ts"
import type { ResourceKind } from "../ResourceKind.ts"
import * as ResourcePath from "../ResourcePath.ts"
import type { RetryPolicy } from "../RetryPolicy.ts"
import * as Schemas from "../Schemas.ts"
import * as ScimError from "../ScimError.ts"
import { attribute, type Finding, Findings, type JsonObject, type ScimResource } from "../ScimResource.ts"
import * as Creating from "./creation.ts"
import type { Response, Transport } from "./transport.ts"
import { type Step, walk } from "./walker.ts"

export interface Surroundings {
  readonly base: ResourcePath.BaseUrl
  readonly transport: Transport
  readonly dialect: Dialect
  readonly pageSize: number
  readonly retry: RetryPolicy
}

/** What a path that cannot be built says about the argument at fault. */
export const located = (
  result: Result.Result<string, ResourcePath.InvalidResourcePath>
): Effect.Effect<string, ScimError.ScimError> =>
  Result.isSuccess(result)
    ? Effect.succeed(result.success)
    : Effect.fail(
      ScimError.make(
        new ScimError.InvalidConfiguration({ option: result.failure.part, message: result.failure.message })
      )
    )

const joined = (names: ReadonlyArray<string> | undefined): string | undefined =>
  names === undefined || names.length === 0 ? undefined : names.join(",")

const readQuery = (options: ReadOptions | undefined) => ({
  attributes: joined(options?.attributes),
  excludedAttributes: joined(options?.excludedAttributes)
})

const filterText = (filter: Query["filter"]): string | undefined =>
  filter === undefined || typeof filter === "string" ? filter : Filter.print(filter)

const listQuery = (request: PageRequest): ResourcePath.Query => ({
  ...readQuery(request),
  filter: filterText(request.filter),
  sortBy: request.sortBy,
  sortOrder: request.sortOrder,
  startIndex: request.startIndex,
  count: request.count,
  cursor: request.cursor
})

const searchBody = (request: PageRequest): JsonObject => ({
  schemas: [Schemas.SearchRequest],
  attributes: request.attributes,
  excludedAttributes: request.excludedAttributes,
  filter: filterText(request.filter),
  sortBy: request.sortBy,
  sortOrder: request.sortOrder,
  startIndex: request.startIndex,
  count: request.count,
  cursor: request.cursor
})

export const make = <A extends ScimResource, New>(
  kind: ResourceKind<A, New>,
  surroundings: Surroundings
): ResourceClient<A, New> => {
  const { base, dialect, pageSize, transport } = surroundings
  const endpoint = kind.endpoint.startsWith("/") ? kind.endpoint : `/${kind.endpoint}`
  const pathOf = (id: string) => `${endpoint}/${encodeURIComponent(id)}`
  const named = { attributes: { "scim.resource_type": kind.name } }

  const unreadable = (response: Response, facts: ScimError.Facts, what: string) =>
    ScimError.make(
      new ScimError.Decode({ message: `The answer to ${facts.method} ${facts.path} ${what}.` }),
      { ...facts, status: response.status }
    )

  const get = Effect.fn("ScimClient.get", named)(function*(id: string, options?: ReadOptions) {
    const url = yield* located(ResourcePath.resource(base, endpoint, id, readQuery(options)))
    const facts = { method: "GET", path: pathOf(id) } as const
    const response = yield* transport.send({ ...facts, url, target: "resource", repeatable: true })
    const resource = kind.decode(response.json)
    return resource ?? (yield* unreadable(response, facts, `is no ${kind.name}: it has no id`))
  })

  const getIfChanged = Effect.fn("ScimClient.getIfChanged", named)(function*(
    id: string,
    etag: string,
    options?: ReadOptions
  ) {
    const url = yield* located(ResourcePath.resource(base, endpoint, id, readQuery(options)))
    const facts = { method: "GET", path: pathOf(id) } as const
    const headers = dialect.etag ? yield* condition("if-none-match", etag) : {}
    const response = yield* transport.send({ ...facts, url, target: "resource", repeatable: true, headers })
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
    const url = yield* located(ResourcePath.collection(base, endpoint, listQuery(request)))
    const facts = { method: "GET", path: endpoint } as const
    const response = yield* transport.send({ ...facts, url, target: "list", repeatable: true })
    return yield* decodePage(response, request, facts, expectRows)
  })

  const page = Effect.fn("ScimClient.page", named)((request: PageRequest = {}) => readPage(request, true))

  const search = Effect.fn("ScimClient.search", named)(function*(request: PageRequest = {}) {
    if (!dialect.search) return yield* readPage(request, true)
    const path = `${endpoint}/.search`
    const url = yield* located(ResourcePath.collection(base, path))
    const facts = { method: "POST", path } as const
    const body = JSON.stringify(searchBody(request))
    const response = yield* transport.send({ ...facts, url, target: "list", repeatable: true, body })
    return yield* decodePage(response, request, facts, true)
  })

  const startWalk = (options: Pagination.StartOptions = {}) =>
    Pagination.start({
      count: pageSize,
      method: dialect.paging,
      firstIndex: dialect.firstIndex,
      ...options
    })

  /** An error of the walk itself knows nothing of requests; these are the ones it came from. */
  const placed = (error: ScimError.ScimError) =>
    error.method === undefined ? ScimError.make(error.reason, { method: "GET", path: endpoint }) : error

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
      start: (manner) =>
        startWalk({
          concurrent: manner === "concurrent",
          overlap: manner === "overlapping" || (manner === "concurrent" && options.overlap !== false),
          count: options.pageSize ?? pageSize,
          ...(options.method === undefined ? {} : { method: options.method }),
          maxPages: options.maxPages
        }),
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

  const findBy = Effect.fn("ScimClient.findBy", named)(function*(
    name: string,
    value: string,
    options: ReadOptions & { readonly caseExact?: boolean | undefined } = {}
  ) {
    if (!dialect.filter) return yield* noFilter("the dialect says so")
    const filter = Filter.eq(name, value)
    const { attributes, excludedAttributes } = options
    // Without paging parameters: a look-up has one row, and some servers refuse them.
    const first = yield* readPage({ filter, attributes, excludedAttributes }, true)
    const complete = first.nextCursor === undefined && (first.totalResults ?? 0) <= first.rowsReceived
    const matches = (rows: ReadonlyArray<A>, caseExact: boolean | undefined) =>
      rows.filter((row) =>
        Filter.matches(filter, row.raw, caseExact === undefined ? {} : { caseExact: () => caseExact })
      )
    // Where even one row does not fit, the filter was not applied, and what fits among the rest proves nothing.
    if (matches(first.resources, false).length < first.resources.length) {
      return yield* noFilter("it sent rows that do not fit the filter")
    }
    const all = complete ? first.resources : (yield* list({ filter, attributes, excludedAttributes })).resources
    return matches(all, options.caseExact)
  })

  const noFilter = (why: string) =>
    Effect.fail(
      ScimError.make(
        new ScimError.NotSupported({
          message:
            `The server does not filter ${endpoint} (${why}), so a ${kind.name} cannot be looked up by an attribute. Look it ` +
            "up by id, or list all of them."
        }),
        { method: "GET", path: endpoint }
      )
    )

  const lookUp = Effect.fnUntraced(function*(body: JsonObject) {
    for (const key of kind.naturalKeys) {
      const value = attribute(body, key.attribute)
      if (typeof value !== "string" || value === "") continue
      const found = yield* findBy(key.attribute, value, { caseExact: key.caseExact }).pipe(
        Effect.catchReasons("ScimError", {
          // A server that cannot filter by this attribute cannot say anything about it.
          NotSupported: () => Effect.succeed(undefined),
          InvalidRequest: () => Effect.succeed(undefined),
          FilterRequired: () => Effect.succeed(undefined)
        })
      )
      if (found === undefined) continue
      const [only, ...others] = found
      const lookup: Lookup<A> = only === undefined
        ? { _tag: "Absent" }
        : others.length === 0
        ? { _tag: "Found", resource: only }
        : { _tag: "Inconclusive", matches: found.length }
      return lookup
    }
    const nothing: Lookup<A> = { _tag: "Inconclusive", matches: 0 }
    return nothing
  })

  const find = Effect.fn("ScimClient.find", named)((resource: New) => lookUp(kind.encode(resource)))

  const post = Effect.fnUntraced(function*(body: JsonObject) {
    const url = yield* located(ResourcePath.collection(base, endpoint))
    const facts = { method: "POST", path: endpoint } as const
    const response = yield* transport.send({
      ...facts,
      url,
      target: "list",
      repeatable: false,
      body: JSON.stringify(body)
    })
    const created = kind.decode(response.json)
    if (created !== undefined) return created
    // Only a 201 names the new resource by Location; elsewhere the header may be about anything.
    const id = response.status === 201 ? idFromLocation(response.headers["location"], endpoint) : undefined
    if (id !== undefined) return yield* get(id)
    return yield* unreadable(response, facts, `does not say which ${kind.name} was created`)
  })

  const createBody = (body: JsonObject) =>
    Creating.create({
      post: post(body),
      find: lookUp(body),
      retries: Duration.isZero(surroundings.retry.budget) ? 0 : 2
    })

  const create = Effect.fn("ScimClient.create", named)((resource: New) => createBody(kind.encode(resource)))

  const createOrFind = Effect.fn("ScimClient.createOrFind", named)(function*(resource: New) {
    const body = kind.encode(resource)
    const result = yield* Effect.result(createBody(body))
    if (Result.isSuccess(result)) {
      const created: Creation<A> = { _tag: "Created", resource: result.success }
      return created
    }
    if (result.failure.reason._tag !== "Conflict") return yield* result.failure
    const found = yield* lookUp(body)
    if (found._tag !== "Found") return yield* result.failure
    const existing: Creation<A> = { _tag: "Existing", resource: found.resource }
    return existing
  })

  const ifMatch = (options: WriteOptions | undefined) =>
    dialect.etag && options?.ifMatch !== undefined ? condition("if-match", options.ifMatch) : Effect.succeed({})

  const optional = (response: Response): Option.Option<A> => Option.fromUndefinedOr(kind.decode(response.json))

  const replace = Effect.fn("ScimClient.replace", named)(function*(
    id: string,
    resource: New,
    options?: WriteOptions
  ) {
    const url = yield* located(ResourcePath.resource(base, endpoint, id))
    const response = yield* transport.send({
      method: "PUT",
      path: pathOf(id),
      url,
      target: "resource",
      repeatable: true,
      headers: yield* ifMatch(options),
      body: JSON.stringify(kind.encode(resource))
    })
    return optional(response)
  })

  const patch = Effect.fn("ScimClient.patch", named)(function*(
    id: string,
    patch: Patch.Patch,
    options?: PatchOptions
  ) {
    if (!dialect.patch) {
      return yield* ScimError.make(
        new ScimError.NotSupported({
          message: `The server does not support PATCH, says the dialect ${dialect.name}. Use replace.`
        }),
        { method: "PATCH", path: pathOf(id) }
      )
    }
    const url = yield* located(ResourcePath.resource(base, endpoint, id))
    const repeatable = options?.repeatable ?? patch.operations.every((operation) => operation._tag !== "Add")
    let headers = yield* ifMatch(options)
    let last = Option.none<A>()
    let parts: ReadonlyArray<Patch.Patch> = Patch.split(patch, {
      maxOperations: dialect.maxPatchOperations,
      maxValues: dialect.maxPatchValues
    })
    while (true) {
      const [part, ...rest] = parts
      if (part === undefined) return last
      const result = yield* Effect.result(transport.send({
        method: "PATCH",
        path: pathOf(id),
        url,
        target: "resource",
        repeatable,
        headers,
        body: JSON.stringify(Patch.encode(part))
      }))
      if (Result.isSuccess(result)) {
        last = optional(result.success)
        // The first part made a new version of the resource, so the old tag would stop the second.
        const etag = result.success.headers["etag"]
        headers = "if-match" in headers && etag !== undefined ? yield* condition("if-match", etag) : {}
        parts = rest
        continue
      }
      const size = changes(part)
      if (result.failure.reason._tag !== "RequestTooLarge" || size < 2) return yield* result.failure
      parts = [...Patch.split(part, { maxValues: Math.ceil(size / 2) }), ...rest]
    }
  })

  const remove = Effect.fn("ScimClient.delete", named)(function*(id: string, options?: WriteOptions) {
    const url = yield* located(ResourcePath.resource(base, endpoint, id))
    const response = yield* transport.send({
      method: "DELETE",
      path: pathOf(id),
      url,
      target: "resource",
      repeatable: true,
      accept: "NotFound",
      headers: yield* ifMatch(options)
    })
    // An attempt that ended unclearly may be what removed it.
    const outcome: Deletion = response.status === 404 && !response.mayHaveRunBefore ? "DidNotExist" : "Deleted"
    return outcome
  })

  return {
    kind,
    get,
    getIfChanged,
    page,
    search,
    startWalk,
    walk: walkOne,
    stream,
    list,
    create,
    createOrFind,
    find,
    findBy,
    replace,
    patch,
    delete: remove
  }
}

const noFindings: Page<never>["findings"] = []

const emptyPage: Page<never> = {
  resources: [],
  rowsReceived: 0,
  totalResults: undefined,
  startIndex: undefined,
  itemsPerPage: undefined,
  nextCursor: undefined,
  findings: noFindings
}

/** Entity tags go into headers, and come from wherever the caller got them. */
const condition = (
  header: "if-match" | "if-none-match",
  etag: string
): Effect.Effect<{ readonly [name: string]: string }, ScimError.ScimError> =>
  /^[\x20-\x7e]+$/.test(etag)
    ? Effect.succeed({ [header]: etag })
    : Effect.fail(
      ScimError.make(
        new ScimError.InvalidConfiguration({
          option: header,
          message:
            "The entity tag is empty or contains characters that no HTTP header can hold. Use meta.version as the server sent it."
        })
      )
    )

/** How many single changes a patch holds: what splitting it divides. */
const changes = (patch: Patch.Patch): number =>
  patch.operations.reduce((sum, operation) => {
    const value = operation._tag === "RemoveValues"
      ? operation.values
      : operation._tag === "Remove"
      ? undefined
      : operation.value
    return sum + (Array.isArray(value) ? Math.max(1, value.length) : 1)
  }, 0)

const idFromLocation = (location: string | undefined, endpoint: string): string | undefined => {
  const match = location === undefined ? null : /^([^?#]*)\/([^/?#]+)\/?(?:[?#].*)?$/.exec(location)
  const tail = match?.[2]
  if (tail === undefined || !`/${match?.[1] ?? ""}`.toLowerCase().endsWith(endpoint.toLowerCase())) return undefined
  const id = Result.try(() => decodeURIComponent(tail))
  return Result.isSuccess(id) ? id.success : undefined
}
