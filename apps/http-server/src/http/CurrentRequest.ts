/**
 * What is known of a request while it is served: made at the edge, filled in on the way, read by the log and the metrics at the end.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import { randomUUID } from "node:crypto"

/**
 * @since 0.1.0
 */
export interface RequestFacts {
  /** In the answer, the log and the audit log. */
  readonly id: string
  /** The address that the request came from. */
  readonly address: string
  /** Milliseconds since the epoch. */
  readonly begun: number
  /** The route as it is declared, for example `/v1/syncs/:syncId`; `unmatched` until one is found. */
  route: string
  tokenId: string | undefined
}

/**
 * @since 0.1.0
 */
export const CurrentRequest = Context.Reference<RequestFacts>("@access-kit/http-server/http/CurrentRequest", {
  defaultValue: () => make(undefined, "unknown", Date.now())
})

/** What callers may choose: enough for any tracing system's ids, and nothing that could forge a line of a log. */
const sane = /^[A-Za-z0-9][A-Za-z0-9._:-]{7,127}$/

/**
 * @param given the caller's `X-Request-Id`, taken over if it looks like an id
 * @since 0.1.0
 */
export const make = (given: string | undefined, address: string, begun: number): RequestFacts => ({
  id: given !== undefined && sane.test(given) ? given : randomUUID().replaceAll("-", ""),
  address,
  begun,
  route: "unmatched",
  tokenId: undefined
})
