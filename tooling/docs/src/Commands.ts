/**
 * Commands in shell blocks and in running text: each script of the workspace that a reader is told to run exists.
 */
import type { MarkdownFile } from "./Markdown.ts"
import type { Problem } from "./Problem.ts"

const shells = new Set(["sh", "bash", "shell", "console"])

/** Words after `pnpm` that are its own. A script of the same name is what `pnpm NAME` runs for `test` and `start` only. */
const ofPnpm = new Set(["install", "add", "exec", "dlx", "run", "pack", "publish", "why", "outdated", "changeset"])

export interface Command {
  /** The first word after `pnpm`. */
  readonly script: string
  /** `npx --yes pnpm@12 demo`, trimmed. */
  readonly text: string
  readonly line: number
}

const commandOf = (text: string, line: number): ReadonlyArray<Command> => {
  const script = /\bpnpm(?:@\d+)? ([a-z][\w:-]*)/.exec(text)?.[1]
  return script === undefined ? [] : [{ script, text: text.replace(/^\s*\$ /, "").trim(), line }]
}

/**
 * All commands of a file, those of its shell blocks first.
 */
export const commands = (file: MarkdownFile): ReadonlyArray<Command> => [
  ...file.blocks.filter((block) => shells.has(block.language)).flatMap((block) =>
    block.text.split("\n").flatMap((text, at) => commandOf(text, block.line + 1 + at))
  ),
  ...file.inlineCode.flatMap((code) => commandOf(code.text, code.line))
]

/**
 * Problems of the commands of all files. `required` are commands that the file `README.md` must show, word for word.
 */
export const check = (
  files: ReadonlyArray<MarkdownFile>,
  scripts: Readonly<Record<string, string>>,
  required: ReadonlyArray<string>
): ReadonlyArray<Problem> => {
  const problems: Array<Problem> = []
  for (const file of files) {
    for (const { line, script } of commands(file)) {
      if (!ofPnpm.has(script) && !Object.hasOwn(scripts, script)) {
        problems.push({ path: file.path, line, message: `the workspace has no script "${script}"` })
      }
    }
  }
  const shown = new Set(
    files.filter((file) => file.path === "README.md").flatMap(commands).map((command) => command.text)
  )
  for (const command of required) {
    if (!shown.has(command)) problems.push({ path: "README.md", line: 1, message: `does not show \`${command}\`` })
  }
  return problems
}
