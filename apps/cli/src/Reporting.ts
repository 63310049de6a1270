/**
 * How the command speaks when it can't do what was asked: help, mistakes in the command line, failures. Data never goes here, so all of it
 * is on standard error, and it is JSON where the output is.
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
import * as References from "effect/References"
import type * as Runtime from "effect/Runtime"
import * as Stdio from "effect/Stdio"
import * as ExitCode from "./ExitCode.ts"
import * as Failure from "./Failure.ts"
import * as Json from "./Json.ts"
import * as Style from "./Style.ts"
import * as Text from "./Text.ts"

/** A mistake can stand before the flags are read, so the format of its report is looked for in the words themselves. */
const asksForJson = (args: ReadonlyArray<string>): boolean =>
  args.some((word, index) =>
    /^(?:--output|-o)=(?:nd)?json$/.test(word) ||
    (/^(?:json|ndjson)$/.test(word) && /^(?:--output|-o)$/.test(args[index - 1] ?? ""))
  )

const asksForCauses = (args: ReadonlyArray<string>): boolean => args.includes("--verbose")

/**
 * Prints a failure: one line of JSON where the output is JSON, else `error: …`.
 *
 * @since 0.1.0
 */
export const print = Effect.fn("Reporting.print")(function*(failure: Failure.Failure) {
  const stdio = yield* Stdio.Stdio
  const args = yield* stdio.args
  if (asksForJson(args)) {
    return yield* Console.error(Json.compact({
      error: {
        reason: failure.reason,
        exitCode: failure.exitCode,
        message: failure.message,
        operation: failure.operation ?? null,
        ...(failure.matches === undefined ? {} : { matches: [...failure.matches] })
      }
    }))
  }
  const style = yield* Style.stderr
  yield* Console.error(`${style.red("error:")} ${Text.printable(failure.message)}`)
})

/** The words of a mistake. A value after a mistyped flag may be the token that was meant for the right one, so it is not repeated. */
const explain = (errors: ReadonlyArray<CliError.NonShowHelpErrors>): string => {
  const unrecognized = errors.filter((error) => error._tag === "UnrecognizedOption")
  const told = unrecognized.length > 0
    ? errors.filter((error) => error._tag !== "UnexpectedArgument" && error._tag !== "UnknownSubcommand")
    : errors
  return told.map((error) =>
    error.message.trim()
      .replaceAll(/\s*\n\s*/g, " ")
      .replace(/ Did you mean this\? (.*)$/, ". Did you mean $1?")
      .replace(/[^.?!]$/, "$&.")
  ).join(" ")
}

const present = (event: CliOutput.Presenter.Event): Effect.Effect<void, never, Stdio.Stdio> =>
  Effect.gen(function*() {
    switch (event._tag) {
      case "Version":
        return yield* Console.log(event.version)
      case "Help": {
        const stdio = yield* Stdio.Stdio
        const requested = event.reason === "Requested"
        const colors = yield* requested ? stdio.stdoutIsTerminal : stdio.stderrIsTerminal
        const style = yield* requested ? Style.stdout : Style.stderr
        const formatter = CliOutput.defaultFormatter({
          colors: colors && style.bold("x") !== "x",
          inheritedFlags: "summary"
        })
        const footer = event.commandPath.length === 1
          ? `\n${style.bold("EXIT CODES")}\n${ExitCode.help()}\n`
          : ""
        const text = `${formatter.formatHelpDoc(event.helpDoc).trimEnd()}\n${footer}`
        return yield* requested ? Console.log(text) : Console.error(text)
      }
      case "InvalidInvocation": {
        yield* print({
          reason: "Usage",
          exitCode: ExitCode.of("Usage"),
          message: `${explain(event.errors)} See: ${event.commandPath.join(" ")} --help`
        })
      }
    }
  })

/**
 * Replaces the presenter of `effect/cli`, which prints the whole help to standard output for every mistake.
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
 * Logs go to standard error as well, and are JSON where the output is.
 *
 * @since 0.1.0
 */
export const logging: Layer.Layer<never, never, Stdio.Stdio> = Layer.unwrap(Effect.gen(function*() {
  const stdio = yield* Stdio.Stdio
  const json = asksForJson(yield* stdio.args)
  return Layer.merge(
    Logger.layer([Logger.withConsoleError(json ? Logger.formatJson : Logger.formatLogFmt)]),
    Layer.succeed(References.MinimumLogLevel, "Warn")
  )
}))

/**
 * Says what went wrong, unless it was said, and answers the number to end with.
 *
 * @since 0.1.0
 */
export const report = Effect.fn("Reporting.report")(function*(cause: Cause.Cause<unknown>) {
  const error = Cause.squash(cause)
  if (CliError.isCliError(error)) return ExitCode.of("Usage")
  const failure = Failure.fromCause(cause)
  if (failure.reported !== true) yield* print(failure)
  const stdio = yield* Stdio.Stdio
  if (asksForCauses(yield* stdio.args) && !Cause.hasInterruptsOnly(cause)) yield* Console.error(Cause.pretty(cause))
  return failure.exitCode
})

/** Calls back once a reader has taken everything that was written, or has gone away. */
const taken = (stream: NodeJS.WriteStream, then: () => void): void => {
  if (stream.writableLength === 0 || stream.destroyed) then()
  else stream.write("", () => then())
}

/**
 * Ends the process with the number that {@link report} answered. Node.js writes into pipes as fast as they are read, and a process that ends by a number
 * other than 0 would take with it what was not read yet.
 *
 * @since 0.1.0
 */
export const teardown: Runtime.Teardown = (exit, onExit) => {
  const code = Exit.isSuccess(exit)
    ? typeof exit.value === "number" ? exit.value : 0
    : Cause.hasInterruptsOnly(exit.cause)
    ? ExitCode.of("Interrupted")
    : ExitCode.of("Unexpected")
  taken(process.stdout, () => taken(process.stderr, () => onExit(code)))
}
