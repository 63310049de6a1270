/**
 * Waiting for promises that lie between effects, where the test's clock stands still.
 */
import * as Effect from "effect/Effect"

/** Many turns of the event loop: a slow machine takes longer for them and gets as far. */
export const settle: Effect.Effect<void> = Effect.promise(async () => {
  for (let turn = 0; turn < 50; turn++) {
    await new Promise((resolve) => setTimeout(() => setImmediate(resolve), 0))
  }
})
