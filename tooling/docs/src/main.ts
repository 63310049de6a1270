/**
 * Checks all Markdown files of the repository: `pnpm docs:check`.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as Schema from "effect/Schema"
import * as CliCommands from "./CliCommands.ts"
import * as CodeBlocks from "./CodeBlocks.ts"
import * as Commands from "./Commands.ts"
import * as HttpRequests from "./HttpRequests.ts"
import * as Links from "./Links.ts"
import * as Markdown from "./Markdown.ts"
import * as Problem from "./Problem.ts"

/** What a newcomer types first, promised by the README. */
const promised = ["npx --yes pnpm@12 demo", "npx --yes pnpm@12 test"]

const server = "apps/http-server/dist/claude-enterprise-server.mjs"

/** Commands whose calls are looked up in the help of their bundles, and for each the file that lists every flag. */
const bundled = [
  { command: "claude-enterprise", bundle: "apps/cli/dist/claude-enterprise.mjs", lists: undefined },
  { command: "claude-enterprise-server", bundle: server, lists: "docs/server.md" }
] as const

const passedOver = new Set(["node_modules", "dist", "coverage"])

class DocumentationWrong extends Schema.TaggedError<DocumentationWrong>()("DocumentationWrong", {
  problems: Schema.Int
}) {
  override get message(): string {
    return this.problems === 1 ? "1 problem in the documentation" : `${this.problems} problems in the documentation`
  }
}

const Named = Schema.fromJsonString(Schema.Struct({ name: Schema.String }))

/** The packages that readers install, by name. */
const publicPackages = Effect.fnUntraced(function*(root: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const found: Record<string, string> = {}
  for (const folder of yield* fs.readDirectory(path.join(root, "packages"))) {
    const manifest = path.join(root, "packages", folder, "package.json")
    if (!(yield* fs.exists(manifest))) continue
    const { name } = yield* Schema.decodeUnknownEffect(Named)(yield* fs.readFileString(manifest))
    found[name] = path.dirname(manifest)
  }
  return found
})

const Manifest = Schema.fromJsonString(Schema.Struct({ scripts: Schema.Record(Schema.String, Schema.String) }))

const markdownFiles = Effect.fnUntraced(function*(root: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const found: Array<string> = []
  const open = [""]
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    for (const name of yield* fs.readDirectory(path.join(root, folder))) {
      if (name.startsWith(".") || passedOver.has(name)) continue
      const below = folder === "" ? name : `${folder}/${name}`
      const { type } = yield* fs.stat(path.join(root, below))
      if (type === "Directory") open.push(below)
      else if (name.endsWith(".md") && name !== "CHANGELOG.md") found.push(below)
    }
  }
  return found.sort()
})

const program = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const root = path.join(import.meta.dirname, "../../..")
  const manifest = yield* Schema.decodeUnknownEffect(Manifest)(
    yield* fs.readFileString(path.join(root, "package.json"))
  )
  const files = yield* Effect.forEach(
    yield* markdownFiles(root),
    (file) => Effect.map(fs.readFileString(path.join(root, file)), (text) => Markdown.parse(file, text))
  )
  const problems = [
    ...yield* CodeBlocks.check(path.join(root, "tooling/docs/.blocks"), yield* publicPackages(root), files),
    ...yield* Links.check(root, files),
    ...HttpRequests.check(yield* HttpRequests.openApiOf(path.join(root, server)), files),
    ...Commands.check(files, manifest.scripts, promised),
    ...(yield* Effect.forEach(bundled, ({ bundle, command, lists }) =>
      Effect.gen(function*() {
        const help = yield* CliCommands.helpOf(command, path.join(root, bundle))
        const listing = files.filter((file) => file.path === lists)
        return [
          ...yield* CliCommands.check(command, help, files),
          ...(yield* Effect.forEach(listing, (file) => CliCommands.listed(command, help, file))).flat()
        ]
      }))).flat()
  ]
  for (const problem of problems) yield* Console.error(Problem.format(problem))
  const count = <A>(of: (file: Markdown.MarkdownFile) => ReadonlyArray<A>): number =>
    files.reduce((sum, file) => sum + of(file).length, 0)
  yield* Console.log(
    `${files.length} Markdown files: ${count(CodeBlocks.typescript)} TypeScript blocks compiled, `
      + `${count(Links.relative)} links followed, ${
        count(Commands.commands)
        + bundled.reduce((sum, { command }) => sum + count((file) => CliCommands.calls(command, file)), 0)
      } commands and ${count(HttpRequests.requests)} requests looked up`
  )
  if (problems.length > 0) return yield* new DocumentationWrong({ problems: problems.length })
})

program.pipe(
  Effect.tapError((error) => Console.error(error.message)),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain({ disableErrorReporting: true })
)
