/** Errors of code blocks, told in the lines of their Markdown files. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as CodeBlocks from "../src/CodeBlocks.ts"
import * as Markdown from "../src/Markdown.ts"

const fence = "```"

const markdown = (path: string, ...lines: ReadonlyArray<string>) => Markdown.parse(path, lines.join("\n"))

describe("CodeBlocks", () => {
  it.effect("finds errors in the line of the Markdown file, Effect's own diagnostics among them", () =>
    Effect.gen(function*() {
      const good = markdown(
        "docs/good.md",
        `${fence}ts`,
        "import * as Effect from \"effect/Effect\"",
        "export const one = Effect.succeed(1)",
        fence,
        "",
        `${fence}ts`,
        "export const one = 2",
        fence
      )
      const bad = markdown(
        "bad.md",
        "Text",
        "",
        `${fence}ts`,
        "import * as Effect from \"effect/Effect\"",
        "export const text: string = 1",
        "Effect.succeed(2)",
        fence,
        "",
        `${fence}ts`,
        "import { secret } from \"@access-kit/scim-core/internal/decoding\"",
        fence
      )
      const problems = yield* CodeBlocks.check(
        `${import.meta.dirname}/../.blocks-of-test`,
        { "@access-kit/scim-core": `${import.meta.dirname}/../../../packages/scim-core` },
        [good, bad]
      )
      expect(problems.map(({ line, path }) => `${path}:${line}`)).toEqual(["bad.md:5", "bad.md:6", "bad.md:10"])
    }).pipe(Effect.provide(NodeServices.layer)))
})
