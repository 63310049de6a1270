/**
 * Log lines as Go's connectors write them: JSON with `level`, `ts` (seconds since 1970) and `msg`, or words for a terminal. They go to standard
 * error, so that standard output is for data.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type * as LogLevel from "effect/LogLevel"
import * as References from "effect/References"
import * as Stdio from "effect/Stdio"
import * as CommandError from "./CommandError.ts"
import type { Given } from "./Given.ts"

const levels: Readonly<Record<string, LogLevel.LogLevel>> = {
  debug: "Debug",
  info: "Info",
  warn: "Warn",
  error: "Error"
}

/** The names that Go's logger has; the others of Effect stand between them. */
const levelName = (level: string): string =>
  level === "FATAL" ? "error" : level === "TRACE" ? "debug" : level.toLowerCase()

const words = (message: unknown): string =>
  typeof message === "string"
    ? message
    : Array.isArray(message)
    ? message.map(words).join(" ")
    : JSON.stringify(message)

const json = Logger.map(Logger.formatStructured, ({ annotations, cause, level, message, timestamp }) => {
  const own = { level: levelName(level), ts: Date.parse(timestamp) / 1000, msg: words(message) }
  // Once for the place, which is first, and once more so that no field can pass for one of them.
  return JSON.stringify(Object.assign({ ...own }, annotations, cause === undefined ? {} : { error: cause }, own))
})

const line = Logger.map(Logger.formatStructured, ({ annotations, cause, level, message, timestamp }) =>
  [
    timestamp,
    levelName(level).toUpperCase(),
    words(message),
    ...(Object.keys(annotations).length === 0 ? [] : [JSON.stringify(annotations)]),
    ...(cause === undefined ? [] : [cause])
  ].join("\t"))

const targetOf = (format: Logger.Logger<unknown, string>, path: string) =>
  path === "stderr"
    ? Effect.succeed(Logger.withConsoleError(format))
    : path === "stdout"
    ? Effect.succeed(Logger.withConsoleLog(format))
    : Logger.toFile(format, path, { flag: "a", batchWindow: 200 }).pipe(
      Effect.mapError((error) =>
        CommandError.make(
          "InvalidValue",
          `--log-path: ${JSON.stringify(path)} can't be written. Choose another file.`,
          error
        )
      )
    )

/**
 * Logging as `--log-level`, `--log-format` and `--log-path` say.
 *
 * @since 0.1.0
 */
export const layer = (
  given: Given
): Layer.Layer<never, CommandError.CommandError, Stdio.Stdio | FileSystem.FileSystem> =>
  Layer.unwrap(Effect.gen(function*() {
    const stdio = yield* Stdio.Stdio
    const format = given.text("log-format") ?? ((yield* stdio.stdoutIsTerminal) ? "console" : "json")
    const formatter = format === "json" ? json : line
    const paths = given.list("log-path")
    return Layer.merge(
      Logger.layer((paths.length === 0 ? ["stderr"] : paths).map((path) => targetOf(formatter, path))),
      Layer.succeed(References.MinimumLogLevel, levels[given.text("log-level") ?? "info"] ?? "Info")
    )
  }))
