/**
 * Calls of a bundled command in shell blocks and in running text: each sub-command and each flag is one that the command's own help names.
 */
import * as Effect from "effect/Effect"
import * as ChildProcess from "effect/process/ChildProcess"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as Stream from "effect/Stream"
import type { MarkdownFile } from "./Markdown.ts"
import type { Problem } from "./Problem.ts"

export interface Call {
  /** Everything after the command, up to a pipe, a redirection, a comment or the next command. */
  readonly words: ReadonlyArray<string>
  readonly line: number
}

const shells = new Set(["sh", "bash", "shell", "console"])

const word = /"(?:[^"\\]|\\.)*"|'[^']*'|[^\s"']+/g

const callOf = (command: string, text: string, line: number): ReadonlyArray<Call> => {
  const rest = new RegExp(`(?:(?:^|\\s)${command}|/${command}\\.mjs)\\s+(.*)$`).exec(text)?.[1]
  if (rest === undefined) return []
  const words: Array<string> = []
  for (const [token] of rest.matchAll(word)) {
    if (/^(?:[|>;&#]|\d>)/.test(token)) break
    words.push(token)
  }
  return [{ words, line }]
}

/**
 * All calls of a command in a file. Lines that a backslash joins are one call.
 */
export const calls = (command: string, file: MarkdownFile): ReadonlyArray<Call> => [
  ...file.blocks.filter((block) => shells.has(block.language)).flatMap((block) =>
    block.text.replaceAll("\\\n", " ").split("\n").flatMap((text, at) => callOf(command, text, block.line + 1 + at))
  ),
  ...file.inlineCode.flatMap((code) => callOf(command, code.text, code.line))
]

/** The help of a sub-command, `undefined` where there is no such sub-command. */
export type Help = (path: ReadonlyArray<string>) => Effect.Effect<string | undefined>

/**
 * Help as the bundle at `bundle` of `command` gives it. The same question is asked once.
 */
export const helpOf = Effect.fnUntraced(function*(command: string, bundle: string) {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const known = new Map<string, string | undefined>()
  const help: Help = Effect.fnUntraced(function*(path) {
    const key = path.join(" ")
    if (known.has(key)) return known.get(key)
    const text = yield* Effect.scoped(Effect.gen(function*() {
      const child = yield* spawner.spawn(
        ChildProcess.make(process.execPath, [bundle, ...path, "--help"], { stdin: "ignore", stderr: "ignore" })
      )
      const printed = yield* Stream.mkString(Stream.decodeText(child.stdout))
      return (yield* child.exitCode) === 0 ? printed : undefined
    })).pipe(Effect.orDie)
    // After words that are no sub-command the help is that of the last one that was.
    const own = text?.includes(`USAGE\n  ${[command, ...path].join(" ")} `) === true ? text : undefined
    known.set(key, own)
    return own
  })
  return help
})

const names = (help: string, flag: string): boolean =>
  help.split(/[\s,|<>]+/).some((token) => token === flag || token === flag.replace(/^--no-/, "--"))

/** `--listen HOST:PORT` in the help, not `--verbose    Say more`. */
const takesValue = (help: string, flag: string | undefined): boolean =>
  flag !== undefined && new RegExp(`^\\s+${flag}(?:, -\\w)? \\S`, "m").test(help)

/**
 * Problems of the calls of a command in all files.
 */
export const check = Effect.fn("CliCommands.check")(
  function*(
    command: string,
    help: Help,
    files: ReadonlyArray<MarkdownFile>
  ): Effect.fn.Return<ReadonlyArray<Problem>> {
    const problems: Array<Problem> = []
    for (const file of files) {
      for (const { line, words } of calls(command, file)) {
        const root = (yield* help([])) ?? ""
        const helps = [root]
        const path: Array<string> = []
        for (const candidate of words.filter((text) => !text.startsWith("-"))) {
          const found = yield* help([...path, candidate])
          if (found === undefined) {
            const before = words[words.indexOf(candidate) - 1]
            const isValue = before?.startsWith("--") === true && takesValue(root, before)
            if (path.length === 0 && !isValue) {
              problems.push({ path: file.path, line, message: `${command} has no command "${candidate}"` })
            }
            break
          }
          path.push(candidate)
          helps.push(found)
        }
        for (const text of words) {
          const flag = /^--?[a-z][\w-]*/i.exec(text)?.[0]
          if (flag !== undefined && !helps.some((printed) => names(printed, flag))) {
            problems.push({
              path: file.path,
              line,
              message: `\`${[command, ...path].join(" ")}\` has no flag ${flag}`
            })
          }
        }
      }
    }
    return problems
  }
)

/** The flags of the command itself, without those that every command of the library has. */
const flagsOf = (help: string): ReadonlyArray<string> => {
  const section = /^FLAGS\n((?: +.*\n|\n)*)/m.exec(help)?.[1] ?? ""
  return section.split("\n").flatMap((line) => /^\s+(--[a-z][\w-]*)/.exec(line)?.slice(1) ?? [])
}

/**
 * Problems of a file that lists every flag of a command in the first column of a table: those that it lacks.
 */
export const listed = Effect.fn("CliCommands.listed")(
  function*(command: string, help: Help, file: MarkdownFile): Effect.fn.Return<ReadonlyArray<Problem>> {
    const shown = new Set(file.inlineCode.map(({ text }) => text))
    const all = flagsOf((yield* help([])) ?? "")
    const missing = all.filter((flag) => !shown.has(flag))
    const invented = file.inlineCode.filter(({ text }) => /^--[a-z][\w-]*$/.test(text) && !all.includes(text))
    return [
      ...missing.map((flag) => ({ path: file.path, line: 1, message: `does not list the flag ${flag} of ${command}` })),
      ...invented.map(({ line, text }) => ({ path: file.path, line, message: `${command} has no flag ${text}` }))
    ]
  }
)
