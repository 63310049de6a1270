/**
 * Shows how far a sync is: one line that is painted over on a terminal, a line per milestone anywhere else.
 *
 * @since 0.1.0
 */
import type { Kept, ProgressEvent } from "@access-kit/connector-sync/ProgressEvent"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Stdio from "effect/Stdio"
import * as Style from "./Style.ts"
import * as Text from "./Text.ts"

/** How often a terminal is painted at the most, and how often a log gets a line. */
const paintEvery = 80
const logEvery = 10_000

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"]
const barWidth = 24

const nouns: Readonly<Record<string, string>> = { user: "accounts", group: "groups" }

/**
 * What a resource type is called in the plural.
 *
 * @since 0.1.0
 */
export const noun = (resourceType: string): string => nouns[resourceType] ?? `resources of type ${resourceType}`

/**
 * `12,300 accounts`, or what an interrupted sync has kept.
 *
 * @since 0.1.0
 */
export const kept = (kept: Kept): string => `${Text.counted(kept.rows, "row")} from ${Text.counted(kept.pages, "page")}`

const bar = (rows: number, total: number | undefined): string => {
  if (total === undefined || total === 0) return ""
  const filled = Math.min(barWidth, Math.round(rows / total * barWidth))
  return `${"█".repeat(filled)}${"░".repeat(barWidth - filled)} ${
    String(Math.min(100, Math.floor(rows / total * 100))).padStart(3)
  } % `
}

const of = (rows: number, total: number | undefined, resourceType: string): string =>
  total === undefined
    ? `${Text.grouped(rows)} ${noun(resourceType)}`
    : `${Text.grouped(rows)} of ${Text.grouped(total)} ${noun(resourceType)}`

/**
 * @since 0.1.0
 */
export interface Progress {
  readonly tell: (event: ProgressEvent) => Effect.Effect<void>
  /** What the sync kept when it was stopped, if it told. */
  readonly stopped: () => { readonly kept: Kept | undefined } | undefined
}

/**
 * @since 0.1.0
 */
export const make = Effect.fn("Progress.make")(function*(options: { readonly quiet: boolean }) {
  const stdio = yield* Stdio.Stdio
  const terminal = yield* stdio.stderrIsTerminal
  const style = yield* Style.stderr
  let last = yield* Clock.currentTimeMillis
  let frame = 0
  let painted = false
  let stopped: { readonly kept: Kept | undefined } | undefined

  const line = (text: string) =>
    options.quiet ? Effect.void : Effect.suspend(() => {
      const clear = painted ? "\r\x1b[2K" : ""
      painted = false
      return Console.error(`${clear}${text}`)
    })

  const paint = (text: string) =>
    options.quiet ? Effect.void : Effect.sync(() => {
      painted = true
      frame = (frame + 1) % frames.length
      const columns = process.stderr.columns ?? 80
      process.stderr.write(`\r\x1b[2K${Text.cut(`${frames[frame] ?? ""} ${text}`, columns - 1)}`)
    })

  const tell = Effect.fnUntraced(function*(event: ProgressEvent) {
    switch (event._tag) {
      case "Started":
        if (event.resumedFrom !== undefined) {
          yield* line(`Going on where the last run stopped: ${kept(event.resumedFrom)} are there already.`)
        }
        return
      case "Noted":
        return yield* line(`${style.yellow("note:")} ${event.note.message}`)
      case "TypeStarted":
        last = 0
        return yield* terminal
          ? paint(`Reading ${noun(event.resourceType)}`)
          : line(`Reading ${noun(event.resourceType)}`)
      case "PageWritten": {
        const now = yield* Clock.currentTimeMillis
        if (!terminal && last === 0) last = now
        if (now - last < (terminal ? paintEvery : logEvery)) return
        last = now
        const { resourceType, rows, total } = event
        return yield* terminal
          ? paint(`${bar(rows, total)}${of(rows, total, resourceType)}`)
          : line(`  ${of(rows, total, resourceType)}`)
      }
      case "TypeFinished":
        return yield* line(
          `${style.green("✓")} ${Text.grouped(event.rows)} ${noun(event.resourceType)} in ${
            Text.counted(event.pages, "page")
          }`
        )
      case "ReadingAgain":
        return yield* line(
          `${style.yellow("!")} ${event.reason} Reading the ${
            noun(event.resourceType)
          } again, ${event.attempt} of ${event.limit}.`
        )
      case "LookingUpPrincipals":
        return yield* line(`Looking up ${Text.counted(event.count, "member")} that no listing has.`)
      case "Settling":
        return yield* terminal ? paint("Writing") : Effect.void
      case "Publishing":
        return yield* terminal ? paint("Packing") : Effect.void
      case "Finished":
        return yield* terminal && painted
          ? Effect.sync(() => {
            painted = false
            process.stderr.write("\r\x1b[2K")
          })
          : Effect.void
      case "Stopped":
        stopped = { kept: event.kept }
        return yield* painted ? line("Stopping …") : Effect.void
    }
  })

  return { tell, stopped: () => stopped } satisfies Progress
})
