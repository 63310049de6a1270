/** Syncs that finish, that are interrupted, that are killed. */
import * as Directory from "@access-kit/scim-sandbox/Directory"
import * as Sandbox from "@access-kit/scim-sandbox/Sandbox"
import { expect } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { createHash } from "node:crypto"
import { Bundle, company, eventually, objectOf, type Running, withBundle } from "./Bundle.ts"

/** Large enough for a checkpoint on the way, which comes after ten thousand rows. */
const large = { users: 24_000, groups: 8, memberships: 20_000, seed: 3 }

const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex")

/** The server answers the first two hundred requests, then falls silent: a sync stands still there until it is ended. */
const silent = (sandbox: Sandbox.SandboxService) => sandbox.faults.set({ name: "hang", after: 200 })

/** Waits until a sync stands still and the file it keeps its rows in has been written to. */
const stuck = (sandbox: Sandbox.SandboxService, name: string) =>
  Effect.gen(function*() {
    const bundle = yield* Bundle
    const files = yield* FileSystem.FileSystem
    yield* eventually(Effect.map(sandbox.requests.stats, ({ inFlight, total }) => total >= 200 || inFlight >= 8))
    yield* eventually(
      files.stat(`${bundle.directory}/.${name}.partial`).pipe(
        Effect.map((info) => Number(info.size) > 1_000_000),
        Effect.orElseSucceed(() => false)
      )
    )
  })

withBundle("sync", (it) => {
  it.effect("writes a snapshot and says what is in it", () =>
    Effect.gen(function*() {
      const bundle = yield* Bundle
      const files = yield* FileSystem.FileSystem
      const directory = yield* Directory.generate(company)
      const sandbox = yield* Sandbox.make({ directory })
      const { code, stderr, stdout } = yield* bundle.run(["sync", "--out", "a.c1z"], { sandbox })
      expect(code).toBe(0)
      const disabled = directory.users.filter((user) => !user.active).length
      expect(stdout).toContain(`130 accounts: ${130 - disabled} enabled, ${disabled} disabled`)
      expect(stdout).toMatch(/^Groups +6$/m)
      expect(stdout).toMatch(/^Entitlements +6$/m)
      expect(stdout).toMatch(/^Grants +300$/m)
      expect(stdout).toMatch(/^Requests +\d+, 0 retries$/m)
      expect(stderr).toContain("✓ 130 accounts in")
      const bytes = yield* files.readFile(`${bundle.directory}/a.c1z`)
      expect(new TextDecoder().decode(bytes.subarray(0, 5))).toBe("C1ZF\0")

      const again = yield* bundle.run(["sync", "--out", "a.c1z", "-o", "json"], { sandbox })
      expect(again.stderr).toBe("")
      expect(objectOf(again.stdout)).toMatchObject({
        file: expect.stringContaining("a.c1z"),
        resources: { group: 6, user: 130 },
        accounts: { enabled: 130 - disabled, disabled },
        entitlements: 6,
        grants: 300,
        retries: 0,
        resumed: false
      })
      expect(yield* files.readDirectory(bundle.directory)).toEqual(["a.c1z"])
    }))

  it.effect("writes the format that was asked for", () =>
    Effect.gen(function*() {
      const bundle = yield* Bundle
      const files = yield* FileSystem.FileSystem
      const sandbox = yield* Sandbox.make({ directory: yield* Directory.generate(company) })
      for (const [format, magic] of [["v1", "C1ZF\0"], ["v1-legacy", "C1ZF\0"], ["v3", "C1Z3\0"]] as const) {
        const name = `${format}.c1z`
        expect((yield* bundle.run(["sync", "--out", name, "--format", format, "--quiet"], { sandbox })).code).toBe(0)
        const bytes = yield* files.readFile(`${bundle.directory}/${name}`)
        expect(new TextDecoder().decode(bytes.subarray(0, 5))).toBe(magic)
        const same = ["snapshot", "diff", "v1.c1z", name, "--kind", "grant", "--exit-code"]
        expect((yield* bundle.run(same)).code).toBe(0)
        expect((yield* bundle.run(["snapshot", "verify", name])).code).toBe(0)
      }
      const unknown = yield* bundle.run(["sync", "--out", "v2.c1z", "--format", "v2"], { sandbox })
      expect(unknown.code).toBe(2)
      expect(unknown.stderr).toContain("v1-legacy")
    }))

  it.effect("publishes nothing when there are fewer accounts than expected", () =>
    Effect.gen(function*() {
      const bundle = yield* Bundle
      const files = yield* FileSystem.FileSystem
      const sandbox = yield* Sandbox.make({ directory: yield* Directory.generate(company) })
      const { code, stderr } = yield* bundle.run(["sync", "--out", "b.c1z", "--expect-accounts", "131"], { sandbox })
      expect(code).toBe(26)
      expect(stderr).toContain("131")
      expect(yield* files.exists(`${bundle.directory}/b.c1z`)).toBe(false)
    }))

  it.effect("Ctrl-C says what is kept, and the same command goes on from there", () =>
    Effect.gen(function*() {
      const bundle = yield* Bundle
      const sandbox = yield* Sandbox.make({ directory: yield* Directory.generate(large) })
      yield* silent(sandbox)
      const running: Running = yield* bundle.start(["sync", "--out", "c.c1z"], { sandbox })
      yield* stuck(sandbox, "c.c1z")
      yield* running.kill("SIGINT")
      const interrupted = yield* running.finished
      expect(interrupted.code).toBe(130)
      expect(interrupted.stdout).toBe("")
      expect(interrupted.stderr).toMatch(
        /Interrupted\. [1-9][\d,]{4,} rows from \d+ pages are kept beside c\.c1z: the same command/
      )

      yield* sandbox.faults.clear()
      yield* sandbox.requests.reset
      const resumed = yield* bundle.run(["sync", "--out", "c.c1z"], { sandbox })
      expect(resumed.code).toBe(0)
      expect(resumed.stderr).toContain("Going on where the last run stopped")
      expect(resumed.stdout).toContain("24,000 accounts")
      expect(resumed.stdout).toMatch(/^Grants +20,000$/m)
      expect(resumed.stdout).toContain("going on from an interrupted run")
      // 240 pages of accounts, of which at least 100 were kept.
      expect((yield* sandbox.requests.stats).total).toBeLessThan(150)
    }))

  it.effect("SIGKILL leaves the finished file as it is, and the next run goes on", () =>
    Effect.gen(function*() {
      const bundle = yield* Bundle
      const files = yield* FileSystem.FileSystem
      const path = `${bundle.directory}/d.c1z`
      const sandbox = yield* Sandbox.make({ directory: yield* Directory.generate(large) })
      expect((yield* bundle.run(["sync", "--out", "d.c1z", "--quiet"], { sandbox })).code).toBe(0)
      const before = digest(yield* files.readFile(path))

      yield* silent(sandbox)
      yield* sandbox.requests.reset
      const running: Running = yield* bundle.start(["sync", "--out", "d.c1z"], { sandbox })
      yield* stuck(sandbox, "d.c1z")
      yield* running.kill("SIGKILL")
      expect((yield* running.finished).code).not.toBe(0)
      expect(digest(yield* files.readFile(path))).toBe(before)

      yield* sandbox.faults.clear()
      const resumed = yield* bundle.run(["sync", "--out", "d.c1z"], { sandbox })
      expect(resumed.code).toBe(0)
      expect(resumed.stderr).toContain("Going on where the last run stopped")
      expect(resumed.stdout).toContain("24,000 accounts")
      expect(resumed.stdout).toMatch(/^Grants +20,000$/m)
      expect(digest(yield* files.readFile(path))).not.toBe(before)
    }))

  it.effect("--fresh forgets what was kept", () =>
    Effect.gen(function*() {
      const bundle = yield* Bundle
      const sandbox = yield* Sandbox.make({ directory: yield* Directory.generate(large) })
      yield* silent(sandbox)
      const running: Running = yield* bundle.start(["sync", "--out", "e.c1z"], { sandbox })
      yield* stuck(sandbox, "e.c1z")
      yield* running.kill("SIGTERM")
      expect((yield* running.finished).code).toBe(130)

      yield* sandbox.faults.clear()
      yield* sandbox.requests.reset
      const fresh = yield* bundle.run(["sync", "--out", "e.c1z", "--fresh"], { sandbox })
      expect(fresh.code).toBe(0)
      expect(fresh.stderr).not.toContain("Going on")
      expect(fresh.stdout).toContain("24,000 accounts")
      expect((yield* sandbox.requests.stats).total).toBeGreaterThanOrEqual(241)
    }))
})
