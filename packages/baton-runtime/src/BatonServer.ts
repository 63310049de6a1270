/**
 * Serves a connector over gRPC: HTTP/2 with TLS or mTLS (TLS 1.2 or newer, ALPN `h2`), or in plaintext on loopback.
 *
 * @since 0.1.0
 */
import type { Connector } from "@access-kit/connector-model/Connector"
import type { DescService } from "@bufbuild/protobuf"
import { type ConnectRouter, createConnectRouter } from "@connectrpc/connect"
import { connectNodeAdapter } from "@connectrpc/connect-node"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { BatonServerError } from "./BatonServerError.ts"
import * as BatonServices from "./BatonServices.ts"
import * as Listener from "./internal/Listener.ts"
import * as Operating from "./internal/services/Operating.ts"
import type { Security } from "./Security.ts"

/**
 * @since 0.1.0
 */
export interface Options extends BatonServices.Options {
  /** Where to listen: an address (port 0 takes a free one), or a socket that listens already and was inherited. */
  readonly listen: { readonly host: string; readonly port: number } | { readonly fd: number }
  readonly security: Security
  /** Serve `grpc.health.v1.Health`. @default false */
  readonly health?: boolean
  /** Serve `grpc.reflection.v1.ServerReflection`. @default false */
  readonly reflection?: boolean
}

export {
  /**
   * @since 0.1.0
   */
  BatonServerError
} from "./BatonServerError.ts"

/**
 * Where a server listens.
 *
 * @since 0.1.0
 */
export type Address = Listener.Address

const servicesOf = (routes: (router: ConnectRouter) => void): ReadonlyArray<DescService> => {
  const router = createConnectRouter()
  routes(router)
  return [...new Set(router.handlers.map((handler) => handler.service))]
}

/**
 * Serves until the scope closes, and answers where: with port 0, the port that was free.
 *
 * The connector's effects run in the context of this effect; what a caller asks with a W3C `traceparent` is traced below it.
 *
 * @since 0.1.0
 */
export const serve = Effect.fn("BatonServer.serve")(function*(
  options: Options
): Effect.fn.Return<Address, BatonServerError, Connector | Scope.Scope> {
  const services = yield* BatonServices.make(options)
  const described = servicesOf(services.routes)
  return yield* Listener.listen(options, (ending) =>
    connectNodeAdapter({
      ...services.routerOptions,
      shutdownSignal: ending,
      routes: (router) => {
        services.routes(router)
        if (options.health === true) Operating.health(described, ending)(router)
        if (options.reflection === true) Operating.reflection(described)(router)
      }
    }))
})

/**
 * {@link serve} for as long as the layer is in use.
 *
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<never, BatonServerError, Connector> =>
  Layer.effectDiscard(serve(options))
