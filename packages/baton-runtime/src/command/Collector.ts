/**
 * Traces and log lines for an OpenTelemetry collector, over OTLP/gRPC as every baton connector sends them. A collector that is down or slow costs what
 * it would have been told, and nothing else.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as OtlpLogger from "effect/observability/OtlpLogger"
import * as OtlpSerialization from "effect/observability/OtlpSerialization"
import * as OtlpTracer from "effect/observability/OtlpTracer"
import * as OtlpOverGrpc from "../internal/OtlpOverGrpc.ts"
import type { RpcError } from "../RpcError.ts"
import * as Security from "../Security.ts"
import * as CommandError from "./CommandError.ts"
import type { Given } from "./Given.ts"

const ENDPOINT = "otel-collector-endpoint"
const PEM_FILE = "otel-collector-endpoint-tls-cert-path"
const PEM_TEXT = "otel-collector-endpoint-tls-cert"

/** How long the end of the program waits for the collector, for each of the two kinds. */
const LAST = "2 seconds"

/** The port that Go's gRPC takes where none is written. */
const STANDARD_PORT = 443

const addressOf = (written: string): { readonly host: string; readonly port: number } | undefined => {
  const match = /^(?:(?:dns|passthrough):\/{3})?(?:\[([^\]/]+)\]|([^:/]+))(?::(\d{1,5}))?$/.exec(written)
  if (match === null) return undefined
  const [, bracketed, plain, port] = match
  const host = bracketed ?? plain
  const number = port === undefined ? STANDARD_PORT : Number(port)
  return host === undefined || number < 1 || number > 65_535 ? undefined : { host, port: number }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/

/** Certificates in PEM, whose text Go's connectors take in base64url, so that it fits into a variable. */
const authorityOf = Effect.fnUntraced(function*(given: Given) {
  const path = given.text(PEM_FILE)
  const text = given.text(PEM_TEXT)
  if (path !== undefined && text !== undefined) {
    return yield* CommandError.make("Usage", `--${PEM_FILE} and --${PEM_TEXT} exclude each other; give one of them`)
  }
  if (path !== undefined) {
    const files = yield* FileSystem.FileSystem
    const read = yield* files.readFileString(path).pipe(
      Effect.mapError((error) =>
        CommandError.make(
          "InvalidValue",
          `--${PEM_FILE}: ${JSON.stringify(path)} can't be read (${error.reason._tag}).`,
          error
        )
      )
    )
    if (CERTIFICATE.test(read)) return read
    return yield* CommandError.make(
      "InvalidValue",
      `--${PEM_FILE}: ${
        JSON.stringify(path)
      } has no certificate in PEM. Name the file of the authority that issued the collector's certificate.`
    )
  }
  if (text === undefined) return undefined
  const pem = CERTIFICATE.test(text) ? text : Buffer.from(text, "base64").toString("utf8")
  if (CERTIFICATE.test(pem)) return pem
  return yield* CommandError.make(
    "InvalidValue",
    `--${PEM_TEXT} is no certificate in PEM, neither as it is nor in base64. Give the authority that issued the collector's certificate.`
  )
})

const securityOf = Effect.fnUntraced(function*(given: Given) {
  if (given.isOn("otel-collector-endpoint-tls-insecure")) return Security.Plaintext()
  const authority = yield* authorityOf(given)
  return Security.Tls(authority === undefined ? {} : { authority })
})

/**
 * Sends what the flags ask for, from a program of this name. Needs the loggers that are there already to be provided below it; they stay.
 *
 * @since 0.1.0
 */
export const layer = (
  given: Given,
  program: { readonly name: string; readonly version: string }
): Layer.Layer<never, CommandError.CommandError, FileSystem.FileSystem> =>
  Layer.unwrap(Effect.gen(function*() {
    const written = given.text(ENDPOINT) ?? ""
    const address = addressOf(written)
    if (address === undefined) {
      return yield* CommandError.make(
        "InvalidValue",
        `--${ENDPOINT}: ${
          JSON.stringify(written)
        } is not HOST:PORT, for example collector.example.com:4317. The collector is spoken to in OTLP over gRPC.`
      )
    }
    const security = yield* securityOf(given)
    let told = false
    const tell = (error: RpcError) =>
      Effect.suspend(() => {
        if (told) return Effect.void
        told = true
        return Effect.logWarning(
          `The OpenTelemetry collector at ${written} did not take what it was sent (${error.codeName}): ${error.message} `
            + "The run goes on without it; this is said once."
        )
      })
    const options = {
      resource: { serviceName: `${program.name}-server`, serviceVersion: program.version },
      shutdownTimeout: LAST
    } as const
    return Layer.merge(
      given.isOn("otel-tracing-disabled")
        ? Layer.empty
        : OtlpTracer.layer({ ...options, url: OtlpOverGrpc.TRACES }),
      given.isOn("otel-logging-disabled")
        ? Layer.empty
        : OtlpLogger.layer({ ...options, url: OtlpOverGrpc.LOGS })
    ).pipe(
      Layer.provide([OtlpOverGrpc.layer({ ...address, security }, tell), OtlpSerialization.layerProtobuf])
    )
  }))
