/**
 * Create requests that end unclearly: look first, and ask again only for what certainly is not there.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Lookup } from "../ResourceClient.ts"
import * as ScimError from "../ScimError.ts"
import { neverSent } from "./transportError.ts"

/** Whether the server may have carried out the request all the same. */
export const isUnclear = (error: ScimError.ScimError): boolean => {
  switch (error.reason._tag) {
    case "Timeout":
    case "ServerFailure":
      return true
    case "Network":
      return !neverSent(error)
    case "Decode":
    case "TooLarge":
      return error.status !== undefined && error.status < 300
    default:
      return false
  }
}

const unknown = (error: ScimError.ScimError, why: string): ScimError.ScimError =>
  ScimError.make(
    new ScimError.OutcomeUnknown({
      message:
        `It is not known whether the resource was created: ${error.message} ${why} Look for it before you create it again.`
    }),
    error
  )

export const create = <A>(options: {
  readonly post: Effect.Effect<A, ScimError.ScimError>
  readonly find: Effect.Effect<Lookup<A>, ScimError.ScimError>
  /** Requests beyond the first. */
  readonly retries: number
}): Effect.Effect<A, ScimError.ScimError> => {
  const look = (error: ScimError.ScimError) =>
    Effect.mapError(
      options.find,
      (failure) => unknown(error, `Looking for it failed as well: ${failure.message}`)
    )

  const attempt = (left: number, unclear: boolean): Effect.Effect<A, ScimError.ScimError> =>
    Effect.catchIf(
      options.post,
      (error) => isUnclear(error) || (unclear && error.reason._tag === "Conflict"),
      (error) =>
        Effect.flatMap(look(error), (found) => {
          switch (found._tag) {
            case "Found":
              return Effect.succeed(found.resource)
            case "Inconclusive":
              return Effect.fail(unknown(error, "A look-up did not settle it."))
            case "Absent":
              return left === 0 || error.reason._tag === "Conflict"
                ? Effect.fail(error)
                : Effect.andThen(
                  Effect.sleep(Duration.millis(500 * (options.retries - left + 1))),
                  attempt(left - 1, true)
                )
          }
        })
    )
  return attempt(options.retries, false)
}
