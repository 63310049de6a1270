/** Tells whoever waits that something changed, so that waiting needs no clock. */
import * as Effect from "effect/Effect"

export class Changes {
  readonly #listeners = new Set<() => void>()

  notify(): void {
    for (const listener of this.#listeners) listener()
  }

  /** What `look` finds, as soon as it finds something. */
  until<A extends {}>(look: () => A | undefined): Effect.Effect<A> {
    return Effect.callback<A>((resume) => {
      const listener = (): void => {
        const found = look()
        if (found === undefined) return
        this.#listeners.delete(listener)
        resume(Effect.succeed(found))
      }
      this.#listeners.add(listener)
      listener()
      return Effect.sync(() => this.#listeners.delete(listener))
    })
  }
}
