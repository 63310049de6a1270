/**
 * Times: milliseconds since 1970 in the database, RFC 3339 in UTC over the API.
 *
 * @since 0.1.0
 */

/**
 * @since 0.1.0
 */
export const format = (milliseconds: number): string => new Date(milliseconds).toISOString()

/**
 * A member for an object, or none: `...optional("endedAt", row.ended_at)`.
 *
 * @since 0.1.0
 */
export const optional = <Name extends string>(
  name: Name,
  milliseconds: number | null
): { readonly [K in Name]?: string } => {
  const member: { [K in Name]?: string } = {}
  if (milliseconds !== null) member[name] = format(milliseconds)
  return member
}

/**
 * `undefined` for what is no time. Digits after the milliseconds are cut off.
 *
 * @since 0.1.0
 */
export const parse = (text: string): number | undefined => {
  const milliseconds = Date.parse(text)
  return Number.isNaN(milliseconds) ? undefined : milliseconds
}
