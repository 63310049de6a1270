/**
 * Reading after writing, with a little patience for servers whose readers lag behind their writers.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

/**
 * How often a change is looked for before it counts as not carried out, and the pause before the second look; each further pause is twice as
 * long. A reference, so that a test need not wait.
 */
export const Patience = Context.Reference<{ readonly looks: number; readonly pause: Duration.Duration }>(
  "@access-kit/claude-enterprise/internal/ReadBack/Patience",
  { defaultValue: () => ({ looks: 4, pause: Duration.millis(250) }) }
)

/**
 * Reads until the answer shows the change, and gives the last answer either way.
 */
export const until = Effect.fnUntraced(function*<A, E, R>(
  read: Effect.Effect<A, E, R>,
  shown: (answer: A) => boolean
): Effect.fn.Return<A, E, R> {
  const { looks, pause } = yield* Patience
  let answer = yield* read
  for (let look = 1; look < looks && !shown(answer); look++) {
    yield* Effect.sleep(Duration.times(pause, 2 ** (look - 1)))
    answer = yield* read
  }
  return answer
})
