/**
 * The numbers behind `ScimClient.stats`, kept beside the process-wide metrics since those add up over all clients.
 */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as ScimMetrics from "../ScimMetrics.ts"

export class Counters {
  requests = 0
  retries = 0
  waitedMillis = 0
  bytesReceived = 0
  bytesSent = 0

  request(bytes: number): Effect.Effect<void> {
    this.requests++
    this.bytesSent += bytes
    return bytes === 0
      ? Metric.update(ScimMetrics.requests, 1)
      : Effect.andThen(Metric.update(ScimMetrics.requests, 1), Metric.update(ScimMetrics.bytesSent, bytes))
  }

  received(bytes: number): Effect.Effect<void> {
    this.bytesReceived += bytes
    return Metric.update(ScimMetrics.bytesReceived, bytes)
  }

  retry(): Effect.Effect<void> {
    this.retries++
    return Metric.update(ScimMetrics.retries, 1)
  }

  waited(millis: number): Effect.Effect<void> {
    this.waitedMillis += millis
    return Metric.update(ScimMetrics.waited, millis)
  }
}
