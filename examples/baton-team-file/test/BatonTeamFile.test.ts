/** The example as its author would try it: synced, changed, and asked what it is. */
import * as C1z from "@access-kit/c1z/C1z"
import { NodeServices } from "@effect/platform-node"
import { expect, layer } from "@effect/vitest"
import { Effect, FileSystem, Stream } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { fileURLToPath } from "node:url"

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url))
const teams = fileURLToPath(new URL("../../team-file/teams.json", import.meta.url))

layer(NodeServices.layer, { excludeTestServices: true })("baton-team-file", (it) => {
  it.effect("has sync, changes, config and capabilities for nothing", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
      const cwd = yield* files.makeTempDirectoryScoped()
      yield* files.copyFile(teams, `${cwd}/teams.json`)
      const command = (...args: ReadonlyArray<string>) =>
        ChildProcess.make(process.execPath, [main, ...args], {
          cwd,
          env: { BATON_TEAM_FILE: "teams.json" },
          extendEnv: true
        })
      const run = (...args: ReadonlyArray<string>) => spawner.exitCode(command(...args))

      expect(yield* run()).toBe(0)
      const grants = Effect.scoped(Effect.gen(function*() {
        const c1z = yield* C1z.open(`${cwd}/sync.c1z`)
        // The file keeps the sync before, too.
        const syncs = (yield* Stream.runCollect(c1z.syncRuns)).toSorted((a, b) => a.id < b.id ? -1 : 1)
        const syncId = syncs.at(-1)?.id ?? ""
        return (yield* Stream.runCollect(c1z.grants({ syncId }))).map((row) => row.key)
      }))
      expect(yield* grants).toContain("group:codes:member:user:3")
      expect(yield* run("--revoke-grant", "group:codes:member:user:3")).toBe(0)
      expect(yield* run("--revoke-grant", "group:codes:member:user:4")).toBe(5)
      expect(yield* run("--delete-resource", "3", "--delete-resource-type", "user")).toBe(12)
      expect(yield* run()).toBe(0)
      expect(yield* grants).not.toContain("group:codes:member:user:3")
      expect(yield* spawner.string(command("config"))).toContain("\"displayName\": \"Team file\"")
      expect(yield* spawner.string(command("capabilities"))).toContain("CAPABILITY_PROVISION")
      expect(yield* spawner.string(command("--version"))).toBe("baton-team-file version 1.0.0\n")
    }))
})
