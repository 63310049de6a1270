/**
 * Operations over HTTP: what was asked for, and letting it through or not.
 *
 * @since 0.1.0
 */
import { Api } from "@access-kit/server-api/Api"
import type { Operation } from "@access-kit/server-api/Operations"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import type { Actor } from "../AuditLog.ts"
import { Lifecycle } from "../Lifecycle.ts"
import { Operations } from "../Operations.ts"
import * as Actors from "./Actors.ts"
import * as CurrentChange from "./CurrentChange.ts"

/**
 * @since 0.1.0
 */
export const layer = HttpApiBuilder.group(
  Api,
  "operations",
  Effect.fnUntraced(function*(handlers) {
    const operations = yield* Operations
    const lifecycle = yield* Lifecycle

    const decide = <E>(decision: (actor: Actor, id: string) => Effect.Effect<Operation, E>, id: string) =>
      CurrentChange.once(Effect.flatMap(Actors.current, (actor) => decision(actor, id)), operations.get)

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
      approve: ({ params }) => decide(operations.approve, params.operationId),
      reject: ({ params }) => decide(operations.reject, params.operationId),
      cancel: ({ params }) => decide(operations.cancel, params.operationId)
    })
  })
)
