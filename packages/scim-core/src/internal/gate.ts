/**
 * The one gate that all requests of a client pass: an answer that asks for patience closes it for every fibre.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Counters } from "./counters.ts"

export class Gate {
  private opensAt = 0
  private readonly counters: Counters

  constructor(counters: Counters) {
    this.counters = counters
  }

  /** Closes the gate until `at`, in epoch milliseconds. Never opens it earlier than another answer asked for. */
  closeUntil(at: number): void {
    if (at > this.opensAt) this.opensAt = at
  }

  /** Comes back when the gate is open. */
  readonly pass: Effect.Effect<void> = Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const pause = this.opensAt - now
    return pause <= 0
      ? Effect.void
      // Another answer may have closed the gate for longer in the meantime.
      : Effect.sleep(pause).pipe(Effect.andThen(this.counters.waited(pause)), Effect.andThen(this.pass))
  })
}
