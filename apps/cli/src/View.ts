/**
 * How one kind of row is shown: its columns for tables and CSV, its object for JSON. Names and order of both are part of what the
 * command promises to scripts.
 *
 * @since 0.1.0
 */
import type * as Schema from "effect/Schema"

/**
 * @since 0.1.0
 */
export interface Column<in A> {
  /** The name in CSV. */
  readonly name: string
  /** The name in tables; a column without one is not in tables. */
  readonly header?: string
  readonly align?: "right"
  /** Never cut, however narrow the terminal: it is there to be copied. */
  readonly whole?: boolean
  readonly cell: (row: A) => string
}

/**
 * @since 0.1.0
 */
export interface View<in A> {
  /** What a row is, singular and plural. */
  readonly noun: readonly [string, string]
  readonly columns: ReadonlyArray<Column<A>>
  readonly json: (row: A) => Schema.JsonObject
}
