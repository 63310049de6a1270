/**
 * The index of {@link SearchText} pieces, in either database.
 *
 * @since 0.1.0
 */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as SearchText from "./SearchText.ts"

/**
 * @since 0.1.0
 */
export interface Entry {
  readonly ref: number
  readonly generation: number
  readonly kind: number
  readonly search: string
}

/** The index is one for all generations and kinds, but a piece of one is none of another. */
const seed = (generation: number, kind: number): number => generation * 4 + kind

const hashes = (pieces: ReadonlySet<string>, generation: number, kind: number): ReadonlyArray<number> => {
  const found = new Set<number>()
  for (const piece of pieces) found.add(SearchText.hash(piece, seed(generation, kind)))
  return [...found]
}

/** A word of letters and digits, as the tokenizer of FTS5 wants it. */
const word = (hash: number): string => (hash >>> 0).toString(36)

/**
 * @since 0.1.0
 */
export const make = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient

  const add = (entries: ReadonlyArray<Entry>): Effect.Effect<void, SqlError> => {
    const rows = entries.map(({ generation, kind, ref, search }) => ({
      ref,
      pieces: hashes(SearchText.pieces(search), generation, kind)
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

  /** Rows that may hold the term, `limit` of them at the most, in no order. */
  const candidates = (
    term: string,
    generation: number,
    kind: number,
    limit: number
  ): Effect.Effect<ReadonlyArray<number>, SqlError> => {
    const wanted = hashes(SearchText.needed(term), generation, kind)
    const rows = sql.onDialectOrElse({
      pg: () =>
        sql<{ readonly ref: number }>`SELECT ref FROM directory_search
          WHERE pieces @> CAST(CAST(${`{${wanted.join(",")}}`} AS TEXT) AS INTEGER[]) LIMIT ${limit}`,
      orElse: () =>
        sql<{ readonly ref: number }>`SELECT rowid AS ref FROM directory_search
          WHERE directory_search MATCH ${wanted.map((hash) => `"${word(hash)}"`).join(" AND ")} LIMIT ${limit}`
    })
    return wanted.length === 0 ? Effect.succeed([]) : Effect.map(rows, (found) => found.map((row) => row.ref))
  }

  return { add, remove, clear, candidates }
})

/**
 * @since 0.1.0
 */
export type SearchIndex = Effect.Success<typeof make>
