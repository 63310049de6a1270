/**
 * An answer that a service gives by itself, without the connector: a code and the sentence that goes with it.
 */
import type { Code } from "@connectrpc/connect"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"

export class Refusal extends Data.TaggedError("Refusal")<{ readonly code: Code; readonly message: string }> {}

export const refuse = (code: Code, message: string): Effect.Effect<never, Refusal> =>
  Effect.fail(new Refusal({ code, message }))
