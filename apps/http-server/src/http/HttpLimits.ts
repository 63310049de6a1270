/**
 * How much one caller, and all of them together, may ask of the server.
 *
 * @since 0.1.0
 */
import * as ByteSize from "effect/ByteSize"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"

/**
 * @since 0.1.0
 */
export interface HttpLimitsShape {
  /** Largest request body. */
  readonly bodySize: ByteSize.ByteSize
  /** Requests that a token may make per minute; twice that many failed attempts per address. */
  readonly requestsPerMinute: number
  /** Requests that are served at the same time; the others are told to come again. */
  readonly concurrentRequests: number
  /** Event streams that are open at the same time. */
  readonly eventStreams: number
  /** A request that has not arrived in whole by then is given up. */
  readonly receiveTimeout: Duration.Duration
  /** A connection on which nothing moves for so long is closed. */
  readonly idleTimeout: Duration.Duration
  /** Event streams say that they live this often. */
  readonly heartbeat: Duration.Duration
  /** How long a request waits for another one with the same `Idempotency-Key`. Longer than a process that died may be taken for one that lives. */
  readonly keyPatience: Duration.Duration
}

/**
 * @since 0.1.0
 */
export const defaults: HttpLimitsShape = {
  bodySize: ByteSize.mebibytes(1),
  requestsPerMinute: 6_000,
  concurrentRequests: 256,
  eventStreams: 100,
  receiveTimeout: Duration.seconds(30),
  idleTimeout: Duration.minutes(2),
  heartbeat: Duration.seconds(15),
  keyPatience: Duration.seconds(8)
}

/**
 * @since 0.1.0
 */
export const HttpLimits = Context.Reference<HttpLimitsShape>("@access-kit/http-server/http/HttpLimits", {
  defaultValue: () => defaults
})
