/**
 * Colours, where there is a terminal to show them and nobody asked for none. A pipe never gets a colour code.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stdio from "effect/Stdio"

/**
 * @since 0.1.0
 */
export interface Style {
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly red: (text: string) => string
  readonly green: (text: string) => string
  readonly yellow: (text: string) => string
}

const paint = (on: boolean, open: number, close: number) => (text: string): string =>
  on && text !== "" ? `\x1b[${open}m${text}\x1b[${close}m` : text

/**
 * @since 0.1.0
 */
export const make = (on: boolean): Style => ({
  bold: paint(on, 1, 22),
  dim: paint(on, 2, 22),
  red: paint(on, 31, 39),
  green: paint(on, 32, 39),
  yellow: paint(on, 33, 39)
})

const environment = Config.all({
  noColor: Config.option(Config.String("NO_COLOR")),
  term: Config.option(Config.String("TERM"))
})

const wanted = Effect.orElseSucceed(
  Effect.map(
    environment,
    ({ noColor, term }) => Option.getOrElse(noColor, () => "") === "" && Option.getOrElse(term, () => "") !== "dumb"
  ),
  () => false
)

/**
 * The style of standard output.
 *
 * @since 0.1.0
 */
export const stdout: Effect.Effect<Style, never, Stdio.Stdio> = Effect.flatMap(
  Stdio.Stdio,
  (stdio) => Effect.zipWith(stdio.stdoutIsTerminal, wanted, (terminal, wanted) => make(terminal && wanted))
)

/**
 * The style of standard error.
 *
 * @since 0.1.0
 */
export const stderr: Effect.Effect<Style, never, Stdio.Stdio> = Effect.flatMap(
  Stdio.Stdio,
  (stdio) => Effect.zipWith(stdio.stderrIsTerminal, wanted, (terminal, wanted) => make(terminal && wanted))
)
