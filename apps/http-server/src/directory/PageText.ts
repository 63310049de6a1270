/**
 * Pages of JSON that the database itself puts together, so that no row of them becomes a value of JavaScript on its way to the caller.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type * as Statement from "effect/sql/Statement"
import { hash } from "node:crypto"
import type { Encoded } from "../Directory.ts"
import { Reading } from "../storage/Reading.ts"
import * as PageToken from "./PageToken.ts"

/** What belongs in the places of a statement. */
type Params = ReadonlyArray<string | number>

/**
 * What chooses the rows of a listing, and what is told of each.
 *
 * @since 0.1.0
 */
export interface Query {
  /** Tables with their joins; no value in it. */
  readonly from: Statement.Fragment
  readonly where: Statement.Fragment
  /** Those of the tables that `where` and `place` speak of. */
  readonly sought: Statement.Fragment
  /** Columns that rows are sorted by, the same that a page token names. */
  readonly place: ReadonlyArray<Statement.Fragment>
  /** An expression: the JSON of a row. */
  readonly json: Statement.Fragment
}

/**
 * A query that differs from others with its key in nothing but its values. It is put into words once.
 *
 * @since 0.1.0
 */
export interface Known {
  readonly key: string
  readonly query: () => Query
  /** The values of {@link Query.json} and {@link Query.where}, in their order. */
  readonly json: Params
  readonly where: Params
}

/** The tag is of the bytes themselves: it stays the same when another sync reads the same, and changes with the least change. */
const tagOf = (body: string): string => `"${hash("sha1", body, "base64url")}"`

/**
 * @since 0.1.0
 */
export const encoded = (body: string): Encoded => ({ body, etag: tagOf(body) })

/**
 * @param rows their JSON, with commas between
 * @param last what the last row of the page is sorted by, if the listing goes on
 * @since 0.1.0
 */
export const page = (
  question: ReadonlyArray<unknown>,
  rows: string,
  last: ReadonlyArray<string> | undefined
): Encoded =>
  encoded(
    last === undefined
      ? `{"items":[${rows}]}`
      : `{"items":[${rows}],"nextPageToken":${JSON.stringify(PageToken.make(question, last))}}`
  )

const Places = Schema.fromJsonString(Schema.Array(Schema.Array(Schema.String)))
const decodePlaces = Schema.decodeUnknownSync(Places)

interface Whole {
  readonly rows: string | null
  readonly places: string | null
}

/**
 * @since 0.1.0
 */
export const make = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const read = yield* Reading
  const texts = new Map<string, string>()

  const array = (values: ReadonlyArray<Statement.Fragment>): Statement.Fragment =>
    sql.onDialectOrElse({
      pg: () => sql`CAST(json_build_array(${sql.csv(values)}) AS TEXT)`,
      orElse: () => sql`json_array(${sql.csv(values)})`
    })

  const listed = (values: Statement.Fragment): Statement.Fragment =>
    sql.onDialectOrElse({ pg: () => sql`string_agg(${values}, ',')`, orElse: () => sql`group_concat(${values}, ',')` })

  /** A text as JSON, with its quotes. */
  const quoted = (text: Statement.Fragment): Statement.Fragment =>
    sql.onDialectOrElse({ pg: () => sql`CAST(to_json(${text}) AS TEXT)`, orElse: () => sql`json_quote(${text})` })

  /** A moment in milliseconds as RFC 3339. */
  const moment = (millis: Statement.Fragment): Statement.Fragment =>
    sql.onDialectOrElse({
      pg: () =>
        sql`to_char(to_timestamp(${millis} / 1000) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.')
          || lpad(CAST(${millis} % 1000 AS TEXT), 3, '0') || 'Z'`,
      orElse: () =>
        sql`strftime('%Y-%m-%dT%H:%M:%S.', ${millis} / 1000, 'unixepoch') || printf('%03dZ', ${millis} % 1000)`
    })

  /** The same question twice in one statement: once for the text, once for where it ends and whether anything follows. */
  const wholeOf = ({ from, json, place, sought, where }: Query): Statement.Statement<Whole> => {
    const order = sql.csv(place)
    return sql<Whole>`SELECT
      (SELECT ${listed(sql`page.json`)} FROM (
        SELECT ${json} AS json FROM ${from} WHERE ${where} ORDER BY ${order} LIMIT ${1}
      ) AS page) AS rows,
      (SELECT ${listed(sql`page.place`)} FROM (
        SELECT ${array(place)} AS place FROM ${sought} WHERE ${where} ORDER BY ${order} LIMIT 2 OFFSET ${1}
      ) AS page) AS places`
  }

  const textOf = ({ key, query }: Known): string => {
    const found = texts.get(key)
    if (found !== undefined) return found
    const [text] = wholeOf(query()).compile()
    texts.set(key, text)
    return text
  }

  /** At most `limit` rows and a token if there are more, or nothing if there is none. */
  const known = (
    question: ReadonlyArray<unknown>,
    query: Known,
    limit: number
  ): Effect.Effect<Encoded | undefined, SqlError> =>
    Effect.mapEager(
      read.text<Whole>(
        sql,
        textOf(query),
        [...query.json, ...query.where, limit, ...query.where, limit - 1]
      ),
      ([found]) => {
        if (found === undefined || found.rows === null) return undefined
        const places = found.places === null ? [] : decodePlaces(`[${found.places}]`)
        return page(question, found.rows, places.length > 1 ? places[0] : undefined)
      }
    )

  /** The same for a query for which finding rows costs more than telling them does: they are found once, and put together here. */
  const searched = Effect.fnUntraced(function*(
    question: ReadonlyArray<unknown>,
    { from, json, place, where }: Omit<Query, "sought">,
    limit: number
  ) {
    const rows = yield* read.rows(sql<{ readonly json: string; readonly place: string }>`SELECT ${json} AS json,
      ${array(place)} AS place FROM ${from} WHERE ${where} ORDER BY ${sql.csv(place)} LIMIT ${limit + 1}`)
    const shown = rows.length > limit ? rows.slice(0, limit) : rows
    const last = rows.length > limit ? shown.at(-1) : undefined
    return page(
      question,
      shown.map((row) => row.json).join(","),
      last === undefined ? undefined : decodePlaces(`[${last.place}]`)[0]
    )
  })

  return { known, searched, moment, quoted }
})

/**
 * @since 0.1.0
 */
export type PageText = Effect.Success<typeof make>
