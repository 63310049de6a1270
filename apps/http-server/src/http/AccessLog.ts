/**
 * The line that every request leaves in the log.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { RequestFacts } from "./CurrentRequest.ts"

/**
 * @since 0.1.0
 */
export interface Entry {
  readonly facts: RequestFacts
  readonly method: string
  /** Without the query, in which names and addresses are searched for. */
  readonly path: string
  readonly status: number
  readonly milliseconds: number
}

const annotationsOf = ({ facts, method, milliseconds, path, status }: Entry) => ({
  requestId: facts.id,
  method,
  route: facts.route,
  path,
  status,
  milliseconds: Math.round(milliseconds * 10) / 10,
  address: facts.address,
  ...(facts.tokenId === undefined ? {} : { tokenId: facts.tokenId })
})

/**
 * Writes an entry with all loggers that there are.
 *
 * @since 0.1.0
 */
export const logged = (entry: Entry): Effect.Effect<void> =>
  (entry.status >= 500 ? Effect.logWarning("request") : Effect.logInfo("request")).pipe(
    Effect.annotateLogs(annotationsOf(entry))
  )

/**
 * The same line as JSON, made at once.
 *
 * @param ended when the answer began, in milliseconds since the epoch
 * @since 0.1.0
 */
export const line = (entry: Entry, ended: number): string =>
  JSON.stringify({
    message: "request",
    level: entry.status >= 500 ? "WARN" : "INFO",
    timestamp: new Date(ended).toISOString(),
    annotations: annotationsOf(entry),
    spans: {}
  })

/**
 * How entries are written. What needs no waiting is done when it returns.
 *
 * @since 0.1.0
 */
export const AccessLog = Context.Reference<(entry: Entry) => Effect.Effect<void>>(
  "@access-kit/http-server/http/AccessLog",
  { defaultValue: () => logged }
)
