/**
 * What is known of a change while it is made: the key that it was sent with, and whether a request with this key has made it already and never told.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/**
 * @since 0.1.0
 */
export interface ChangeFacts {
  readonly key: string | undefined
  /** What a request made that ended between doing and answering, as the audit log has it. */
  readonly made: { readonly subjectId: string } | undefined
}

/**
 * @since 0.1.0
 */
export const CurrentChange = Context.Reference<ChangeFacts>("@access-kit/http-server/http/CurrentChange", {
  defaultValue: () => ({ key: undefined, made: undefined })
})

/**
 * Makes a change, or answers what it was made into.
 *
 * @since 0.1.0
 */
export const once = <A, E, R, A2, E2, R2>(
  change: Effect.Effect<A, E, R>,
  again: (subjectId: string) => Effect.Effect<A2, E2, R2>
): Effect.Effect<A | A2, E | E2, R | R2> =>
  Effect.flatMap(
    CurrentChange,
    ({ made }): Effect.Effect<A | A2, E | E2, R | R2> => made === undefined ? change : again(made.subjectId)
  )
