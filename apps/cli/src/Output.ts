/**
 * Where a command puts what it found: rows and records to standard output in the format that was asked for, words for people to
 * standard error.
 *
 * @since 0.1.0
 */
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as PlatformError from "effect/PlatformError"
import * as Predicate from "effect/Predicate"
import * as Sink from "effect/Sink"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import * as Csv from "./Csv.ts"
import { CommandError } from "./Failure.ts"
import * as Json from "./Json.ts"
import * as Style from "./Style.ts"
import * as Table from "./Table.ts"
import type { View } from "./View.ts"

/**
 * @since 0.1.0
 */
export const formats = ["table", "json", "ndjson", "csv"] as const

/**
 * @since 0.1.0
 */
export type Format = typeof formats[number]

/**
 * What only commands about snapshots print: the JSON of `baton`, and Markdown.
 *
 * @since 0.1.0
 */
export const snapshotFormats = ["baton-json", "markdown"] as const

/**
 * @since 0.1.0
 */
export type Asked = Format | typeof snapshotFormats[number]

const isFormat = (asked: Asked): asked is Format => asked !== "baton-json" && asked !== "markdown"

/**
 * Whether standard error, too, is JSON: one object per line for an error or a warning.
 *
 * @since 0.1.0
 */
export const isJson = (format: Format): boolean => format === "json" || format === "ndjson"

/**
 * @since 0.1.0
 */
export class Output extends Context.Service<Output, {
  readonly format: Format
  /** What was asked for. */
  readonly asked: Asked
  /**
   * Fails where `baton-json` or `markdown` was asked for. What prints rows and records does so too; a command that changes something asks before it
   * does.
   */
  readonly plain: Effect.Effect<void, CommandError>
  /** Prints what is in its format already. */
  readonly raw: <E, R>(content: Stream.Stream<string | Uint8Array, E, R>) => Effect.Effect<void, E | CommandError, R>
  /**
   * Prints rows as they come and answers how many there were. A table is measured and printed in chunks; CSV and NDJSON go row by row; a
   * JSON array is closed only after its last row, so that a listing that failed is not valid JSON.
   */
  readonly rows: <A, E, R>(view: View<A>, rows: Stream.Stream<A, E, R>) => Effect.Effect<number, E | CommandError, R>
  /** Prints one thing with all its fields. */
  readonly record: <A>(view: View<A>, row: A) => Effect.Effect<void, CommandError>
  /** Prints text of the command's own making, which is for the `table` format only. */
  readonly text: (render: (style: Style.Style) => string) => Effect.Effect<void, CommandError>
  /** A line for people; left out where a program reads. */
  readonly say: (line: string) => Effect.Effect<void>
  /** A line for people that they should not miss. */
  readonly warn: (line: string) => Effect.Effect<void>
}>()("@access-kit/cli/Output") {
  /**
   * @since 0.1.0
   */
  static readonly layer = (asked: Asked): Layer.Layer<Output, CommandError, Stdio.Stdio> =>
    Layer.effect(
      Output,
      Effect.gen(function*() {
        const stdio = yield* Stdio.Stdio
        const format = isFormat(asked) ? asked : asked === "markdown" ? "table" : "json"
        // Known before the command begins: a change must not be carried out whose outcome can't be printed.
        if (!isFormat(asked) && !(yield* stdio.args).includes("snapshot")) {
          return yield* new CommandError({
            reason: "Usage",
            message: `--output ${asked} is for "snapshot" commands. Use one of ${formats.join(", ")}.`
          })
        }
        const style = yield* Style.stdout
        const loud = yield* Style.stderr
        const terminal = yield* stdio.stdoutIsTerminal
        const quiet = isJson(format) && !(yield* stdio.stderrIsTerminal)

        const sink = Sink.mapError(stdio.stdout(), writeFailure)
        const write = <E, R>(text: Stream.Stream<string | Uint8Array, E, R>) => Stream.run(text, sink)

        const text = <A, E, R>(view: View<A>, rows: Stream.Stream<A, E, R>): Stream.Stream<string, E, R> => {
          switch (format) {
            case "table": {
              const columns = terminal ? process.stdout.columns : undefined
              const table = Table.make(view, {
                heading: style.bold,
                ...(columns === undefined ? {} : { columns })
              })
              return Stream.map(Stream.grouped(rows, Table.chunkSize), table)
            }
            case "csv":
              return framed(Csv.heading(view), mapChunks(rows, (row) => Csv.line(view, row)), () => "")
            case "ndjson":
              return mapChunks(rows, (row) => `${Json.compact(view.json(row))}\n`)
            case "json": {
              let first = true
              const items = mapChunks(rows, (row) => {
                const separator = first ? "\n" : ",\n"
                first = false
                return `${separator}  ${Json.pretty(view.json(row)).replaceAll("\n", "\n  ")}`
              })
              return framed("[", items, () => first ? "]\n" : "\n]\n")
            }
          }
        }

        const plain = isFormat(asked)
          ? Effect.void
          : Effect.fail(
            new CommandError({
              reason: "Usage",
              message: `--output ${asked} is not for this command. Use one of ${formats.join(", ")}.`
            })
          )

        return {
          format,
          asked,
          plain,
          raw: write,
          rows: Effect.fn("Output.rows")(function*(view, rows) {
            yield* plain
            let count = 0
            const seen = Stream.tap(rows, () =>
              Effect.sync(() => {
                count += 1
              }))
            yield* write(text(view, seen))
            return count
          }),
          record: Effect.fn("Output.record")(function*(view, row) {
            yield* plain
            yield* write(Stream.succeed(
              format === "table"
                ? Table.record(view, row, style.bold)
                : format === "csv"
                ? Csv.heading(view) + Csv.line(view, row)
                : `${(format === "json" ? Json.pretty : Json.compact)(view.json(row))}\n`
            ))
          }),
          text: (render) => write(Stream.succeed(render(style))),
          say: (line) => quiet ? Effect.void : Console.error(line),
          warn: (line) =>
            isJson(format)
              ? Console.error(Json.compact({ warning: line }))
              : Console.error(`${loud.yellow("warning:")} ${line}`)
        }
      })
    )
}

// What stands before the rows is printed with the first of them: a listing that fails at once leaves nothing at all.
const framed = <E, R>(
  before: string,
  text: Stream.Stream<string, E, R>,
  after: () => string
): Stream.Stream<string, E, R> =>
  Stream.suspend(() => {
    let pending = before
    const take = () => {
      const now = pending
      pending = ""
      return now
    }
    return Stream.concat(
      Stream.map(text, (chunk) => take() + chunk),
      Stream.suspend(() => Stream.succeed(take() + after()))
    )
  })

// One string per chunk of rows rather than per row: a listing is long, and each string is a write.
const mapChunks = <A, E, R>(rows: Stream.Stream<A, E, R>, line: (row: A) => string): Stream.Stream<string, E, R> =>
  Stream.mapArray(rows, (chunk) => [chunk.map(line).join("")])

const writeFailure = (error: PlatformError.PlatformError): CommandError => {
  const { cause } = error.reason
  const code = Predicate.hasProperty(cause, "code") && typeof cause.code === "string" ? cause.code : "unknown error"
  if (code === "EPIPE") {
    return new CommandError({ reason: "OutputClosed", message: "Nobody reads the output any more.", reported: true })
  }
  return code === "ENOSPC"
    ? new CommandError({
      reason: "StorageFull",
      message: "The output can't be written: no space is left. Free some, then run the command again."
    })
    : new CommandError({
      reason: "StorageFailure",
      message: `The output can't be written (${code}). Send it somewhere else.`
    })
}
