/** Calls of the command that name what it does not have. */
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as CliCommands from "../src/CliCommands.ts"
import * as Markdown from "../src/Markdown.ts"

const fence = "```"

const helps: Readonly<Record<string, string>> = {
  "":
    "USAGE\n  claude-enterprise <subcommand>\nFLAGS\n  --verbose    Say more\n  --listen HOST:PORT    Where\n  --help, -h",
  "grants": "USAGE\n  claude-enterprise grants <subcommand>\nFLAGS\n  --output, -o <table|json>",
  "grants grant": "FLAGS\n  --group, -g GROUP\n  --names, --no-names"
}

const check = (...lines: ReadonlyArray<string>) =>
  CliCommands.check(
    "claude-enterprise",
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
        "claude-enterprise --listen 127.0.0.1:80 --verbose",
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
        "claude-enterprise --verbose grunts",
        "claude-enterprise grants grant a --gruop B",
        fence,
        "Or `claude-enterprise grants -x`."
      )
      expect(found).toEqual([
        "2 claude-enterprise has no command \"grunts\"",
        "3 claude-enterprise has no command \"grunts\"",
        "4 `claude-enterprise grants grant` has no flag --gruop",
        "6 `claude-enterprise grants` has no flag -x"
      ])
    }))

  it.effect("finds a flag that a listing lacks, and one that it has made up", () =>
    Effect.gen(function*() {
      const help =
        "USAGE\n  x <subcommand>\n\nFLAGS\n  --listen HOST:PORT    Where, not --there\n  --data-dir DIR\n\nGLOBAL FLAGS\n  --help, -h\n"
      const file = Markdown.parse("docs/a.md", "The first is `--listen`.\n\nThen `--dta-dir`, and `x --data-dir`.")
      const found = yield* CliCommands.listed("x", () => Effect.succeed(help), file)
      expect(found.map(({ line, message }) => `${line} ${message}`)).toEqual([
        "1 does not list the flag --data-dir of x",
        "3 x has no flag --dta-dir"
      ])
    }))
})
