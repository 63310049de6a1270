/**
 * The operations of a server, and letting them through or not. Loaded only by the commands that ask.
 *
 * @since 0.1.0
 */
import type * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import type { Operation, OperationKind, OperationState } from "@access-kit/server-api/Operations"
import { ServerClient } from "@access-kit/server-api/ServerClient"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { ServerSettings } from "../ServerFlags.ts"
import * as Calls from "./Calls.ts"
import * as ChosenConnector from "./ChosenConnector.ts"

/**
 * Newest first; those of one connector where one was named.
 *
 * @since 0.1.0
 */
export const list = (
  settings: ServerSettings,
  filter: { readonly state: Option.Option<OperationState>; readonly kind: Option.Option<OperationKind> }
): Stream.Stream<Operation, ConnectorError.ConnectorError> =>
  Stream.unwrap(Effect.gen(function*() {
    const client = yield* ServerClient
    const calls = Calls.make(settings)
    const connector = Option.isSome(settings.connector)
      ? { connectorId: (yield* ChosenConnector.find(calls, settings)).id }
      : {}
    const query = {
      ...connector,
      ...(Option.isSome(filter.state) ? { state: filter.state.value } : {}),
      ...(Option.isSome(filter.kind) ? { kind: filter.kind.value } : {})
    }
    return Stream.paginate(
      undefined as string | undefined,
      (pageToken) =>
        calls.ask(
          "operations list",
          client.operations.list({ query: { ...query, ...(pageToken === undefined ? {} : { pageToken }) } })
        ).pipe(Effect.map((page) => [page.items, Option.fromUndefinedOr(page.nextPageToken)] as const))
    )
  })).pipe(Stream.provide(Calls.client(settings)))

/**
 * An operation as it is, or once nothing more comes of it by itself.
 *
 * @since 0.1.0
 */
export const get = Effect.fn("ServerOperations.get")(function*(settings: ServerSettings, id: string, wait: boolean) {
  const client = yield* ServerClient
  const calls = Calls.make(settings)
  const found = yield* calls.ask(
    "operations get",
    client.operations.get({ params: { operationId: id }, query: {} })
  )
  return wait ? yield* calls.settled("operations get", found) : found
}, (effect, settings) => Effect.provide(effect, Calls.client(settings)))

/**
 * @since 0.1.0
 */
export type Decision = "approve" | "reject" | "cancel"

/**
 * Decides about an operation. One that was approved is waited for; its failure is this one's.
 *
 * @since 0.1.0
 */
export const decide = Effect.fn("ServerOperations.decide")(
  function*(settings: ServerSettings, decision: Decision, id: string) {
    const { operations } = yield* ServerClient
    const calls = Calls.make(settings)
    const name = `operations ${decision}`
    const decided = yield* calls.submit(
      name,
      (headers) => operations[decision]({ params: { operationId: id }, headers })
    )
    return decision === "approve" ? yield* calls.settled(name, decided) : decided
  },
  (effect, settings) => Effect.provide(effect, Calls.client(settings))
)

/**
 * What an operation came to, if that is no success.
 *
 * @since 0.1.0
 */
export const verdict = (settings: ServerSettings, operation: Operation) =>
  Calls.make(settings).verdict(`operation ${operation.kind}`, operation)
