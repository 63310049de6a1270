/**
 * Operations over HTTP: what was asked for, and letting it through or not.
 *
 * @since 0.1.0
 */
import { Api } from "@access-kit/server-api/Api"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import { Lifecycle } from "../Lifecycle.ts"
import { Operations } from "../Operations.ts"
import * as Actors from "./Actors.ts"

/**
 * @since 0.1.0
 */
export const layer = HttpApiBuilder.group(
  Api,
  "operations",
  Effect.fnUntraced(function*(handlers) {
    const operations = yield* Operations
    const lifecycle = yield* Lifecycle
    return handlers.handleAll({
      list: ({ query: { kind, state, connectorId, ...page } }) =>
        operations.list({
          ...(connectorId === undefined ? {} : { connectorId }),
          ...(state === undefined ? {} : { state }),
          ...(kind === undefined ? {} : { kind })
        }, page),
      get: ({ params, query }) =>
        query.wait === undefined || query.wait === 0
          ? operations.get(params.operationId)
          // Nobody is kept waiting by a server that stops: the operation is answered as it is.
          : Effect.raceFirst(
            operations.await(params.operationId, Duration.seconds(query.wait)),
            Effect.andThen(lifecycle.stopping, operations.get(params.operationId))
          ),
      approve: ({ params }) => Effect.flatMap(Actors.current, (actor) => operations.approve(actor, params.operationId)),
      reject: ({ params }) => Effect.flatMap(Actors.current, (actor) => operations.reject(actor, params.operationId)),
      cancel: ({ params }) => Effect.flatMap(Actors.current, (actor) => operations.cancel(actor, params.operationId))
    })
  })
)
