/**
 * Effect metrics of every client in the process, ready for any exporter.
 *
 * @since 0.1.0
 */
import * as Metric from "effect/Metric"

/**
 * HTTP requests, retries and token requests included.
 *
 * @since 0.1.0
 */
export const requests = Metric.counter("scim_client_requests_total", {
  description: "HTTP requests sent, retries included",
  incremental: true
})

/**
 * @since 0.1.0
 */
export const retries = Metric.counter("scim_client_retries_total", {
  description: "HTTP requests sent again after a failure",
  incremental: true
})

/**
 * Answers that asked the client to slow down.
 *
 * @since 0.1.0
 */
export const throttled = Metric.counter("scim_client_throttled_total", {
  description: "Answers that asked the client to slow down",
  incremental: true
})

/**
 * Milliseconds, all fibres added up.
 *
 * @since 0.1.0
 */
export const waited = Metric.counter("scim_client_waited_milliseconds_total", {
  description: "Time spent waiting before retries and at the rate-limit gate",
  incremental: true
})

/**
 * Bytes of response bodies as they came over the wire.
 *
 * @since 0.1.0
 */
export const bytesReceived = Metric.counter("scim_client_received_bytes_total", {
  description: "Bytes of response bodies",
  incremental: true
})

/**
 * Bytes of request bodies.
 *
 * @since 0.1.0
 */
export const bytesSent = Metric.counter("scim_client_sent_bytes_total", {
  description: "Bytes of request bodies",
  incremental: true
})
