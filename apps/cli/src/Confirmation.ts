/**
 * Asks before something that can't be undone. Where nobody can be asked, the answer has to be on the command line.
 *
 * @since 0.1.0
 */
import * as Flag from "effect/cli/Flag"
import * as Prompt from "effect/cli/Prompt"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Stdio from "effect/Stdio"
import { CommandError } from "./Failure.ts"

/**
 * @since 0.1.0
 */
export const yes = Flag.Boolean("yes").pipe(
  Flag.withAlias("y"),
  Flag.withoutNegation,
  Flag.withDescription("Do it without asking; needed where there is no terminal to ask on"),
  Flag.withDefault(false)
)

/**
 * Returns when the answer is yes, else fails with `NotConfirmed`.
 *
 * @since 0.1.0
 */
export const confirm = Effect.fn("Confirmation.confirm")(function*(question: string, given: boolean) {
  if (given) return
  const stdio = yield* Stdio.Stdio
  if (!(yield* stdio.stdinIsTerminal) || !(yield* stdio.stderrIsTerminal)) {
    return yield* new CommandError({
      reason: "NotConfirmed",
      message:
        "Nothing was changed: there is no terminal to ask on. Add --yes if this is what you want, or --dry-run to see what would happen."
    })
  }
  const answer = yield* Effect.catchTag(
    Prompt.run(Prompt.Confirm({ message: question })),
    "QuitError",
    () =>
      Effect.andThen(
        // The question stands on a line that has not ended.
        Console.error(""),
        Effect.fail(new CommandError({ reason: "Interrupted", message: "Interrupted. Nothing was changed." }))
      )
  )
  if (!answer) {
    return yield* new CommandError({ reason: "NotConfirmed", message: "Nothing was changed." })
  }
})
