/**
 * Introduces the connector to ConductorOne.
 *
 * @since 0.1.0
 */
import { ConnectorService } from "@access-kit/baton-protocol/gen/c1/connector/v2/connector_pb"
import { BatonService } from "@access-kit/baton-protocol/gen/c1/connectorapi/baton/v1/baton_pb"
import { Code } from "@connectrpc/connect"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type { RpcError } from "../RpcError.ts"
import * as Backoff from "./Backoff.ts"
import { C1Client } from "./C1Client.ts"
import * as Host from "./Host.ts"
import type { ConnectorStatus, LocalConnector } from "./LocalConnector.ts"

const LONGEST_PAUSE = Duration.minutes(5)

/** Answers that stay the same however often one asks. */
const isFinal = (error: RpcError): boolean => {
  switch (error.code) {
    case Code.Unauthenticated:
    case Code.PermissionDenied:
    case Code.InvalidArgument:
    case Code.Unimplemented:
    case Code.FailedPrecondition:
    case Code.NotFound:
      return true
    default:
      return false
  }
}

/**
 * Says what the connector is and where it runs, until C1 has heard it. Fails only with an answer that would stay the same: the client is not accepted,
 * or C1 does not want it.
 *
 * @since 0.1.0
 */
export const greet = Effect.fn("Hello.greet")(function*(
  options: {
    readonly connector: LocalConnector
    readonly hostId: string
    readonly program: { readonly name: string; readonly version: string }
    /** The task that asks for it; none at the start. */
    readonly taskId?: string
  }
): Effect.fn.Return<void, RpcError | ConnectorStatus, C1Client | FileSystem.FileSystem> {
  const client = yield* C1Client
  const { metadata } = yield* options.connector.call(ConnectorService.method.getMetadata, {})
  const request = {
    hostId: options.hostId,
    taskId: options.taskId ?? "",
    buildInfo: Host.buildInfo(options.program),
    osInfo: yield* Host.osInfo,
    ...(metadata === undefined ? {} : { connectorMetadata: metadata })
  }
  yield* client.call(BatonService.method.hello, request).pipe(
    Effect.tapError((error) =>
      isFinal(error)
        ? Effect.void
        : Effect.logWarning(`ConductorOne has not taken the connector in yet; it is asked again. ${error.message}`)
    ),
    Effect.retry({ while: (error) => !isFinal(error), schedule: Backoff.doubling(LONGEST_PAUSE) })
  )
})
