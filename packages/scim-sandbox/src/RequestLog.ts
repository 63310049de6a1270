/**
 * What the sandbox was asked, for tests that count requests or look at what a client sends. Tokens are never in it.
 *
 * @since 0.1.0
 */
import type { FaultName } from "./Fault.ts"

/**
 * One answered (or deliberately unanswered) request.
 *
 * @since 0.1.0
 */
export interface RequestLogEntry {
  readonly method: string
  /** Without the query, as the client sent it. */
  readonly path: string
  /** Without the question mark. */
  readonly query: string
  /** Names in lower case; `authorization` and `cookie` are left out. */
  readonly headers: Readonly<Record<string, string>>
  /** HTTP status, or 0 where the request got no whole answer. */
  readonly status: number
  /** Size of the request's body in bytes. */
  readonly requestBytes: number
  /** Size of the answer's body in bytes. */
  readonly responseBytes: number
  /** Requests in progress when this one came, itself included. */
  readonly inFlight: number
  /** Milliseconds since 1970 when the request came. */
  readonly at: number
  /** Faults that struck. */
  readonly faults: ReadonlyArray<FaultName>
}

/**
 * Counts over all requests since the start or the last reset.
 *
 * @since 0.1.0
 */
export interface RequestStats {
  readonly total: number
  /** By status; key `0` counts requests without a whole answer. */
  readonly byStatus: Readonly<Record<string, number>>
  readonly inFlight: number
  readonly maxInFlight: number
  readonly responseBytes: number
}
