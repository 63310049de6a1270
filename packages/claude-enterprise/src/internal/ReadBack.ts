/**
 * Reading after writing, with a little patience for servers whose readers lag behind their writers.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

/**
 * How long a change is looked for before it counts as not carried out. A reference, so that a test need not wait.
 */
export const Patience = Context.Reference<Duration.Duration>(
  "@access-kit/claude-enterprise/internal/ReadBack/Patience",
  { defaultValue: () => Duration.seconds(2) }
)

/**
 * Reads until the answer shows the change or patience ends, and gives the last answer either way.
 */
export const until = Effect.fnUntraced(function*<A, E, R>(
  read: Effect.Effect<A, E, R>,
  shown: (answer: A) => boolean
): Effect.fn.Return<A, E, R> {
  const end = (yield* Clock.currentTimeMillis) + Duration.toMillis(yield* Patience)
  let pause = 125
  let answer = yield* read
  while (!shown(answer) && (yield* Clock.currentTimeMillis) + pause <= end) {
    yield* Effect.sleep(pause)
    pause *= 2
    answer = yield* read
  }
  return answer
})
