/**
 * Token buckets in the memory of this process: a limit that may be used up at once and fills again evenly. One look into a map for each request;
 * a limiter for stores that processes share costs several times what answering does.
 *
 * @since 0.1.0
 */

/**
 * @since 0.1.0
 */
export interface TokenBuckets {
  /** Takes one, or says in how many milliseconds there will be one. */
  readonly take: (key: string, nowMillis: number) => number
}

/** Full ones say nothing and are forgotten when there are so many. */
const MANY = 10_000

interface Bucket {
  left: number
  at: number
}

/**
 * @since 0.1.0
 */
export const make = (options: { readonly limit: number; readonly windowMillis: number }): TokenBuckets => {
  const perMilli = options.limit / options.windowMillis
  const buckets = new Map<string, Bucket>()

  const fill = (bucket: Bucket, now: number): void => {
    // A clock that was set back gives nothing and takes nothing.
    bucket.left = Math.min(options.limit, bucket.left + Math.max(0, now - bucket.at) * perMilli)
    bucket.at = now
  }

  const forget = (now: number): void => {
    for (const [key, bucket] of buckets) {
      fill(bucket, now)
      if (bucket.left >= options.limit) buckets.delete(key)
    }
  }

  return {
    take: (key, now) => {
      let bucket = buckets.get(key)
      if (bucket === undefined) {
        if (buckets.size >= MANY) forget(now)
        bucket = { left: options.limit, at: now }
        buckets.set(key, bucket)
      } else fill(bucket, now)
      if (bucket.left < 1) return Math.ceil((1 - bucket.left) / perMilli)
      bucket.left -= 1
      return 0
    }
  }
}
