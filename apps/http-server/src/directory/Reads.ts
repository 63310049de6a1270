/**
 * What the directory is asked about single rows, and what somebody has access to.
 *
 * @since 0.1.0
 */
import type { NotFound } from "@access-kit/server-api/Problems"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type * as Statement from "effect/sql/Statement"
import type { Encoded } from "../Directory.ts"
import { type Read, Reading } from "../storage/Reading.ts"
import * as PageText from "./PageText.ts"
import * as Rows from "./Rows.ts"
import * as Shown from "./Shown.ts"

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

/**
 * @since 0.1.0
 */
export const make = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const read = yield* Reading
  const shown = yield* Shown.make
  /** Within the caller's transaction, if there is one. */
  const own: Read = Reading.defaultValue()

  /** A row of what is shown, by one statement whose words are always the same. Only if there is none it is looked at why. */
  const single = <Row extends object>(
    what: string,
    statement: (connectorId: string, id: string) => Statement.Statement<Row>,
    json: (row: Row) => string
  ) => {
    const [text] = statement("", "").compile()
    return (connectorId: string, id: string): Effect.Effect<Encoded, SqlError | NotFound> =>
      Effect.flatMapEager(
        read.text<Row>(sql, text, [connectorId, Rows.keyOf(id)]),
        ([row]): Effect.Effect<Encoded, SqlError | NotFound> =>
          row === undefined
            ? Effect.andThen(shown.find(connectorId, read), Effect.fail(Shown.nothing(what, id)))
            : Effect.succeed(PageText.encoded(json(row)))
      )
  }

  const account = single(
    "account",
    (connectorId, id) =>
      sql<{ readonly json: string }>`SELECT json FROM directory_resources
        WHERE generation = ${shown.generation(connectorId)} AND kind = 0 AND id = ${id} ORDER BY type LIMIT 1`,
    (row) => row.json
  )

  const group = single(
    "group",
    (connectorId, id) =>
      sql<{ readonly json: string; readonly members: number }>`SELECT json, members FROM directory_resources
        WHERE generation = ${shown.generation(connectorId)} AND kind = 1 AND id = ${id} ORDER BY type LIMIT 1`,
    (row) => Rows.groupJson(row.json, row.members)
  )

  const entitlement = single(
    "entitlement",
    (connectorId, id) =>
      sql<{ readonly json: string; readonly holders: number }>`SELECT json, holders FROM directory_entitlements
        WHERE generation = ${shown.generation(connectorId)} AND id = ${id}`,
    (row) => Rows.entitlementJson(row.json, row.holders)
  )

  /** Grants with what their JSON is made of. An expiry is that of the timed grant that has not ended. */
  const grantRows = (
    connectorId: string,
    conditions: ReadonlyArray<Statement.Fragment>,
    limit: number
  ) =>
    sql<GrantAnswer>`SELECT g.id, g.whole_id, e.granted, e.slug, p.principal, (
        SELECT max(t.expires_at) FROM timed_grants AS t WHERE t.connector_id = ${connectorId}
          AND t.grant_id = coalesce(g.whole_id, g.id) AND t.state IN ('granting', 'active', 'revoking')
      ) AS expires_at
      FROM directory_grants AS g JOIN directory_entitlements AS e ON e.ref = g.entitlement_ref
        JOIN directory_resources AS p ON p.ref = g.principal_ref
      WHERE ${sql.and(conditions)} ORDER BY g.id LIMIT ${limit}`

  const grantRow = Effect.fnUntraced(function*(connectorId: string, id: string, by: Read = own) {
    const place = yield* shown.find(connectorId, by)
    const [row] = place === undefined ? [] : yield* by.rows(grantRows(
      connectorId,
      [sql`g.generation = ${place.generation}`, sql`g.id = ${Rows.keyOf(id)}`],
      1
    ))
    return row === undefined ? yield* Shown.nothing("grant", id) : row
  })

  const grant = (connectorId: string, id: string) =>
    Effect.map(grantRow(connectorId, id, read), (row) => PageText.encoded(grantOf(row)))

  /**
   * What an account holds by grants of its own, and what follows from these: a group may hold a grant that passes on to its members.
   */
  const access = Effect.fnUntraced(function*(connectorId: string, accountId: string) {
    const place = yield* shown.find(connectorId, read)
    const [account] = place === undefined
      ? []
      : yield* read.rows(
        sql<{ readonly ref: number; readonly type: string; readonly json: string }>`SELECT ref, type, json
          FROM directory_resources WHERE generation = ${place.generation} AND kind = ${Rows.Kind.account}
            AND id = ${Rows.keyOf(accountId)} ORDER BY type LIMIT 1`
      )
    if (place === undefined || account === undefined) return yield* Shown.nothing("account", accountId)
    const held = yield* read.rows(
      sql<{ readonly id: string; readonly entitlement: string }>`SELECT g.id, e.id AS entitlement
        FROM directory_grants AS g JOIN directory_entitlements AS e ON e.ref = g.entitlement_ref
        WHERE g.principal_ref = ${account.ref}`
    )
    const passing = yield* read.rows(
      sql<{ readonly id: string; readonly entitlement: string; readonly expansion: string }>`
        SELECT g.id, g.expansion, e.id AS entitlement FROM directory_grants AS g
        JOIN directory_entitlements AS e ON e.ref = g.entitlement_ref
        WHERE g.generation = ${place.generation} AND g.expansion IS NOT NULL`
    )
    const edges = yield* Effect.forEach(
      passing,
      (row) => Effect.map(Effect.orDie(decodeExpansion(row.expansion)), (expansion) => ({ ...row, ...expansion }))
    )
    const direct = new Set(held.map((row) => row.entitlement))
    const reached = new Set(direct)
    const ids = new Set(held.map((row) => row.id))
    for (let grew = true; grew;) {
      grew = false
      for (const edge of edges) {
        if (ids.has(edge.id)) continue
        const sources = edge.shallow ? direct : reached
        if (edge.principalTypes.length > 0 && !edge.principalTypes.includes(account.type)) continue
        if (!edge.entitlementIds.some((id) => sources.has(Rows.keyOf(id)))) continue
        ids.add(edge.id)
        reached.add(edge.entitlement)
        grew = true
      }
    }
    const rows = ids.size === 0
      ? []
      : yield* read.rows(
        grantRows(connectorId, [sql`g.generation = ${place.generation}`, sql.in("g.id", [...ids])], ids.size)
      )
    return PageText.encoded(
      `{"account":${account.json},"grants":[${rows.map(grantOf).join(",")}],"asOf":"${
        new Date(place.asOf).toISOString()
      }"}`
    )
  })

  const known = Effect.fnUntraced(function*(connectorId: string, id: string) {
    const place = yield* shown.find(connectorId, own)
    const [row] = place === undefined
      ? []
      : yield* sql<{ readonly slug: string; readonly granted: string }>`SELECT slug, granted
        FROM directory_entitlements WHERE generation = ${place.generation} AND id = ${Rows.keyOf(id)}`
    return row === undefined ? yield* Shown.nothing("entitlement", id) : row
  })

  return { account, access, group, entitlement, known, grant, grantRow }
})
