/**
 * Timed grants over HTTP.
 *
 * @since 0.1.0
 */
import { Api } from "@access-kit/server-api/Api"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import { TimedGrants } from "../TimedGrants.ts"
import * as Actors from "./Actors.ts"
import * as CurrentChange from "./CurrentChange.ts"

/**
 * @since 0.1.0
 */
export const layer = HttpApiBuilder.group(
  Api,
  "timedGrants",
  Effect.fnUntraced(function*(handlers) {
    const timedGrants = yield* TimedGrants
    return handlers.handleAll({
      list: ({ query: { connectorId, state, ...page } }) =>
        timedGrants.list({
          ...(connectorId === undefined ? {} : { connectorId }),
          ...(state === undefined ? {} : { state })
        }, page),
      get: ({ params }) => timedGrants.get(params.timedGrantId),
      update: ({ params, payload }) =>
        CurrentChange.once(
          Effect.flatMap(
            Actors.current,
            (actor) => timedGrants.setExpiry(actor, params.timedGrantId, payload.expiresAt)
          ),
          timedGrants.get
        )
    })
  })
)
