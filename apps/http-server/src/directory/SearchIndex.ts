/**
 * The index of {@link SearchText} pieces, in either database.
 *
 * @since 0.1.0
 */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { Reading } from "../storage/Reading.ts"
import * as SearchText from "./SearchText.ts"

/** Pieces that a search asks for at first, and at the most. */
const FIRST = 4
const MOST = 12

/**
 * @since 0.1.0
 */
export interface Entry {
  readonly ref: number
  readonly generation: number
  readonly kind: number
  readonly search: string
}

/**
 * Rows, as numbers with commas between them.
 *
 * @since 0.1.0
 */
export interface Candidates {
  readonly count: number
  readonly refs: string
}

const none: Candidates = { count: 0, refs: "" }

/** So many of them, from the first to the last at even distances: a rare word may stand anywhere among common ones. */
const spread = (pieces: ReadonlyArray<number>, most: number): ReadonlyArray<number> =>
  pieces.length <= most
    ? pieces
    : Array.from({ length: most }, (_, at) => pieces[Math.round(at * (pieces.length - 1) / (most - 1))] ?? 0)

/** The index is one for all generations and kinds, but a piece of one is none of another. */
const seed = (generation: number, kind: number): number => generation * 4 + kind

/** A word of letters and digits, as the tokenizer of FTS5 wants it. */
const word = (hash: number): string => (hash >>> 0).toString(36)

/**
 * @since 0.1.0
 */
export const make = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const read = yield* Reading

  const add = (entries: ReadonlyArray<Entry>): Effect.Effect<void, SqlError> => {
    const rows = entries.map(({ generation, kind, ref, search }) => ({
      ref,
      pieces: [...SearchText.pieces(search, seed(generation, kind))]
    }))
    if (!Arr.isReadonlyArrayNonEmpty(rows)) return Effect.void
    return Effect.asVoid(sql.onDialectOrElse({
      pg: () =>
        sql`INSERT INTO directory_search (ref, pieces)
          SELECT ref, pieces FROM json_to_recordset(CAST(CAST(${
          JSON.stringify(rows)
        } AS TEXT) AS JSON)) AS given (ref BIGINT, pieces INTEGER[])`,
      orElse: () =>
        sql`INSERT INTO directory_search ${
          sql.insert(Arr.map(rows, ({ pieces, ref }) => ({ rowid: ref, pieces: pieces.map(word).join(" ") })))
        }`
    }))
  }

  const remove = (refs: ReadonlyArray<number>): Effect.Effect<void, SqlError> =>
    refs.length === 0 ? Effect.void : Effect.asVoid(sql.onDialectOrElse({
      pg: () => sql`DELETE FROM directory_search WHERE ${sql.in("ref", refs)}`,
      orElse: () => sql`DELETE FROM directory_search WHERE ${sql.in("rowid", refs)}`
    }))

  /** Those in a range of `ref`s. */
  const clear = (from: number, below: number): Effect.Effect<void, SqlError> =>
    Effect.asVoid(sql.onDialectOrElse({
      pg: () => sql`DELETE FROM directory_search WHERE ref >= ${from} AND ref < ${below}`,
      orElse: () => sql`DELETE FROM directory_search WHERE rowid >= ${from} AND rowid < ${below}`
    }))

  const holding = (pieces: ReadonlyArray<number>, limit: number): Effect.Effect<Candidates, SqlError> =>
    Effect.map(
      read.rows(sql.onDialectOrElse({
        pg: () =>
          sql<{ readonly count: number; readonly refs: string | null }>`SELECT count(*) AS count,
            string_agg(CAST(ref AS TEXT), ',') AS refs FROM (SELECT ref FROM directory_search
              WHERE pieces @> CAST(CAST(${`{${pieces.join(",")}}`} AS TEXT) AS INTEGER[]) LIMIT ${limit}) AS found`,
        orElse: () =>
          sql<{ readonly count: number; readonly refs: string | null }>`SELECT count(*) AS count,
            group_concat(ref, ',') AS refs FROM (SELECT rowid AS ref FROM directory_search
              WHERE directory_search MATCH ${pieces.map((piece) => `"${word(piece)}"`).join(" AND ")} LIMIT ${limit})`
      })),
      ([found]) => ({ count: Number(found?.count ?? 0), refs: found?.refs ?? "" })
    )

  /**
   * Rows that may hold the term, `limit` of them at the most, in no order. A few pieces from everywhere in a term mostly tell enough: every further one is
   * another list to go through.
   */
  const candidates = Effect.fnUntraced(function*(term: string, generation: number, kind: number, limit: number) {
    const wanted = [...SearchText.needed(SearchText.telling(term), seed(generation, kind))]
    if (wanted.length === 0) return none
    const found = yield* holding(spread(wanted, FIRST), limit)
    return found.count < limit || wanted.length <= FIRST ? found : yield* holding(spread(wanted, MOST), limit)
  })

  return { add, remove, clear, candidates }
})

/**
 * @since 0.1.0
 */
export type SearchIndex = Effect.Success<typeof make>
