/**
 * `claude-enterprise snapshot` beside ConductorOne's own `baton`: the same answers to the same questions, and files of ours that it reads.
 */
import { Directory, Sandbox } from "@access-kit/scim-sandbox"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { expect, layer } from "@effect/vitest"
import { Context, Effect, FileSystem, Layer, Schema } from "effect"
import { fileURLToPath } from "node:url"
import * as Baton from "../src/Baton.ts"
import { bundle, claudeEnterprise } from "../src/ClaudeEnterprise.ts"
import { run } from "../src/Run.ts"
import { hostile } from "./HostileDirectory.ts"
import { needing } from "./needing.ts"

/** Files of the Go SDK, which the reader's own tests have too. */
const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../../packages/c1z/test/fixtures/${name}`, import.meta.url))

const Json = Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown))

/** Files of every kind: the Go SDK's, our sync's, and what our `convert` makes of both. */
class Files extends Context.Service<Files, { readonly paths: Readonly<Record<string, string>> }>()(
  "@access-kit/tooling-interop/test/Snapshot/Files"
) {
  static readonly layer = Layer.effect(
    Files,
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped({ prefix: "interop-" })
      const paths: Record<string, string> = {}
      for (const name of ["v1-sync", "v1-minimal", "v1-two-syncs", "v1-minimal-unfinished"]) {
        paths[name] = fixture(`${name}.c1z`)
      }
      for (
        const [name, directory] of [
          ["demo", Directory.generate(Directory.demo)],
          ["hostile", Effect.succeed(hostile)]
        ] as const
      ) {
        const sandbox = yield* Sandbox.make({ directory: yield* directory })
        const path = `${folder}/${name}.c1z`
        const synced = yield* claudeEnterprise(sandbox, ["sync", "--out", path, "--output", "json"])
        expect(synced.exitCode, synced.stderr).toBe(0)
        paths[name] = path
        for (const format of ["v1-legacy", "v3"]) {
          const out = `${folder}/${name}-synced-as-${format}.c1z`
          const other = yield* claudeEnterprise(sandbox, ["sync", "--out", out, "--format", format, "--output", "json"])
          expect(other.exitCode, other.stderr).toBe(0)
          paths[`${name} synced as ${format}`] = out
        }
      }
      for (const [name, path] of Object.entries(paths)) {
        if (name.includes("synced as")) continue
        for (const format of ["v1", "v1-legacy", "v3"]) {
          const out = `${folder}/${name}-as-${format}.c1z`
          const converted = yield* snapshot("convert", path, "--to", format, "--out", out)
          expect(converted.exitCode, converted.stderr).toBe(0)
          paths[`${name} as ${format}`] = out
        }
      }
      return { paths }
    })
  ).pipe(Layer.provideMerge(NodeServices.layer))
}

const snapshot = (...args: ReadonlyArray<string>) =>
  Effect.flatMap(bundle, (path) => run(process.execPath, [path, "snapshot", ...args]))

/** Baton lists what a person has access to in an order that differs from run to run. */
const ordered = (answer: Readonly<Record<string, unknown>>): unknown => {
  const { access, ...rest } = answer
  return Array.isArray(access)
    ? {
      ...rest,
      access: access.map((row) => JSON.stringify(row)).sort((a, b) => a.length - b.length || (a < b ? -1 : 1)).map(
        String
      )
    }
    : answer
}

/** Keys in one order, so that equal answers are equal texts. */
const sorted = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(sorted)
    : typeof value === "object" && value !== null
    ? Object.fromEntries(
      Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1).map(([key, inner]) => [key, sorted(inner)])
    )
    : value

const comparable = (text: string) =>
  Effect.map(Schema.decodeEffect(Json)(text), (answer) => {
    const value = sorted(answer)
    return typeof value === "object" && value !== null ? ordered({ ...value }) : value
  })

needing("baton", "baton", (baton) => {
  layer(Files.layer, { timeout: 300_000 })("on every file", (it) => {
    for (
      const [command, theirs, ours] of [
        ["resource-types", [], []],
        ["resources", [], []],
        ["resources -t user", ["-t", "user"], ["--type", "user"]],
        ["entitlements", [], []],
        ["entitlements -t group", ["-t", "group"], ["--type", "group"]],
        ["grants", [], []],
        ["principals", [], []],
        ["syncs", [], []],
        ["stats", [], []]
      ] as const
    ) {
      const [name = ""] = command.split(" ")
      it.effect(`answers ${command} as baton does`, () =>
        Effect.gen(function*() {
          const { paths } = yield* Files
          for (const [label, path] of Object.entries(paths)) {
            // Baton has no JSON for the counts of a file without a finished sync.
            if (name === "stats" && label.includes("unfinished")) continue
            const printed = yield* run(baton, [name, ...theirs, "-f", path, "-o", "json"])
            expect(printed.exitCode, `${label}: ${printed.stderr}`).toBe(0)
            const answer = yield* snapshot(name, path, ...ours, "--output", "baton-json")
            expect(answer.exitCode, `${label}: ${answer.stderr}`).toBe(0)
            expect(yield* comparable(answer.stdout), label).toEqual(yield* comparable(printed.stdout))
          }
        }), 300_000)
    }

    it.effect("answers access for one person of each file", () =>
      Effect.gen(function*() {
        const { paths } = yield* Files
        const Rows = Schema.fromJsonString(Schema.Array(Schema.Struct({ id: Schema.String })))
        for (const [label, path] of Object.entries(paths)) {
          const listed = yield* snapshot("principals", path, "--type", "user", "--limit", "1", "--output", "json")
          const [person] = yield* Schema.decodeEffect(Rows)(listed.stdout)
          if (person === undefined) continue
          const printed = yield* run(baton, ["access", "-t", "user", "-r", person.id, "-f", path, "-o", "json"])
          const answer = yield* snapshot("access", path, `user:${person.id}`, "--output", "baton-json")
          expect(answer.exitCode, `${label}: ${answer.stderr}`).toBe(0)
          expect(yield* comparable(answer.stdout), label).toEqual(yield* comparable(printed.stdout))
        }
      }), 300_000)

    it.effect("answers diff as baton does, without rows in which nothing changed", () =>
      Effect.gen(function*() {
        const printed = yield* run(baton, ["diff", "-f", fixture("v1-two-syncs.c1z")])
        const answer = yield* snapshot("diff", fixture("v1-two-syncs.c1z"), "--output", "baton-json")
        expect(answer.exitCode, answer.stderr).toBe(0)
        const Places = Schema.fromJsonString(Schema.Record(
          Schema.String,
          Schema.Record(Schema.String, Schema.Array(Schema.Struct({ id: Schema.Unknown })))
        ))
        const theirs = yield* Schema.decodeEffect(Places)(printed.stdout)
        const ours = yield* Schema.decodeEffect(Places)(answer.stdout)
        for (const place of ["resources", "entitlements", "grants"]) {
          for (const change of ["created", "deleted"]) {
            expect(sorted(ours[place]?.[change]), `${place} ${change}`).toEqual(sorted(theirs[place]?.[change]))
          }
          const changed = (theirs[place]?.["modified"] ?? []).map((row) => JSON.stringify(sorted(row.id)))
          for (const row of ours[place]?.["modified"] ?? []) expect(changed).toContain(JSON.stringify(sorted(row.id)))
        }
        const whole = (text: string) =>
          Effect.map(Schema.decodeEffect(Json)(text), ({ resources, ...rest }) => {
            const { modified: _, ...others } = Object(resources)
            return sorted({ ...rest, resources: others })
          })
        expect(yield* whole(answer.stdout)).toEqual(yield* whole(printed.stdout))
      }))

    it.effect("names a command that makes a file with Pebble tables one that it reads", () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const folder = yield* fs.makeTempDirectoryScoped({ prefix: "interop-" })
        const refused = yield* snapshot("grants", fixture("v3-sync.c1z"))
        expect(refused.exitCode).toBe(42)
        const named = /baton (sanitize -f ".*" --out )v1\.c1z (--out-engine sqlite)/.exec(refused.stderr)
        expect(named?.slice(1), refused.stderr).toEqual([
          `sanitize -f "${fixture("v3-sync.c1z")}" --out `,
          "--out-engine sqlite"
        ])
        const out = `${folder}/v1.c1z`
        const converted = yield* run(baton, [
          "sanitize",
          "-f",
          fixture("v3-sync.c1z"),
          "--out",
          out,
          "--out-engine",
          "sqlite"
        ])
        expect(converted.exitCode, converted.stderr).toBe(0)
        const counted = yield* snapshot("stats", out, "--output", "json")
        expect(counted.exitCode, counted.stderr).toBe(0)
        expect(yield* Schema.decodeEffect(Json)(counted.stdout)).toMatchObject({ resources: 5, grants: 6 })
      }))

    it.effect("finds nothing wrong in files of the Go SDK", () =>
      Effect.gen(function*() {
        for (const name of ["v1-sync", "v1-minimal", "v1-two-syncs"]) {
          const checked = yield* snapshot("verify", fixture(`${name}.c1z`))
          expect(checked.exitCode, checked.stderr).toBe(0)
        }
      }))

    it.effect("exports the CSV of baton, in an order of its own", () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const folder = yield* fs.makeTempDirectoryScoped({ prefix: "interop-" })
        yield* Baton.text(baton, fixture("v1-sync.c1z"), "export", "csv", "--out", `${folder}/theirs.csv`)
        const written = yield* snapshot("export", "csv", fixture("v1-sync.c1z"), "--out", `${folder}/ours.csv`)
        expect(written.exitCode, written.stderr).toBe(0)
        const lines = (name: string) =>
          Effect.map(fs.readFileString(`${folder}/${name}`), (text) => text.split(/\r?\n/).sort())
        expect(yield* lines("ours.csv")).toEqual(yield* lines("theirs.csv"))
      }))
  })
})
