/**
 * Rows as comma-separated values, RFC 4180: CRLF after each record, a field in quotes where it has to be, a heading first.
 *
 * @since 0.1.0
 */
import type { View } from "./View.ts"

/**
 * One field. A spreadsheet takes a text that begins with one of `= + - @` (or a tab or line break before them) for a formula, and
 * whoever names an account or a group could so run one on the reviewer's machine; such a text gets an apostrophe in front. JSON output
 * has the exact bytes.
 *
 * @since 0.1.0
 */
export const field = (text: string): string => {
  const safe = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/u.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll("\"", "\"\"")}"` : safe
}

/**
 * @since 0.1.0
 */
export const heading = <A>(view: View<A>): string => `${view.columns.map((column) => field(column.name)).join(",")}\r\n`

/**
 * @since 0.1.0
 */
export const line = <A>(view: View<A>, row: A): string =>
  `${view.columns.map((column) => field(column.cell(row))).join(",")}\r\n`
