/**
 * How the command speaks when it can't do what was asked. All of it is on standard error; data and, while serving, the log are on standard output.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as CliError from "effect/cli/CliError"
import * as CliOutput from "effect/cli/CliOutput"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Predicate from "effect/Predicate"
import * as References from "effect/References"
import type * as Runtime from "effect/Runtime"
import * as Stdio from "effect/Stdio"
import * as ExitCode from "./ExitCode.ts"

/** By the tag of an error that says by itself what to do. */
const reasons: ReadonlyMap<string, ExitCode.Reason> = new Map([
  ["ConfigFaults", "InvalidConfiguration"],
  ["SecretKeyError", "InvalidConfiguration"],
  ["RunnerAddressError", "InvalidConfiguration"],
  ["DatabaseError", "Unavailable"],
  ["SnapshotStoreError", "InvalidConfiguration"],
  ["EngineError", "Conflict"],
  ["ListenError", "PortUnavailable"],
  ["Unavailable", "Unavailable"],
  ["NotFound", "NotFound"],
  ["Conflict", "Conflict"]
])

const isReason = (text: string): text is ExitCode.Reason => text in ExitCode.entries

const reasonOf = (error: unknown): ExitCode.Reason => {
  if (!Predicate.hasProperty(error, "_tag") || typeof error._tag !== "string") return "Unexpected"
  if (error._tag === "CommandError" && Predicate.hasProperty(error, "reason") && typeof error.reason === "string") {
    return isReason(error.reason) ? error.reason : "Unexpected"
  }
  return reasons.get(error._tag) ?? "Unexpected"
}

const explain = (errors: ReadonlyArray<CliError.NonShowHelpErrors>): string =>
  errors.map((error) =>
    error.message.replaceAll(/\s*\n\s*/g, " ").replace(/ Did you mean this\? (.*)$/, ". Did you mean $1?")
  ).join(" ")

const present = (event: CliOutput.Presenter.Event): Effect.Effect<void, never, Stdio.Stdio> => {
  switch (event._tag) {
    case "Version":
      return Console.log(event.version)
    case "Help":
      return Effect.flatMap(
        Stdio.Stdio,
        (stdio) =>
          Effect.flatMap(event.reason === "Requested" ? stdio.stdoutIsTerminal : stdio.stderrIsTerminal, (colors) => {
            const text = CliOutput.defaultFormatter({
              colors: colors && process.env["NO_COLOR"] === undefined,
              inheritedFlags: "summary"
            }).formatHelpDoc(event.helpDoc).trimEnd()
            const codes = event.commandPath.length === 1 ? `\n\nEXIT CODES\n${ExitCode.help()}` : ""
            return event.reason === "Requested" ? Console.log(text + codes) : Console.error(text + codes)
          })
      )
    case "InvalidInvocation":
      return Console.error(`error: ${explain(event.errors)} See: ${event.commandPath.join(" ")} --help`)
  }
}

/**
 * Help and mistakes of the command line.
 *
 * @since 0.1.0
 */
export const layer: Layer.Layer<never, never, Stdio.Stdio> = Layer.effect(
  CliOutput.Presenter,
  Effect.map(Effect.context<Stdio.Stdio>(), (context): CliOutput.Presenter => ({
    present: (event) => Effect.provideContext(present(event), context)
  }))
)

/**
 * What commands other than `serve` have to say beside their answer.
 *
 * @since 0.1.0
 */
export const logging = Layer.merge(
  Logger.layer([Logger.withConsoleError(Logger.formatLogFmt)]),
  Layer.succeed(References.MinimumLogLevel, "Warn")
)

/**
 * Says what went wrong and answers the number to end with.
 *
 * @since 0.1.0
 */
export const report = Effect.fn("Reporting.report")(function*(cause: Cause.Cause<unknown>) {
  if (Cause.hasInterruptsOnly(cause)) return ExitCode.of(interrupted)
  const error = Cause.squash(cause)
  if (CliError.isCliError(error)) return ExitCode.of("Usage")
  const reason = reasonOf(error)
  const message = error instanceof Error ? error.message : "a failure of unknown kind"
  yield* Console.error(
    reason === "Unexpected"
      ? `error: Something that should not happen did: ${message}. Please report it with what follows.\n${
        Cause.pretty(cause)
      }`
      : `error: ${message}`
  )
  return ExitCode.of(reason)
})

let interrupted: ExitCode.Reason = "Interrupted"

/**
 * For a command that runs until it is asked to end: being asked is no failure.
 *
 * @since 0.1.0
 */
export const endsWell: Effect.Effect<void> = Effect.sync(() => {
  interrupted = "Ok"
})

/**
 * Ends the process with the number that {@link report} answered.
 *
 * @since 0.1.0
 */
export const teardown: Runtime.Teardown = (exit, onExit) => {
  if (Exit.isSuccess(exit)) return onExit(typeof exit.value === "number" ? exit.value : 0)
  return onExit(ExitCode.of(Cause.hasInterruptsOnly(exit.cause) ? interrupted : "Unexpected"))
}
