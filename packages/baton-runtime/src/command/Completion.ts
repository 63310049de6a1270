/**
 * Completion scripts, written by `effect/cli` from a description of the flags and subcommands.
 *
 * @since 0.1.0
 */
import * as Completions from "effect/cli/Completions"
import * as CommandLine from "./CommandLine.ts"
import type { FlagSpec } from "./FlagSpec.ts"
import * as Subcommands from "./Subcommands.ts"

const typeOf = (spec: FlagSpec): Completions.FlagType => {
  if (spec.kind === "boolean") return { _tag: "Boolean" }
  if (spec.choices !== undefined) return { _tag: "Choice", values: spec.choices }
  if (spec.kind === "integer") return { _tag: "Int" }
  if (/(?:^|-)(?:file|path)$/.test(spec.name) || spec.name.endsWith("-c1z")) return { _tag: "Path", pathType: "file" }
  return { _tag: "String" }
}

const flagOf = (spec: FlagSpec): Completions.FlagDescriptor => ({
  name: spec.name,
  aliases: spec.shorthand === undefined ? [] : [`-${spec.shorthand}`],
  description: spec.description,
  type: typeOf(spec),
  negation: false
})

const visible = (specs: ReadonlyArray<FlagSpec>) => specs.filter((spec) => spec.hidden !== true).map(flagOf)

const commandOf = (
  grammar: CommandLine.Grammar,
  subcommand: Subcommands.Subcommand
): Completions.CommandDescriptor => ({
  name: subcommand.name,
  description: subcommand.description,
  flags: visible(CommandLine.flagsOf(grammar, subcommand)),
  arguments: subcommand.argument === undefined ? [] : [{
    name: subcommand.argument.name,
    description: undefined,
    required: false,
    variadic: false,
    type: { _tag: "Choice", values: subcommand.argument.choices }
  }],
  subcommands: []
})

/**
 * @since 0.1.0
 */
export const script = (grammar: CommandLine.Grammar, shell: Completions.Shell): string =>
  Completions.generate(grammar.program, shell, {
    name: grammar.program,
    description: undefined,
    flags: visible(CommandLine.flagsOf(grammar, undefined)),
    arguments: [],
    subcommands: Subcommands.all.filter((each) => each.hidden !== true).map((each) => commandOf(grammar, each))
    // Its comments say how the script is made with a flag that other commands have for it.
  }).replaceAll(`${grammar.program} --completions `, `${grammar.program} completion `)
