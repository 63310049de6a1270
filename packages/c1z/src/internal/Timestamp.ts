/**
 * Points in time as the tables of a snapshot hold them: `YYYY-MM-DD HH:MM:SS[.fff]`, UTC. SQL compares them as text, and readers refuse a `T` or a `Z`.
 */

export const format = (milliseconds: number): string => {
  const text = new Date(milliseconds).toISOString()
  return `${text.slice(0, 10)} ${text.slice(11, 23).replace(/\.?0+$/, "")}`
}

/** Epoch milliseconds, or undefined if it is no such text. Digits behind the millisecond are dropped. */
export const parse = (text: string): number | undefined => {
  const match = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d{1,9})?$/.exec(text)
  if (match === null) return undefined
  const milliseconds = Date.parse(`${match[1]}T${match[2]}${(match[3] ?? "").slice(0, 4)}Z`)
  return Number.isNaN(milliseconds) ? undefined : milliseconds
}
