/**
 * Finds out what a server can do by asking it, without changing anything: the dialect that fits it, what was seen, and a
 * transcript that may be shown to others.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import * as Dialect from "./Dialect.ts"
import * as Discovery from "./Discovery.ts"
import * as Filter from "./Filter.ts"
import * as Group from "./Group.ts"
import { anonymous } from "./internal/anonymous.ts"
import { shapeOf } from "./internal/bodyShape.ts"
import * as ListResponse from "./ListResponse.ts"
import type * as ResourcePath from "./ResourcePath.ts"
import * as Schemas from "./Schemas.ts"
import type { RawResponse, ScimClient } from "./ScimClient.ts"
import type { Reason, ScimError } from "./ScimError.ts"
import * as Resource from "./ScimResource.ts"

/**
 * @since 0.1.0
 */
export interface Observation {
  /** What was asked, such as `filter by userName`. */
  readonly subject: string
  readonly answer: "yes" | "no" | "unknown"
  /** What was seen, for people. Holds no directory data. */
  readonly note: string
}

/**
 * One request and its answer, fit for a bug report: no credential, no host, no id, no value of the directory.
 *
 * @since 0.1.0
 */
export interface Exchange {
  readonly method: string
  /** Path and query; ids and filter values are replaced. */
  readonly target: string
  /** Absent when there was no answer. */
  readonly status: number | undefined
  /** Tag of the {@link ScimError}'s reason, for a refusal. */
  readonly refused: Reason["_tag"] | undefined
  readonly millis: number
  readonly headers: { readonly [name: string]: string }
  /** Names and types of the body, not its values. For refusals `scimType` and `detail`, less what could be a value. */
  readonly body: string
}

/**
 * @since 0.1.0
 */
export interface Report {
  /** The client's dialect with what was found put into it. */
  readonly dialect: Dialect.Dialect
  /** What was put into it: the switches that the client's dialect (`here`) has otherwise than the server (`there`). */
  readonly differences: ReadonlyArray<Dialect.Difference>
  readonly observations: ReadonlyArray<Observation>
  readonly transcript: ReadonlyArray<Exchange>
}

interface Ask {
  readonly method?: "GET" | "POST"
  readonly path: string
  /** The path as the transcript shows it. */
  readonly shown?: string
  readonly query?: ResourcePath.Query
  readonly body?: Resource.JsonObject
  readonly headers?: { readonly [name: string]: string }
}

const shownHeaders = /^(content-type|retry-after|(x-)?rate-?limit.*)$/

/** @since 0.1.0 */
export interface Options {
  /** Called with each exchange as it ends, so that there is a transcript of a probe that fails, too. */
  readonly onExchange?: ((exchange: Exchange) => void) | undefined
}

/**
 * Some fifteen requests, all read-only. Fails when users cannot be listed at all.
 *
 * @since 0.1.0
 */
export const run = Effect.fn("Detect.run")(function*(client: ScimClient["Service"], options: Options = {}) {
  const observations: Array<Observation> = []
  const transcript: Array<Exchange> = []
  /** Values of the directory that requests name, which a refusal may repeat. */
  const named = new Set<string>()
  const note = (subject: string, answer: Observation["answer"], text: string) => {
    observations.push({ subject, answer, note: text })
    return answer
  }

  const ask = Effect.fnUntraced(function*(request: Ask) {
    const method = request.method ?? "GET"
    const from = yield* Clock.currentTimeMillis
    const { body, headers, path, query } = request
    const result = yield* Effect.result(client.request({ method, path, query, body, headers, repeatable: true }))
    const millis = (yield* Clock.currentTimeMillis) - from
    const exchange = record(request, method, result, millis, named)
    transcript.push(exchange)
    options.onExchange?.(exchange)
    return result
  })
  const list = Effect.fnUntraced(function*(request: Ask) {
    const result = yield* ask(request)
    if (Result.isFailure(result)) return Result.fail(result.failure.reason._tag)
    const page = ListResponse.decode(result.success.body, Resource.decode, undefined, { expectRows: false })
    return Result.isSuccess(page) ? Result.succeed(page.success) : Result.fail<Reason["_tag"]>("InvalidListResponse")
  })
  const says = (result: Result.Result<unknown, Reason["_tag"]>) => Result.isFailure(result) ? result.failure : "a list"

  const described = yield* ask({ path: "/ServiceProviderConfig" })
  const config = Discovery.decodeServiceProviderConfig(
    Result.isSuccess(described) ? described.success.body : undefined
  )
  note(
    "ServiceProviderConfig",
    config.raw === undefined ? "no" : "yes",
    config.raw === undefined
      ? "none that can be read; everything else is found out by asking"
      : `patch ${config.patch}, bulk ${config.bulk.support}, filter ${config.filter.support}, sort ${config.sort}, etag ${config.etag}, ` +
        `cursor ${config.pagination.cursor}`
  )

  // Everything else needs this one, so its failure is the whole probe's.
  const first = yield* ask({ path: "/Users", query: { startIndex: 1, count: 2 } })
  if (Result.isFailure(first)) return yield* first.failure
  const decoded = ListResponse.decode(first.success.body, Resource.decode, undefined, { expectRows: false })
  const head = Result.isSuccess(decoded) ? decoded.success : undefined
  const ids = head?.resources.map(({ id }) => id) ?? []
  for (const found of ids) named.add(found)
  note("list of users", head === undefined ? "no" : "yes", head === undefined ? "the answer is no list" : "readable")
  note(
    "totalResults",
    head?.totalResults === undefined ? "no" : "yes",
    head?.totalResults === undefined ? "missing: lists are read until an empty page" : "given"
  )
  note("count", (head?.rowsReceived ?? 0) > 2 ? "no" : "yes", (head?.rowsReceived ?? 0) > 2 ? "ignored" : "kept")

  let firstIndex = client.dialect.firstIndex
  const [id, second] = ids
  if (id === undefined || second === undefined) {
    note("startIndex", "unknown", "fewer than two users to tell by")
  } else {
    const moved = yield* list({ path: "/Users", query: { startIndex: 2, count: 1 } })
    const met = Result.isSuccess(moved) ? moved.success.resources[0]?.id : undefined
    const answer = met === second ? "yes" : "no"
    note(
      "startIndex",
      answer,
      answer === "yes" ? "kept" : met === id ? "ignored" : `not as RFC 7644 has it (${says(moved)})`
    )
    if (head?.startIndex === 0) {
      const zero = yield* list({ path: "/Users", query: { startIndex: 0, count: 1 } })
      const before = Result.isSuccess(zero) ? zero.success.resources[0]?.id : undefined
      if (before !== undefined && before !== id) firstIndex = 0
    }
  }

  let pageSize = client.dialect.pageSize
  const large = yield* list({ path: "/Users", query: { startIndex: 1, count: 1000 } })
  if (Result.isFailure(large)) {
    note("pages of 1000", "no", `refused (${large.failure})`)
  } else {
    const { rowsReceived, totalResults } = large.success
    const capped = totalResults !== undefined && rowsReceived < Math.min(1000, totalResults)
    note("pages of 1000", capped ? "no" : rowsReceived === 1000 ? "yes" : "unknown", `${rowsReceived} rows came`)
    if (capped && rowsReceived > 0) pageSize = rowsReceived
  }

  const cursor = yield* list({ path: "/Users", query: { cursor: "", count: 1 } })
  const cursors = Result.isSuccess(cursor) && cursor.success.nextCursor !== undefined
  note("cursors (RFC 9865)", cursors ? "yes" : "no", cursors ? "nextCursor given" : `no nextCursor (${says(cursor)})`)

  const nobody = `nobody-${yield* Random.nextIntBetween(1e9, 9e9)}@probe.invalid`
  named.add(nobody)
  const filterBy = Effect.fnUntraced(function*(attribute: string, value: string) {
    return yield* list({ path: "/Users", query: { filter: Filter.print(Filter.eq(attribute, value)) } })
  })
  const absent = yield* filterBy("userName", nobody)
  const filters = Result.isFailure(absent)
    ? note("filter by userName", "no", `refused (${absent.failure})`)
    : absent.success.rowsReceived > 0
    ? note("filter by userName", "no", "ignored: rows came that do not fit")
    : note("filter by userName", "yes", "kept")
  const userName = head?.resources[0] === undefined ? undefined : Resource.attribute(head.resources[0].raw, "userName")
  if (filters === "yes" && typeof userName === "string") {
    named.add(userName).add(userName.toUpperCase())
    const upper = yield* filterBy("userName", userName.toUpperCase())
    const met = Result.isSuccess(upper) && upper.success.resources.some((row) => row.id === id)
    note("filter regardless of case", met ? "yes" : "no", met ? "kept" : "userName must be written as it is stored")
  }
  const external = yield* filterBy("externalId", nobody)
  const byExternal = Result.isSuccess(external) && external.success.rowsReceived === 0
  note(
    "filter by externalId",
    byExternal ? "yes" : "no",
    byExternal ? "kept" : `ignored or refused (${says(external)})`
  )

  const narrow = yield* list({ path: "/Users", query: { attributes: "userName", count: 1 } })
  const extra = Result.isSuccess(narrow) && narrow.success.resources[0] !== undefined
    ? Object.keys(narrow.success.resources[0].raw).some((name) => !/^(id|schemas|meta|username)$/i.test(name))
    : undefined
  note(
    "attributes",
    extra === undefined ? "unknown" : extra ? "no" : "yes",
    extra === undefined ? says(narrow) : extra ? "ignored" : "kept"
  )

  const missing = yield* ask({ path: `/Users/${encodeURIComponent(nobody)}`, shown: "/Users/{unknown}" })
  const status = Result.isSuccess(missing) ? missing.success.status : missing.failure.status
  note("404 for an unknown id", status === 404 ? "yes" : "no", `answered with ${status ?? "nothing"}`)

  let etag = false
  if (id !== undefined) {
    const path = `/Users/${encodeURIComponent(id)}`
    const one = yield* ask({ path, shown: "/Users/{id}" })
    const user = Result.isSuccess(one) ? Resource.decode(one.success.body) : undefined
    const tag = (Result.isSuccess(one) ? one.success.headers["etag"] : undefined) ?? user?.meta?.version
    const again = tag === undefined || !/^[\x20-\x7e]+$/.test(tag)
      ? undefined
      : yield* ask({ path, shown: "/Users/{id}", headers: { "if-none-match": tag } })
    const unchanged = again !== undefined && Result.isSuccess(again) && again.success.status === 304
    // Web frameworks answer 304 by themselves; what matters more, If-Match, is kept by those who say so.
    etag = unchanged && config.etag !== "unsupported"
    note(
      "entity tags",
      etag ? "yes" : "no",
      tag === undefined
        ? "none given"
        : etag
        ? "304 when unchanged"
        : unchanged
        ? "304 when unchanged, but the configuration says that there are none: changes are not guarded by them"
        : "given, not kept"
    )
  }

  const search = yield* list({
    method: "POST",
    path: "/Users/.search",
    body: { schemas: [Schemas.SearchRequest], count: 1 }
  })
  const searches = Result.isSuccess(search)
  note("/.search", searches ? "yes" : "no", searches ? "works" : `refused (${says(search)})`)

  const membersInList = yield* members(list, ask, note, named)

  const dialect: Dialect.Dialect = {
    ...client.dialect,
    name: `${client.dialect.name}, as detected`,
    patch: config.patch === "unsupported" ? false : client.dialect.patch,
    paging: config.pagination.defaultPaginationMethod === "cursor" && cursors ? "cursor" : client.dialect.paging,
    pageSize,
    firstIndex,
    membersInList,
    etag,
    search: searches,
    filter: filters === "yes"
  }
  const report: Report = {
    dialect,
    differences: Dialect.differences(client.dialect, dialect),
    observations,
    transcript
  }
  return report
})

/** Whether the list of groups shows members: told by a group that has some. */
const members = Effect.fnUntraced(function*(
  list: (
    request: Ask
  ) => Effect.Effect<Result.Result<ListResponse.ListResponse<Resource.ScimResource>, Reason["_tag"]>>,
  ask: (request: Ask) => Effect.Effect<Result.Result<RawResponse, ScimError>>,
  note: (subject: string, answer: Observation["answer"], text: string) => Observation["answer"],
  named: Set<string>
) {
  const groups = yield* list({ path: "/Groups", query: { startIndex: 1, count: 5 } })
  if (Result.isFailure(groups)) {
    note("list of groups", "no", `refused (${groups.failure})`)
    return undefined
  }
  note("list of groups", "yes", "readable")
  const count = (group: Group.Group | undefined) => group?.members._tag === "Known" ? group.members.members.length : 0
  const listed = groups.success.resources.map(({ raw }) => Group.decode(raw))
  let inList = listed.some((group) => count(group) > 0) ? true : undefined
  if (inList === undefined) {
    for (const group of listed) {
      if (group === undefined) continue
      named.add(group.id)
      const one = yield* ask({ path: `/Groups/${encodeURIComponent(group.id)}`, shown: "/Groups/{id}" })
      if (Result.isSuccess(one) && count(Group.decode(one.success.body)) > 0) {
        inList = false
        break
      }
    }
  }
  note(
    "members in the list of groups",
    inList === undefined ? "unknown" : inList ? "yes" : "no",
    inList === undefined ? "no group with members to tell by" : inList ? "given" : "groups must be read one by one"
  )
  if (inList === true) {
    const without = yield* list({ path: "/Groups", query: { excludedAttributes: "members", count: 5 } })
    const left = Result.isSuccess(without) &&
      without.success.resources.every(({ raw }) => Resource.attribute(raw, "members") === undefined)
    note("excludedAttributes", left ? "yes" : "no", left ? "members left out" : "ignored")
  }
  return inList
})

const record = (
  request: Ask,
  method: string,
  result: Result.Result<RawResponse, ScimError>,
  millis: number,
  named: ReadonlySet<string>
): Exchange => {
  const query = Object.entries(request.query ?? {}).map(([name, value]) =>
    `${name}=${name === "filter" ? String(value).replace(/"(?:[^"\\]|\\.)*"/g, `"…"`) : value}`
  )
  const target = `${request.shown ?? request.path}${query.length === 0 ? "" : `?${query.join("&")}`}`
  if (Result.isFailure(result)) {
    const { detail, reason, scimType, status } = result.failure
    const body = anonymous([scimType, detail].filter((text) => text !== undefined).join(": "), named)
    return { method, target, status, refused: reason._tag, millis, headers: {}, body }
  }
  const headers = Object.entries(result.success.headers).flatMap(([name, value]) =>
    value !== undefined && shownHeaders.test(name) ? [[name, value] as const] : []
  )
  return {
    method,
    target,
    status: result.success.status,
    refused: undefined,
    millis,
    headers: Object.fromEntries(headers),
    body: shapeOf(result.success.body)
  }
}

/**
 * Observations, a line for each.
 *
 * @since 0.1.0
 */
export const printObservations = (observations: ReadonlyArray<Observation>): string => {
  const width = Math.max(0, ...observations.map(({ subject }) => subject.length))
  return observations.map(({ answer, note, subject }) => `${subject.padEnd(width)}  ${answer.padEnd(7)}  ${note}`).join(
    "\n"
  )
}

/**
 * What to change in the dialect, a line for each switch.
 *
 * @since 0.1.0
 */
export const printDifferences = ({ dialect, differences }: Pick<Report, "dialect" | "differences">): string =>
  differences.length === 0
    ? `Dialect ${dialect.name}: fits as it is.`
    : [
      `Dialect ${dialect.name}:`,
      ...differences.map(({ here, name, there }) => `  ${name}: ${shown(there)} instead of ${shown(here)}`)
    ].join("\n")

const shown = (value: unknown): string => value === undefined ? "undefined" : JSON.stringify(value)

/**
 * Requests and answers in their order.
 *
 * @since 0.1.0
 */
export const printTranscript = (transcript: ReadonlyArray<Exchange>): string =>
  transcript.flatMap(({ body, headers, method, millis, refused, status, target }) => [
    `> ${method} ${target}`,
    `< ${status ?? "no answer"}${refused === undefined ? "" : ` ${refused}`} (${millis} ms)`,
    ...Object.entries(headers).map(([name, value]) => `< ${name}: ${value}`),
    ...(body === "" ? [] : [`  ${body}`])
  ]).join("\n")

/**
 * The report as text: observations, then the transcript.
 *
 * @since 0.1.0
 */
export const print = (report: Report): string =>
  [printObservations(report.observations), printDifferences(report), printTranscript(report.transcript)].join("\n\n")
