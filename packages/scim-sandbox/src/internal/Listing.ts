/**
 * Lists (RFC 7644 section 3.4.2): which rows, in which order, on which page, as which bytes. A plain page is a concatenation of
 * the rows' own bytes; only what needs more (filter without index, sort, projection, some faults) parses rows.
 */
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import type { Profile } from "../Profile.ts"
import * as ScimFailure from "../ScimFailure.ts"
import type { FaultBoard, Target } from "./FaultBoard.ts"
import * as Filter from "./Filter.ts"
import { isJsonObject, type JsonObject, objectsOf, parse, stringOf } from "./Json.ts"
import * as Projection from "./Projection.ts"
import { definitions, resolve, type ResourceKind, splitPath } from "./Schemas.ts"
import { joined, type Row, type Store } from "./Store.ts"

export interface Query {
  readonly startIndex: number | undefined
  readonly count: number | undefined
  readonly filter: string | undefined
  readonly sortBy: string | undefined
  readonly descending: boolean
  /** An empty string asks for the first page (RFC 9865 section 2.1). */
  readonly cursor: string | undefined
  readonly projection: Projection.Projection | undefined
}

type Answered<A> = Result.Result<A, ScimFailure.ScimFailure>

const refuse = (detail: string, scimType: string): Result.Result<never, ScimFailure.ScimFailure> =>
  Result.fail(ScimFailure.make(400, detail, scimType))

const integer = (name: string, value: unknown): Answered<number | undefined> => {
  if (value === undefined || value === null || value === "") return Result.succeed(undefined)
  const number = Predicate.isString(value) ? Number(value) : value
  return Predicate.isNumber(number) && Number.isSafeInteger(number)
    ? Result.succeed(number)
    : refuse(`'${name}' is expected an integer, received '${String(value)}'`, "invalidValue")
}

const paths = (value: unknown): ReadonlyArray<string> => {
  const items: ReadonlyArray<unknown> = Predicate.isString(value)
    ? value.split(",")
    : Array.isArray(value)
    ? value
    : []
  return items.flatMap((item) => stringOf(item)?.trim() ?? []).filter((path) => path !== "")
}

/** Reads the query of a URL, or the body of a `/.search` (RFC 7644 section 3.4.3), which has the same members. */
export const queryOf = (read: (name: string) => unknown): Answered<Query> =>
  Result.flatMap(
    integer("startIndex", read("startIndex")),
    (startIndex) =>
      Result.map(integer("count", read("count")), (count) => ({
        startIndex,
        count,
        filter: stringOf(read("filter")),
        sortBy: stringOf(read("sortBy")),
        descending: stringOf(read("sortOrder"))?.toLowerCase() === "descending",
        cursor: stringOf(read("cursor")),
        projection: Projection.make(paths(read("attributes")), paths(read("excludedAttributes")))
      }))
  )

export const projectionOf = (url: URLSearchParams): Projection.Projection | undefined =>
  Projection.make(paths(url.get("attributes")), paths(url.get("excludedAttributes")))

interface Cursor {
  /** Sequence of the last row served, or the number of rows served where the list is sorted. */
  readonly at: number
  readonly count: number
  /** What the list was asked for; a cursor belongs to one list. */
  readonly list: string
  /** When the cursor was given out, in milliseconds since 1970. */
  readonly given: number
}

const encodeCursor = (cursor: Cursor): string => Buffer.from(JSON.stringify(cursor)).toString("base64url")

const decodeCursor = (text: string): Cursor | undefined => {
  const value = Result.getOrUndefined(parse(Buffer.from(text, "base64url").toString("utf8")))
  if (!isJsonObject(value)) return undefined
  const { at, count, given, list } = value
  return Predicate.isNumber(at) && Predicate.isNumber(count) && Predicate.isNumber(given) && Predicate.isString(list)
    ? { at, count, given, list }
    : undefined
}

export interface Context {
  readonly store: Store
  readonly profile: Profile
  readonly faults: FaultBoard
  /** Milliseconds since 1970. */
  readonly now: () => number
}

const select = (context: Context, kind: ResourceKind, query: Query, target: Target): Answered<ReadonlyArray<Row>> => {
  const { profile, store } = context
  const rows = store.rows(kind)
  if (query.filter === undefined || query.filter === "") return Result.succeed(rows)
  if (profile.filter === "none") return refuse("Filters are not supported", "invalidFilter")
  return Result.flatMap(
    Filter.make(query.filter, definitions[kind]),
    ({ equality, test }): Answered<ReadonlyArray<Row>> => {
      const known = kind === "User" ? "username" : "displayname"
      if (profile.filter === "known" && equality?.attribute !== known) {
        return refuse(`The filter '${query.filter ?? ""}' is not supported`, "invalidFilter")
      }
      if (context.faults.take("ignoreFilter", target) !== undefined) return Result.succeed(rows)
      const found = equality === undefined ? undefined : store.lookup(kind, equality.attribute, equality.value)
      return Result.succeed(found ?? rows.filter((row) => test(store.read(row))))
    }
  )
}

const sortKey = (resource: JsonObject, names: ReadonlyArray<string>, exact: boolean): string | undefined => {
  let value: unknown = resource
  for (const name of names) {
    if (Array.isArray(value)) {
      // A multi-valued attribute sorts by its primary value, else its first (RFC 7644 section 3.4.2.3).
      const items = objectsOf(value)
      value = items.find((item) => item["primary"] === true) ?? items[0]
    }
    if (!isJsonObject(value)) return undefined
    const folded = name.toLowerCase()
    const key = Object.keys(value).find((key) => key.toLowerCase() === folded)
    value = key === undefined ? undefined : value[key]
  }
  if (value === undefined || value === null) return undefined
  return exact ? String(value) : String(value).toLowerCase()
}

const sort = (store: Store, kind: ResourceKind, query: Query, rows: ReadonlyArray<Row>): ReadonlyArray<Row> => {
  const { sortBy } = query
  if (sortBy === undefined || sortBy === "") return rows
  const { extension, names } = splitPath(sortBy, definitions[kind])
  const path = extension === undefined ? names : [extension.id, ...names]
  const attribute = resolve(sortBy, definitions[kind])
  const exact = attribute?.caseExact ?? true
  const leaf = attribute?.multiValued === true ? [...path, "value"] : path
  const direction = query.descending ? -1 : 1
  return rows
    .map((row) => ({ row, key: sortKey(store.read(row), leaf, exact) }))
    .sort((a, b) => {
      if (a.key === b.key) return a.row.sequence - b.row.sequence
      // Rows without the attribute come last, and first when descending (RFC 7644 section 3.4.2.3).
      if (a.key === undefined) return direction
      if (b.key === undefined) return -direction
      return a.key < b.key ? -direction : direction
    })
    .map(({ row }) => row)
}

interface Page {
  readonly rows: ReadonlyArray<Row>
  readonly total: number
  readonly startIndex: number | undefined
  readonly nextCursor: string | undefined
}

const cursorPage = (
  context: Context,
  rows: ReadonlyArray<Row>,
  query: Query,
  asked: number,
  kind: ResourceKind
): Answered<Page> => {
  const { profile } = context
  const list = `${kind}?${query.filter ?? ""}?${query.sortBy ?? ""}?${query.descending}`
  const sorted = query.sortBy !== undefined && query.sortBy !== ""
  const text = query.cursor ?? ""
  const cursor = text === "" ? { at: sorted ? 0 : -1, count: asked, list, given: context.now() } : decodeCursor(text)
  if (cursor === undefined || cursor.list !== list) return refuse("The cursor is not one of this list", "invalidCursor")
  if (profile.cursorTimeout > 0 && context.now() - cursor.given > profile.cursorTimeout) {
    return refuse("The cursor has expired; begin the list again", "expiredCursor")
  }
  if (query.count !== undefined && asked !== cursor.count) {
    return refuse(`'count' has to stay ${cursor.count} while a cursor is followed`, "invalidCount")
  }
  const from = sorted ? cursor.at : rows.findIndex((row) => row.sequence > cursor.at)
  const page = from < 0 ? [] : rows.slice(from, from + cursor.count)
  const last = page.at(-1)
  const more = from >= 0 && last !== undefined && from + page.length < rows.length
  return Result.succeed({
    rows: page,
    total: rows.length,
    startIndex: undefined,
    nextCursor: more
      ? encodeCursor({
        at: sorted ? from + page.length : last.sequence,
        count: cursor.count,
        list,
        given: context.now()
      })
      : undefined
  })
}

/** Real change under a walk: rows at the front go, new ones come at the end. */
const churn = ({ store }: Context, fault: { readonly remove?: number; readonly insert?: number }): void => {
  for (const row of store.rows("User").slice(0, fault.remove ?? 0)) store.remove(row)
  for (let count = 0; count < (fault.insert ?? 0); count++) {
    const userName = `late.${store.rows("User").length + 1}.${count}@churn.example`
    store.insert("User", {
      userName,
      displayName: "Late Comer",
      emails: [{ value: userName, primary: true }],
      active: true
    })
  }
}

const indexPage = (
  context: Context,
  rows: ReadonlyArray<Row>,
  query: Query,
  asked: number,
  target: Target
): Page => {
  const { faults } = context
  const zero = faults.take("zeroBased", target) === undefined ? 0 : 1
  const startIndex = Math.max(1 - zero, query.startIndex ?? 1)
  let from = startIndex - 1 + zero
  if (faults.take("ignoreStartIndex", target) !== undefined) from = 0
  if (from > 0) {
    from = Math.max(0, from - (faults.take("repeatRows", target)?.rows ?? 0))
    from += faults.take("skipRows", target)?.rows ?? 0
  }
  return { rows: rows.slice(from, from + asked), total: rows.length, startIndex, nextCursor: undefined }
}

const comma = Buffer.from(",")
const closing = Buffer.from("]}")

/** The rows of a page as the list shows them, with commas between. */
const pageBytes = (
  context: Context,
  rows: ReadonlyArray<Row>,
  query: Query,
  reshapes: ReadonlyMap<ResourceKind, Reshape | undefined>
): ReadonlyArray<Buffer> => {
  const { projection } = query
  if (projection === undefined && [...reshapes.values()].every((reshape) => reshape === undefined)) return joined(rows)
  return rows.flatMap((row, at) => {
    const resource = context.store.read(row)
    const reshaped = reshapes.get(row.kind)?.(resource) ?? resource
    const shown = projection === undefined
      ? reshaped
      : Projection.apply(reshaped, projection, definitions[row.kind])
    const bytes = Buffer.from(JSON.stringify(shown))
    return at === 0 ? [bytes] : [comma, bytes]
  })
}

export type Reshape = (resource: JsonObject) => JsonObject

/** What the faults about members do to a group. */
export const membersFault = (
  faults: FaultBoard,
  target: Target,
  kind: ResourceKind,
  inList: boolean
): Reshape | undefined => {
  if (kind !== "Group") return undefined
  const missing = inList && faults.take("membersMissingInLists", target) !== undefined
  const empty = inList && faults.take("membersEmptyInLists", target) !== undefined
  const omit = faults.take("omitEmptyMembers", target) !== undefined
  const limit = faults.take("membersTruncated", target)?.rows
  if (!missing && !empty && !omit && limit === undefined) return undefined
  return (resource) => {
    const { members, ...others } = resource
    if (missing) return others
    const shown = empty ? [] : Array.isArray(members) ? members.slice(0, limit ?? members.length) : members
    if (shown === undefined || (omit && Array.isArray(shown) && shown.length === 0)) return others
    return { ...resource, members: shown }
  }
}

const totalOf = (context: Context, page: Page, target: Target): number | string | undefined => {
  const drift = (page.startIndex ?? 1) > 1 ? context.faults.take("totalDrift", target)?.by ?? 0 : 0
  const total = page.total + drift
  switch (context.faults.take("totalResults", target)?.as) {
    case "pageSize":
      return page.rows.length
    case "missing":
      return undefined
    case "string":
      return String(total)
    case "tooLarge":
      return total + 7
    case undefined:
      return total
  }
}

/** The body of a list answer. */
export const list = (
  context: Context,
  kinds: ReadonlyArray<ResourceKind>,
  query: Query,
  target: Target
): Answered<ReadonlyArray<Buffer>> => {
  const { faults, profile, store } = context
  if ((query.startIndex ?? 1) > 1) {
    const change = faults.take("churn", target)
    if (change !== undefined) churn(context, change)
  }
  let rows: ReadonlyArray<Row> = []
  for (const kind of kinds) {
    const selected = select(context, kind, query, target)
    if (Result.isFailure(selected)) return Result.fail(selected.failure)
    const sorted = profile.sort ? sort(store, kind, query, selected.success) : selected.success
    rows = kinds.length === 1 ? sorted : [...rows, ...sorted]
  }
  const wanted = Math.max(0, query.count ?? profile.defaultCount)
  const cap = Math.min(profile.maxCount, faults.take("pageCap", target)?.rows ?? Infinity)
  const asked = Math.min(wanted, cap)
  const kind = kinds[0] ?? "User"
  const byCursor = profile.cursor !== "off" && kinds.length === 1 &&
    (query.cursor !== undefined || (profile.cursor === "default" && query.startIndex === undefined))
  if (query.cursor !== undefined && !byCursor) {
    return Result.fail(ScimFailure.make(501, "Cursor paging is not supported"))
  }
  const paged = byCursor
    ? cursorPage(context, rows, query, asked, kind)
    : Result.succeed(indexPage(context, rows, query, asked, target))
  return Result.map(paged, (page) => {
    const reshapes = new Map(kinds.map((kind) => [kind, membersFault(faults, target, kind, true)]))
    const items = pageBytes(context, page.rows, query, reshapes)
    if (faults.take("bareArray", target) !== undefined) return [Buffer.from("["), ...items, Buffer.from("]")]
    const total = totalOf(context, page, target)
    const echo = faults.take("itemsPerPageEcho", target) !== undefined
    const head = JSON.stringify({
      schemas: ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
      ...(total === undefined ? {} : { totalResults: total }),
      itemsPerPage: echo ? wanted : page.rows.length,
      ...(page.startIndex === undefined ? {} : { startIndex: page.startIndex }),
      ...(page.nextCursor === undefined ? {} : { nextCursor: page.nextCursor })
    })
    if (faults.take("resourcesMissing", target) !== undefined) return [Buffer.from(head)]
    const key = faults.take("lowerCaseResources", target) === undefined ? "Resources" : "resources"
    return [Buffer.from(`${head.slice(0, -1)},"${key}":[`), ...items, closing]
  })
}
