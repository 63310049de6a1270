/**
 * Turns failures of the database into the problem that callers of the API get: try again. What happened is in the log and nowhere else.
 *
 * @since 0.1.0
 */
import { Unavailable } from "@access-kit/server-api/Problems"
import * as Effect from "effect/Effect"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import * as Already from "../Already.ts"

/**
 * @param what a few words for the log, for example `Reading the directory`
 * @since 0.1.0
 */
export const available =
  (what: string) =>
  <A, E, R>(effect: Effect.Effect<A, E | SqlError, R>): Effect.Effect<A, Exclude<E, SqlError> | Unavailable, R> =>
    Already.succeeded(effect) ?
      effect :
      Effect.catch(effect, (error): Effect.Effect<never, Exclude<E, SqlError> | Unavailable> => {
        // What is left of the union is what the compiler can't subtract from a type that it does not know yet.
        if (!isSqlError(error)) return Effect.fail(error as Exclude<E, SqlError>)
        return Effect.andThen(
          Effect.logError(`${what} failed`, error),
          Effect.fail(new Unavailable({ detail: "The storage of the server does not answer. Try again." }))
        )
      })
