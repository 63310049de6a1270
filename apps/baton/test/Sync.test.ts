/** The default command: sync into a file. */
import * as C1z from "@access-kit/c1z/C1z"
import * as Directory from "@access-kit/scim-sandbox/Directory"
import * as Sandbox from "@access-kit/scim-sandbox/Sandbox"
import { expect } from "@effect/vitest"
import { Effect, FileSystem, Redacted, Stream } from "effect"
import { createHash } from "node:crypto"
import { company, countsOf, logLines, Program, withProgram } from "./Program.ts"

/** Large enough for a checkpoint on the way, which comes after ten thousand rows. */
const large = { users: 24_000, groups: 8, memberships: 20_000, seed: 3 }

const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex")

const requests = (sandbox: Sandbox.SandboxService, count: number) =>
  Effect.gen(function*() {
    while ((yield* sandbox.requests.stats).total < count) yield* Effect.sleep("20 millis")
  }).pipe(Effect.timeout("2 minutes"), Effect.orDie)

withProgram("sync", (it) => {
  it.effect("writes sync.c1z, logs JSON lines to standard error and nothing to standard output", () =>
    Effect.gen(function*() {
      const program = yield* Program
      const sandbox = yield* Sandbox.make({ directory: yield* Directory.generate(company) })
      const { code, stderr, stdout } = yield* program.run([], { sandbox })
      expect({ code, stdout }).toEqual({ code: 0, stdout: "" })
      const lines = logLines(stderr)
      expect(lines.at(-1)).toMatchObject({
        level: "info",
        msg: "sync complete",
        resources: { user: 130, group: 6 },
        entitlements: 6,
        grants: 300,
        resumed: false
      })
      expect(lines.every((line) => line.ts > 1_700_000_000 && line.ts < 10_000_000_000)).toBe(true)
      expect(yield* countsOf(`${program.directory}/sync.c1z`)).toEqual({
        syncs: 1,
        resourceTypes: 2,
        resources: 136,
        entitlements: 6,
        grants: 300
      })
    }))

  it.effect("reads one type only, and refuses one that there is not", () =>
    Effect.gen(function*() {
      const program = yield* Program
      const sandbox = yield* Sandbox.make({ directory: yield* Directory.generate(company) })
      const users = yield* program.run(["--sync-resource-types", "user", "-f", "users.c1z"], { sandbox })
      expect(users.code).toBe(0)
      expect(yield* countsOf(`${program.directory}/users.c1z`)).toMatchObject({
        resources: 130,
        entitlements: 0,
        grants: 0
      })
      const groups = yield* program.run(["-f=groups.c1z", "--sync-resource-types=group", "--workers", "0"], { sandbox })
      expect(groups.code).toBe(0)
      // Who is in them is left out with the people.
      expect(yield* countsOf(`${program.directory}/groups.c1z`)).toMatchObject({
        resources: 6,
        entitlements: 6,
        grants: 0
      })
      const none = yield* program.run(["--sync-resource-types", "user,role", "-f", "none.c1z"], { sandbox })
      expect(none.code).toBe(2)
      expect(none.stderr).toContain("invalid resource type 'role'")
      expect(yield* (yield* FileSystem.FileSystem).exists(`${program.directory}/none.c1z`)).toBe(false)
    }))

  it.effect("reads accounts and groups without what is held on them, where that is all that is asked for", () =>
    Effect.gen(function*() {
      const program = yield* Program
      const sandbox = yield* Sandbox.make({ directory: yield* Directory.generate(company) })
      const bare = yield* program.run(["--skip-entitlements-and-grants", "-f", "bare.c1z"], { sandbox })
      expect(bare.code).toBe(0)
      const path = `${program.directory}/bare.c1z`
      expect(yield* countsOf(path)).toMatchObject({ resources: 136, entitlements: 0, grants: 0 })
      const types = yield* Effect.scoped(
        Effect.flatMap(C1z.open(path), (c1z) => Stream.runCollect(Stream.map(c1z.syncRuns, (run) => run.type)))
      )
      expect([...types]).toEqual(["resources_only"])
    }))

  it.effect("adds to the snapshot that is there, keeps the latest two full syncs, and some resources beside them", () =>
    Effect.gen(function*() {
      const program = yield* Program
      const sandbox = yield* Sandbox.make({ directory: yield* Directory.generate(company) })
      const path = `${program.directory}/grown.c1z`
      const sync = (args: ReadonlyArray<string> = [], env: Readonly<Record<string, string>> = {}) =>
        Effect.map(program.run(["-f", "grown.c1z", ...args], { sandbox, env }), (finished) => {
          expect(finished.code, finished.stderr).toBe(0)
          return finished
        })
      const runs = Effect.scoped(Effect.flatMap(C1z.open(path), (c1z) => Stream.runCollect(c1z.syncRuns)))
      yield* sync()
      yield* sync()
      const [first, second] = yield* runs
      expect(yield* countsOf(path)).toMatchObject({ syncs: 2, resources: 272, grants: 600 })
      const c1z = yield* C1z.open(path)
      const [group] = yield* Stream.runCollect(
        Stream.filter(c1z.resources({ syncId: second?.id ?? "" }), (row) => row.message.id?.resourceType === "group")
      )
      const id = group?.message.id?.resource ?? ""
      const partial = yield* sync(["--sync-resources", `bid:r:group/${id},bid:r:user/nobody`])
      expect(logLines(partial.stderr).find((line) => line["code"] === "resource-not-found")?.level).toBe("warn")
      expect(logLines(partial.stderr).at(-1)).toMatchObject({ resources: { group: 1 }, entitlements: 1 })
      expect((yield* runs).map((run) => [run.type, run.parentId])).toEqual([
        ["full", ""],
        ["full", ""],
        ["partial", second?.id]
      ])
      // The grants of the group are looked up in the latest full sync, not in the one that has only this group.
      yield* sync()
      expect((yield* runs).map((run) => run.id)).not.toContain(first?.id)
      expect((yield* runs).map((run) => run.type)).toEqual(["full", "partial", "full"])
      yield* sync([], { BATON_KEEP_SYNC_COUNT: "1" })
      expect((yield* runs).map((run) => run.type)).toEqual(["full"])
      yield* sync([], { BATON_KEEP_SYNC_COUNT: "1", BATON_SKIP_CLEANUP: "true" })
      expect((yield* runs).map((run) => run.type)).toEqual(["full", "full"])
    }))

  it.effect("adds nothing to a file that it can't read, and leaves it as it was", () =>
    Effect.gen(function*() {
      const program = yield* Program
      const files = yield* FileSystem.FileSystem
      const sandbox = yield* Sandbox.make({ directory: yield* Directory.generate(company) })
      const path = `${program.directory}/damaged.c1z`
      yield* files.writeFileString(path, "C1ZF\0 and nothing of the kind")
      const { code, stderr } = yield* program.run(["-f", "damaged.c1z"], { sandbox })
      expect(code).toBe(2)
      expect(stderr).toContain("can't be added to \"damaged.c1z\"")
      expect(yield* files.readFileString(path)).toBe("C1ZF\0 and nothing of the kind")
      expect((yield* files.readDirectory(program.directory)).filter((name) => name.startsWith(".damaged"))).toEqual([])
    }))

  it.effect("writes the kind of file that is asked for or there, and no part of a sync over a whole one", () =>
    Effect.gen(function*() {
      const program = yield* Program
      const files = yield* FileSystem.FileSystem
      const sandbox = yield* Sandbox.make({ directory: yield* Directory.generate(company) })
      const path = `${program.directory}/kind.c1z`
      const formatOf = Effect.map(C1z.inspect(path), (found) => found.format)
      expect((yield* program.run(["-f", "kind.c1z", "--storage-engine", "pebble"], { sandbox })).code).toBe(0)
      expect(yield* formatOf).toBe("v3")
      expect((yield* program.run(["-f", "kind.c1z"], { sandbox })).code).toBe(0)
      expect(yield* formatOf).toBe("v3")
      const before = digest(yield* files.readFile(path))
      const refused = yield* program.run(["-f", "kind.c1z", "--sync-resources", "bid:r:user/1"], { sandbox })
      expect([refused.code, refused.stderr]).toEqual([9, expect.stringContaining("holds one sync")])
      expect(digest(yield* files.readFile(path))).toBe(before)
      expect((yield* program.run(["-f", "kind.c1z", "--storage-engine=sqlite"], { sandbox })).code).toBe(0)
      expect(yield* formatOf).toBe("v1")
    }))

  it.effect("takes settings from the command line before the environment before the file", () =>
    Effect.gen(function*() {
      const program = yield* Program
      const files = yield* FileSystem.FileSystem
      const sandbox = yield* Sandbox.make({ directory: yield* Directory.generate(company) })
      const token = Redacted.value(sandbox.token)
      const cwd = yield* files.makeTempDirectoryScoped()
      yield* files.writeFileString(
        `${cwd}/.baton.yaml`,
        [
          `scim-url: ${sandbox.baseUrl}`,
          `scim-token: "${token}"`,
          "file: from-file.c1z",
          "log-level: warn",
          "sync-resource-types: [user]",
          "of-another-connector: 1"
        ].join("\n")
      )
      const fromFile = yield* program.run([], { cwd })
      expect(fromFile.code).toBe(0)
      expect(logLines(fromFile.stderr).map((line) => line.msg)).toEqual([
        "The configuration file has \"of-another-connector\", which is no flag of baton-claude-enterprise."
      ])
      const fromEnvironment = yield* program.run([], {
        cwd,
        env: { BATON_FILE: "from-environment.c1z", BATON_LOG_LEVEL: "", BATON_SYNC_RESOURCE_TYPES: "user,group" }
      })
      expect(fromEnvironment.code).toBe(0)
      const fromFlag = yield* program.run(["--file=from-flag.c1z", "--log-level", "error"], {
        cwd,
        env: { BATON_FILE: "not-me.c1z" }
      })
      expect(fromFlag).toEqual({ code: 0, stdout: "", stderr: "" })
      expect((yield* files.readDirectory(cwd)).toSorted()).toEqual([
        ".baton.yaml",
        "from-environment.c1z",
        "from-file.c1z",
        "from-flag.c1z"
      ])
      expect(yield* countsOf(`${cwd}/from-environment.c1z`)).toMatchObject({ resources: 136, grants: 300 })
      expect(yield* countsOf(`${cwd}/from-flag.c1z`)).toMatchObject({ resources: 130, grants: 0 })
    }))

  it.effect("logs words for people, and into files, when asked", () =>
    Effect.gen(function*() {
      const program = yield* Program
      const files = yield* FileSystem.FileSystem
      const sandbox = yield* Sandbox.make({ directory: yield* Directory.generate(company) })
      const { code, stderr } = yield* program.run(
        ["--file", "logged.c1z", "--log-format", "console", "--log-path", "stderr,run.log", "--log-level", "debug"],
        { sandbox }
      )
      expect(code).toBe(0)
      expect(stderr).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z\tINFO\tsync started\t\{/m)
      expect(stderr).toMatch(/\tDEBUG\tpage written\t/)
      expect(yield* files.readFileString(`${program.directory}/run.log`)).toContain("\tINFO\tsync complete\t")
      const unwritable = yield* program.run(["--log-path", "no/such/directory/run.log"], { sandbox })
      expect(unwritable.code).toBe(2)
      expect(unwritable.stderr).toContain("--log-path")
    }))

  it.effect("ends with the code of what the endpoint said, and leaves the snapshot before as it was", () =>
    Effect.gen(function*() {
      const program = yield* Program
      const files = yield* FileSystem.FileSystem
      const sandbox = yield* Sandbox.make({ directory: yield* Directory.generate(company) })
      expect((yield* program.run(["-f", "kept.c1z"], { sandbox })).code).toBe(0)
      const before = digest(yield* files.readFile(`${program.directory}/kept.c1z`))
      const failing = (env: Record<string, string>) =>
        program.run(["-f", "kept.c1z", "--log-level", "error"], {
          sandbox,
          env: { BATON_SCIM_RETRY_BUDGET: "10ms", ...env }
        })
      const unauthenticated = yield* failing({ BATON_SCIM_TOKEN: "wrong-token" })
      expect(unauthenticated.code).toBe(16)
      expect(unauthenticated.stderr).toMatch(/^error: .+\n$/)
      const unreachable = yield* failing({ BATON_SCIM_URL: "http://127.0.0.1:9/scim" })
      expect(unreachable.code).toBe(14)
      expect(digest(yield* files.readFile(`${program.directory}/kept.c1z`))).toBe(before)
    }))

  it.effect("keeps what was read when Ctrl-C comes, ends with 130, and goes on from there", () =>
    Effect.gen(function*() {
      const program = yield* Program
      const files = yield* FileSystem.FileSystem
      const sandbox = yield* Sandbox.make({ directory: yield* Directory.generate(large) })
      // It falls silent after a while, so that the sync stands still, however late the signal comes.
      yield* sandbox.faults.set({ name: "hang", after: 200 })
      const running = yield* program.start(["--file", "cut.c1z"], { sandbox })
      yield* requests(sandbox, 200)
      // And what was read is in the file beside.
      yield* files.stat(`${program.directory}/.cut.c1z.partial`).pipe(
        Effect.map((info) => Number(info.size)),
        Effect.orElseSucceed(() => 0),
        Effect.delay("20 millis"),
        Effect.repeat({ until: (size) => size > 1_000_000 })
      )
      yield* running.kill("SIGINT")
      const stopped = yield* running.finished
      expect(stopped.code).toBe(130)
      expect(stopped.stderr).toContain("sync stopped; the same command goes on from here")
      expect(yield* files.exists(`${program.directory}/cut.c1z`)).toBe(false)

      yield* sandbox.faults.clear()
      const again = yield* program.run(["--file", "cut.c1z"], { sandbox })
      expect(again.code).toBe(0)
      expect(again.stderr).toContain("sync goes on where it was stopped")
      expect(logLines(again.stderr).at(-1)).toMatchObject({ msg: "sync complete", resumed: true })
      expect(yield* countsOf(`${program.directory}/cut.c1z`)).toMatchObject({
        syncs: 1,
        resources: 24_008,
        grants: 20_000
      })
    }))

  it.effect("ends with 143 when it is told to end, in the middle of a request", () =>
    Effect.gen(function*() {
      const program = yield* Program
      const sandbox = yield* Sandbox.make({ directory: yield* Directory.generate(company) })
      yield* sandbox.faults.set({ name: "latency", ms: 3_000 })
      const running = yield* program.start(["--file", "told.c1z"], { sandbox })
      yield* requests(sandbox, 1)
      yield* running.kill("SIGTERM")
      expect(yield* running.finished).toMatchObject({ code: 143, stdout: "" })
    }))
})
