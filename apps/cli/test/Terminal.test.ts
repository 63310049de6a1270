/**
 * The command as a person at a terminal sees it. `script`, which comes with every Debian and most other systems, gives it one.
 */
import * as Directory from "@access-kit/scim-sandbox/Directory"
import * as Sandbox from "@access-kit/scim-sandbox/Sandbox"
import { assert, describe, expect, it as plain } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { spawn, spawnSync } from "node:child_process"
import { stripVTControlCharacters } from "node:util"
import * as ExitCode from "../src/ExitCode.ts"
import { Bundle, company, eventually, withBundle } from "./Bundle.ts"

/** That of util-linux; others take the command in another way. */
const there = spawnSync("script", ["--version"], { encoding: "utf8" }).stdout?.includes("util-linux") === true

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`

/** Starts the command at a terminal of 100 columns; ended with the scope. */
const at = Effect.fnUntraced(function*(
  sandbox: Sandbox.SandboxService,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {}
) {
  const bundle = yield* Bundle
  const command = ["stty", "cols", "100", ";", "exec", ...[process.execPath, bundle.path, ...args].map(quoted)].join(
    " "
  )
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn("script", ["--quiet", "--return", "--flush", "--command", command, "/dev/null"], {
        cwd: bundle.directory,
        env: {
          PATH: process.env["PATH"] ?? "",
          SHELL: "/bin/sh",
          TERM: "xterm",
          BATON_SCIM_URL: sandbox.baseUrl,
          BATON_SCIM_TOKEN: Redacted.value(sandbox.token),
          ...env
        }
      })
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )
  let shown = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    shown += text
  })
  const ended = new Promise<number>((resolve) => child.once("close", (code) => resolve(code ?? -1)))
  return {
    shows: (words: string) => eventually(Effect.sync(() => shown.includes(words))),
    type: (keys: string) => Effect.sync(() => child.stdin.write(keys)),
    ended: Effect.map(Effect.promise(() => ended), (code) => {
      expect(shown).not.toContain(Redacted.value(sandbox.token))
      return { code, shown }
    })
  }
})

if (there) {
  withBundle("at a terminal", (it) => {
    it.effect("a listing is a table with a heading that stands out, and fits; JSON and NO_COLOR have no colours", () =>
      Effect.gen(function*() {
        const sandbox = yield* Sandbox.make({ directory: yield* Directory.generate(company) })
        const run = (args: ReadonlyArray<string>, env?: Readonly<Record<string, string>>) =>
          Effect.flatMap(at(sandbox, ["accounts", "list", "--limit", "20", ...args], env), ({ ended }) => ended)
        const table = yield* run([])
        expect(table.code).toBe(0)
        expect(table.shown).toContain("\x1b[1mNAME")
        const lines = stripVTControlCharacters(table.shown).split("\r\n")
        expect(lines[0]).toMatch(/^NAME +LOGIN +STATUS +ID/)
        for (const line of lines) expect([...line.normalize("NFC")].length).toBeLessThanOrEqual(110)
        expect((yield* run(["-o", "ndjson"])).shown).not.toContain("\x1b[")
        const plain = yield* run([], { NO_COLOR: "1" })
        expect(plain.shown).toContain("NAME")
        expect(plain.shown).not.toContain("\x1b[")
      }).pipe(Effect.scoped))

    it.effect("a deletion is asked about: no leaves everything, so does Ctrl-C, yes deletes", () =>
      Effect.gen(function*() {
        const sandbox = yield* Sandbox.make({ directory: yield* Directory.generate(company) })
        const { users } = yield* sandbox.directory.snapshot
        const somebody = users.find(({ active }) => active)?.id ?? ""
        const answering = Effect.fnUntraced(function*(keys: string) {
          const { ended, shows, type } = yield* at(sandbox, ["accounts", "delete", somebody])
          yield* shows("(y/N)")
          yield* type(keys)
          return yield* ended
        })
        const isActive = Effect.map(
          sandbox.directory.snapshot,
          (now) => now.users.some(({ active, id }) => id === somebody && active)
        )
        const no = yield* answering("n")
        expect([no.code, no.shown]).toEqual([
          ExitCode.of("NotConfirmed"),
          expect.stringContaining("Nothing was changed.")
        ])
        const enter = yield* answering("\r")
        expect(enter.code).toBe(ExitCode.of("NotConfirmed"))
        const away = yield* answering("\x03")
        expect([away.code, away.shown]).toEqual([
          ExitCode.of("Interrupted"),
          expect.stringContaining("Interrupted. Nothing was changed.")
        ])
        expect(yield* isActive).toBe(true)
        const yes = yield* answering("y")
        expect([yes.code, yes.shown]).toEqual([0, expect.stringContaining("deleted")])
        expect(yield* isActive).toBe(false)
      }).pipe(Effect.scoped))

    it.effect("a sync paints how far it is over one line, and ends on Ctrl-C with what is kept", () =>
      Effect.gen(function*() {
        const directory = yield* Directory.generate({ users: 2_000, groups: 6, memberships: 300, seed: 7 })
        const sandbox = yield* Sandbox.make({ directory })
        const whole = yield* Effect.flatMap(at(sandbox, ["sync", "--out", "seen.c1z"]), ({ ended }) => ended)
        expect(whole.code).toBe(0)
        expect(whole.shown).toContain("\r\x1b[2K")
        expect(whole.shown).toMatch(/Reading accounts/)
        expect(whole.shown).toContain("2,000 accounts in")

        // It falls silent after the groups, so that there is a line to paint over when the key comes.
        yield* sandbox.faults.set({ name: "hang", path: "/Users" })
        const { ended, shows, type } = yield* at(sandbox, ["sync", "--out", "stopped.c1z"])
        yield* shows("Reading accounts")
        yield* type("\x03")
        const stopped = yield* ended
        expect(stopped.code).toBe(ExitCode.of("Interrupted"))
        expect(stopped.shown).toContain("Stopping …")
        expect(stopped.shown).toMatch(/Interrupted\./)
      }).pipe(Effect.scoped))
  })
} else if (process.env["CI"] === undefined) {
  describe.skip("at a terminal: NOT RUN, there is no `script` of util-linux here", () => {
    plain("is not there", () => {})
  })
} else {
  plain("finds `script`", () => assert.fail("`script` of util-linux is not there; on Debian it is in bsdutils."))
}
