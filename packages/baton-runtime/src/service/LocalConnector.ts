/**
 * Calls the services of the connector in this process: the same services, with the same rules, limits and repetitions, that a child process would
 * serve, without the process.
 *
 * @since 0.1.0
 */
import type { Connector } from "@access-kit/connector-model/Connector"
import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from "@bufbuild/protobuf"
import { ConnectError, createRouterTransport } from "@connectrpc/connect"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as BatonServices from "../BatonServices.ts"
import * as TraceHeaders from "../internal/TraceHeaders.ts"

/**
 * The status that a service answered, with its details as they travel.
 *
 * @since 0.1.0
 */
export class ConnectorStatus extends Data.TaggedError("ConnectorStatus")<{ readonly status: ConnectError }> {
  override get message(): string {
    return this.status.rawMessage
  }
}

/**
 * @since 0.1.0
 */
export interface LocalConnector {
  /** One unary call. Interrupting it interrupts the connector. */
  readonly call: <I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>
  ) => Effect.Effect<MessageShape<O>, ConnectorStatus>
}

/**
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: BatonServices.Options
): Effect.fn.Return<LocalConnector, never, Connector> {
  const services = yield* BatonServices.make(options)
  const transport = createRouterTransport(services.routes, { router: services.routerOptions })
  return {
    call: (method, request) =>
      TraceHeaders.current.pipe(
        Effect.flatMap((headers) =>
          Effect.tryPromise({
            try: (signal) => transport.unary(method, signal, undefined, headers, request),
            catch: (cause) => new ConnectorStatus({ status: ConnectError.from(cause) })
          })
        ),
        Effect.map((response) => response.message)
      )
  }
})
