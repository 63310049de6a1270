/**
 * Reads the command line as Go's pflag and cobra do: `--name value`, `--name=value`, `-n value`, `-n=value`, `-nvalue`, letters of flags
 * without a value in one word (`-pf x`), flags before and after the subcommand, `--` for the end. A flag without a value is true, and takes
 * one only after `=`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { parseArgs } from "node:util"
import * as CommandError from "./CommandError.ts"
import type { FlagSpec } from "./FlagSpec.ts"
import * as Subcommands from "./Subcommands.ts"

/**
 * @since 0.1.0
 */
export interface CommandLine {
  /** Absent for the default command. */
  readonly subcommand?: Subcommands.Subcommand
  /** The word after the subcommand. */
  readonly argument?: string
  readonly help: boolean
  readonly version: boolean
  /** What was written for each flag, in order. */
  readonly values: ReadonlyMap<string, ReadonlyArray<string>>
}

/**
 * @since 0.1.0
 */
export interface Grammar {
  /** Name of the program, for messages. */
  readonly program: string
  /** The flags that every subcommand takes. */
  readonly persistent: ReadonlyArray<FlagSpec>
  /** The settings of the connector. */
  readonly connector: ReadonlyArray<FlagSpec>
}

const HELP: FlagSpec = { name: "help", kind: "boolean", shorthand: "h", description: "Say how to use the command" }
const VERSION: FlagSpec = { name: "version", kind: "boolean", shorthand: "v", description: "Print the version" }

/**
 * Flags that `cobra` adds.
 *
 * @since 0.1.0
 */
export const builtIn: ReadonlyArray<FlagSpec> = [HELP, VERSION]

const usage = (message: string) => CommandError.make("Usage", message)

/**
 * The flags that a subcommand takes, or the default command.
 *
 * @since 0.1.0
 */
export const flagsOf = (grammar: Grammar, subcommand: Subcommands.Subcommand | undefined): ReadonlyArray<FlagSpec> => [
  ...(subcommand?.takesConnectorFlags === false ? [] : grammar.connector),
  ...(subcommand?.flags ?? []),
  ...grammar.persistent,
  HELP,
  ...(subcommand === undefined ? [VERSION] : [])
]

/** All that any subcommand takes: the subcommand is known only when the values of flags are told from words. */
const everyFlag = (grammar: Grammar): ReadonlyMap<string, FlagSpec> =>
  new Map(
    [...grammar.connector, ...grammar.persistent, HELP, VERSION, ...Subcommands.all.flatMap((each) => each.flags)]
      .map((spec) => [spec.name, spec])
  )

interface Written {
  readonly name: string
  /** As it was typed. */
  readonly shown: string
  readonly value: string | undefined
}

const tokensOf = (args: ReadonlyArray<string>, specs: ReadonlyMap<string, FlagSpec>) => {
  const options: Record<string, { type: "string" | "boolean"; short?: string }> = {}
  for (const spec of specs.values()) {
    options[spec.name] = {
      type: spec.kind === "boolean" ? "boolean" : "string",
      ...(spec.shorthand === undefined ? {} : { short: spec.shorthand })
    }
  }
  const { tokens } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true })
  const written: Array<Written> = []
  const words: Array<string> = []
  /** The word of a letter with `=`, whose rest is read as further letters. */
  let consumed = -1
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value)
    if (token.kind !== "option" || token.index === consumed) continue
    const short = !token.rawName.startsWith("--")
    const word = args[token.index] ?? ""
    const spec = specs.get(token.name)
    if (short && spec?.kind === "boolean" && word.startsWith(`${token.rawName}=`)) {
      consumed = token.index
      written.push({ name: token.name, shown: token.rawName, value: word.slice(token.rawName.length + 1) })
    } else {
      const value = short && token.inlineValue === true && token.value?.startsWith("=") === true
        ? token.value.slice(1)
        : token.value
      written.push({ name: token.name, shown: short ? `'${token.rawName.slice(1)}' in ${word}` : token.rawName, value })
    }
  }
  return { written, words }
}

/**
 * Reads the words after the program's name. Fails with `Usage`.
 *
 * @since 0.1.0
 */
export const parse = Effect.fn("CommandLine.parse")(function*(
  grammar: Grammar,
  args: ReadonlyArray<string>
): Effect.fn.Return<CommandLine, CommandError.CommandError> {
  const known = everyFlag(grammar)
  const { words, written } = tokensOf(args, known)
  const [first, second, third] = words
  const subcommand = first === undefined ? undefined : Subcommands.find(first)
  if (first !== undefined && subcommand === undefined) {
    return yield* usage(
      `unknown command ${JSON.stringify(first)} for "${grammar.program}". "${grammar.program} help" lists them.`
    )
  }
  const extra = subcommand?.argument === undefined ? second : third
  if (extra !== undefined) {
    return yield* usage(`"${grammar.program} ${first}" does not know what to do with ${JSON.stringify(extra)}.`)
  }

  const allowed = new Set(flagsOf(grammar, subcommand).map((spec) => spec.name))
  const values = new Map<string, Array<string>>()
  for (const { name, shown, value } of written) {
    const spec = known.get(name)
    if (spec === undefined || !allowed.has(name)) {
      return yield* usage(`unknown ${shown.startsWith("'") ? "shorthand flag" : "flag"}: ${shown}`)
    }
    if (value === undefined && spec.kind !== "boolean") {
      return yield* usage(`flag needs an argument: ${shown}`)
    }
    const earlier = values.get(name)
    if (earlier === undefined) values.set(name, [value ?? "true"])
    else earlier.push(value ?? "true")
  }
  const isOn = (spec: FlagSpec) => values.has(spec.name) && values.get(spec.name)?.at(-1) !== "false"
  return {
    ...(subcommand === undefined ? {} : { subcommand }),
    ...(second === undefined ? {} : { argument: second }),
    help: isOn(HELP),
    version: isOn(VERSION),
    values
  }
})
