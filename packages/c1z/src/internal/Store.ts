/**
 * The database behind an open file, for the queries of this package. Others see the file's rows as streams only.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { DatabaseSync, SQLInputValue } from "node:sqlite"
import * as C1zError from "../C1zError.ts"
import { integer, type Row } from "./Row.ts"

/** How many rows are read at once. */
const PAGE = 512

export const damaged = (path: string, detail: string, cause: unknown): C1zError.C1zError =>
  new C1zError.C1zError({
    reason: new C1zError.Damaged({
      path,
      message: `"${path}" is damaged: ${detail}. Get the original, or sync again.`
    }),
    cause
  })

export class Store {
  readonly path: string
  readonly format: "v1" | "v3"
  readonly database: DatabaseSync

  constructor(path: string, format: "v1" | "v3", database: DatabaseSync) {
    this.path = path
    this.format = format
    this.database = database
  }

  /** Runs code over the database; whatever it throws means that the file is damaged. */
  attempt<A>(detail: string, run: () => A): Effect.Effect<A, C1zError.C1zError> {
    return Effect.try({ try: run, catch: (cause) => damaged(this.path, detail, cause) })
  }

  /**
   * Rows of a table in their order, some hundred at a time. `where` may use `?3` and further for `values`.
   *
   * @param after position of the last row that is not wanted
   */
  rows<A>(
    table: string,
    options: {
      readonly syncId?: string | undefined
      readonly columns?: string
      readonly where?: string
      readonly values?: ReadonlyArray<SQLInputValue>
      readonly after?: number
    },
    decode: (row: Row) => A
  ): Stream.Stream<A, C1zError.C1zError> {
    return Stream.suspend(() => {
      const statement = this.database.prepare(
        `SELECT ${options.columns ?? "*"} FROM ${table} WHERE id > ?1 ${
          options.syncId === undefined ? "AND ?2 IS NULL" : "AND sync_id = ?2"
        } ${options.where === undefined ? "" : `AND (${options.where})`} ORDER BY id LIMIT ${PAGE}`
      )
      return Stream.paginate(
        options.after ?? 0,
        (after) =>
          this.attempt(`a row of ${table} after row ${after} can't be read`, () => {
            const rows = statement.all(after, options.syncId ?? null, ...options.values ?? [])
            const last = rows.at(-1)
            const next = last === undefined || rows.length < PAGE
              ? Option.none<number>()
              : Option.some(integer(last, "id"))
            return [rows.map(decode), next] as const
          })
      )
    })
  }

  /** Rows of a table of one sync in the order of their `external_id`s. */
  sorted<A>(
    table: string,
    options: { readonly syncId: string; readonly columns: string },
    decode: (row: Row) => A
  ): Stream.Stream<A, C1zError.C1zError> {
    const { database } = this
    return this.generated(function*() {
      // One statement for all of them: a file without the index is sorted once.
      const rows = database.prepare(
        `SELECT ${options.columns} FROM ${table} WHERE sync_id = ? ORDER BY external_id, id`
      )
      for (const row of rows.iterate(options.syncId)) yield decode(row)
    })
  }

  /**
   * What a generator over the database yields, undefined left out, which it yields to let others have their turn. An error that it throws means that the file
   * is damaged.
   */
  generated<A>(start: () => Generator<A | undefined>): Stream.Stream<A, C1zError.C1zError> {
    return Stream.suspend(() => {
      const generator = start()
      return Stream.paginate(0, (turn) =>
        this.attempt("its rows can't be read", () => {
          const found: Array<A> = []
          for (;;) {
            const next = generator.next()
            if (next.done === true) return [found, Option.none<number>()] as const
            if (next.value !== undefined) found.push(next.value)
            if (next.value === undefined || found.length >= PAGE) return [found, Option.some(turn + 1)] as const
          }
        })).pipe(Stream.ensuring(Effect.sync(() => void generator.return(undefined))))
    })
  }
}

const stores = new WeakMap<object, Store>()

export const register = (file: object, store: Store): void => {
  stores.set(file, store)
}

/** The database of a file that {@link ../C1z.ts} has opened. */
export const storeOf = (file: object): Store => {
  const store = stores.get(file)
  if (store === undefined) throw new Error("This file was not opened by C1z.open.")
  return store
}
