/** Every command and every output format, as users meet them: the bundle as a process, over HTTP. */
import * as Directory from "@access-kit/scim-sandbox/Directory"
import * as Sandbox from "@access-kit/scim-sandbox/Sandbox"
import { describe, expect } from "@effect/vitest"
import { Effect, FileSystem, Option, Redacted } from "effect"
import manifest from "../package.json" with { type: "json" }
import * as ExitCode from "../src/ExitCode.ts"
import { Bundle, company, eventually, objectOf, rowsOf, withBundle } from "./Bundle.ts"

const start = (options: Sandbox.Options = {}) =>
  Effect.gen(function*() {
    const directory = yield* Directory.generate(company)
    const sandbox = yield* Sandbox.make({ directory, ...options })
    const bundle = yield* Bundle
    return {
      sandbox,
      directory,
      run: (...args: ReadonlyArray<string>) => bundle.run(args, { sandbox })
    }
  })

const lines = (text: string) => text.trimEnd().split("\n")

withBundle("commands", (it) => {
  describe("about itself", () => {
    it.effect("prints its version and nothing else", () =>
      Effect.gen(function*() {
        const bundle = yield* Bundle
        for (const args of [["--version"], ["-v"], ["accounts", "--version"]]) {
          expect(yield* bundle.run(args)).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: "" })
        }
      }))

    it.effect("help names every command, every connector flag with its variable, and the exit codes", () =>
      Effect.gen(function*() {
        const bundle = yield* Bundle
        const { code, stdout } = yield* bundle.run(["--help"])
        expect(code).toBe(0)
        expect(stdout).toContain(ExitCode.help())
        for (
          const word of [
            "validate",
            "sync",
            "capabilities",
            "accounts",
            "groups",
            "entitlements",
            "grants",
            "sandbox",
            "--scim-url",
            "BATON_SCIM_URL",
            "--scim-token-file",
            "BATON_SCIM_TOKEN_FILE",
            "--scim-token-stdin",
            "--server URL",
            "CLAUDE_ENTERPRISE_SERVER_TOKEN_FILE",
            "--connector NAME|ID",
            "EXIT CODES",
            "Unauthenticated"
          ]
        ) expect(stdout).toContain(word)
      }))

    it.effect("without a command, help goes to standard error and the exit code says that nothing was done", () =>
      Effect.gen(function*() {
        const bundle = yield* Bundle
        for (const args of [[], ["accounts"]]) {
          const { code, stderr, stdout } = yield* bundle.run(args)
          expect(code).toBe(2)
          expect(stdout).toBe("")
          expect(stderr).toContain("USAGE")
        }
      }))

    it.effect("prints completions", () =>
      Effect.gen(function*() {
        const bundle = yield* Bundle
        const { code, stdout } = yield* bundle.run(["--completions", "bash"])
        expect(code).toBe(0)
        expect(stdout).toContain("claude-enterprise")
        expect(stdout).toContain("accounts")
      }))

    it.effect("capabilities need no settings", () =>
      Effect.gen(function*() {
        const bundle = yield* Bundle
        const table = yield* bundle.run(["capabilities"])
        expect(table.code).toBe(0)
        expect(table.stdout).toMatch(/user +sync, get, create, delete/)
        expect(table.stdout).toMatch(/group +sync, get, grant, revoke +member/)
        const json = objectOf((yield* bundle.run(["capabilities", "-o", "json"])).stdout)
        expect(json["connector"]).toBe("claude-enterprise")
        expect(json["accountFields"]).toEqual([expect.objectContaining({ name: "display_name", required: true })])
      }))
  })

  describe("reading", () => {
    it.effect("validate passes and names the server", () =>
      Effect.gen(function*() {
        const { run, sandbox } = yield* start()
        const { code, stderr, stdout } = yield* run("validate")
        expect(code).toBe(0)
        expect(stdout).toContain("ok       Token: The token is accepted.")
        expect(stderr).toContain(new URL(sandbox.baseUrl).host)
        const rows = rowsOf((yield* run("validate", "-o", "json")).stdout)
        expect(rows.map((row) => row["status"])).toEqual(rows.map(() => "passed"))
      }))

    it.effect("accounts list has every account once, in every format", () =>
      Effect.gen(function*() {
        const { directory, run } = yield* start()
        const ids = directory.users.map((user) => user.id).sort()

        const json = rowsOf((yield* run("accounts", "list", "--output", "json")).stdout)
        expect(json.map((row) => String(row["id"])).sort()).toEqual(ids)

        const ndjson = lines((yield* run("accounts", "list", "-o", "ndjson")).stdout).map((line) => objectOf(line))
        expect(ndjson).toEqual(json)

        const csv = (yield* run("accounts", "list", "-o=csv")).stdout
        expect(csv.startsWith("displayName,login,status,id,email,")).toBe(true)
        expect(csv.split("\r\n").length).toBe(ids.length + 2)

        const table = yield* run("accounts", "list")
        expect(lines(table.stdout)[0]).toMatch(/^NAME +LOGIN +STATUS +ID$/)
        expect(lines(table.stdout).slice(1).map((line) => line.split(/\s+/).at(-1)).sort()).toEqual(ids)
        expect(table.stderr).toBe("130 accounts.\n")
      }))

    it.effect("the order and the names of the JSON fields stay", () =>
      Effect.gen(function*() {
        const { run } = yield* start()
        const keys = (text: string) => Object.keys(objectOf(text))
        expect(keys((yield* run("accounts", "list", "--limit", "1", "-o", "ndjson")).stdout)).toEqual([
          "id",
          "displayName",
          "login",
          "email",
          "emails",
          "status",
          "statusDetails",
          "accountType",
          "givenName",
          "familyName",
          "externalId",
          "createdAt",
          "lastModifiedAt",
          "profile"
        ])
        expect(keys((yield* run("groups", "list", "--limit", "1", "-o", "ndjson")).stdout))
          .toEqual(["id", "displayName", "externalId", "profile"])
        expect(keys((yield* run("grants", "list", "--limit", "1", "-o", "ndjson")).stdout))
          .toEqual(["id", "entitlement", "entitlementId", "group", "account", "expiresAt"])
        expect(keys((yield* run("entitlements", "list", "--limit", "1", "-o", "ndjson")).stdout)).toEqual([
          "id",
          "slug",
          "displayName",
          "description",
          "purpose",
          "grantableTo",
          "resource",
          "holders"
        ])
      }))

    it.effect("accounts list filters by status and by text", () =>
      Effect.gen(function*() {
        const { directory, run } = yield* start()
        const disabled = rowsOf((yield* run("accounts", "list", "--status", "disabled", "-o", "json")).stdout)
        expect(disabled.map((row) => String(row["id"])).sort())
          .toEqual(directory.users.filter((user) => !user.active).map((user) => user.id).sort())
        const [someone] = directory.users
        const found = rowsOf(
          (yield* run("accounts", "list", "--search", String(someone?.userName).toUpperCase(), "-o", "json")).stdout
        )
        expect(found.map((row) => row["id"])).toContain(someone?.id)
        const nobody = yield* run("accounts", "list", "--search", "no such person")
        expect(nobody).toEqual({ code: 0, stdout: "", stderr: "No accounts found.\n" })
        expect((yield* run("accounts", "list", "--search", "no such person", "-o", "json")).stdout).toBe("[]\n")
        expect(lines((yield* run("accounts", "list", "--search", "no such person", "-o", "csv")).stdout)).toHaveLength(
          1
        )
      }))

    it.effect("accounts get takes an id, an address or a name", () =>
      Effect.gen(function*() {
        const { run, sandbox } = yield* start()
        const id = yield* sandbox.directory.create("User", {
          userName: "quirin.unger@aurora.example",
          name: { givenName: "Quirin", familyName: "Unger", formatted: "Quirin Unger" },
          displayName: "Quirin Unger"
        })
        for (const text of [id, "Quirin.Unger@AURORA.example", "quirin unger"]) {
          const account = objectOf((yield* run("accounts", "get", text, "-o", "json")).stdout)
          expect(account["id"]).toBe(id)
        }
        expect((yield* run("accounts", "get", id)).stdout).toMatch(/^NAME +Quirin Unger$/m)
      }))

    it.effect("groups and entitlements say who many hold what", () =>
      Effect.gen(function*() {
        const { directory, run } = yield* start()
        const groups = rowsOf((yield* run("groups", "list", "-o", "json")).stdout)
        expect(groups.map((row) => row["displayName"])).toEqual(directory.groups.map((group) => group.displayName))
        const entitlements = rowsOf((yield* run("entitlements", "list", "-o", "json")).stdout)
        expect(entitlements.map((row) => [row["id"], row["holders"]]))
          .toEqual(directory.groups.map((group) => [`group:${group.id}:member`, group.members.length]))
        const [first] = directory.groups
        const group = objectOf((yield* run("groups", "get", String(first?.displayName), "-o", "json")).stdout)
        expect(group["members"]).toEqual(first?.members.map((id) => ({ type: "user", id })))
      }))

    it.effect("grants list has every membership with the names of both sides", () =>
      Effect.gen(function*() {
        const { directory, run } = yield* start()
        const rows = rowsOf((yield* run("grants", "list", "-o", "json")).stdout)
        const login = new Map(directory.users.map((user) => [user.id, user.userName]))
        expect(rows.map((row) => row["id"])).toEqual(
          directory.groups.flatMap((group) => group.members.map((member) => `group:${group.id}:member:user:${member}`))
        )
        expect(rows.map((row) => row["account"])).toEqual(directory.groups.flatMap((group) =>
          group.members.map((id) => expect.objectContaining({ id, login: login.get(id) }))
        ))
        const bare = rowsOf((yield* run("grants", "list", "--no-names", "-o", "json", "--limit", "3")).stdout)
        expect(bare.map((row) =>
          row["account"]
        ))
          .toEqual(bare.map(() => expect.objectContaining({ login: null, displayName: null })))
      }))

    it.effect("grants list of one group or one account", () =>
      Effect.gen(function*() {
        const { directory, run } = yield* start()
        const [group] = directory.groups.filter((group) => group.members.length > 0)
          .sort((a, b) => a.members.length - b.members.length)
        const member = group?.members[0] ?? ""
        const ofGroup = rowsOf(
          (yield* run("grants", "list", "--group", String(group?.displayName), "-o", "json")).stdout
        )
        expect(ofGroup).toHaveLength(group?.members.length ?? -1)
        expect(ofGroup[0]?.["account"]).toMatchObject({
          login: directory.users.find(({ id }) => id === member)?.userName
        })
        const ofAccount = rowsOf((yield* run("grants", "list", "--account", member, "-o", "json")).stdout)
        expect(ofAccount.map((row) => row["group"])).toEqual(
          directory.groups.filter((group) => group.members.includes(member))
            .map(({ displayName, id }) => ({ id, displayName }))
        )
      }))

    it.effect("reads the token from a file and from standard input", () =>
      Effect.gen(function*() {
        const bundle = yield* Bundle
        const { sandbox } = yield* start()
        const files = yield* FileSystem.FileSystem
        const token = Redacted.value(sandbox.token)
        yield* files.writeFileString(`${bundle.directory}/token`, `${token}\n`)
        const url = ["--scim-url", sandbox.baseUrl]
        const fromFile = yield* bundle.run(["groups", "list", ...url, "--scim-token-file", "token"])
        const fromStdin = yield* bundle.run(["groups", "list", ...url, "--scim-token-stdin"], { stdin: `${token}\n` })
        const fromFlag = yield* bundle.run(["groups", "list", ...url, "--scim-token", token])
        for (const { code, stderr, stdout } of [fromFile, fromStdin, fromFlag]) {
          expect(code).toBe(0)
          expect(stdout + stderr).not.toContain(token)
        }
      }))
  })

  describe("changing", () => {
    it.effect("creates an account, with the first word as given name", () =>
      Effect.gen(function*() {
        const { run, sandbox } = yield* start()
        const args = ["accounts", "create", "jane@aurora.example", "--display-name", "Jane van der Berg"]
        const rehearsal = yield* run(...args, "--dry-run")
        expect(rehearsal.code).toBe(0)
        expect(rehearsal.stdout).toContain("would be created")
        expect((yield* sandbox.directory.counts).users).toBe(company.users)

        const created = rowsOf((yield* run(...args, "-o", "json")).stdout)
        expect(created).toMatchObject([{
          action: "create",
          outcome: "Created",
          account: { login: "jane@aurora.example" }
        }])
        const again = yield* run(...args)
        expect(again.code).toBe(0)
        expect(again.stdout).toContain("existed already")

        const { users } = yield* sandbox.directory.snapshot
        expect(users.filter((user) => user.userName === "jane@aurora.example")).toMatchObject([
          { givenName: "Jane", familyName: "van der Berg", active: true }
        ])
      }))

    it.effect("grants and revokes for several accounts, each once, and says what was so already", () =>
      Effect.gen(function*() {
        const { directory, run, sandbox } = yield* start()
        const group = directory.groups.find((group) => group.members.length > 2)
        const inside = group?.members[0] ?? ""
        const outside = directory.users.filter((user) => user.active && !group?.members.includes(user.id)).slice(0, 2)
        const name = String(group?.displayName)
        const members = Effect.map(
          sandbox.directory.group(group?.id ?? ""),
          (found) => Option.match(found, { onNone: (): ReadonlyArray<string> => [], onSome: (group) => group.members })
        )
        const before = yield* members

        const granted = yield* run(
          "grants",
          "grant",
          ...outside.map((user) => user.userName),
          inside,
          inside,
          "-g",
          name
        )
        expect(granted.code).toBe(0)
        expect(lines(granted.stdout)).toHaveLength(4)
        expect(granted.stdout).toContain("was a member already")
        expect([...(yield* members)].sort()).toEqual([...before, ...outside.map((user) => user.id)].sort())

        const rehearsal = yield* run("grants", "revoke", inside, "-g", name, "--dry-run", "-o", "ndjson")
        expect(objectOf(rehearsal.stdout)["outcome"]).toBe("WouldRevoke")
        expect(yield* members).toContain(inside)

        const revoked = yield* run("grants", "revoke", ...outside.map((user) => user.id), "-g", name)
        expect(revoked.code).toBe(0)
        expect([...(yield* members)].sort()).toEqual([...before].sort())
        const repeated = yield* run("grants", "revoke", outside[0]?.id ?? "", "-g", name, "-o", "ndjson")
        expect(repeated.code).toBe(0)
        expect(objectOf(repeated.stdout)["outcome"]).toBe("AlreadyRevoked")
      }))

    it.effect("warns when somebody is taken out of the last group, and only then", () =>
      Effect.gen(function*() {
        const { directory, run } = yield* start()
        const count = (id: string) => directory.groups.filter((group) => group.members.includes(id)).length
        const all = directory.groups.flatMap((group) =>
          group.members.map((id) => ({ id, group: group.id, groups: count(id) }))
        )
        const last = all.find((member) => member.groups === 1)
        const other = all.find((member) => member.groups > 1)
        const warned = yield* run("grants", "revoke", last?.id ?? "", "--group", last?.group ?? "", "--dry-run")
        expect(warned.code).toBe(0)
        expect(warned.stderr).toMatch(/warning: .* in no other group.*Claude removes/)
        const calm = yield* run("grants", "revoke", other?.id ?? "", "--group", other?.group ?? "", "--dry-run")
        expect(calm.code).toBe(0)
        expect(calm.stderr).not.toContain("warning")
      }))

    it.effect("deletes only with --yes where nobody can be asked, and says what first", () =>
      Effect.gen(function*() {
        const { directory, run, sandbox } = yield* start()
        const people = directory.users.filter((user) => user.active).slice(0, 2)
        const ids = people.map((user) => user.id)
        const active = Effect.map(sandbox.directory.snapshot, ({ users }) =>
          users.filter((user) => ids.includes(user.id) && user.active !== false).length)

        const refused = yield* run("accounts", "delete", ...ids)
        expect(refused.code).toBe(31)
        expect(refused.stdout).toBe("")
        expect(refused.stderr).toContain("This deletes 2 accounts")
        for (const user of people) {
          expect(refused.stderr).toContain(user.userName)
        }
        expect(yield* active).toBe(2)

        const rehearsal = yield* run("accounts", "delete", ...ids, "--dry-run")
        expect(rehearsal.code).toBe(0)
        expect(yield* active).toBe(2)

        const deleted = yield* run("accounts", "delete", ...ids, "--yes", "-o", "json")
        expect(deleted.code).toBe(0)
        expect(
          rowsOf(deleted.stdout).map((row) =>
            row["outcome"]
          )
        ).toEqual(["Deleted", "Deleted"])
        expect(yield* active).toBe(0)
      }))

    it.effect("a list longer than --max-changes changes nothing, unless most of it is so already", () =>
      Effect.gen(function*() {
        const { directory, run, sandbox } = yield* start()
        const group = directory.groups.find((group) => group.members.length > 3)
        const outside = directory.users.filter((user) => user.active && !group?.members.includes(user.id)).slice(0, 3)
        const before = yield* sandbox.directory.snapshot
        const refused = yield* run(
          "grants",
          "grant",
          ...outside.map((user) => user.id),
          "--group",
          group?.id ?? "",
          "--max-changes",
          "2"
        )
        expect(refused.code).toBe(18)
        expect(refused.stderr).toContain("--max-changes 3")
        expect((yield* sandbox.directory.snapshot).groups).toEqual(before.groups)

        const known = yield* run(
          "grants",
          "grant",
          ...(group?.members.slice(0, 3) ?? []),
          outside[0]?.id ?? "",
          "--group",
          group?.id ?? "",
          "--max-changes",
          "1"
        )
        expect(known.code).toBe(0)
      }))

    it.effect("tells item by item what failed, goes on with the rest, and ends with a number for it", () =>
      Effect.gen(function*() {
        const { directory, run, sandbox } = yield* start()
        const people = directory.users.filter((user) => user.active).slice(0, 3)
        yield* sandbox.faults.set({ name: "serverError", status: 400, times: 1, method: "DELETE" })
        const { code, stderr, stdout } = yield* run(
          "accounts",
          "delete",
          ...people.map((user) => user.id),
          "--yes",
          "-o",
          "json"
        )
        expect(rowsOf(stdout).map((row) => row["outcome"])).toEqual(["Failed", "Deleted", "Deleted"])
        expect(code).toBe(32)
        expect(stderr).toContain("1 of 3 changes failed")
      }))

    it.effect("Ctrl-C between two changes tells which were made", () =>
      Effect.gen(function*() {
        const bundle = yield* Bundle
        const { directory, sandbox } = yield* start()
        const ids = directory.users.filter((user) => user.active).slice(0, 4).map((user) => user.id)
        yield* sandbox.faults.set({ name: "hang", method: "DELETE", after: 2 })
        const running = yield* bundle.start(["accounts", "delete", ...ids, "--yes", "-o", "json"], { sandbox })
        const deletions = Effect.map(
          sandbox.directory.counts,
          ({ deletedUsers }) => deletedUsers
        )
        yield* eventually(Effect.map(deletions, (count) => count === 2))
        // Whether the second is still being read back or the third is already under way: what is expected holds for both.
        yield* running.kill("SIGINT")
        const { code, stderr, stdout } = yield* running.finished
        expect(code).toBe(130)
        const done = rowsOf(stdout).map((row) => [row["given"], row["outcome"]])
        expect(done.slice(0, 1)).toEqual([[ids[0], "Deleted"]])
        expect(done.every(([, outcome]) => outcome === "Deleted")).toBe(true)
        expect(stderr).toContain(`Interrupted after ${done.length} of 4 changes`)
        expect(yield* deletions).toBe(2)
      }))

    it.effect("one name that can't be found stops the whole list before anything is changed", () =>
      Effect.gen(function*() {
        const { directory, run, sandbox } = yield* start()
        const [someone] = directory.users.filter((user) => user.active)
        const { code, stderr } = yield* run("accounts", "delete", someone?.id ?? "", "nobody@aurora.example", "--yes")
        expect(code).toBe(6)
        expect(stderr).toContain("nobody@aurora.example")
        expect((yield* sandbox.directory.snapshot).users.find(({ id }) => id === someone?.id)?.active).toBe(true)
      }))
  })

  describe("sandbox", () => {
    it.effect("serves until it is asked to end, and says how to use it", () =>
      Effect.gen(function*() {
        const bundle = yield* Bundle
        const size = ["--users", "12", "--groups", "2", "--memberships", "5"]
        const running = yield* bundle.start(["sandbox", ...size])
        yield* eventually(Effect.sync(() => running.printed().includes("ends with Ctrl-C")))
        const variable = (name: string) => new RegExp(`export ${name}=(\\S+)`).exec(running.printed())?.[1] ?? ""
        const env = { BATON_SCIM_URL: variable("BATON_SCIM_URL"), BATON_SCIM_TOKEN: variable("BATON_SCIM_TOKEN") }
        const rows = rowsOf((yield* bundle.run(["accounts", "list", "-o", "json"], { env })).stdout)
        expect(rows).toHaveLength(12)

        const { port } = new URL(env.BATON_SCIM_URL)
        const second = yield* bundle.run(["sandbox", ...size, "--port", port])
        expect(second.code).toBe(33)
        expect(second.stderr).toContain("in use")

        yield* running.kill("SIGINT")
        expect((yield* running.finished).code).toBe(130)
      }))

    it.effect("prints one line for a script", () =>
      Effect.gen(function*() {
        const bundle = yield* Bundle
        const running = yield* bundle.start(["sandbox", "--users", "0", "-o", "ndjson"])
        yield* eventually(Effect.sync(() => running.printed().endsWith("\n")))
        expect(Object.keys(objectOf(running.printed()))).toEqual(["url", "token"])
        yield* running.kill("SIGTERM")
        yield* running.finished
      }))

    it.effect("refuses a directory that can't exist", () =>
      Effect.gen(function*() {
        const bundle = yield* Bundle
        const { code, stderr } = yield* bundle.run(["sandbox", "--users", "2", "--groups", "1", "--memberships", "9"])
        expect(code).toBe(8)
        expect(stderr).toContain("No such directory")
      }))
  })
})
