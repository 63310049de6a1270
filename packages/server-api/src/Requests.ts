/**
 * What requests have in common: ids in paths, the headers of a change.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * An id that the server made: 27 letters and digits, newer ones sort after older ones.
 *
 * @since 0.1.0
 */
export const Id = Schema.String.check(Schema.isPattern(/^[0-9A-Za-z]{27}$/)).annotate({
  description: "27 letters and digits"
})

/**
 * An id that the source made: any characters, percent-encoded in a path.
 *
 * @since 0.1.0
 */
export const SourceId = Schema.String.check(Schema.isBetweenLength(1, 3072))

/**
 * A request with a key that was seen before within a day is answered as the first one was, and nothing is done twice.
 *
 * @since 0.1.0
 */
export const changeHeaders = {
  "idempotency-key": Schema.optionalKey(Schema.String.check(Schema.isPattern(/^[\x21-\x7e]{1,255}$/)))
}

/**
 * @since 0.1.0
 */
export const conditionalHeaders = {
  ...changeHeaders,
  /** The `ETag` that the change is based on. */
  "if-match": Schema.optionalKey(Schema.String.check(Schema.isPattern(/^("[\x21\x23-\x7e]*"|\*)$/)))
}

/**
 * `If-None-Match`: what has not changed since is answered with 304 and no body.
 *
 * @since 0.1.0
 */
export const readHeaders = { "if-none-match": Schema.optionalKey(Schema.String.check(Schema.isMaxLength(1024))) }
