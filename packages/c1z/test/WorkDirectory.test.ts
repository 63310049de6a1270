/** What killed processes leave, and what is not theirs. */
import { WorkDirectory } from "@access-kit/c1z"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Directory from "./Directory.ts"

/** A process that has opened a snapshot, and is killed while its contents are decompressed. */
const left = Effect.fnUntraced(function*(parent: string) {
  const script = `
    import { WorkDirectory } from "@access-kit/c1z"
    import { Effect } from "effect"
    import { mkdtempSync, writeFileSync } from "node:fs"
    import { join } from "node:path"
    const prefix = Effect.runSync(WorkDirectory.prefix("work"))
    const directory = mkdtempSync(join(${JSON.stringify(parent)}, prefix))
    writeFileSync(join(directory, "db"), "half of it")
    console.log("made")
    setInterval(() => {}, 1000)
  `
  return yield* Effect.callback<{ readonly kill: Effect.Effect<void> }>((resume) => {
    const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      cwd: import.meta.dirname,
      stdio: ["ignore", "pipe", "inherit"]
    })
    const ended = new Promise<void>((resolve) => child.once("close", () => resolve()))
    child.stdout.once("data", () =>
      resume(Effect.succeed({
        kill: Effect.promise(() => {
          child.kill("SIGKILL")
          return ended
        })
      })))
  })
})

describe("WorkDirectory.sweep", () => {
  it.live("removes what a killed process left, and nothing while it lives", () =>
    Effect.gen(function*() {
      const parent = yield* Directory.temporary
      const { kill } = yield* left(parent)
      yield* WorkDirectory.sweep(parent, "work")
      assert.strictEqual(readdirSync(parent).length, 1)
      yield* kill
      yield* WorkDirectory.sweep(parent, "other")
      assert.strictEqual(readdirSync(parent).length, 1)
      yield* WorkDirectory.sweep(parent, "work")
      assert.deepStrictEqual(readdirSync(parent), [])
    }).pipe(Effect.scoped))

  it.live("keeps what is its own, another machine's, or of another name, and files", () =>
    Effect.gen(function*() {
      const parent = yield* Directory.temporary
      const prefix = yield* WorkDirectory.prefix("work")
      mkdtempSync(join(parent, prefix))
      const [, machine = ""] = prefix.split("-")
      // Of a number that no process has: they end at 2^22.
      mkdirSync(join(parent, "work-00000000-4194999-1-abcdef"))
      mkdirSync(join(parent, `work-${machine}-4194999-1-`))
      mkdirSync(join(parent, `working-${machine}-4194999-1-abcdef`))
      writeFileSync(join(parent, `work-${machine}-4194999-1-abcdef`), "")
      const before = readdirSync(parent)
      yield* WorkDirectory.sweep(parent, "work")
      assert.deepStrictEqual(readdirSync(parent), before)
    }).pipe(Effect.scoped))

  it.live.skipIf(process.platform !== "linux")(
    "knows a process from one of the same number before it",
    () =>
      Effect.gen(function*() {
        const parent = yield* Directory.temporary
        const own = (yield* WorkDirectory.prefix("work")).split("-")
        mkdirSync(join(parent, [...own.slice(0, 3), "1", "abcdef"].join("-")))
        yield* WorkDirectory.sweep(parent, "work")
        assert.deepStrictEqual(readdirSync(parent), [])
      }).pipe(Effect.scoped)
  )

  it.live("does nothing where there is nothing to look at", () => WorkDirectory.sweep("/nowhere/at/all", "work"))
})
