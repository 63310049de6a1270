/** Blocks, with their lines and the reasons why they are not compiled. */
import { describe, expect, it } from "@effect/vitest"
import * as CodeBlocks from "../src/CodeBlocks.ts"
import * as Markdown from "../src/Markdown.ts"

const fence = "```"

const markdown = (path: string, ...lines: ReadonlyArray<string>) => Markdown.parse(path, lines.join("\n"))

describe("Markdown", () => {
  it("finds blocks with their lines and excuses", () => {
    const file = markdown(
      "a.md",
      "# One",
      "",
      `${fence}ts`,
      "const a = 1",
      fence,
      "",
      "<!-- not compiled: shows what does not compile -->",
      "",
      `${fence}ts`,
      "const a: string = 1",
      fence
    )
    expect(file.blocks.map(({ line, notCompiled }) => ({ line, notCompiled }))).toEqual([
      { line: 3, notCompiled: undefined },
      { line: 9, notCompiled: "shows what does not compile" }
    ])
    expect(CodeBlocks.typescript(file)).toHaveLength(1)
  })

  it("takes no comment without a reason as an excuse", () => {
    const file = markdown("a.md", "<!-- not compiled: -->", "", `${fence}ts`, "x", fence)
    expect(CodeBlocks.typescript(file)).toHaveLength(1)
  })
})
