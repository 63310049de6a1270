/** Keeps the request log: every request is counted, the newest are kept whole. */
import type { RequestLogEntry, RequestStats } from "../RequestLog.ts"

const secret = new Set(["authorization", "cookie", "proxy-authorization"])

export class Journal {
  readonly #limit: number
  #entries: Array<RequestLogEntry> = []
  #byStatus: Record<string, number> = {}
  #total = 0
  #inFlight = 0
  #maxInFlight = 0
  #responseBytes = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Counts a request in and answers how many are in progress. */
  enter(): number {
    this.#inFlight += 1
    this.#maxInFlight = Math.max(this.#maxInFlight, this.#inFlight)
    return this.#inFlight
  }

  leave(entry: RequestLogEntry): void {
    this.#inFlight -= 1
    this.#total += 1
    this.#responseBytes += entry.responseBytes
    const status = String(entry.status)
    this.#byStatus[status] = (this.#byStatus[status] ?? 0) + 1
    this.#entries.push(entry)
    // Cutting only at twice the limit makes the cost of forgetting constant per request.
    if (this.#entries.length >= 2 * this.#limit) this.#entries = this.#entries.slice(-this.#limit)
  }

  get entries(): ReadonlyArray<RequestLogEntry> {
    return this.#entries.slice(-this.#limit)
  }

  get stats(): RequestStats {
    return {
      total: this.#total,
      byStatus: { ...this.#byStatus },
      inFlight: this.#inFlight,
      maxInFlight: this.#maxInFlight,
      responseBytes: this.#responseBytes
    }
  }

  reset(): void {
    this.#entries = []
    this.#byStatus = {}
    this.#total = 0
    this.#maxInFlight = this.#inFlight
    this.#responseBytes = 0
  }
}

/** Headers as the log keeps them. */
export const publicHeaders = (
  headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
): Record<string, string> => {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || secret.has(name)) continue
    kept[name] = typeof value === "string" ? value : value.join(", ")
  }
  return kept
}
