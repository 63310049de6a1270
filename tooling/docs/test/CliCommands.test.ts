/** Calls of the command that name what it does not have. */
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as CliCommands from "../src/CliCommands.ts"
import * as Markdown from "../src/Markdown.ts"

const fence = "```"

const helps: Readonly<Record<string, string>> = {
  "": "USAGE\n  claude-enterprise <subcommand>\nFLAGS\n  --verbose\n  --help, -h",
  "grants": "USAGE\n  claude-enterprise grants <subcommand>\nFLAGS\n  --output, -o <table|json>",
  "grants grant": "FLAGS\n  --group, -g GROUP\n  --names, --no-names"
}

const check = (...lines: ReadonlyArray<string>) =>
  CliCommands.check(
    (path) => Effect.succeed(helps[path.join(" ")]),
    [Markdown.parse("docs/a.md", lines.join("\n"))]
  ).pipe(Effect.map((problems) => problems.map(({ line, message }) => `${line} ${message}`)))

describe("CliCommands", () => {
  it.effect("takes what the help names, at any level", () =>
    Effect.gen(function*() {
      const found = yield* check(
        `${fence}sh`,
        "claude-enterprise --verbose grants grant jane@example.com --group=\"A --b | c\" -o json --no-names | jq --raw # --x",
        "node apps/cli/dist/claude-enterprise.mjs grants grant a \\",
        "  --group Engineering",
        "npm install @access-kit/claude-enterprise effect",
        fence,
        "Ask `claude-enterprise --help`. The server is `claude-enterprise-server --port 1`."
      )
      expect(found).toEqual([])
    }))

  it.effect("finds commands and flags that are not there", () =>
    Effect.gen(function*() {
      const found = yield* check(
        `${fence}sh`,
        "claude-enterprise grunts list",
        "claude-enterprise grants grant a --gruop B",
        fence,
        "Or `claude-enterprise grants -x`."
      )
      expect(found).toEqual([
        "2 claude-enterprise has no command \"grunts\"",
        "3 `claude-enterprise grants grant` has no flag --gruop",
        "5 `claude-enterprise grants` has no flag -x"
      ])
    }))
})
