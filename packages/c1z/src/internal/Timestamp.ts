/**
 * Points in time as the tables of a snapshot hold them: `YYYY-MM-DD HH:MM:SS[.fff]`, UTC. SQL compares them as text, and readers refuse a `T` or a `Z`.
 */

export const format = (milliseconds: number): string => {
  const text = new Date(milliseconds).toISOString()
  return `${text.slice(0, 10)} ${text.slice(11, 23).replace(/\.?0+$/, "")}`
}

/** With nanoseconds, as Go writes them. */
export const formatNanos = (seconds: number, nanos: number): string => {
  const text = new Date(seconds * 1000).toISOString()
  const fraction = nanos === 0 ? "" : `.${String(nanos).padStart(9, "0").replace(/0+$/, "")}`
  return `${text.slice(0, 10)} ${text.slice(11, 19)}${fraction}`
}

/** As RFC 3339 with all digits, or undefined if it is no such text. */
export const rfc3339 = (text: string): string | undefined => {
  const match = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?/.exec(text)
  if (match === null) return undefined
  const digits = (match[3] ?? "").replace(/0+$/, "")
  // Protobuf's JSON has none, three, six or nine digits.
  const fraction = digits === "" ? "" : `.${digits.padEnd(Math.ceil(digits.length / 3) * 3, "0")}`
  return `${match[1]}T${match[2]}${fraction}Z`
}

/** Epoch milliseconds, or undefined if it is no such text. Digits behind the millisecond are dropped. */
export const parse = (text: string): number | undefined => {
  const match = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d{1,9})?$/.exec(text)
  if (match === null) return undefined
  const milliseconds = Date.parse(`${match[1]}T${match[2]}${(match[3] ?? "").slice(0, 4)}Z`)
  return Number.isNaN(milliseconds) ? undefined : milliseconds
}
