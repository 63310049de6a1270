/** The file that `bin` names is the whole command: it works where nothing lies beside it. */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { Bundle, withBundle } from "./Bundle.ts"

const alone = Effect.fnUntraced(function*(path: string) {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "claude-enterprise-alone-"))),
    (made) => Effect.sync(() => rmSync(made, { recursive: true }))
  )
  copyFileSync(path, join(folder, "command.mjs"))
  return (...args: ReadonlyArray<string>) =>
    execFileSync(process.execPath, [join(folder, "command.mjs"), ...args], { encoding: "utf8" })
})

withBundle("the bundle", (it) => {
  it.effect("is one file, and the thread that writes snapshots another", () =>
    Effect.gen(function*() {
      const { path } = yield* Bundle
      assert.deepStrictEqual(readdirSync(dirname(path)).sort(), [
        "claude-enterprise-c1z-worker.mjs",
        "claude-enterprise.mjs"
      ])
    }))

  it.effect("answers from any folder and under any name", () =>
    Effect.gen(function*() {
      const run = yield* alone((yield* Bundle).path)
      assert.match(run("--version"), /^\d+\.\d+\.\d+\n$/)
      assert.match(run("--help"), /validate/)
      assert.match(run("capabilities", "--output", "json"), /"group"/)
    }).pipe(Effect.scoped))
})
