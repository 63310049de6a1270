/**
 * The listings of the directory: pages in the order of ids, narrowed down by filters and searches.
 *
 * A search asks the index first. Where few rows can match, they are fetched and compared; where many can, the rows are walked in their order, and a page
 * is full before long. Either way a page costs about as much as it has rows.
 *
 * @since 0.1.0
 */
import { defaultLimit, maximumLimit, type PageRequest } from "@access-kit/server-api/Paging"
import type { InvalidInput, NotFound } from "@access-kit/server-api/Problems"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type * as Statement from "effect/sql/Statement"
import type { Encoded } from "../Directory.ts"
import { Reading } from "../storage/Reading.ts"
import * as PageText from "./PageText.ts"
import * as PageToken from "./PageToken.ts"
import * as Rows from "./Rows.ts"
import type { Candidates, SearchIndex } from "./SearchIndex.ts"
import * as SearchText from "./SearchText.ts"
import * as Shown from "./Shown.ts"

/** With more rows than these that may match, the index does not help to find the first hundred. */
const FEW = 1_000

/** @since 0.1.0 */
export interface ResourceFilter {
  readonly search?: string
  readonly status?: string
  readonly email?: string
}

/** @since 0.1.0 */
export interface EntitlementFilter {
  readonly search?: string
  readonly resourceType?: string
  readonly resourceId?: string
  readonly slug?: string
}

/** What narrows a grant down is about its principal, or names an entitlement or a resource. */
export interface GrantFilter {
  readonly search?: string
  readonly entitlementId?: string
  readonly resourceId?: string
  readonly principalId?: string
  readonly principalStatus?: string
}

/** A condition, by what it is about, with the values that it has in this order. */
interface Condition {
  readonly about: string
  readonly sql: Statement.Fragment
  readonly values: ReadonlyArray<string | number>
}

interface Listing {
  readonly name: string
  readonly from: Statement.Fragment
  readonly sought: Statement.Fragment
  readonly place: ReadonlyArray<Statement.Fragment>
  readonly json: Statement.Fragment
  readonly jsonValues: ReadonlyArray<string | number>
}

/**
 * @since 0.1.0
 */
export const make = Effect.fn("DirectoryListings.make")(function*(index: SearchIndex) {
  const sql = yield* SqlClient.SqlClient
  const read = yield* Reading
  const pages = yield* PageText.make
  const shown = yield* Shown.make

  const holds = (column: Statement.Fragment, term: string): Statement.Fragment =>
    sql.onDialectOrElse({
      pg: () => sql`strpos(${column}, ${term}) > 0`,
      orElse: () => sql`instr(${column}, ${term}) > 0`
    })

  /** A table of `ref`s, to be joined with what they are the keys of. */
  const refs = (...found: ReadonlyArray<Candidates>): Statement.Fragment => {
    const list = found.filter(({ count }) => count > 0).map((one) => one.refs).join(",")
    return sql.onDialectOrElse({
      pg: () => sql`unnest(CAST(CAST(${`{${list}}`} AS TEXT) AS BIGINT[])) AS found (ref)`,
      orElse: () => sql`(SELECT value AS ref FROM json_each(${`[${list}]`})) AS found`
    })
  }

  /** A JSON object that `Rows` left open, with its last member, a number. */
  const closed = (json: Statement.Fragment, name: string, value: Statement.Fragment): Statement.Fragment =>
    sql`${json} || ${sql.literal(`',"${name}":'`)} || ${value} || '}'`

  const condition = (about: string, fragment: Statement.Fragment, ...values: Condition["values"]): Condition => ({
    about,
    sql: fragment,
    values
  })

  const nobody = PageText.page([], "", undefined)

  const asked = (connectorId: string, name: string, filter: object) => [connectorId, name, filter]

  const placed = (
    question: ReadonlyArray<unknown>,
    parts: number,
    page: PageRequest
  ): Effect.Effect<ReadonlyArray<string> | undefined, InvalidInput> =>
    page.pageToken === undefined ? Effect.undefined : PageToken.read(question, parts, page.pageToken)

  const limitOf = (page: PageRequest): number => Math.min(page.limit ?? defaultLimit, maximumLimit)

  /** Without a search: one statement, whose words are always the same. Only if there is no row it is looked at why. */
  const plainly = (
    connectorId: string,
    filter: object,
    page: PageRequest,
    listing: Listing,
    conditions: (after: ReadonlyArray<string> | undefined) => ReadonlyArray<Condition>
  ): Effect.Effect<Encoded, SqlError | NotFound | InvalidInput> => {
    const question = asked(connectorId, listing.name, filter)
    return Effect.flatMapEager(placed(question, listing.place.length, page), (after) => {
      const all = conditions(after)
      const known: PageText.Known = {
        key: `${listing.name} ${all.map(({ about }) => about).join(" ")}`,
        query: () => ({ ...listing, where: sql.and(all.map((one) => one.sql)) }),
        json: listing.jsonValues,
        where: all.flatMap(({ values }) => values)
      }
      return Effect.flatMapEager(
        pages.known(question, known, limitOf(page)),
        (answer): Effect.Effect<Encoded, SqlError | NotFound> =>
          answer === undefined ? Effect.as(shown.find(connectorId, read), nobody) : Effect.succeed(answer)
      )
    })
  }

  /** With a search. */
  const search = Effect.fnUntraced(function*(
    connectorId: string,
    filter: object,
    page: PageRequest,
    listing: Listing,
    query: (
      generation: number,
      after: ReadonlyArray<string> | undefined
    ) => Effect.Effect<Pick<PageText.Query, "from" | "where">, SqlError>
  ): Effect.fn.Return<Encoded, SqlError | NotFound | InvalidInput> {
    const question = asked(connectorId, listing.name, filter)
    const after = yield* placed(question, listing.place.length, page)
    const place = yield* shown.find(connectorId, read)
    if (place === undefined) return nobody
    return yield* pages.searched(
      question,
      { ...listing, ...(yield* query(place.generation, after)) },
      limitOf(page)
    )
  })

  const ofShown = (column: Statement.Fragment, connectorId: string): Condition =>
    condition("generation", sql`${column} = ${shown.generation(connectorId)}`, connectorId)

  const resources = (
    connectorId: string,
    kind: number,
    filter: ResourceFilter,
    page: PageRequest,
    listing: Listing
  ) => {
    const narrow = (after: ReadonlyArray<string> | undefined): ReadonlyArray<Condition> => [
      condition("kind", sql`r.kind = ${kind}`, kind),
      ...(after === undefined
        ? []
        : [condition("after", sql`(r.id, r.type) > (${after[0]}, ${after[1]})`, after[0] ?? "", after[1] ?? "")]),
      ...(filter.status === undefined
        ? []
        : [condition("status", sql`r.status = ${filter.status}`, filter.status)])
    ]
    const terms = [
      ...(filter.search === undefined ? [] : [SearchText.fold(filter.search)]),
      ...(filter.email === undefined ? [] : [SearchText.address(filter.email)])
    ]
    if (terms.length === 0) {
      return plainly(
        connectorId,
        filter,
        page,
        listing,
        (after) => [ofShown(sql`r.generation`, connectorId), ...narrow(after)]
      )
    }
    return search(connectorId, filter, page, listing, (generation, after) =>
      Effect.gen(function*() {
        const conditions = [sql`r.generation = ${generation}`, ...narrow(after).map((one) => one.sql)]
        let from = listing.from
        let among: Statement.Fragment | undefined
        for (const term of terms) {
          conditions.push(holds(sql`r.search`, term))
          const found = yield* index.candidates(term, generation, kind, FEW + 1)
          if (found.count <= FEW) {
            from = sql`${refs(found)} CROSS JOIN directory_resources AS r`
            among = sql`r.ref = found.ref`
          }
        }
        if (among !== undefined) conditions.push(among)
        return { from, where: sql.and(conditions) }
      }))
  }

  const byId = [sql`r.id`, sql`r.type`]

  const accountListing: Listing = {
    name: "accounts",
    from: sql`directory_resources AS r`,
    sought: sql`directory_resources AS r`,
    place: byId,
    json: sql`r.json`,
    jsonValues: []
  }

  const groupListing: Listing = {
    ...accountListing,
    name: "groups",
    json: closed(sql`r.json`, "members", sql`r.members`)
  }

  const entitlementListing: Listing = {
    name: "entitlements",
    from: sql`directory_entitlements AS e`,
    sought: sql`directory_entitlements AS e`,
    place: [sql`e.id`],
    json: closed(sql`e.json`, "holders", sql`e.holders`),
    jsonValues: []
  }

  const entitlements = (connectorId: string, filter: EntitlementFilter, page: PageRequest) => {
    const { resourceId, resourceType, slug } = filter
    const ofResource = (generation: Statement.Fragment, values: Condition["values"]): ReadonlyArray<Condition> => {
      if (resourceId === undefined && resourceType === undefined) return []
      const on = [
        sql`r.generation = ${generation}`,
        sql`r.kind IN (0, 1, 2)`,
        ...(resourceId === undefined ? [] : [sql`r.id = ${Rows.keyOf(resourceId)}`]),
        ...(resourceType === undefined ? [] : [sql`r.type = ${Rows.keyOf(resourceType)}`])
      ]
      const given = [resourceId, resourceType].flatMap((one) => one === undefined ? [] : [Rows.keyOf(one)])
      return [
        resourceId === undefined
          ? condition(
            "resource type",
            sql`EXISTS (SELECT 1 FROM directory_resources AS r WHERE r.ref = e.resource_ref AND ${sql.and(on)})`,
            ...values,
            ...given
          )
          : condition(
            `resource ${resourceType === undefined ? "" : "of type"}`,
            sql`e.resource_ref IN (SELECT r.ref FROM directory_resources AS r WHERE ${sql.and(on)})`,
            ...values,
            ...given
          )
      ]
    }
    const narrow = (after: ReadonlyArray<string> | undefined): ReadonlyArray<Condition> => [
      ...(after === undefined ? [] : [condition("after", sql`e.id > ${after[0]}`, after[0] ?? "")]),
      ...(slug === undefined ? [] : [condition("slug", sql`e.slug = ${slug}`, slug)])
    ]
    if (filter.search === undefined) {
      return plainly(connectorId, filter, page, entitlementListing, (after) => [
        ofShown(sql`e.generation`, connectorId),
        ...narrow(after),
        ...ofResource(shown.generation(connectorId), [connectorId])
      ])
    }
    const term = SearchText.fold(filter.search)
    return search(connectorId, filter, page, entitlementListing, (generation, after) =>
      Effect.gen(function*() {
        const found = yield* index.candidates(term, generation, Rows.Kind.entitlement, FEW + 1)
        const isFew = found.count <= FEW
        return {
          from: isFew ? sql`${refs(found)} CROSS JOIN directory_entitlements AS e` : entitlementListing.from,
          where: sql.and([
            sql`e.generation = ${generation}`,
            ...narrow(after).map((one) => one.sql),
            ...ofResource(sql`${generation}`, []).map((one) => one.sql),
            holds(sql`e.search`, term),
            ...(isFew ? [sql`e.ref = found.ref`] : [])
          ])
        }
      }))
  }

  /** What `Rows.grantJson` makes, by the database. An expiry is that of the timed grant that has not ended. */
  const grantListing = (connectorId: string, byStatus: boolean): Listing => ({
    name: "grants",
    from: sql`directory_grants AS g JOIN directory_entitlements AS e ON e.ref = g.entitlement_ref
      JOIN directory_resources AS p ON p.ref = g.principal_ref`,
    sought: byStatus
      ? sql`directory_grants AS g JOIN directory_resources AS p ON p.ref = g.principal_ref`
      : sql`directory_grants AS g`,
    place: [sql`g.id`],
    json: sql`'{"id":' || ${pages.quoted(sql`coalesce(g.whole_id, g.id)`)} || ',' || e.granted || ',' || p.principal
      || coalesce((SELECT ',"expiresAt":"' || ${pages.moment(sql`max(t.expires_at)`)} || '"' FROM timed_grants AS t
        WHERE t.connector_id = ${connectorId} AND t.grant_id = coalesce(g.whole_id, g.id)
          AND t.state IN ('granting', 'active', 'revoking')), '') || '}'`,
    jsonValues: [connectorId]
  })

  /** Grants whose principal, or what they are granted on, has the term in its name. */
  const searched = Effect.fnUntraced(function*(generation: number, text: string) {
    const term = SearchText.fold(text)
    const either = sql`(${holds(sql`p.search`, term)} OR ${holds(sql`e.search`, term)})`
    const accounts = yield* index.candidates(term, generation, Rows.Kind.account, FEW + 1)
    const groups = yield* index.candidates(term, generation, Rows.Kind.group, FEW + 1)
    const granted = yield* index.candidates(term, generation, Rows.Kind.entitlement, FEW + 1)
    if (accounts.count + groups.count > FEW || granted.count > FEW) return { either, among: undefined }
    const [held] = yield* read.rows(
      sql<{ readonly grants: number | null }>`SELECT sum(e.holders) AS grants
      FROM ${refs(granted)} CROSS JOIN directory_entitlements AS e WHERE e.ref = found.ref`
    )
    // A few groups may have all people as members.
    if (Number(held?.grants ?? 0) > FEW * 5) return { either, among: undefined }
    const few = sql`SELECT found.ref FROM `
    return {
      either,
      among: sql`(g.principal_ref IN (${few}${refs(accounts, groups)}) OR g.entitlement_ref IN (${few}${
        refs(granted)
      }))`
    }
  })

  const grants = (connectorId: string, filter: GrantFilter, page: PageRequest) => {
    const listing = grantListing(connectorId, filter.principalStatus !== undefined)
    const { entitlementId, principalId, principalStatus, resourceId } = filter
    const isNarrow = entitlementId !== undefined || resourceId !== undefined || principalId !== undefined
    const narrow = (
      after: ReadonlyArray<string> | undefined,
      generation: Statement.Fragment,
      values: Condition["values"]
    ): ReadonlyArray<Condition> => {
      const resource = (id: string) =>
        sql`SELECT r.ref FROM directory_resources AS r WHERE r.generation = ${generation} AND r.kind IN (0, 1, 2)
          AND r.id = ${Rows.keyOf(id)}`
      return [
        ...(after === undefined ? [] : [condition("after", sql`g.id > ${after[0]}`, after[0] ?? "")]),
        ...(entitlementId === undefined ? [] : [condition(
          "entitlement",
          sql`g.entitlement_ref = (SELECT d.ref FROM directory_entitlements AS d
            WHERE d.generation = ${generation} AND d.id = ${Rows.keyOf(entitlementId)})`,
          ...values,
          Rows.keyOf(entitlementId)
        )]),
        ...(resourceId === undefined ? [] : [condition(
          "resource",
          sql`g.entitlement_ref IN (SELECT d.ref FROM directory_entitlements AS d
            WHERE d.resource_ref IN (${resource(resourceId)}))`,
          ...values,
          Rows.keyOf(resourceId)
        )]),
        ...(principalId === undefined ? [] : [condition(
          "principal",
          sql`g.principal_ref IN (${resource(principalId)})`,
          ...values,
          Rows.keyOf(principalId)
        )]),
        ...(principalStatus === undefined
          ? []
          : [condition("status", sql`p.status = ${principalStatus}`, principalStatus)])
      ]
    }
    // What is named by `ref` is of this generation alone. Saying so again would lead a planner to walk all of it in order.
    if (filter.search === undefined) {
      return plainly(connectorId, filter, page, listing, (after) => [
        ...(isNarrow ? [] : [ofShown(sql`g.generation`, connectorId)]),
        ...narrow(after, shown.generation(connectorId), [connectorId])
      ])
    }
    const text = filter.search
    return search(connectorId, filter, page, listing, (generation, after) =>
      Effect.gen(function*() {
        const { among, either } = yield* searched(generation, text)
        return {
          from: listing.from,
          where: sql.and([
            ...narrow(after, sql`${generation}`, []).map((one) => one.sql),
            either,
            ...(among === undefined ? [] : [among]),
            ...(isNarrow || among !== undefined ? [] : [sql`g.generation = ${generation}`])
          ])
        }
      }))
  }

  return {
    accounts: (connectorId: string, filter: ResourceFilter, page: PageRequest) =>
      resources(connectorId, Rows.Kind.account, filter, page, accountListing),
    groups: (connectorId: string, filter: ResourceFilter, page: PageRequest) =>
      resources(connectorId, Rows.Kind.group, filter, page, groupListing),
    entitlements,
    grants
  }
})
