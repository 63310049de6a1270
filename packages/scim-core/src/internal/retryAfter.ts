/**
 * How long a server wants to be left alone: `Retry-After` (RFC 9110 §10.2.3) as seconds or as a date, else the reset headers
 * that are in use, as seconds or as a time.
 */
type Headers = { readonly [name: string]: string | undefined }

/** Milliseconds, 0 for a time that has passed; `undefined` when the headers do not say. */
export const retryAfterMillis = (headers: Headers, now: number): number | undefined => {
  const asked = headers["retry-after"]?.trim()
  if (asked !== undefined && asked !== "") {
    if (/^\d+(\.\d+)?$/.test(asked)) return Math.ceil(Number(asked) * 1000)
    const at = httpDate(asked)
    if (at !== undefined) {
      // Against the server's own clock where it tells the time, so that a wrong clock here does no harm.
      return Math.max(0, at - (httpDate(headers["date"]) ?? now))
    }
  }
  return reset(headers["retry-after-ms"], 1)
    ?? resetTime(headers["x-ratelimit-reset"], now)
    ?? resetTime(headers["x-rate-limit-reset"], now)
    ?? resetTime(headers["ratelimit-reset"], now)
}

/** RFC 9110 §5.6.7 writes dates in words; anything else that `Date` would accept is not one. */
const httpDate = (text: string | undefined): number | undefined => {
  if (text === undefined || !/^[A-Za-z]{3,9},? /.test(text)) return undefined
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : at
}

const reset = (text: string | undefined, unit: number): number | undefined =>
  text !== undefined && /^\d+(\.\d+)?$/.test(text.trim()) ? Math.ceil(Number(text) * unit) : undefined

/** Numbers above a year of seconds can only be times: of seconds, or of milliseconds. */
const resetTime = (text: string | undefined, now: number): number | undefined => {
  const value = reset(text, 1)
  if (value === undefined) return undefined
  if (value > 1e11) return Math.max(0, value - now)
  return value > 31_536_000 ? Math.max(0, value * 1000 - now) : value * 1000
}
