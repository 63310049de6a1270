/**
 * How lists are asked for and answered: an opaque token goes on where a page ended, and no row comes twice because others were added.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * Rows of a page when the request names no limit.
 *
 * @since 0.1.0
 */
export const defaultLimit = 100

/**
 * @since 0.1.0
 */
export const maximumLimit = 500

/**
 * The query parameters of every list.
 *
 * @since 0.1.0
 */
export const query = {
  limit: Schema.optionalKey(
    Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: maximumLimit })).annotate({
      description: `Most rows of the page; ${defaultLimit} if absent`
    })
  ),
  pageToken: Schema.optionalKey(
    Schema.String.check(Schema.isMaxLength(4096)).annotate({ description: "`nextPageToken` of the page before" })
  )
}

/**
 * @since 0.1.0
 */
export interface PageRequest {
  readonly limit?: number
  readonly pageToken?: string
}

/**
 * @since 0.1.0
 */
export interface Page<A> {
  readonly items: ReadonlyArray<A>
  /** Absent on the last page. */
  readonly nextPageToken?: string
}

/**
 * @since 0.1.0
 */
export const page = <Item extends Schema.Top>(item: Item) =>
  Schema.Struct({
    items: Schema.Array(item),
    nextPageToken: Schema.optionalKey(Schema.String)
  })
