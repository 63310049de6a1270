/** Who may come in and how often: the bearer token and the rate limit. */
import { createHash, timingSafeEqual } from "node:crypto"

const digest = (text: string): Buffer => createHash("sha256").update(text).digest()

/** Compares an `Authorization` header with the token, in a time that tells nothing about it. */
export const makeTokenCheck = (token: string): (header: string | undefined) => boolean => {
  const wanted = digest(token)
  return (header) => {
    const given = /^Bearer +(.+?) *$/i.exec(header ?? "")?.[1]
    return given !== undefined && timingSafeEqual(digest(given), wanted)
  }
}

export interface RateLimit {
  readonly requests: number
  readonly windowMs: number
}

/** A fixed window. Answers the seconds until the next one when this one is used up. */
export const makeRateLimiter = (
  limit: RateLimit | undefined,
  now: () => number
): () => number | undefined => {
  let window = -Infinity
  let used = 0
  return () => {
    if (limit === undefined) return undefined
    const time = now()
    if (time - window >= limit.windowMs) {
      window = time
      used = 0
    }
    used += 1
    return used > limit.requests ? Math.max(1, Math.ceil((window + limit.windowMs - time) / 1_000)) : undefined
  }
}
