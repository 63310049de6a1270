/**
 * What the directory is asked: pages in the order of ids, single rows, and what somebody has access to.
 *
 * A search asks the index first. Where few rows can match, they are fetched and compared; where many can, the rows are walked in their order, and a page
 * is full before long. Either way a page costs about as much as it has rows.
 *
 * @since 0.1.0
 */
import { Access } from "@access-kit/server-api/Directory"
import { defaultLimit, maximumLimit, type PageRequest } from "@access-kit/server-api/Paging"
import { type InvalidInput, NotFound } from "@access-kit/server-api/Problems"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type * as Statement from "effect/sql/Statement"
import { createHash } from "node:crypto"
import type { Encoded } from "../Directory.ts"
import * as PageToken from "./PageToken.ts"
import * as Rows from "./Rows.ts"
import type { SearchIndex } from "./SearchIndex.ts"
import * as SearchText from "./SearchText.ts"

/** With more rows than these that may match, the index does not help to find the first hundred. */
const FEW = 1_000

/**
 * A row of a listing: its JSON, and what it is sorted by.
 */
interface Item {
  readonly json: string
  readonly place: ReadonlyArray<string>
}

/**
 * The tag is of the bytes themselves: it stays the same when another sync reads the same, and changes with the least change.
 *
 * @since 0.1.0
 */
export const encoded = (json: string): Encoded => {
  const body = Buffer.from(json)
  return { body, etag: `"${createHash("sha1").update(body).digest("base64url")}"` }
}

const pageOf = (question: ReadonlyArray<unknown>, items: ReadonlyArray<Item>, limit: number): Encoded => {
  const shown = items.length > limit ? items.slice(0, limit) : items
  const last = items.length > limit ? shown.at(-1) : undefined
  const rows = shown.map((item) => item.json).join(",")
  return encoded(
    last === undefined
      ? `{"items":[${rows}]}`
      : `{"items":[${rows}],"nextPageToken":${JSON.stringify(PageToken.make(question, last.place))}}`
  )
}

interface ResourceAnswer {
  readonly id: string
  readonly type: string
  readonly json: string
  readonly members: number
}

interface EntitlementAnswer {
  readonly id: string
  readonly json: string
  readonly holders: number
}

interface GrantAnswer {
  readonly id: string
  readonly whole_id: string | null
  readonly granted: string
  readonly slug: string
  readonly principal: string
  readonly expires_at: number | null
}

const grantOf = (row: GrantAnswer): string =>
  Rows.grantJson(row.whole_id ?? row.id, row.granted, row.principal, row.expires_at)

const Expansion = Schema.fromJsonString(Schema.Struct({
  entitlementIds: Schema.Array(Schema.String),
  shallow: Schema.Boolean,
  principalTypes: Schema.Array(Schema.String)
}))

const decodeExpansion = Schema.decodeUnknownEffect(Expansion)
const decodeAccess = Schema.decodeUnknownEffect(Schema.fromJsonString(Access))

/** What narrows a grant down is about its principal, or names an entitlement or a resource. */
export interface GrantFilter {
  readonly search?: string
  readonly entitlementId?: string
  readonly resourceId?: string
  readonly principalId?: string
  readonly principalStatus?: string
}

/**
 * @since 0.1.0
 */
export const make = Effect.fn("DirectoryReads.make")(function*(index: SearchIndex) {
  const sql = yield* SqlClient.SqlClient

  const holds = (column: Statement.Fragment, term: string): Statement.Fragment =>
    sql.onDialectOrElse({
      pg: () => sql`strpos(${column}, ${term}) > 0`,
      orElse: () => sql`instr(${column}, ${term}) > 0`
    })

  /** A table of `ref`s, to be joined with what they are the keys of. */
  const refs = (found: ReadonlyArray<number>): Statement.Fragment =>
    sql.onDialectOrElse({
      pg: () => sql`unnest(CAST(CAST(${`{${found.join(",")}}`} AS TEXT) AS BIGINT[])) AS found (ref)`,
      orElse: () => sql`(SELECT value AS ref FROM json_each(${`[${found.join(",")}]`})) AS found`
    })

  /** The generation that is shown; none before the first sync of a connector has ended. */
  const shown = Effect.fnUntraced(function*(
    connectorId: string
  ): Effect.fn.Return<{ readonly generation: number; readonly asOf: number } | undefined, SqlError | NotFound> {
    const rows = yield* sql<{ readonly generation: number | null; readonly as_of: number | null }>`SELECT generation,
      as_of FROM directories WHERE connector_id = ${connectorId}`
    const [row] = rows
    if (row !== undefined && row.generation !== null) return { generation: row.generation, asOf: row.as_of ?? 0 }
    const [connector] = yield* sql`SELECT id FROM connectors WHERE id = ${connectorId}`
    if (connector === undefined) {
      return yield* new NotFound({
        detail: `There is no connector "${connectorId}". \`GET /v1/connectors\` lists them.`
      })
    }
    return undefined
  })

  const nothing = (what: string, id: string) =>
    new NotFound({ detail: `There is no ${what} "${id}" in the latest snapshot or since.` })

  /** One listing: reads the token, asks for one row more than the page has, puts the page together. */
  const listing = Effect.fnUntraced(function*(
    connectorId: string,
    question: ReadonlyArray<unknown>,
    parts: number,
    page: PageRequest,
    rows: (
      generation: number,
      after: ReadonlyArray<string> | undefined,
      limit: number
    ) => Effect.Effect<ReadonlyArray<Item>, SqlError>
  ): Effect.fn.Return<Encoded, SqlError | NotFound | InvalidInput> {
    const asked = [connectorId, ...question]
    const limit = Math.min(page.limit ?? defaultLimit, maximumLimit)
    const after = page.pageToken === undefined ? undefined : yield* PageToken.read(asked, parts, page.pageToken)
    const place = yield* shown(connectorId)
    if (place === undefined) return pageOf(asked, [], limit)
    return pageOf(asked, yield* rows(place.generation, after, limit + 1), limit)
  })

  const resources = Effect.fnUntraced(function*(
    generation: number,
    kind: number,
    filter: { readonly search?: string; readonly status?: string; readonly email?: string },
    after: ReadonlyArray<string> | undefined,
    limit: number
  ) {
    const conditions: Array<Statement.Fragment> = [sql`r.generation = ${generation}`, sql`r.kind = ${kind}`]
    if (after !== undefined) conditions.push(sql`(r.id, r.type) > (${after[0]}, ${after[1]})`)
    if (filter.status !== undefined) conditions.push(sql`r.status = ${filter.status}`)
    const terms = [
      ...(filter.search === undefined ? [] : [SearchText.fold(filter.search)]),
      ...(filter.email === undefined ? [] : [SearchText.address(filter.email)])
    ]
    let from = sql`directory_resources AS r`
    let among: Statement.Fragment | undefined
    for (const term of terms) {
      conditions.push(holds(sql`r.search`, term))
      const found = yield* index.candidates(term, generation, kind, FEW + 1)
      if (found.length <= FEW) {
        from = sql`${refs(found)} CROSS JOIN directory_resources AS r`
        among = sql`r.ref = found.ref`
      }
    }
    if (among !== undefined) conditions.push(among)
    const rows = yield* sql<ResourceAnswer>`SELECT r.id, r.type, r.json, r.members FROM ${from}
      WHERE ${sql.and(conditions)} ORDER BY r.id, r.type LIMIT ${limit}`
    return rows
  })

  const accounts = (
    connectorId: string,
    filter: { readonly search?: string; readonly status?: string; readonly email?: string },
    page: PageRequest
  ) =>
    listing(
      connectorId,
      ["accounts", filter],
      2,
      page,
      (generation, after, limit) =>
        Effect.map(
          resources(generation, Rows.Kind.account, filter, after, limit),
          (rows) => rows.map((row) => ({ json: row.json, place: [row.id, row.type] }))
        )
    )

  const groups = (connectorId: string, filter: { readonly search?: string }, page: PageRequest) =>
    listing(
      connectorId,
      ["groups", filter],
      2,
      page,
      (generation, after, limit) =>
        Effect.map(
          resources(generation, Rows.Kind.group, filter, after, limit),
          (rows) => rows.map((row) => ({ json: Rows.groupJson(row.json, row.members), place: [row.id, row.type] }))
        )
    )

  const resource = (kind: number, what: string, json: (row: ResourceAnswer) => string) =>
    Effect.fnUntraced(function*(connectorId: string, id: string) {
      const place = yield* shown(connectorId)
      const [row] = place === undefined
        ? []
        : yield* sql<ResourceAnswer>`SELECT id, type, json, members FROM directory_resources
          WHERE generation = ${place.generation} AND kind = ${kind} AND id = ${Rows.keyOf(id)} ORDER BY type LIMIT 1`
      return row === undefined ? yield* nothing(what, id) : encoded(json(row))
    })

  const entitlements = (
    connectorId: string,
    filter: {
      readonly search?: string
      readonly resourceType?: string
      readonly resourceId?: string
      readonly slug?: string
    },
    page: PageRequest
  ) =>
    listing(connectorId, ["entitlements", filter], 1, page, (generation, after, limit) =>
      Effect.gen(function*() {
        const conditions: Array<Statement.Fragment> = [sql`e.generation = ${generation}`]
        if (after !== undefined) conditions.push(sql`e.id > ${after[0]}`)
        if (filter.slug !== undefined) conditions.push(sql`e.slug = ${filter.slug}`)
        if (filter.resourceId !== undefined || filter.resourceType !== undefined) {
          const on: Array<Statement.Fragment> = [sql`r.generation = ${generation}`, sql`r.kind IN (0, 1, 2)`]
          if (filter.resourceId !== undefined) on.push(sql`r.id = ${Rows.keyOf(filter.resourceId)}`)
          if (filter.resourceType !== undefined) on.push(sql`r.type = ${Rows.keyOf(filter.resourceType)}`)
          conditions.push(
            filter.resourceId === undefined
              ? sql`EXISTS (SELECT 1 FROM directory_resources AS r WHERE r.ref = e.resource_ref AND ${sql.and(on)})`
              : sql`e.resource_ref IN (SELECT r.ref FROM directory_resources AS r WHERE ${sql.and(on)})`
          )
        }
        let from = sql`directory_entitlements AS e`
        if (filter.search !== undefined) {
          const term = SearchText.fold(filter.search)
          conditions.push(holds(sql`e.search`, term))
          const found = yield* index.candidates(term, generation, Rows.Kind.entitlement, FEW + 1)
          if (found.length <= FEW) {
            from = sql`${refs(found)} CROSS JOIN directory_entitlements AS e`
            conditions.push(sql`e.ref = found.ref`)
          }
        }
        const rows = yield* sql<EntitlementAnswer>`SELECT e.id, e.json, e.holders FROM ${from}
          WHERE ${sql.and(conditions)} ORDER BY e.id LIMIT ${limit}`
        return rows.map((row) => ({ json: Rows.entitlementJson(row.json, row.holders), place: [row.id] }))
      }))

  const entitlement = Effect.fnUntraced(function*(connectorId: string, id: string) {
    const place = yield* shown(connectorId)
    const [row] = place === undefined
      ? []
      : yield* sql<EntitlementAnswer>`SELECT id, json, holders FROM directory_entitlements
        WHERE generation = ${place.generation} AND id = ${Rows.keyOf(id)}`
    return row === undefined
      ? yield* nothing("entitlement", id)
      : encoded(Rows.entitlementJson(row.json, row.holders))
  })

  /** Grants with what their JSON is made of. An expiry is that of the timed grant that has not ended. */
  const grantRows = (
    connectorId: string,
    from: Statement.Fragment,
    conditions: ReadonlyArray<Statement.Fragment>,
    limit: number
  ) =>
    sql<GrantAnswer>`SELECT g.id, g.whole_id, e.granted, e.slug, p.principal, (
        SELECT max(t.expires_at) FROM timed_grants AS t WHERE t.connector_id = ${connectorId}
          AND t.grant_id = coalesce(g.whole_id, g.id) AND t.state IN ('granting', 'active', 'revoking')
      ) AS expires_at
      FROM ${from} JOIN directory_entitlements AS e ON e.ref = g.entitlement_ref
        JOIN directory_resources AS p ON p.ref = g.principal_ref
      WHERE ${sql.and(conditions)} ORDER BY g.id LIMIT ${limit}`

  /** Grants whose principal, or what they are granted on, has the term in its name. */
  const searched = Effect.fnUntraced(function*(generation: number, search: string) {
    const term = SearchText.fold(search)
    const either = sql`(${holds(sql`p.search`, term)} OR ${holds(sql`e.search`, term)})`
    const principals = [
      ...(yield* index.candidates(term, generation, Rows.Kind.account, FEW + 1)),
      ...(yield* index.candidates(term, generation, Rows.Kind.group, FEW + 1))
    ]
    const granted = yield* index.candidates(term, generation, Rows.Kind.entitlement, FEW + 1)
    if (principals.length > FEW || granted.length > FEW) return { either, among: undefined }
    const [held] = yield* sql<{ readonly grants: number | null }>`SELECT sum(e.holders) AS grants
      FROM ${refs(granted)} CROSS JOIN directory_entitlements AS e WHERE e.ref = found.ref`
    // A few groups may have all people as members.
    if (Number(held?.grants ?? 0) > FEW * 5) return { either, among: undefined }
    const few = sql`SELECT found.ref FROM `
    return {
      either,
      among: sql`(g.principal_ref IN (${few}${refs(principals)}) OR g.entitlement_ref IN (${few}${refs(granted)}))`
    }
  })

  const grants = (connectorId: string, filter: GrantFilter, page: PageRequest) =>
    listing(connectorId, ["grants", filter], 1, page, (generation, after, limit) =>
      Effect.gen(function*() {
        const conditions: Array<Statement.Fragment> = []
        const resourceRefs = (id: string) =>
          sql`SELECT r.ref FROM directory_resources AS r WHERE r.generation = ${generation} AND r.kind IN (0, 1, 2)
            AND r.id = ${Rows.keyOf(id)}`
        let narrow = filter.entitlementId !== undefined || filter.resourceId !== undefined
          || filter.principalId !== undefined
        if (after !== undefined) conditions.push(sql`g.id > ${after[0]}`)
        if (filter.entitlementId !== undefined) {
          conditions.push(sql`g.entitlement_ref = (SELECT d.ref FROM directory_entitlements AS d
            WHERE d.generation = ${generation} AND d.id = ${Rows.keyOf(filter.entitlementId)})`)
        }
        if (filter.resourceId !== undefined) {
          conditions.push(sql`g.entitlement_ref IN (SELECT d.ref FROM directory_entitlements AS d
            WHERE d.resource_ref IN (${resourceRefs(filter.resourceId)}))`)
        }
        if (filter.principalId !== undefined) {
          conditions.push(sql`g.principal_ref IN (${resourceRefs(filter.principalId)})`)
        }
        if (filter.principalStatus !== undefined) conditions.push(sql`p.status = ${filter.principalStatus}`)
        if (filter.search !== undefined) {
          const { among, either } = yield* searched(generation, filter.search)
          conditions.push(either)
          if (among !== undefined) {
            conditions.push(among)
            narrow = true
          }
        }
        // What is named by `ref` is of this generation alone. Saying so again would lead a planner to walk all of it in order.
        if (!narrow) conditions.push(sql`g.generation = ${generation}`)
        const rows = yield* grantRows(connectorId, sql`directory_grants AS g`, conditions, limit)
        return rows.map((row) => ({ json: grantOf(row), place: [row.id] }))
      }))

  const grantRow = Effect.fnUntraced(function*(connectorId: string, id: string) {
    const place = yield* shown(connectorId)
    const [row] = place === undefined ? [] : yield* grantRows(
      connectorId,
      sql`directory_grants AS g`,
      [sql`g.generation = ${place.generation}`, sql`g.id = ${Rows.keyOf(id)}`],
      1
    )
    return row === undefined ? yield* nothing("grant", id) : row
  })

  const grant = (connectorId: string, id: string) =>
    Effect.map(grantRow(connectorId, id), (row) => encoded(grantOf(row)))

  /**
   * What an account holds by grants of its own, and what follows from these: a group may hold a grant that passes on to its members.
   */
  const access = Effect.fnUntraced(function*(connectorId: string, accountId: string) {
    const place = yield* shown(connectorId)
    const [account] = place === undefined
      ? []
      : yield* sql<{ readonly ref: number; readonly type: string; readonly json: string }>`SELECT ref, type, json
        FROM directory_resources WHERE generation = ${place.generation} AND kind = ${Rows.Kind.account}
          AND id = ${Rows.keyOf(accountId)} ORDER BY type LIMIT 1`
    if (place === undefined || account === undefined) return yield* nothing("account", accountId)
    const own = yield* sql<{ readonly id: string; readonly entitlement: string }>`SELECT g.id, e.id AS entitlement
      FROM directory_grants AS g JOIN directory_entitlements AS e ON e.ref = g.entitlement_ref
      WHERE g.principal_ref = ${account.ref}`
    const passing = yield* sql<{ readonly id: string; readonly entitlement: string; readonly expansion: string }>`
      SELECT g.id, g.expansion, e.id AS entitlement FROM directory_grants AS g
      JOIN directory_entitlements AS e ON e.ref = g.entitlement_ref
      WHERE g.generation = ${place.generation} AND g.expansion IS NOT NULL`
    const edges = yield* Effect.forEach(
      passing,
      (row) => Effect.map(Effect.orDie(decodeExpansion(row.expansion)), (expansion) => ({ ...row, ...expansion }))
    )
    const direct = new Set(own.map((row) => row.entitlement))
    const held = new Set(direct)
    const ids = new Set(own.map((row) => row.id))
    for (let grew = true; grew;) {
      grew = false
      for (const edge of edges) {
        if (ids.has(edge.id)) continue
        const sources = edge.shallow ? direct : held
        if (edge.principalTypes.length > 0 && !edge.principalTypes.includes(account.type)) continue
        if (!edge.entitlementIds.some((id) => sources.has(Rows.keyOf(id)))) continue
        ids.add(edge.id)
        held.add(edge.entitlement)
        grew = true
      }
    }
    const rows = ids.size === 0 ? [] : yield* grantRows(
      connectorId,
      sql`directory_grants AS g`,
      [sql`g.generation = ${place.generation}`, sql.in("g.id", [...ids])],
      ids.size
    )
    return yield* Effect.orDie(decodeAccess(
      `{"account":${account.json},"grants":[${rows.map(grantOf).join(",")}],"asOf":"${
        new Date(place.asOf).toISOString()
      }"}`
    ))
  })

  const known = Effect.fnUntraced(function*(connectorId: string, id: string) {
    const place = yield* shown(connectorId)
    const [row] = place === undefined
      ? []
      : yield* sql<{ readonly slug: string; readonly granted: string }>`SELECT slug, granted
        FROM directory_entitlements WHERE generation = ${place.generation} AND id = ${Rows.keyOf(id)}`
    return row === undefined ? yield* nothing("entitlement", id) : row
  })

  return {
    accounts,
    account: resource(Rows.Kind.account, "account", (row) => row.json),
    access,
    groups,
    group: resource(Rows.Kind.group, "group", (row) => Rows.groupJson(row.json, row.members)),
    entitlements,
    entitlement,
    known,
    grants,
    grant,
    grantRow
  }
})
