/**
 * Serves a connector over gRPC.
 *
 * @since 0.1.0
 */
import type { Connector } from "@access-kit/connector-model/Connector"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as BatonServices from "./BatonServices.ts"
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

/**
 * @since 0.1.0
 */
export interface Address {
  readonly host: string
  readonly port: number
}

/**
 * @since 0.1.0
 */
export class BatonServerError extends Schema.TaggedError<BatonServerError>()("BatonServerError", {
  reason: Schema.Literals(["NotLoopback", "AddressInUse", "NotPermitted", "InvalidCredential", "ListenFailed"]),
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

/**
 * @since 0.1.0
 */
export declare const serve: (options: Options) => Effect.Effect<Address, BatonServerError, Connector | Scope.Scope>
