/**
 * What the server tells about itself while it runs: lines of JSON on standard output, and traces, logs and metrics over OTLP if an endpoint is given.
 * Secrets are `Redacted` long before they could come here.
 *
 * @since 0.1.0
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Effect from "effect/Effect"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Otlp from "effect/observability/Otlp"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import manifest from "../package.json" with { type: "json" }
import type { ServerConfigShape } from "./config/ServerConfig.ts"
import * as AccessLog from "./http/AccessLog.ts"
import * as LogLines from "./LogLines.ts"

const levels: Readonly<Record<ServerConfigShape["logLevel"], LogLevel.LogLevel>> = {
  debug: "Debug",
  info: "Info",
  warn: "Warn",
  error: "Error"
}

const headersOf = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    text.split(",").map((pair) => pair.split("=")).flatMap(([name = "", ...value]) =>
      name.trim() === "" ? [] : [[name.trim().toLowerCase(), value.join("=").trim()]]
    )
  )

const otlp = (config: ServerConfigShape): Layer.Layer<never> =>
  Option.match(config.otlpEndpoint, {
    onNone: () => Layer.empty,
    onSome: (baseUrl) =>
      Otlp.layerJson({
        baseUrl,
        resource: { serviceName: "claude-enterprise-server", serviceVersion: manifest.version },
        headers: Option.match(config.otlpHeaders, {
          onNone: () => ({}),
          onSome: (text) => headersOf(Redacted.value(text))
        }),
        loggerMergeWithExisting: true,
        shutdownTimeout: "2 seconds"
      }).pipe(Layer.provide(NodeHttpClient.layerUndici))
  })

/** Lines for people who read them, and for programs; those of requests are many, and made by hand where nobody else wants to have them. */
const logs = (config: ServerConfigShape) =>
  Layer.unwrap(Effect.map(LogLines.make, ({ write }) => {
    const formatted = config.logFormat === "json" ? Logger.formatJson : Logger.formatLogFmt
    const logger = Logger.make<unknown, void>((options) =>
      write(formatted.log(options), LogLevel.isGreaterThanOrEqualTo(options.logLevel, "Warn"))
    )
    const isPlain = config.logFormat === "json" && Option.isNone(config.otlpEndpoint)
      && LogLevel.isGreaterThanOrEqualTo("Info", levels[config.logLevel])
    return Layer.merge(
      Logger.layer([logger]),
      isPlain
        ? Layer.succeed(AccessLog.AccessLog, (entry) => {
          write(AccessLog.line(entry, entry.facts.begun + entry.milliseconds), entry.status >= 500)
          return Effect.void
        })
        : Layer.empty
    )
  }))

/** Load balancers and Prometheus ask every few seconds and are no traces anybody looks for. */
const untraced = new Set(["/healthz", "/readyz", "/metrics"])

/**
 * @since 0.1.0
 */
export const layer = (config: ServerConfigShape): Layer.Layer<never> =>
  Layer.mergeAll(
    otlp(config).pipe(Layer.provideMerge(logs(config))),
    // Nobody would see a span.
    Option.isNone(config.otlpEndpoint) ? Layer.succeed(References.TracerEnabled, false) : Layer.empty,
    Layer.succeed(References.MinimumLogLevel, levels[config.logLevel]),
    Layer.succeed(HttpMiddleware.TracerDisabledWhen, (request) => untraced.has(request.url))
  )

/**
 * A line that says what was started, without anything secret.
 *
 * @since 0.1.0
 */
export const announce = (facts: Readonly<Record<string, unknown>>): Effect.Effect<void> =>
  Effect.annotateLogs(Effect.logInfo("claude-enterprise-server is ready"), { version: manifest.version, ...facts })
