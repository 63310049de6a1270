/** The commands about snapshots, on a snapshot that the command itself has made. */
import * as Directory from "@access-kit/scim-sandbox/Directory"
import * as Sandbox from "@access-kit/scim-sandbox/Sandbox"
import { expect } from "@effect/vitest"
import { Effect, FileSystem, Schema } from "effect"
import { Bundle, company, ErrorLine, objectOf, rowsOf, withBundle } from "./Bundle.ts"

/** Two syncs in two files, the second with a person less. */
const snapshots = Effect.gen(function*() {
  const bundle = yield* Bundle
  const directory = yield* Directory.generate(company)
  const made = (name: string, contents: typeof directory) =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ directory: contents })
      expect((yield* bundle.run(["sync", "--out", name, "--quiet"], { sandbox })).code).toBe(0)
    })
  yield* made("one.c1z", directory)
  return {
    directory,
    run: (...args: ReadonlyArray<string>) => bundle.run(["snapshot", ...args])
  }
})

withBundle("snapshot", (it) => {
  it.effect("lists page after page, filtered, with columns of one's choice", () =>
    Effect.gen(function*() {
      const { directory, run } = yield* snapshots
      const all = rowsOf((yield* run("resources", "one.c1z", "--type", "user", "-o", "json")).stdout)
      expect(all).toHaveLength(130)
      const ids: Array<unknown> = []
      let token: ReadonlyArray<string> = []
      for (;;) {
        const page = yield* run("resources", "one.c1z", "--type", "user", "--limit", "50", "-o", "json", ...token)
        expect(page.code).toBe(0)
        ids.push(...rowsOf(page.stdout).map((row) => row["id"]))
        const next = /"nextPageToken":"([^"]+)"/.exec(page.stderr)?.[1]
        if (next === undefined) break
        token = ["--page-token", next]
      }
      expect(ids).toEqual(all.map((row) => row["id"]))

      const disabled = yield* run("resources", "one.c1z", "--status", "disabled", "-o", "csv", "--columns", "id,status")
      const lines = disabled.stdout.trim().split("\r\n")
      expect(lines[0]).toBe("id,status")
      expect(lines).toHaveLength(1 + directory.users.filter((user) => !user.active).length)

      const unknown = yield* run("resources", "one.c1z", "--columns", "nonsense")
      expect([unknown.code, unknown.stdout]).toEqual([2, ""])
      expect(unknown.stderr).toContain("displayName")
      const foreign = yield* run("grants", "one.c1z", ...token)
      expect([foreign.code, foreign.stdout]).toEqual([49, ""])
    }))

  it.effect("goes on page by page wherever there are rows, and judges by all of them", () =>
    Effect.gen(function*() {
      const bundle = yield* Bundle
      const { run } = yield* snapshots
      const [grant] = rowsOf((yield* run("grants", "one.c1z", "--limit", "1", "-o", "json")).stdout)
      const { id } = Schema.decodeUnknownSync(Schema.Struct({ id: Schema.String }))(grant?.["principal"])
      const other = yield* Sandbox.make({ directory: yield* Directory.generate({ ...company, seed: 98 }) })
      expect((yield* bundle.run(["sync", "--out", "seven.c1z", "--quiet"], { sandbox: other })).code).toBe(0)
      const listings: ReadonlyArray<readonly [args: ReadonlyArray<string>, code: number]> = [
        [["access", "one.c1z", id], 0],
        [["diff", "one.c1z", "seven.c1z", "--exit-code"], 51]
      ]
      for (const [args, code] of listings) {
        const whole = yield* run(...args, "-o", "json")
        expect(whole.code, whole.stderr).toBe(code)
        const all = rowsOf(whole.stdout)
        const size = Math.ceil(all.length / 2)
        const first = yield* run(...args, "-o", "json", "--limit", String(size))
        expect(first.code).toBe(code)
        expect(rowsOf(first.stdout)).toEqual(all.slice(0, size))
        const token = /"nextPageToken":"([^"]+)"/.exec(first.stderr)?.[1]
        expect(token === undefined).toBe(size === all.length)
        if (token === undefined) continue
        const rest = yield* run(...args, "-o", "json", "--page-token", token)
        expect(rest.code).toBe(code)
        expect(rowsOf(rest.stdout)).toEqual(all.slice(size))
      }
    }))

  it.effect("lists who holds something on a resource", () =>
    Effect.gen(function*() {
      const { run } = yield* snapshots
      const grants = rowsOf((yield* run("grants", "one.c1z", "-o", "json")).stdout)
      const { id } = Schema.decodeUnknownSync(Schema.Struct({ id: Schema.String }))(grants[0]?.["resource"])
      const of = (row: Readonly<Record<string, unknown>>, what: string) =>
        Schema.decodeUnknownSync(Schema.Struct({ id: Schema.String }))(row[what]).id
      const expected = grants.filter((row) => of(row, "resource") === id).map((row) => of(row, "principal")).sort()
      const listed = rowsOf((yield* run("principals", "one.c1z", "--resource", `group:${id}`, "-o", "json")).stdout)
      expect(listed.map((row) => row["id"])).toEqual(expected)
    }))

  it.effect("refuses formats that a command has not, before anything is done", () =>
    Effect.gen(function*() {
      const bundle = yield* Bundle
      const files = yield* FileSystem.FileSystem
      const { run } = yield* snapshots
      for (
        const args of [
          ["info", "one.c1z", "-o", "baton-json"],
          ["verify", "one.c1z", "-o", "baton-json"],
          ["grants", "one.c1z", "-o", "markdown"],
          ["export", "csv", "one.c1z", "--out", "refused.csv", "-o", "markdown"],
          ["convert", "one.c1z", "--to", "v3", "--out", "refused.c1z", "-o", "baton-json"]
        ]
      ) {
        const refused = yield* run(...args)
        expect([refused.code, refused.stdout], args.join(" ")).toEqual([2, ""])
        expect(refused.stderr).toContain("not for this command")
      }
      expect((yield* files.readDirectory(bundle.directory)).filter((name) => name.startsWith("refused"))).toEqual([])
    }))

  it.effect("answers who has what, and why", () =>
    Effect.gen(function*() {
      const { run } = yield* snapshots
      const [grant] = rowsOf((yield* run("grants", "one.c1z", "--limit", "1", "-o", "json")).stdout)
      const principal = Schema.decodeUnknownSync(Schema.Struct({ id: Schema.String, email: Schema.String }))(
        grant?.["principal"]
      )
      const entitlement = Schema.decodeUnknownSync(Schema.Struct({ id: Schema.String }))(grant?.["entitlement"])
      const access = rowsOf((yield* run("access", "one.c1z", principal.email, "-o", "json")).stdout)
      expect(access.map((row) => row["grantId"])).toContain(grant?.["id"])
      const why = yield* run("explain", "one.c1z", principal.id, entitlement.id, "-o", "json")
      expect(rowsOf(why.stdout)).toMatchObject([{ way: 1, kind: "direct" }])
      expect((yield* run("access", "one.c1z", "nobody@nowhere.test")).code).toBe(6)
    }))

  it.effect("checks, counts and compares; a difference is an exit code where that was asked for", () =>
    Effect.gen(function*() {
      const bundle = yield* Bundle
      const { run } = yield* snapshots
      expect((yield* run("verify", "one.c1z")).code).toBe(0)
      expect(objectOf((yield* run("stats", "one.c1z", "-o", "json")).stdout)).toMatchObject({ grants: 300 })
      expect((yield* run("diff", "one.c1z", "one.c1z", "--exit-code")).code).toBe(0)

      const sandbox = yield* Sandbox.make({ directory: yield* Directory.generate({ ...company, seed: 99 }) })
      expect((yield* bundle.run(["sync", "--out", "other.c1z", "--quiet"], { sandbox })).code).toBe(0)
      expect((yield* run("diff", "one.c1z", "other.c1z", "-o", "json")).code).toBe(0)
      const different = yield* run("diff", "one.c1z", "other.c1z", "--exit-code", "-o", "markdown")
      expect(different.code).toBe(51)
      expect(different.stdout).toMatch(/^\| change \| kind /)
    }))

  it.effect("exports and converts, and reads what it has converted", () =>
    Effect.gen(function*() {
      const bundle = yield* Bundle
      const files = yield* FileSystem.FileSystem
      const { run } = yield* snapshots
      for (const format of ["csv", "xlsx", "ndjson", "sqlite", "parquet", "html"]) {
        const done = yield* run("export", format, "one.c1z", "--out", `out.${format}`, "-o", "json")
        expect(done.code, done.stderr).toBe(0)
        const { size } = yield* files.stat(`${bundle.directory}/out.${format}`)
        expect(objectOf(done.stdout)).toEqual({ path: `out.${format}`, format, bytes: Number(size) })
      }
      for (const format of ["v1", "v1-legacy", "v3"]) {
        expect((yield* run("convert", "one.c1z", "--to", format, "--out", `${format}.c1z`)).code).toBe(0)
        const answer = yield* run("diff", "one.c1z", `${format}.c1z`, "--kind", "grant", "--exit-code")
        expect(answer.code, answer.stdout).toBe(0)
      }
      expect((yield* run("prune", "one.c1z", "--keep", "1", "--dry-run")).stderr).toContain("Would remove 0 syncs")
      const nowhere = yield* run("export", "csv", "one.c1z", "--out", "no/such/place.csv", "-o", "json")
      expect(Schema.decodeSync(ErrorLine)(nowhere.stderr).error).toMatchObject({
        reason: "InvalidTarget",
        exitCode: 20
      })
    }))

  it.effect("says of a file that is none what it is not, each with a code of its own", () =>
    Effect.gen(function*() {
      const bundle = yield* Bundle
      const files = yield* FileSystem.FileSystem
      const { run } = yield* snapshots
      const whole = yield* files.readFile(`${bundle.directory}/one.c1z`)
      yield* files.writeFileString(`${bundle.directory}/text.c1z`, "no snapshot")
      yield* files.writeFile(`${bundle.directory}/short.c1z`, whole.subarray(0, 1000))
      yield* files.writeFile(`${bundle.directory}/long.c1z`, new Uint8Array([...whole, 1, 2, 3, 4]))
      expect((yield* run("info", "missing.c1z")).code).toBe(40)
      expect((yield* run("info", "text.c1z")).code).toBe(41)
      expect((yield* run("grants", "short.c1z")).code).toBe(43)
      expect((yield* run("grants", "long.c1z")).code).toBe(45)
      const other = yield* bundle.run(["groups", "list", "--output", "baton-json"])
      expect([other.code, other.stdout]).toEqual([2, ""])
    }))

  it.effect("prints baton's JSON", () =>
    Effect.gen(function*() {
      const { run } = yield* snapshots
      const answer = yield* run("grants", "one.c1z", "-o", "baton-json")
      const { grants } = Schema.decodeSync(
        Schema.fromJsonString(Schema.Struct({ grants: Schema.Array(Schema.Unknown) }))
      )(
        answer.stdout
      )
      expect(grants).toHaveLength(300)
      expect((yield* run("grants", "one.c1z", "-o", "baton-json", "--limit", "1")).code).toBe(2)
    }))
})
