/**
 * Calls ConductorOne's `BatonService`: one HTTP/2 connection that is kept open for all calls and made anew when the other side closes it or does
 * not answer on it any more; every call with a valid token.
 *
 * @since 0.1.0
 */
import {
  BatonService,
  type BatonServiceUploadAssetRequestSchema
} from "@access-kit/baton-protocol/gen/c1/connectorapi/baton/v1/baton_pb"
import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from "@bufbuild/protobuf"
import { Code, ConnectError, createClient, type Interceptor, type Transport } from "@connectrpc/connect"
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { SDK_VERSION } from "../BatonServices.ts"
import * as ConnectionFault from "../internal/service/ConnectionFault.ts"
import * as RpcError from "../RpcError.ts"
import type { Address, C1Credentials } from "./C1Credentials.ts"
import * as C1Token from "./C1Token.ts"

/**
 * @since 0.1.0
 */
export interface Options {
  readonly credentials: C1Credentials
  /** Where C1 is, when not at the host of the client id (`BATON_C1_API_HOST`). */
  readonly address?: Address
}

/**
 * One part of an upload.
 *
 * @since 0.1.0
 */
export type UploadPart = MessageInitShape<typeof BatonServiceUploadAssetRequestSchema>

/** The release of the Go SDK whose behaviour C1 may expect, as C1 is told it. */
const SDK = `baton-sdk/${SDK_VERSION}`

/** How long an answer may take. The calls are short questions; whoever has nothing to give out says so at once. */
const PATIENCE = Duration.seconds(60)

/**
 * gRPC servers in Go end connections on which they are pinged more often than every five minutes while nothing goes on. A connection that was
 * quiet for longer is tried before it is used.
 */
const PING = Duration.toMillis("5 minutes")

const METHOD = `${BatonService.typeName}/`

const ofToken = (method: string, error: C1Token.C1TokenError): RpcError.RpcError =>
  new RpcError.RpcError({
    code: error.reason === "Unavailable" ? Code.Unavailable : Code.Unauthenticated,
    message: error.message,
    method,
    ...(error.reason === "Unavailable" ? { lost: true } : {}),
    cause: error
  })

/** Go's way to write an address, and Node's, are the same but for IPv6. */
const authorityOf = ({ host, port }: Address): string => `${host.includes(":") ? `[${host}]` : host}:${port}`

/**
 * @since 0.1.0
 */
export class C1Client extends Context.Service<C1Client, {
  /**
   * One unary call, for example `call(BatonService.method.heartbeat, { hostId, taskId })`. It is not repeated, but for a token that C1 no longer
   * accepts: then once, with a new one. Errors: `RpcError`; with `lost` nobody knows whether it was carried out.
   */
  readonly call: <I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    options?: { readonly patience?: Duration.Duration }
  ) => Effect.Effect<MessageShape<O>, RpcError.RpcError>
  /** `UploadAsset`: sends the parts and waits for the word that all came. */
  readonly upload: <E>(parts: Stream.Stream<UploadPart, E>) => Effect.Effect<void, RpcError.RpcError>
}>()("@access-kit/baton-runtime/C1Client") {
  /**
   * @since 0.1.0
   */
  static readonly layer = (options: Options): Layer.Layer<C1Client, never, HttpClient.HttpClient> =>
    Layer.effect(C1Client, make(options))
}

interface Connection {
  readonly manager: Http2SessionManager
  readonly transport: Transport
}

/**
 * A client whose connection is closed with the scope.
 *
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<C1Client["Service"], never, HttpClient.HttpClient | Scope.Scope> {
  const { credentials } = options
  const address = options.address ?? credentials.address
  const baseUrl = `https://${authorityOf(address)}`
  /** Before the name of the library that calls, as Go's connectors have it. */
  const introduced: Interceptor = (next) => (request) => {
    request.header.set("user-agent", `${credentials.name} ${SDK} ${request.header.get("user-agent") ?? ""}`.trim())
    return next(request)
  }
  const token = yield* C1Token.make({
    credentials,
    address,
    userAgent: `baton-c1-credential-provider ${SDK}`
  })

  const managers = new Set<Http2SessionManager>()
  const connect = (): Connection => {
    const manager = new Http2SessionManager(baseUrl, { pingIntervalMs: PING }, {
      ALPNProtocols: ["h2"],
      minVersion: "TLSv1.2"
    })
    for (const old of managers) if (old.state() === "closed" || old.state() === "error") managers.delete(old)
    managers.add(manager)
    const transport = createGrpcTransport({
      baseUrl,
      sessionManager: manager,
      acceptCompression: [],
      interceptors: [introduced]
    })
    return { manager, transport }
  }
  let connection = connect()
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      for (const manager of managers) manager.abort()
    })
  )

  /** A connection on which nothing is answered may be dead without anybody having said so: what comes next goes over a new one. */
  const leave = (used: Connection) => {
    if (connection === used) connection = connect()
  }

  /** The other side says that it has not begun with the call: it closed the connection just then. */
  const isRefused = (error: RpcError.RpcError): boolean =>
    error.cause instanceof ConnectError && error.cause.rawMessage.includes("NGHTTP2_REFUSED_STREAM")

  const failed = (method: string, used: Connection, cause: unknown): RpcError.RpcError => {
    const error = ConnectError.from(cause)
    const fault = RpcError.fromStatus(method, error)
    if (error.code === Code.DeadlineExceeded) leave(used)
    return fault.lost === true && !error.isWireError
      ? new RpcError.RpcError({
        code: fault.code,
        method,
        lost: true,
        message: `ConductorOne can't be reached at ${authorityOf(address)}: ${
          ConnectionFault.words(used.manager.error() ?? cause)
        }.`,
        cause
      })
      : fault
  }

  const headersOf = (authorization: Redacted.Redacted<string>): Record<string, string> => ({
    authorization: Redacted.value(authorization)
  })

  /** Once more with a new token, where the one that was kept is not accepted any more. */
  const authorized = <A>(
    method: string,
    work: (headers: Record<string, string>) => Effect.Effect<A, RpcError.RpcError>
  ): Effect.Effect<A, RpcError.RpcError> => {
    const bearer = Effect.mapError(token.authorization, (error) => ofToken(method, error))
    return Effect.flatMap(bearer, (authorization) =>
      Effect.catchIf(
        work(headersOf(authorization)).pipe(Effect.retry({ while: isRefused, times: 2 })),
        (error) => error.code === Code.Unauthenticated,
        () =>
          Effect.andThen(
            token.forget(authorization),
            Effect.flatMap(bearer, (fresh) => work(headersOf(fresh)))
          )
      ))
  }

  return C1Client.of({
    call: (method, request, { patience = PATIENCE } = {}) => {
      const name = METHOD + method.name
      return authorized(name, (headers) =>
        Effect.suspend(() => {
          const used = connection
          return Effect.tryPromise({
            try: (signal) => used.transport.unary(method, signal, Duration.toMillis(patience), headers, request),
            catch: (cause) => failed(name, used, cause)
          })
        })).pipe(
          Effect.map((response) => response.message),
          Effect.withSpan(name, { kind: "client", attributes: { "rpc.system": "grpc" } })
        )
    },
    upload: (parts) => {
      const name = `${METHOD}UploadAsset`
      return authorized(name, (headers) =>
        Effect.suspend(() => {
          const used = connection
          return Effect.tryPromise({
            try: (signal) =>
              createClient(BatonService, used.transport).uploadAsset(Stream.toAsyncIterable(parts), {
                signal,
                headers
              }),
            catch: (cause) => failed(name, used, cause)
          })
        })).pipe(
          Effect.asVoid,
          Effect.withSpan(name, { kind: "client", attributes: { "rpc.system": "grpc" } })
        )
    }
  })
})
