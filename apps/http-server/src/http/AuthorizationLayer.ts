/**
 * What every endpoint below `/v1` goes through.
 *
 * @since 0.1.0
 */
import { Authorization, Caller } from "@access-kit/server-api/Authorization"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Admission, scopeOf } from "./Admission.ts"
import { CurrentRequest } from "./CurrentRequest.ts"

/**
 * @since 0.1.0
 */
export const layer: Layer.Layer<Authorization, never, Admission> = Layer.effect(
  Authorization,
  Effect.map(Admission, ({ admit }) =>
    Authorization.of({
      bearer: Effect.fnUntraced(function*(httpEffect, { credential, endpoint }) {
        const facts = yield* CurrentRequest
        facts.route = endpoint.path
        return yield* Effect.provideService(httpEffect, Caller, yield* admit(credential, scopeOf(endpoint), facts))
      })
    }))
)
