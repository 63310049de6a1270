/**
 * Calls of a remote connector as a sync makes them: patient with what passes, and as connector errors.
 */
import * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from "@bufbuild/protobuf"
import { Code } from "@connectrpc/connect"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { BatonClient } from "../../BatonClient.ts"
import * as RpcError from "../../RpcError.ts"
import * as Patience from "../Patience.ts"

export interface About {
  readonly operation: string
  readonly resourceType: string
  readonly key: string
}

export interface Calls {
  /** Reads; a source that is busy or away for a moment is asked again. */
  readonly read: <I extends DescMessage, O extends DescMessage>(
    about: About,
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>
  ) => Effect.Effect<MessageShape<O>, ConnectorError.ConnectorError>
  /** Changes; asked once, since the connector itself knows what may be repeated. */
  readonly change: Calls["read"]
}

const STEP = Duration.seconds(1)
const CAP = Duration.seconds(60)

const isPassing = (error: RpcError.RpcError): boolean =>
  error.reason !== "Ended" && (error.code === Code.Unavailable || error.code === Code.DeadlineExceeded)

const asked = (error: RpcError.RpcError, now: number): number | undefined =>
  error.rateLimit === undefined ? undefined : Patience.untilReset(error.rateLimit, now)

const mapped = (about: About) => (error: RpcError.RpcError) =>
  Effect.flatMap(
    Clock.currentTimeMillis,
    (now) => Effect.fail(RpcError.toConnectorError(about.operation, error, about, now))
  )

export const make = (client: BatonClient, retries: number): Calls => ({
  read: (about, method, request) =>
    client.call(method, request).pipe(
      Effect.retry({
        while: isPassing,
        schedule: Patience.schedule<RpcError.RpcError>({ retries, step: STEP, cap: CAP, asked })
      }),
      Effect.catch(mapped(about))
    ),
  change: (about, method, request) => Effect.catch(client.call(method, request), mapped(about))
})

/** A change that the connector answered with something that is neither done nor failed. */
export const notApplied = (operation: string, message: string) =>
  Effect.fail(ConnectorError.make(operation, new ConnectorError.NotApplied({ message })))
