/** Commands that do not exist, and promised ones that are not shown. */
import { describe, expect, it } from "@effect/vitest"
import * as Commands from "../src/Commands.ts"
import * as Markdown from "../src/Markdown.ts"

const fence = "```"

const markdown = (path: string, ...lines: ReadonlyArray<string>) => Markdown.parse(path, lines.join("\n"))

describe("Commands", () => {
  const readme = markdown(
    "README.md",
    `${fence}sh`,
    "npx --yes pnpm@12 demo",
    "npx --yes pnpm@12 gone",
    fence,
    "",
    "Or `pnpm lost`, after `pnpm install`."
  )

  it("finds scripts that do not exist, and promised commands that are not shown", () => {
    const problems = Commands.check([readme], { demo: "…" }, ["npx --yes pnpm@12 demo", "npx --yes pnpm@12 test"])
    expect(problems.map(({ line, message }) => `${line} ${message}`)).toEqual([
      "3 the workspace has no script \"gone\"",
      "6 the workspace has no script \"lost\"",
      "1 does not show `npx --yes pnpm@12 test`"
    ])
  })
})
