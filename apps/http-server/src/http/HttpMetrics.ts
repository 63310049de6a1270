/**
 * Requests as metrics: by method, route as it is declared, and status. Nothing of a caller is in a label.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type { RequestFacts } from "./CurrentRequest.ts"

const requests = Metric.counter("http_requests_total", { description: "Requests answered", incremental: true })

const durations = Metric.histogram("http_request_duration_seconds", {
  description: "Time until the answer began",
  boundaries: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
})

/** Requests under way, their bodies included. */
const inFlight = Metric.gauge("http_requests_in_flight", { description: "Requests under way" })

const methods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])

interface Pair {
  readonly count: Metric.Metric<number, unknown>
  readonly duration: Metric.Metric<number, unknown>
  /** Seconds of those that are not in the metrics yet. */
  noted: Array<number>
}

/** One for each of the few combinations that exist. */
const known = new Map<string, Pair>()

const of = (method: string, route: string, status: number): Pair => {
  const key = `${method} ${route} ${status}`
  const found = known.get(key)
  if (found !== undefined) return found
  const attributes = { method, route }
  const made = {
    count: Metric.withAttributes(requests, { ...attributes, status: String(status) }),
    duration: Metric.withAttributes(durations, attributes),
    noted: []
  }
  known.set(key, made)
  return made
}

/**
 * Notes an answer. It is in the metrics after the next {@link settle}.
 *
 * @since 0.1.0
 */
export const note = (facts: RequestFacts, method: string, status: number, millis: number): void => {
  of(methods.has(method) ? method : "OTHER", facts.route, status).noted.push(millis / 1_000)
}

let underWay = 0

/**
 * One more request, or one less.
 *
 * @since 0.1.0
 */
export const begun = (by: 1 | -1): void => {
  underWay += by
}

/**
 * Brings the metrics up to date: before somebody reads them, and every second for those who read them by themselves.
 *
 * @since 0.1.0
 */
export const settle: Effect.Effect<void> = Effect.gen(function*() {
  yield* Metric.update(inFlight, underWay)
  for (const pair of known.values()) {
    if (pair.noted.length === 0) continue
    const noted = pair.noted
    pair.noted = []
    yield* Metric.update(pair.count, noted.length)
    for (const seconds of noted) yield* Metric.update(pair.duration, seconds)
  }
})
