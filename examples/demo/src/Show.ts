/**
 * What the demos have in common: how they paint, how they fail, and how they end.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** The demo could not go on. */
export class DemoError extends Schema.TaggedError<DemoError>()("DemoError", {
  message: Schema.String
}) {}

const terminal = process.stdout.isTTY === true && (process.env["NO_COLOR"] ?? "") === ""
const paint = (open: number, close: number) => (text: string): string =>
  terminal ? `\x1b[${open}m${text}\x1b[${close}m` : text

export const bold = paint(1, 22)
export const dim = paint(2, 22)
const green = paint(32, 39)

/** Says what was found, or fails. `looking` begins the sentence of the failure. */
export const verifying = (looking: string) => (what: string, holds: boolean): Effect.Effect<void, DemoError> =>
  holds
    ? Console.log(`${green("✓")} ${what}`)
    : Effect.fail(new DemoError({ message: `${looking}: ${what}` }))

/**
 * Runs a demo as the program, which ends with 1 and an explanation where it could not go on.
 *
 * @param interrupted the exit code where somebody ended it by hand
 */
export const run = <E>(
  demo: Effect.Effect<void, E, NodeServices.NodeServices>,
  interrupted: () => number = () => 130
): void =>
  demo.pipe(
    Effect.as(0),
    Effect.catchCause((cause) => {
      if (Cause.hasInterruptsOnly(cause)) return Effect.succeed(interrupted())
      const error = Cause.squash(cause)
      return Effect.as(
        Console.error(`\nThe demo stopped: ${error instanceof Error ? error.message : "an unknown failure"}`),
        1
      )
    }),
    Effect.provide(NodeServices.layer),
    NodeRuntime.runMain({
      disableErrorReporting: true,
      teardown: (exit, onExit) => onExit(exit._tag === "Success" ? Number(exit.value) : interrupted())
    })
  )
