/**
 * What requests have in common: ids in paths, the headers of a change. Patterns have the flag `u`, without which they are not in the OpenAPI document.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * An id that the server made: 27 letters and digits, newer ones sort after older ones.
 *
 * @since 0.1.0
 */
export const Id = Schema.String.check(Schema.isPattern(/^[0-9A-Za-z]{27}$/u)).annotate({
  description: "27 letters and digits"
})

/** With the days that each month has, so that a generator of requests does not ask for November 31. */
const moment = new RegExp(
  "^[1-9]\\d{3}-((0[13578]|1[02])-(0[1-9]|[12]\\d|3[01])|(0[469]|11)-(0[1-9]|[12]\\d|30)|02-(0[1-9]|[12]\\d))"
    + "T([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,9})?(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)$",
  "u"
)

/** `Date.parse` takes February 30 for March 2. */
const exists = (text: string): boolean => {
  const [year = 0, month = 0, day = 0] = text.slice(0, 10).split("-").map(Number)
  return !Number.isNaN(Date.parse(text)) && day <= new Date(Date.UTC(year, month, 0)).getUTCDate()
}

/**
 * A moment, RFC 3339.
 *
 * @since 0.1.0
 */
export const Timestamp = Schema.String.check(
  Schema.isPattern(moment),
  Schema.makeFilter((text) => exists(text) || "There is no such moment")
).annotate({ description: "RFC 3339", format: "date-time" })

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
  "idempotency-key": Schema.optionalKey(Schema.String.check(Schema.isPattern(/^[\x21-\x7e]{1,255}$/u)))
}

/**
 * @since 0.1.0
 */
export const conditionalHeaders = {
  ...changeHeaders,
  /** The `ETag` that the change is based on. */
  "if-match": Schema.optionalKey(Schema.String.check(Schema.isMaxLength(1024)))
}

/**
 * `If-None-Match`: what has not changed since is answered with 304 and no body.
 *
 * @since 0.1.0
 */
export const readHeaders = { "if-none-match": Schema.optionalKey(Schema.String.check(Schema.isMaxLength(1024))) }
