/** `probe` as its users meet it: what it finds, and a transcript that they can show to others. */
import * as Directory from "@access-kit/scim-sandbox/Directory"
import * as Profile from "@access-kit/scim-sandbox/Profile"
import * as Sandbox from "@access-kit/scim-sandbox/Sandbox"
import { describe, expect } from "@effect/vitest"
import { Effect, FileSystem, Schema } from "effect"
import * as ExitCode from "../src/ExitCode.ts"
import { Bundle, company, ErrorLine, withBundle } from "./Bundle.ts"

const start = (options: Sandbox.Options = {}) =>
  Effect.gen(function*() {
    const directory = yield* Directory.generate(company)
    const sandbox = yield* Sandbox.make({ directory, ...options })
    const bundle = yield* Bundle
    const files = yield* FileSystem.FileSystem
    return {
      sandbox,
      directory,
      files,
      folder: yield* files.makeTempDirectoryScoped(),
      run: (...args: ReadonlyArray<string>) => bundle.run(["probe", ...args], { sandbox })
    }
  })

const Found = Schema.fromJsonString(Schema.Struct({
  observations: Schema.Array(Schema.Struct({ subject: Schema.String, answer: Schema.String, note: Schema.String })),
  dialect: Schema.Record(Schema.String, Schema.Unknown),
  differences: Schema.Array(Schema.Struct({ name: Schema.String, configured: Schema.Unknown, found: Schema.Unknown })),
  transcript: Schema.optionalKey(Schema.Array(Schema.Record(Schema.String, Schema.Unknown)))
}))
const found = Schema.decodeUnknownSync(Found)

/** Nothing of the directory, the server's address or the token may be in what is shown to others. */
const shareable = (text: string, sandbox: Sandbox.SandboxService, directory: Directory.Directory) => {
  const { hostname, pathname, port } = new URL(sandbox.baseUrl)
  expect(text).not.toContain(`${hostname}:${port}`)
  expect(text).not.toContain(pathname)
  expect(text).not.toContain("@")
  for (const { id, userName } of directory.users) {
    expect(text).not.toContain(id)
    expect(text.toLowerCase()).not.toContain(userName.toLowerCase())
  }
  for (const { displayName, id } of directory.groups) {
    expect(text).not.toContain(id)
    expect(text).not.toContain(displayName)
  }
}

withBundle("probe", (it) => {
  describe("prints what it found", () => {
    it.effect("for people, and changes nothing", () =>
      Effect.gen(function*() {
        const { run, sandbox } = yield* start()
        const before = yield* sandbox.directory.snapshot
        const { code, stderr, stdout } = yield* run()
        expect(code).toBe(0)
        expect(stdout).toMatch(/filter by userName +yes +kept/)
        expect(stdout).toMatch(/members in the list of groups +yes +given/)
        expect(stdout).toContain("Dialect workos, as detected")
        expect(stdout).not.toContain("> GET")
        expect(stderr).toMatch(/1\d requests, nothing changed; /)
        expect(yield* sandbox.directory.snapshot).toEqual(before)
        expect(
          (yield* sandbox.requests.entries).every(({ method, path }) => method === "GET" || path.endsWith("/.search"))
        ).toBe(true)
      }))

    it.effect("for programs", () =>
      Effect.gen(function*() {
        const { run } = yield* start()
        const pretty = yield* run("-o", "json")
        const { dialect, differences, observations, transcript } = found(pretty.stdout)
        expect(pretty.stderr).toBe("")
        expect(observations.find(({ subject }) => subject === "/.search")).toMatchObject({ answer: "no" })
        expect(dialect).toMatchObject({
          memberRemoval: "pathFilter",
          membersInList: true,
          search: false,
          throttledAs: []
        })
        expect(differences).toEqual([])
        expect(transcript).toBeUndefined()
        const line = yield* run("-o", "ndjson")
        expect(line.stdout.trimEnd()).not.toContain("\n")
        expect(found(line.stdout)).toEqual(found(pretty.stdout))
        const csv = yield* run("-o", "csv")
        expect(csv.stdout.split("\r\n")[0]).toBe("subject,answer,note")
        expect(csv.stdout.trimEnd().split("\r\n")).toHaveLength(observations.length + 1)
      }))

    it.effect("names what the dialect should say otherwise", () =>
      Effect.gen(function*() {
        const { run } = yield* start({ profile: Profile.standard })
        const { differences } = found((yield* run("-o", "json")).stdout)
        expect(differences).toContainEqual({ name: "search", configured: false, found: true })
        expect((yield* run()).stdout).toContain("search: true instead of false")
      }))
  })

  describe("writes a transcript", () => {
    it.effect("to a file that only its owner can read, with nothing that should not be shown", () =>
      Effect.gen(function*() {
        const { directory, files, folder, run, sandbox } = yield* start()
        const path = `${folder}/probe.txt`
        const { code, stderr, stdout } = yield* run("--transcript", path)
        expect(code).toBe(0)
        expect(stderr).toContain(`The transcript is in ${path}.`)
        const text = yield* files.readFileString(path)
        expect(text).toMatch(/^claude-enterprise .*, Node\.js .*, scim-dialect workos\n/)
        expect(text).toContain("> GET /Users?startIndex=1&count=2\n< 200 ")
        expect(text).toContain(`> GET /Users?filter=userName eq "…"`)
        expect(text).toContain("totalResults: 130")
        expect(text.match(/^> /gm)).toHaveLength((yield* sandbox.requests.entries).length)
        expect((yield* files.stat(path)).mode & 0o077).toBe(0)
        shareable(text, sandbox, directory)
        shareable(stdout, sandbox, directory)
      }))

    it.effect("to standard output, as text or as a field", () =>
      Effect.gen(function*() {
        const { directory, run, sandbox } = yield* start()
        const text = yield* run("--transcript", "-")
        expect(text.stdout).toContain("> GET /Users/{unknown}\n< 404 NotFound")
        shareable(text.stdout, sandbox, directory)
        const json = yield* run("-o", "json", "--transcript", "-")
        shareable(json.stdout, sandbox, directory)
        expect(found(json.stdout).transcript?.[1]).toMatchObject({
          method: "GET",
          target: "/Users?startIndex=1&count=2",
          status: 200,
          refused: null
        })
      }))

    it.effect("of a probe that fails, too, and ends with the failure", () =>
      Effect.gen(function*() {
        const { files, folder, sandbox } = yield* start()
        const bundle = yield* Bundle
        const path = `${folder}/probe.txt`
        const token = "se_wrong_token_5e7d"
        const env = { BATON_SCIM_URL: sandbox.baseUrl, BATON_SCIM_TOKEN: token }
        const { code, stderr } = yield* bundle.run(["probe", "--transcript", path], { env })
        expect(code).toBe(ExitCode.of("Unauthenticated"))
        expect(stderr).toContain("does not accept the token")
        const text = yield* files.readFileString(path)
        expect(text).toContain("ended early: Unauthenticated")
        expect(text).toContain("< 401 Unauthorized")
        expect(text).not.toContain(token)
        const shown = yield* bundle.run(["probe", "--transcript", "-"], { env })
        expect(shown.code).toBe(ExitCode.of("Unauthenticated"))
        expect(shown.stdout).toContain("< 401 Unauthorized")
      }))
  })

  describe("refuses", () => {
    it.effect("a transcript that can't be written, before anything is asked", () =>
      Effect.gen(function*() {
        const { folder, run, sandbox } = yield* start()
        for (const path of [folder, `${folder}/none/probe.txt`]) {
          const { code, stderr, stdout } = yield* run("--transcript", path, "-o", "json")
          expect(code).toBe(ExitCode.of("InvalidTarget"))
          expect(stdout).toBe("")
          expect(Schema.decodeUnknownSync(ErrorLine)(stderr).error.message).toContain(folder)
        }
        const csv = yield* run("--transcript", "-", "-o", "csv")
        expect(csv.code).toBe(ExitCode.of("Usage"))
        expect(csv.stderr).toContain("-o json")
        expect((yield* run("--transcript=")).code).toBe(ExitCode.of("Usage"))
        expect(yield* sandbox.requests.entries).toEqual([])
      }))
  })
})
