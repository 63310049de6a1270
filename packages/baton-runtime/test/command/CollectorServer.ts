/**
 * An OpenTelemetry collector: takes spans and log lines over OTLP/gRPC, with TLS or without, and keeps them.
 */
import { toBinary } from "@bufbuild/protobuf"
import { Code, ConnectError } from "@connectrpc/connect"
import { connectNodeAdapter } from "@connectrpc/connect-node"
import { Effect, Redacted } from "effect"
import * as Http2 from "node:http2"
import {
  ExportLogsServiceRequestSchema,
  LogsService
} from "../../src/gen/opentelemetry/proto/collector/logs/v1/logs_service_pb.ts"
import {
  ExportTraceServiceRequestSchema,
  TraceService
} from "../../src/gen/opentelemetry/proto/collector/trace/v1/trace_service_pb.ts"
import type { AnyValue, KeyValue } from "../../src/gen/opentelemetry/proto/common/v1/common_pb.ts"
import type { LogRecord } from "../../src/gen/opentelemetry/proto/logs/v1/logs_pb.ts"
import type { Span } from "../../src/gen/opentelemetry/proto/trace/v1/trace_pb.ts"
import * as Credential from "../../src/internal/Credential.ts"

const textOf = (value: AnyValue | undefined): string => value?.value.case === undefined ? "" : String(value.value.value)

/** The texts of attributes, and of anything else only what kind it is. */
export const attributesOf = (pairs: ReadonlyArray<KeyValue>): Readonly<Record<string, string>> =>
  Object.fromEntries(pairs.map(({ key, value }) => [key, textOf(value)]))

export const bodyOf = (record: LogRecord): string => textOf(record.body)

export const idOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")

export interface Options {
  readonly tls?: boolean
  /** How it answers every call. @default it takes what it is sent */
  readonly answer?: () => Promise<void>
}

/** Refuses every call, as a collector does that has too much to do. */
export const refusing = () => Promise.reject(new ConnectError("too much at once", Code.ResourceExhausted))

/** Runs until the scope closes. */
export const start = Effect.fnUntraced(function*({ answer = () => Promise.resolve(), tls = false }: Options = {}) {
  const spans: Array<Span> = []
  const logs: Array<LogRecord> = []
  const services = new Set<string>()
  const bytes: Array<Uint8Array> = []
  let calls = 0
  const handler = connectNodeAdapter({
    grpcWeb: false,
    connect: false,
    routes: (router) => {
      router.service(TraceService, {
        export: async (request) => {
          calls++
          await answer()
          bytes.push(toBinary(ExportTraceServiceRequestSchema, request))
          for (const { resource, scopeSpans } of request.resourceSpans) {
            services.add(attributesOf(resource?.attributes ?? [])["service.name"] ?? "")
            spans.push(...scopeSpans.flatMap((scope) => scope.spans))
          }
          return {}
        }
      })
      router.service(LogsService, {
        export: async (request) => {
          calls++
          await answer()
          bytes.push(toBinary(ExportLogsServiceRequestSchema, request))
          for (const { resource, scopeLogs } of request.resourceLogs) {
            services.add(attributesOf(resource?.attributes ?? [])["service.name"] ?? "")
            logs.push(...scopeLogs.flatMap((scope) => scope.logRecords))
          }
          return {}
        }
      })
    }
  })
  const { server: own } = Credential.generate()
  if (own._tag !== "MutualTls") return yield* Effect.die("no certificates")
  const server = tls
    ? Http2.createSecureServer({ cert: own.certificate, key: Redacted.value(own.key) }, handler)
    : Http2.createServer(handler)
  const sessions = new Set<Http2.ServerHttp2Session>()
  server.on("session", (session) => {
    sessions.add(session)
    session.on("close", () => sessions.delete(session))
  })
  yield* Effect.callback<void>((resume) => {
    server.listen(0, "127.0.0.1", () => resume(Effect.void))
  })
  yield* Effect.addFinalizer(() =>
    Effect.callback<void>((resume) => {
      for (const session of sessions) session.destroy()
      server.close(() => resume(Effect.void))
    })
  )
  const address = server.address()
  return {
    endpoint: `127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`,
    /** Who issued its certificate, in PEM. */
    authority: own.authority,
    spans,
    logs,
    services,
    calls: () => calls,
    /** Everything that came, as it came. */
    heard: () => Buffer.concat(bytes).toString("latin1")
  }
})
