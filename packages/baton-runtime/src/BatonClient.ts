/**
 * Calls the services of a connector, or of anything else that speaks gRPC.
 *
 * @since 0.1.0
 */
import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from "@bufbuild/protobuf"
import { ConnectError, type Transport } from "@connectrpc/connect"
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type { SecureClientSessionOptions } from "node:http2"
import { isIPv6 } from "node:net"
import * as TraceHeaders from "./internal/TraceHeaders.ts"
import * as RpcError from "./RpcError.ts"
import type { Security } from "./Security.ts"

/**
 * @since 0.1.0
 */
export interface BatonClient {
  /**
   * One unary call, for example `client.call(GrantsService.method.listGrants, { resource })`. Interrupting it cancels the call.
   */
  readonly call: <I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>
  ) => Effect.Effect<MessageShape<O>, RpcError.RpcError>
}

/**
 * @since 0.1.0
 */
export interface Options {
  readonly host: string
  readonly port: number
  readonly security: Security
  /** The largest message to receive, in bytes. @default 64 MiB */
  readonly maxResponseBytes?: number
}

const MAX_RESPONSE = 64 * 1024 * 1024

const tlsOptions = (security: Security): SecureClientSessionOptions => {
  if (security._tag === "Plaintext") return {}
  const { authority, certificate, key } = security
  return {
    ALPNProtocols: ["h2"],
    minVersion: "TLSv1.2",
    ...(authority === undefined ? {} : { ca: authority }),
    ...(certificate === undefined ? {} : { cert: certificate }),
    ...(key === undefined ? {} : { key: Redacted.value(key) })
  }
}

/**
 * A client over any transport of connect-es, for example one in memory.
 *
 * @since 0.1.0
 */
export const fromTransport = (transport: Transport): BatonClient => ({
  call: (method, request) => {
    const name = `${method.parent.typeName}/${method.name}`
    return TraceHeaders.current.pipe(
      Effect.flatMap((headers) =>
        Effect.tryPromise({
          try: (signal) => transport.unary(method, signal, undefined, headers, request),
          catch: (cause) => RpcError.fromStatus(name, ConnectError.from(cause))
        })
      ),
      Effect.map((response) => response.message),
      Effect.withSpan(name, { kind: "client", attributes: { "rpc.system": "grpc" } })
    )
  }
})

/**
 * A client with one HTTP/2 connection, which is opened with the first call, opened anew when it broke, and closed with the scope.
 *
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<BatonClient, never, Scope.Scope> {
  const { host, port, security } = options
  const scheme = security._tag === "Plaintext" ? "http" : "https"
  const baseUrl = `${scheme}://${isIPv6(host) ? `[${host}]` : host}:${port}`
  const sessionManager = new Http2SessionManager(baseUrl, {}, tlsOptions(security))
  yield* Effect.addFinalizer(() => Effect.sync(() => sessionManager.abort()))
  return fromTransport(createGrpcTransport({
    baseUrl,
    sessionManager,
    readMaxBytes: options.maxResponseBytes ?? MAX_RESPONSE,
    // Between processes of one machine, and for callers in Go, which ask for none.
    acceptCompression: []
  }))
})
