/**
 * TypeScript blocks: each is a module of its own that compiles under the settings of the workspace, against the packages' public exports.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import type * as PlatformError from "effect/PlatformError"
import * as ChildProcess from "effect/process/ChildProcess"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as Stream from "effect/Stream"
import type { CodeBlock, MarkdownFile } from "./Markdown.ts"
import type { Problem } from "./Problem.ts"

/**
 * The blocks of a file that have to compile.
 */
export const typescript = (file: MarkdownFile): ReadonlyArray<CodeBlock> =>
  file.blocks.filter((block) => ["ts", "typescript", "tsx"].includes(block.language) && block.notCompiled === undefined)

/** `docs/a.md` with a block on line 12 becomes `docs+a.md.12.ts`. */
const moduleName = (path: string, block: CodeBlock): string => `${path.replaceAll("/", "+")}.${block.line}.ts`

const diagnostic = /^(?<file>[^\s(][^(]*)\((?<line>\d+),(?<column>\d+)\): (?<message>.*)$/

const configuration = {
  extends: "../../tsconfig/base.json",
  compilerOptions: {
    noEmit: true,
    composite: false,
    incremental: false,
    declarationMap: false,
    rewriteRelativeImportExtensions: false,
    allowImportingTsExtensions: true,
    // An example may name a thing for the reader's sake only.
    noUnusedLocals: false,
    noUnusedParameters: false,
    rootDir: "../../.."
  },
  include: ["*.ts"]
}

/**
 * Type-checks all blocks in one run of `tsc`, in the folder `workspace`, which is emptied and stands in a package of this repository. Blocks
 * can import what that package depends on, and `packages`: name to absolute folder.
 */
export const check = Effect.fn("CodeBlocks.check")(
  function*(
    workspace: string,
    packages: Readonly<Record<string, string>>,
    files: ReadonlyArray<MarkdownFile>
  ): Effect.fn.Return<
    ReadonlyArray<Problem>,
    PlatformError.PlatformError,
    FileSystem.FileSystem | Path.Path | ChildProcessSpawner.ChildProcessSpawner
  > {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
    yield* fs.remove(workspace, { recursive: true, force: true })
    yield* fs.makeDirectory(workspace, { recursive: true })
    for (const [name, folder] of Object.entries(packages)) {
      const link = path.join(workspace, "node_modules", name)
      yield* fs.makeDirectory(path.dirname(link), { recursive: true })
      yield* fs.symlink(folder, link)
    }
    const sources = new Map<string, string>()
    for (const file of files) {
      for (const block of typescript(file)) {
        const name = moduleName(file.path, block)
        sources.set(name, file.path)
        // Empty lines before it give every line of the block the number that it has in the Markdown file.
        yield* fs.writeFileString(path.join(workspace, name), "\n".repeat(block.line) + block.text + "\n")
      }
    }
    if (sources.size === 0) return []
    yield* fs.writeFileString(path.join(workspace, "tsconfig.json"), JSON.stringify(configuration))
    const lines = yield* Effect.scoped(Effect.gen(function*() {
      const compiler = yield* spawner.spawn(
        ChildProcess.make("tsc", ["--project", ".", "--pretty", "false"], {
          cwd: workspace,
          stdin: "ignore",
          stderr: "inherit"
        })
      )
      const printed = yield* Stream.runCollect(Stream.splitLines(Stream.decodeText(compiler.stdout)))
      return { printed, exitCode: yield* compiler.exitCode }
    }))
    const problems: Array<Problem> = []
    for (const line of lines.printed) {
      const { file = "", line: number = "1", message = line } = diagnostic.exec(line)?.groups ?? {}
      const source = sources.get(path.basename(file))
      const last = problems.at(-1)
      if (source !== undefined) {
        problems.push({ path: source, line: Number(number), message })
      } else if (/^\s/.test(line) && last !== undefined) {
        problems[problems.length - 1] = { ...last, message: `${last.message}\n${line}` }
      } else if (line.trim() !== "") {
        problems.push({ path: file === "" ? "tsc" : file, line: Number(number), message })
      }
    }
    if (problems.length === 0 && lines.exitCode !== 0) {
      problems.push({ path: "tsc", line: 1, message: `ended with exit code ${lines.exitCode} and no message` })
    }
    return problems
  }
)
