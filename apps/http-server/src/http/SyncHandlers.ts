/**
 * Syncs over HTTP.
 *
 * @since 0.1.0
 */
import { Api } from "@access-kit/server-api/Api"
import { Unavailable } from "@access-kit/server-api/Problems"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Scope from "effect/Scope"
import { Lifecycle } from "../Lifecycle.ts"
import { Syncs } from "../Syncs.ts"
import * as Actors from "./Actors.ts"
import * as CurrentChange from "./CurrentChange.ts"
import * as EventStream from "./EventStream.ts"
import { HttpLimits } from "./HttpLimits.ts"

/**
 * @since 0.1.0
 */
export const layer = HttpApiBuilder.group(
  Api,
  "syncs",
  Effect.fnUntraced(function*(handlers) {
    const syncs = yield* Syncs
    const lifecycle = yield* Lifecycle
    const limits = yield* HttpLimits
    let streams = 0
    return handlers.handleAll({
      start: ({ params }) =>
        CurrentChange.once(
          Effect.flatMap(Actors.current, (actor) => syncs.start(actor, params.connectorId, "manual")),
          syncs.get
        ),
      list: ({ params, query: { state, ...page } }) =>
        syncs.list(params.connectorId, state === undefined ? {} : { state }, page),
      get: ({ params }) => syncs.get(params.syncId),
      cancel: ({ params }) =>
        CurrentChange.once(
          Effect.flatMap(Actors.current, (actor) => syncs.cancel(actor, params.syncId)),
          syncs.get
        ),
      publish: ({ params }) =>
        CurrentChange.once(
          Effect.flatMap(Actors.current, (actor) => syncs.publish(actor, params.syncId)),
          syncs.get
        ),
      events: Effect.fnUntraced(function*({ headers, params }) {
        const events = yield* syncs.events(params.syncId)
        if (streams >= limits.eventStreams) {
          return yield* new Unavailable({ detail: "Too many event streams are open. Try again later.", retryAfter: 10 })
        }
        streams += 1
        // The scope of a request ends with its answer, which is when the stream does.
        yield* Scope.addFinalizer(
          yield* Effect.scope,
          Effect.sync(() => {
            streams -= 1
          })
        )
        return EventStream.response(events, {
          after: Number(headers["last-event-id"] ?? 0),
          heartbeat: limits.heartbeat,
          until: lifecycle.stopping
        })
      }),
      logs: ({ params, query }) => syncs.logs(params.syncId, query)
    })
  })
)
