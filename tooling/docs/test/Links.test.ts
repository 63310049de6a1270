/** Links that lead nowhere. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { describe, expect, it } from "@effect/vitest"
import { Effect, FileSystem, Path } from "effect"
import * as Links from "../src/Links.ts"
import * as Markdown from "../src/Markdown.ts"

const markdown = (path: string, ...lines: ReadonlyArray<string>) => Markdown.parse(path, lines.join("\n"))

describe("Links", () => {
  it.effect("finds files and headings that are not there", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const root = yield* fs.makeTempDirectoryScoped()
      yield* fs.makeDirectory(path.join(root, "docs"))
      const a = markdown(
        "docs/a.md",
        "[up](../README.md) [self](#top-level) [gone](b.md) [far](https://example.com/x)",
        "[out](../../x.md) [no heading](../README.md#nothing) [folder](.) [rooted](/README.md)",
        "[ref]",
        "",
        "# Top level!",
        "",
        "[ref]: missing.png"
      )
      const readme = markdown("README.md", "# Read me")
      yield* fs.writeFileString(path.join(root, "README.md"), "")
      yield* fs.writeFileString(path.join(root, "docs/a.md"), "")
      const problems = yield* Links.check(root, [a, readme])
      expect(problems.map(({ line, message }) => `${line} ${message}`)).toEqual([
        "1 link \"b.md\" leads to docs/b.md, which is not there",
        "2 link \"../../x.md\" leads to ../x.md, which is not there",
        "2 link \"../README.md#nothing\" leads to a heading that README.md does not have",
        "2 link \"/README.md\" is absolute; make it relative to the file",
        "7 link \"missing.png\" leads to docs/missing.png, which is not there"
      ])
    }).pipe(Effect.provide(NodeServices.layer)))
})
