/**
 * The services of a baton connector over any {@link Connector}: every service of the registration table, with the codes, annotations and limits
 * that callers of the Go SDK v0.25 rely on.
 *
 * - Requests are held to the rules of their messages (InvalidArgument).
 * - A list response stays below 4 MiB, however large a group is, and no page token comes twice.
 * - Calls keep no state: a page token answered by one server is good for another.
 * - A failure of the connector travels as the status in `RpcError`, with the time at which a rate limit ends as a status detail.
 * - A defect is Internal "Internal Server Error" for the caller and a logged error here.
 *
 * @since 0.1.0
 */
import { Connector } from "@access-kit/connector-model/Connector"
import type { ConnectRouter, ConnectRouterOptions } from "@connectrpc/connect"
import * as Effect from "effect/Effect"
import * as Gateway from "./internal/Gateway.ts"
import * as Listing from "./internal/Listing.ts"
import * as Absent from "./internal/services/Absent.ts"
import * as Changing from "./internal/services/Changing.ts"
import * as Presenting from "./internal/services/Presenting.ts"
import * as Reading from "./internal/services/Reading.ts"
import type { Served } from "./internal/services/Served.ts"
import * as RequestValidation from "./RequestValidation.ts"
import * as ToMessage from "./ToMessage.ts"

/**
 * The release of the Go SDK whose behaviour this is, as `Validate` tells it.
 *
 * @since 0.1.0
 */
export const SDK_VERSION = Presenting.SDK_VERSION

/**
 * @since 0.1.0
 */
export interface Options {
  /**
   * Whether anything can be changed. Without it the five manager services answer FailedPrecondition "provisioning is not enabled".
   *
   * @default false
   */
  readonly provisioning?: boolean
  /**
   * Whether the ticket service answers as one without a ticket system (Unimplemented) instead of as one that is switched off (Unknown).
   *
   * @default false
   */
  readonly ticketing?: boolean
  /**
   * `type-scoped` marks resource types so that a caller lists the entitlements and grants of a whole type in one pass, and doesn't ask for those of
   * types that have none. `per-resource` leaves the marks out; callers then ask for every resource. Both ways of asking are answered either way.
   *
   * @default "type-scoped"
   */
  readonly listing?: "type-scoped" | "per-resource"
}

/**
 * @since 0.1.0
 */
export interface BatonServices {
  /** Registers every service of the registration table. */
  readonly routes: (router: ConnectRouter) => void
  /** What a router needs to know for them: the protocol, the limits, the validation of requests. */
  readonly routerOptions: ConnectRouterOptions
}

/** What the Go server receives at the most in one message. */
const MAX_REQUEST = 4 * 1024 * 1024

/**
 * The services over the connector in the context. They run its effects with the context that `make` is run with.
 *
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: Options = {}
): Effect.fn.Return<BatonServices, never, Connector> {
  const connector = yield* Connector
  const gateway = Gateway.make(yield* Effect.context<never>())
  const served: Served = {
    connector,
    gateway,
    memory: Listing.makeMemory(),
    listing: options.listing ?? "type-scoped",
    types: new Map(
      connector.resourceTypes.map((handler) => [
        handler.resourceType.id,
        ToMessage.resourceType(handler.resourceType)
      ])
    )
  }
  return {
    routes: (router) => {
      Presenting.routes(served)(router)
      Reading.routes(served)(router)
      Changing.routes(served, options.provisioning ?? false)(router)
      Absent.routes(gateway, options.ticketing ?? false)(router)
    },
    routerOptions: {
      grpc: true,
      grpcWeb: false,
      connect: false,
      readMaxBytes: MAX_REQUEST,
      interceptors: [RequestValidation.interceptor]
    }
  }
})
