/**
 * What `--help` prints.
 *
 * @since 0.1.0
 */
import type { ConnectorSpec } from "@access-kit/connector-model/Connector"
import * as CommandLine from "./CommandLine.ts"
import { environmentName, type FlagSpec } from "./FlagSpec.ts"
import * as Subcommands from "./Subcommands.ts"

const typeNames: Readonly<Record<FlagSpec["kind"], string>> = {
  string: " string",
  boolean: "",
  integer: " int",
  list: " strings"
}

const flagLines = (
  specs: ReadonlyArray<FlagSpec>,
  flagsOnly: ReadonlySet<string>
): ReadonlyArray<string> => {
  const shown = specs.filter((spec) => spec.hidden !== true).toSorted((a, b) => a.name.localeCompare(b.name))
  const rows = shown.map((spec) => {
    const letter = spec.shorthand === undefined ? "    " : `-${spec.shorthand}, `
    const notes = [
      ...(flagsOnly.has(spec.name) ? [] : [`($${environmentName(spec)})`]),
      ...(spec.defaultText === undefined || spec.defaultText === ""
        ? []
        : [`(default ${spec.kind === "string" ? JSON.stringify(spec.defaultText) : spec.defaultText})`])
    ]
    return {
      left: `  ${letter}--${spec.name}${typeNames[spec.kind]}`,
      right: [`${spec.required === true ? "required: " : ""}${spec.description}`, ...notes].join(" ")
    }
  })
  const width = Math.max(0, ...rows.map((row) => row.left.length))
  return rows.map((row) => `${row.left.padEnd(width)}   ${row.right}`)
}

/**
 * The help of a subcommand, or of the whole command.
 *
 * @since 0.1.0
 */
export const of = (
  grammar: CommandLine.Grammar,
  spec: ConnectorSpec,
  subcommand: Subcommands.Subcommand | undefined
): string => {
  const flagsOnly = new Set([
    ...CommandLine.builtIn.map((flag) => flag.name),
    ...Subcommands.all.flatMap((each) => each.flags.map((flag) => flag.name))
  ])
  const flags = flagLines(CommandLine.flagsOf(grammar, subcommand), flagsOnly)
  if (subcommand !== undefined) {
    const argument = subcommand.argument === undefined ? "" : ` <${subcommand.argument.name}>`
    return [
      `${subcommand.description}.`,
      "",
      "Usage:",
      `  ${grammar.program} ${subcommand.name}${argument} [flags]`,
      "",
      "Flags:",
      ...flags,
      ""
    ].join("\n")
  }
  const commands = Subcommands.all.filter((each) => each.hidden !== true)
  const width = Math.max(...commands.map((each) => each.name.length))
  return [
    `${spec.displayName}: ${spec.description}.`,
    "",
    "Without a command, everything is synced into the snapshot file.",
    "",
    "Usage:",
    `  ${grammar.program} [flags]`,
    `  ${grammar.program} [command]`,
    "",
    "Available Commands:",
    ...commands.map((each) => `  ${each.name.padEnd(width)}   ${each.description}`),
    "",
    "Flags:",
    ...flags,
    "",
    `More: ${spec.helpUrl}`,
    ""
  ].join("\n")
}
