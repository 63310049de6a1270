/**
 * Calls of the command `claude-enterprise` in shell blocks and in running text: each sub-command and each flag is one that the command's
 * own help names.
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

const callOf = (text: string, line: number): ReadonlyArray<Call> => {
  const rest = /(?:(?:^|\s)claude-enterprise|\/claude-enterprise\.mjs)\s+(.*)$/.exec(text)?.[1]
  if (rest === undefined) return []
  const words: Array<string> = []
  for (const [token] of rest.matchAll(word)) {
    if (/^(?:[|>;&#]|\d>)/.test(token)) break
    words.push(token)
  }
  return [{ words, line }]
}

/**
 * All calls of a file. Lines that a backslash joins are one call.
 */
export const calls = (file: MarkdownFile): ReadonlyArray<Call> => [
  ...file.blocks.filter((block) => shells.has(block.language)).flatMap((block) =>
    block.text.replaceAll("\\\n", " ").split("\n").flatMap((text, at) => callOf(text, block.line + 1 + at))
  ),
  ...file.inlineCode.flatMap((code) => callOf(code.text, code.line))
]

/** The help of a sub-command, `undefined` where there is no such sub-command. */
export type Help = (path: ReadonlyArray<string>) => Effect.Effect<string | undefined>

/**
 * Help as the bundle at `bundle` gives it. The same question is asked once.
 */
export const helpOf = Effect.fnUntraced(function*(bundle: string) {
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
    const own = text?.includes(`USAGE\n  ${["claude-enterprise", ...path].join(" ")} `) === true ? text : undefined
    known.set(key, own)
    return own
  })
  return help
})

const names = (help: string, flag: string): boolean =>
  help.split(/[\s,|<>]+/).some((token) => token === flag || token === flag.replace(/^--no-/, "--"))

/**
 * Problems of the calls of all files.
 */
export const check = Effect.fn("CliCommands.check")(
  function*(help: Help, files: ReadonlyArray<MarkdownFile>): Effect.fn.Return<ReadonlyArray<Problem>> {
    const problems: Array<Problem> = []
    for (const file of files) {
      for (const { line, words } of calls(file)) {
        const helps = [(yield* help([])) ?? ""]
        const path: Array<string> = []
        for (const candidate of words.filter((text) => !text.startsWith("-"))) {
          const found = yield* help([...path, candidate])
          if (found === undefined) {
            if (path.length === 0) {
              problems.push({ path: file.path, line, message: `claude-enterprise has no command "${candidate}"` })
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
              message: `\`${["claude-enterprise", ...path].join(" ")}\` has no flag ${flag}`
            })
          }
        }
      }
    }
    return problems
  }
)
