/** What goes wrong for users, and that each gets a message, its exit code, and nothing half-written. */
import * as Directory from "@access-kit/scim-sandbox/Directory"
import type * as Fault from "@access-kit/scim-sandbox/Fault"
import * as Sandbox from "@access-kit/scim-sandbox/Sandbox"
import * as FreePort from "@access-kit/tooling-vitest/FreePort"
import { describe, expect } from "@effect/vitest"
import { Effect, FileSystem, Redacted, Schema } from "effect"
import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import * as http from "node:http"
import * as https from "node:https"
import type { AddressInfo } from "node:net"
import * as ExitCode from "../src/ExitCode.ts"
import { Bundle, company, ErrorLine, type Finished, type Options, withBundle } from "./Bundle.ts"

const sandboxed = Effect.gen(function*() {
  return yield* Sandbox.make({ directory: yield* Directory.generate(company) })
})

/** A server of another kind, for as long as the test takes. */
const serve = (server: http.Server | https.Server, scheme: "http" | "https") =>
  Effect.acquireRelease(
    Effect.callback<string>((resume) => {
      server.listen(0, "127.0.0.1", () => {
        const address: AddressInfo | string | null = server.address()
        resume(Effect.succeed(`${scheme}://127.0.0.1:${typeof address === "object" ? address?.port ?? 0 : 0}`))
      })
    }),
    () =>
      Effect.sync(() => {
        server.closeAllConnections()
        server.close()
      })
  )

/** A key and a certificate for 127.0.0.1 that it signed itself; worth nothing anywhere else. */
const fixture = (name: string) => readFileSync(new URL(`./fixtures/${name}`, import.meta.url))

const elsewhere = (url: string) => ({ BATON_SCIM_URL: url, BATON_SCIM_TOKEN: "se_0123456789abcdef" })

/** Every command of these ends with the reason's code, a message on standard error and nothing on standard output. */
const failed = (result: Finished, reason: ExitCode.Reason, ...words: ReadonlyArray<string | RegExp>) => {
  expect({ code: result.code, stderr: result.stderr }).toMatchObject({ code: ExitCode.of(reason) })
  expect(result.stdout).toBe("")
  expect(result.stderr).toMatch(/error: .{20,}/)
  for (const word of words) expect(result.stderr).toMatch(word)
}

/** A sync that fails leaves the directory as it was. */
const syncFails = (options: Options, reason: ExitCode.Reason, ...words: ReadonlyArray<string | RegExp>) =>
  Effect.gen(function*() {
    const bundle = yield* Bundle
    const files = yield* FileSystem.FileSystem
    const before = yield* files.readDirectory(bundle.directory)
    failed(yield* bundle.run(["sync", "--out", "never.c1z"], options), reason, ...words)
    expect(yield* files.readDirectory(bundle.directory)).toEqual(before)
  })

withBundle("bad input", (it) => {
  describe("connection", () => {
    it.effect("wrong token", () =>
      Effect.gen(function*() {
        const bundle = yield* Bundle
        const sandbox = yield* sandboxed
        const wrong = { env: { BATON_SCIM_URL: sandbox.baseUrl, BATON_SCIM_TOKEN: "se_wrong_token_5e7d" } }
        for (const args of [["accounts", "list"], ["accounts", "list", "-o", "csv"], ["groups", "get", "x"]]) {
          const result = yield* bundle.run(args, wrong)
          failed(result, "Unauthenticated", "does not accept the token", "scim-token")
          expect(result.stderr).not.toContain("se_wrong_token_5e7d")
        }
        const validated = yield* bundle.run(["validate"], wrong)
        expect(validated.code).toBe(ExitCode.of("ValidationFailed"))
        expect(validated.stdout).toContain("FAILED   Token")
        yield* syncFails(wrong, "Unauthenticated")
      }))

    it.effect("wrong URL: a web page answers", () =>
      Effect.gen(function*() {
        const bundle = yield* Bundle
        const url = yield* serve(
          http.createServer((_, response) => {
            response.setHeader("content-type", "text/html").end("<!doctype html><title>Sign in</title>")
          }),
          "http"
        )
        failed(
          yield* bundle.run(["accounts", "list"], { env: elsewhere(url) }),
          "UnexpectedResponse",
          "text/html",
          "scim-url"
        )
        yield* syncFails({ env: elsewhere(url) }, "UnexpectedResponse")
      }))

    it.effect("wrong URL: not found", () =>
      Effect.gen(function*() {
        const bundle = yield* Bundle
        const url = yield* serve(
          http.createServer((_, response) => {
            response.writeHead(404, { "content-type": "text/plain" }).end("404 page not found")
          }),
          "http"
        )
        const result = yield* bundle.run(["accounts", "list"], { env: elsewhere(url) })
        failed(result, "InvalidConfiguration", "not found", "scim-url")
        const validated = yield* bundle.run(["validate"], { env: elsewhere(url) })
        expect(validated.code).toBe(ExitCode.of("ValidationFailed"))
        yield* syncFails({ env: elsewhere(url) }, "InvalidConfiguration")
      }))

    it.effect("a redirect is not followed", () =>
      Effect.gen(function*() {
        const bundle = yield* Bundle
        let asked = 0
        const target = yield* serve(
          http.createServer((_, response) => {
            asked += 1
            response.end()
          }),
          "http"
        )
        const url = yield* serve(
          http.createServer((_, response) => {
            response.writeHead(302, { location: target }).end()
          }),
          "http"
        )
        failed(yield* bundle.run(["accounts", "list"], { env: elsewhere(url) }), "InvalidConfiguration", "redirects")
        expect(asked).toBe(0)
      }))

    it.effect("unreachable host", () =>
      Effect.gen(function*() {
        const bundle = yield* Bundle
        const url = `http://127.0.0.1:${yield* FreePort.find}`
        const env = { ...elsewhere(url), BATON_SCIM_RETRY_BUDGET: "100ms" }
        failed(yield* bundle.run(["accounts", "list"], { env }), "Unavailable", "can't be reached")
        yield* syncFails({ env }, "Unavailable")
      }))

    it.effect("a certificate that nobody vouches for", () =>
      Effect.gen(function*() {
        const bundle = yield* Bundle
        let asked = 0
        const url = yield* serve(
          https.createServer(
            { key: fixture("self-signed.key"), cert: fixture("self-signed.crt") },
            (_, response) => {
              asked += 1
              response.end()
            }
          ),
          "https"
        )
        failed(
          yield* bundle.run(["accounts", "list"], { env: elsewhere(url) }),
          "Unavailable",
          /TLS/,
          "NODE_EXTRA_CA_CERTS"
        )
        yield* syncFails({ env: elsewhere(url) }, "Unavailable")
        expect(asked).toBe(0)
      }))

    it.effect("plain http to another machine is refused before anything is sent", () =>
      Effect.gen(function*() {
        const bundle = yield* Bundle
        const result = yield* bundle.run(["accounts", "list"], { env: elsewhere("http://scim.example/v2") })
        failed(result, "InvalidConfiguration", "https")
      }))

    it.effect("settings that are missing, wrong or given twice", () =>
      Effect.gen(function*() {
        const bundle = yield* Bundle
        failed(yield* bundle.run(["accounts", "list"]), "InvalidConfiguration", "--scim-url", "BATON_SCIM_TOKEN")
        failed(
          yield* bundle.run(["accounts", "list", "--scim-url", "claude.ai"], { env: { BATON_SCIM_TOKEN: "x" } }),
          "InvalidConfiguration",
          "https://"
        )
        failed(
          yield* bundle.run(["accounts", "list", "--scim-token-stdin"], {
            env: { BATON_SCIM_URL: "https://scim.example" },
            stdin: ""
          }),
          "InvalidConfiguration",
          "empty"
        )
        failed(
          yield* bundle.run(["accounts", "list"], {
            env: { ...elsewhere("https://scim.example"), BATON_SCIM_TOKEN_FILE: "token" }
          }),
          "InvalidConfiguration",
          "BATON_SCIM_TOKEN and BATON_SCIM_TOKEN_FILE"
        )
      }))
  })

  describe("listings", () => {
    it.effect.each<readonly [Fault.Fault, ExitCode.Reason]>([
      [{ name: "skipRows", rows: 3 }, "IncompleteListing"],
      [{ name: "repeatRows", rows: 3 }, "IncompleteListing"],
      [{ name: "totalResults", as: "tooLarge" }, "IncompleteListing"],
      [{ name: "ignoreStartIndex" }, "IncompleteListing"],
      [{ name: "totalDrift", by: 2 }, "DirectoryChanged"],
      [{ name: "churn", remove: 1 }, "DirectoryChanged"]
    ])("a shorter list is never passed off as the whole: %o", ([fault, reason]) =>
      Effect.gen(function*() {
        const bundle = yield* Bundle
        const directory = yield* Directory.generate({ users: 450, groups: 2, memberships: 100, seed: 2 })
        const sandbox = yield* Sandbox.make({ directory, faults: [fault] })
        const { code, stdout } = yield* bundle.run(["accounts", "list", "-o", "json"], { sandbox })
        expect(code).toBe(ExitCode.of(reason))
        // What came before the failure is not JSON, so that nobody takes it for an answer.
        expect(() => JSON.parse(stdout)).toThrow()
      }))
  })

  describe("names and values", () => {
    it.effect("unknown person, unknown group", () =>
      Effect.gen(function*() {
        const bundle = yield* Bundle
        const sandbox = yield* sandboxed
        const person = sandbox.directory
        const run = (...args: ReadonlyArray<string>) => bundle.run(args, { sandbox })
        const { groups, users } = yield* person.snapshot
        failed(yield* run("accounts", "get", "nobody@aurora.example"), "NotFound", "nobody@aurora.example", "--search")
        failed(yield* run("accounts", "delete", "nobody@aurora.example", "--yes"), "NotFound")
        failed(yield* run("groups", "get", "No Such Group"), "NotFound", "No Such Group")
        failed(yield* run("grants", "list", "--group", "No Such Group"), "NotFound")
        failed(yield* run("grants", "grant", users[0]?.id ?? "", "--group", "No Such Group"), "NotFound")
        failed(yield* run("grants", "revoke", "nobody", "--group", groups[0]?.id ?? ""), "NotFound")
        expect(yield* person.snapshot).toEqual({ groups, users })
      }))

    it.effect("a name that fits several lists them", () =>
      Effect.gen(function*() {
        const bundle = yield* Bundle
        const sandbox = yield* sandboxed
        const make = (userName: string) =>
          sandbox.directory.create("User", { userName, displayName: "Sam Sample", name: { formatted: "Sam Sample" } })
        const ids = [yield* make("sam1@aurora.example"), yield* make("sam2@aurora.example")]
        const result = yield* bundle.run(["accounts", "delete", "sam sample", "--yes", "-o", "json"], { sandbox })
        expect(result.code).toBe(ExitCode.of("Ambiguous"))
        const line = Schema.decodeUnknownSync(ErrorLine)(result.stderr)
        for (const id of ids) expect(line.error.message).toContain(id)
        expect((yield* sandbox.directory.counts).deletedUsers).toBe(0)
      }))

    it.effect("malformed e-mail address", () =>
      Effect.gen(function*() {
        const bundle = yield* Bundle
        const sandbox = yield* sandboxed
        for (const email of ["jane", "jane@", "jane smith@aurora.example", "@aurora.example", ""]) {
          const result = yield* bundle.run(["accounts", "create", email, "--display-name", "Jane Smith"], { sandbox })
          failed(result, "InvalidInput", "e-mail")
        }
        failed(
          yield* bundle.run(["accounts", "create", "jane@aurora.example", "--display-name", " "], { sandbox }),
          "InvalidInput",
          "display_name"
        )
        expect((yield* sandbox.directory.counts).users).toBe(company.users)
      }))

    it.effect("a command line that is not understood", () =>
      Effect.gen(function*() {
        const bundle = yield* Bundle
        for (
          const [args, word] of [
            [["acounts", "list"], "accounts"],
            [["accounts", "list", "--stauts", "disabled"], "--status"],
            [["accounts", "list", "--status", "gone"], "enabled"],
            [["accounts", "list", "--limit", "0"], "limit"],
            [["accounts", "list", "--limit", "many"], "limit"],
            [["accounts", "list", "-o", "xml"], "ndjson"],
            [["accounts", "create", "jane@aurora.example"], "--display-name"],
            [["accounts", "get"], "account"],
            [["grants", "grant", "someone"], "--group"],
            [["sync"], "--out"],
            [["groups", "rename", "X"], "groups"]
          ] as const
        ) failed(yield* bundle.run(args), "Usage", word, "--help")
      }))

    it.effect("groups, which can't be made or deleted here", () =>
      Effect.gen(function*() {
        const bundle = yield* Bundle
        for (const args of [["groups", "create", "X"], ["groups", "delete", "X", "Y"]]) {
          failed(yield* bundle.run(args), "Unsupported", "identity provider")
        }
        const { stdout } = yield* bundle.run(["groups", "--help"])
        expect(stdout).not.toMatch(/^ +create/m)
      }))

    it.effect("a mistyped flag does not show the token that follows it", () =>
      Effect.gen(function*() {
        const bundle = yield* Bundle
        const token = "se_5e7dcafe0123456789"
        for (
          const args of [
            ["--scim-tokne", token, "accounts", "list"],
            [`--scim-tokne=${token}`, "accounts", "list"],
            ["accounts", "list", "--scim-tokne", token],
            ["accounts", "list", "--scim-token", "x", "--scim-tokne", token]
          ]
        ) {
          const result = yield* bundle.run(args)
          failed(result, "Usage", "--scim-tokne")
          expect(result.stderr).not.toContain(token)
        }
      }))

    it.effect("the token is in no log, however much is logged", () =>
      Effect.gen(function*() {
        const bundle = yield* Bundle
        const sandbox = yield* sandboxed
        const token = Redacted.value(sandbox.token)
        const loud = ["--verbose", "--log-level", "all"]
        // The harness looks for the token in whatever is printed.
        expect((yield* bundle.run(["accounts", "list", "--limit", "1", ...loud], { sandbox })).code).toBe(0)
        yield* sandbox.faults.set({ name: "serverError", status: 400 })
        const failure = yield* bundle.run(["accounts", "list", ...loud], { sandbox })
        failed(failure, "UnexpectedResponse")
        expect(failure.stderr).toContain("ScimError")
        const given = yield* bundle.run(["accounts", "list", "--scim-url", `${sandbox.baseUrl}/nowhere`, ...loud], {
          sandbox
        })
        expect(given.code).not.toBe(0)
        const twice = yield* bundle.run(["accounts", "list", "--scim-token", token, "--scim-token-stdin"], {
          sandbox,
          stdin: token
        })
        failed(twice, "InvalidConfiguration", "--scim-token and --scim-token-stdin")
      }))

    it.effect("errors are one line of JSON where the output is JSON", () =>
      Effect.gen(function*() {
        const bundle = yield* Bundle
        const sandbox = yield* sandboxed
        const result = yield* bundle.run(["accounts", "get", "nobody@aurora.example", "-o", "ndjson"], { sandbox })
        expect(Schema.decodeUnknownSync(ErrorLine)(result.stderr).error)
          .toMatchObject({ reason: "NotFound", exitCode: result.code, operation: "accounts get" })
        const usage = yield* bundle.run(["accounts", "list", "--stauts", "x", "--output=json"])
        expect(Schema.decodeUnknownSync(ErrorLine)(usage.stderr).error).toMatchObject({ reason: "Usage", exitCode: 2 })
      }))
  })

  describe("output", () => {
    it.effect("a directory, a missing directory, and a file of another kind", () =>
      Effect.gen(function*() {
        const bundle = yield* Bundle
        const files = yield* FileSystem.FileSystem
        const sandbox = yield* sandboxed
        const run = (out: string) => bundle.run(["sync", "--out", out], { sandbox })
        const folder = yield* files.makeTempDirectoryScoped()
        yield* files.writeFileString(`${folder}/notes.txt`, "my notes")
        failed(yield* run(folder), "InvalidTarget", "directory")
        failed(yield* run(`${folder}/none/x.c1z`), "InvalidTarget", "does not exist")
        failed(yield* run(`${folder}/notes.txt`), "InvalidTarget")
        expect(yield* files.readFileString(`${folder}/notes.txt`)).toBe("my notes")
        expect(yield* files.readDirectory(folder)).toEqual(["notes.txt"])
      }))

    it.effect("a path that can't be written to", () =>
      Effect.gen(function*() {
        const bundle = yield* Bundle
        const files = yield* FileSystem.FileSystem
        const sandbox = yield* sandboxed
        const folder = yield* files.makeTempDirectoryScoped()
        yield* files.chmod(folder, 0o555)
        // Permissions do not stop root, but the kernel's own directory does.
        const place = process.getuid?.() === 0 ? "/sys" : folder
        failed(yield* bundle.run(["sync", "--out", `${place}/x.c1z`], { sandbox }), "NotWritable", place)
        expect(yield* files.readDirectory(folder)).toEqual([])
      }))

    it.effect("a reader that stops reading ends the command without a word", () =>
      Effect.gen(function*() {
        const bundle = yield* Bundle
        const sandbox = yield* Sandbox.make({
          directory: yield* Directory.generate({ users: 4_000, groups: 2, memberships: 100, seed: 1 })
        })
        const { code, stderr } = yield* Effect.promise(() =>
          new Promise<{ readonly code: number; readonly stderr: string }>((resolve) => {
            // The first rows are read, then the pipe is closed, as `head` does.
            const child = spawn(process.execPath, [bundle.path, "accounts", "list", "-o", "ndjson"], {
              stdio: ["ignore", "pipe", "pipe"],
              env: { BATON_SCIM_URL: sandbox.baseUrl, BATON_SCIM_TOKEN: Redacted.value(sandbox.token) }
            })
            let stderr = ""
            child.stdout.once("data", () => child.stdout.destroy())
            child.stderr.on("data", (chunk: Buffer) => {
              stderr += chunk.toString()
            })
            child.on("close", (code) => resolve({ code: code ?? -1, stderr }))
          })
        )
        expect(code).toBe(ExitCode.of("OutputClosed"))
        expect(stderr).toBe("")
      }))
  })
})
