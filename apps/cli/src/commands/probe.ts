/**
 * `claude-enterprise probe`: what can this server do? For whoever has to find out why something does not work, and for bug reports.
 *
 * @since 0.1.0
 */
import * as SnapshotSink from "@access-kit/connector-model/SnapshotSink"
import type { Exchange } from "@access-kit/scim-core/Detect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type * as PlatformError from "effect/PlatformError"
import * as Stream from "effect/Stream"
import manifest from "../../package.json" with { type: "json" }
import * as Connection from "../Connection.ts"
import { CommandError } from "../Failure.ts"
import { Output } from "../Output.ts"
import * as Text from "../Text.ts"
import * as ProbeView from "../views/ProbeView.ts"

const unwritable = (location: string) => (error: PlatformError.PlatformError) => {
  const { _tag } = error.reason
  const why = _tag === "NotFound"
    ? "its folder does not exist. Make it, or name another file."
    : _tag === "PermissionDenied"
    ? "there is no permission. Name another file."
    : `it is no file that can be written (${_tag}). Name a file.`
  const facts = { location, message: `The transcript can't be written to ${JSON.stringify(location)}: ${why}` }
  return new SnapshotSink.SinkError({
    reason: _tag === "PermissionDenied" ? new SnapshotSink.NotWritable(facts) : new SnapshotSink.InvalidTarget(facts)
  })
}

/**
 * @since 0.1.0
 */
export const probe = Command.make(
  "probe",
  {
    transcript: Flag.String("transcript").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription(
        "Write requests and answers to FILE, for a bug report; - is standard output. Holds no token, host, id or name"
      ),
      Flag.optional
    )
  },
  Effect.fn("probe")(function*({ transcript }) {
    const output = yield* Output
    const target = Option.getOrUndefined(transcript)
    if (target === "") {
      return yield* new CommandError({
        reason: "Usage",
        message: "--transcript needs a file, or - for standard output."
      })
    }
    if (target === "-" && output.format === "csv") {
      return yield* new CommandError({
        reason: "Usage",
        message: "CSV has no place for a transcript. Name a file after --transcript, or take -o json."
      })
    }
    const settings = yield* Connection.settings
    const files = yield* FileSystem.FileSystem
    const { printDifferences, printTranscript, probe } = yield* Effect.promise(() => import("../ProbeRun.ts"))

    const text = (exchanges: ReadonlyArray<Exchange>, failure?: string) =>
      [
        `claude-enterprise ${manifest.version}, Node.js ${process.versions.node}, ${process.platform}-${process.arch}, ` +
        `scim-dialect ${settings.scimDialect}`,
        ...(failure === undefined ? [] : [`ended early: ${failure}`]),
        "",
        printTranscript(exchanges),
        ""
      ].join("\n")
    const write = (path: string, content: string) =>
      Effect.mapError(files.writeFileString(path, content, { mode: 0o600 }), unwritable(path))

    const exchanges: Array<Exchange> = []
    // Before the first request: somebody who can't write there should know at once.
    if (target !== undefined && target !== "-") yield* write(target, text(exchanges, "interrupted"))
    const report = yield* probe(settings, { onExchange: (exchange) => exchanges.push(exchange) }).pipe(
      // What went wrong is what the report is about.
      Effect.tapError(Effect.fnUntraced(function*({ reason }) {
        if (target === undefined) return
        if (target !== "-") {
          yield* write(target, text(exchanges, reason._tag))
          yield* output.say(`The transcript is in ${target}.`)
        } else if (output.format === "table") {
          yield* output.text(() => text(exchanges, reason._tag))
        }
      }))
    )
    switch (output.format) {
      case "table":
        yield* output.text((style) =>
          `${ProbeView.lines(report.observations, style)}\n${printDifferences(report)}\n${
            target === "-" ? `\n${text(exchanges)}` : ""
          }`
        )
        break
      case "csv":
        yield* output.rows(ProbeView.view, Stream.fromIterable(report.observations))
        break
      default:
        yield* output.record(ProbeView.record, { report, transcript: target === "-" })
    }
    const unmet = report.observations.filter(({ answer }) => answer !== "yes").length
    yield* output.say(
      `${Text.counted(exchanges.length, "request")}, nothing changed; ${
        unmet === 0 ? "the server does all of it" : `${Text.counted(unmet, "thing")} it does not do or does not show`
      }.`
    )
    if (target !== undefined && target !== "-") {
      yield* write(target, text(exchanges))
      yield* output.say(`The transcript is in ${target}.`)
    }
  })
).pipe(
  Command.withDescription("Find out what the server can do, read-only, with a transcript fit for a bug report"),
  Command.withExamples([
    { command: "claude-enterprise probe --transcript probe.txt", description: "Look through probe.txt, then attach it" }
  ])
)
