/**
 * API tokens over HTTP.
 *
 * @since 0.1.0
 */
import { Api } from "@access-kit/server-api/Api"
import { Caller } from "@access-kit/server-api/Authorization"
import { Unauthorized } from "@access-kit/server-api/Problems"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import { Tokens } from "../Tokens.ts"
import * as Actors from "./Actors.ts"
import * as CurrentChange from "./CurrentChange.ts"

/**
 * @since 0.1.0
 */
export const layer = HttpApiBuilder.group(
  Api,
  "tokens",
  Effect.fnUntraced(function*(handlers) {
    const tokens = yield* Tokens
    return handlers.handleAll({
      self: () =>
        Effect.flatMap(Caller, (caller) => tokens.get(caller.tokenId)).pipe(
          Effect.catchTag("NotFound", () => Effect.fail(new Unauthorized({})))
        ),
      list: ({ query }) => tokens.list(query),
      revoke: ({ params }) =>
        CurrentChange.once(
          Effect.flatMap(Actors.current, (actor) => tokens.revoke(actor, params.tokenId)),
          () => Effect.void
        )
    })
  })
)
