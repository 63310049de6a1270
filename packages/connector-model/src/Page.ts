/**
 * One step of a listing. Listings are page-wise, so that a server can answer them without keeping state and a sync can go on where it
 * stopped: an opaque cursor goes in, rows and the cursors that follow come out.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import type { Entitlement } from "./Entitlement.ts"
import type { Grant } from "./Grant.ts"
import type { Resource } from "./Resource.ts"

/**
 * Where a listing goes on. Opaque: only the connector that made it reads it.
 *
 * @since 0.1.0
 */
export type Cursor = string

/**
 * A resource with what can be held on it and who holds it.
 *
 * @since 0.1.0
 */
export interface ResourceRecord {
  readonly resource: Resource
  readonly entitlements: ReadonlyArray<Entitlement>
  /** Every holder of every entitlement above. Empty means that nobody holds one: a list that can't be read is an error instead. */
  readonly grants: ReadonlyArray<Grant>
}

/**
 * Something that the connector forgave or worked around, and that a person may want to know.
 *
 * @since 0.1.0
 */
export const Note = Schema.Struct({
  /** A stable word for programs, in kebab case, for example `duplicate-member`. */
  code: Schema.String,
  /** A sentence for people. */
  message: Schema.String,
  /** How often it happened. */
  count: Schema.Number
})

/**
 * @since 0.1.0
 */
export interface Note extends Schema.Schema.Type<typeof Note> {}

/**
 * @since 0.1.0
 */
export interface Page<A> {
  readonly items: ReadonlyArray<A>
  /** Where this page goes on. Absent on the last one. */
  readonly next?: Cursor
  /**
   * Further starts that are independent of `next` and of each other: a caller may follow them concurrently. Each may have a `next` of
   * its own.
   */
  readonly siblings?: ReadonlyArray<Cursor>
  /** How many rows the whole listing has, if the source says. */
  readonly total?: number
  readonly notes?: ReadonlyArray<Note>
}

/**
 * Asks for one page.
 *
 * @since 0.1.0
 */
export interface ListRequest {
  /** Absent for the first page. */
  readonly cursor?: Cursor
  /** A wish. A connector may give fewer rows, or more where the source can't be asked for fewer. */
  readonly pageSize?: number
  /**
   * `resources` leaves `entitlements` and `grants` of each record empty where that is cheaper for the source; `everything` fills them.
   */
  readonly include: "resources" | "everything"
}
