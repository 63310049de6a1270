/**
 * Calls a connector's services over gRPC.
 *
 * @since 0.1.0
 */
import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from "@bufbuild/protobuf"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { RpcError } from "./RpcError.ts"
import type { Security } from "./Security.ts"

/**
 * @since 0.1.0
 */
export interface BatonClient {
  /** One unary call, for example `client.call(GrantsService.method.listGrants, { resource })`. */
  readonly call: <I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>
  ) => Effect.Effect<MessageShape<O>, RpcError>
}

/**
 * @since 0.1.0
 */
export declare const make: (options: {
  readonly host: string
  readonly port: number
  readonly security: Security
}) => Effect.Effect<BatonClient, never, Scope.Scope>
