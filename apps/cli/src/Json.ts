/**
 * JSON for scripts, which is also safe to look at: what `JSON.stringify` leaves raw and a terminal could obey is escaped, so that the
 * value is the same and the bytes do nothing.
 *
 * @since 0.1.0
 */
import type * as Schema from "effect/Schema"

const unescaped = /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu

const escape = (json: string): string =>
  json.replaceAll(unescaped, (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`)

/**
 * On one line, without a line break at the end.
 *
 * @since 0.1.0
 */
export const compact = (value: Schema.Json): string => escape(JSON.stringify(value))

/**
 * Over several lines, without a line break at the end.
 *
 * @since 0.1.0
 */
export const pretty = (value: Schema.Json): string => escape(JSON.stringify(value, null, 2))
