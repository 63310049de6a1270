/** One change instead of a sync. */
import * as Directory from "@access-kit/scim-sandbox/Directory"
import * as Sandbox from "@access-kit/scim-sandbox/Sandbox"
import { expect } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { company, outcomeOf, Program, withProgram } from "./Program.ts"

/** A group, one who is in it and one who is not. */
const cast = Effect.gen(function*() {
  const directory = yield* Directory.generate(company)
  const sandbox = yield* Sandbox.make({ directory })
  const { groups, users } = yield* sandbox.directory.snapshot
  const group = groups.find((candidate) => candidate.members.length > 0 && candidate.members.length < users.length)
  const member = group?.members[0]
  const stranger = users.find((user) => user.active && !group?.members.includes(user.id))
  if (group === undefined || member === undefined || stranger === undefined) return yield* Effect.die("no such people")
  const membersNow = Effect.map(
    sandbox.directory.snapshot,
    (now) => now.groups.find((candidate) => candidate.id === group.id)?.members ?? []
  )
  return { group, member, membersNow, sandbox, stranger: stranger.id, entitlement: `group:${group.id}:member` }
})

withProgram("one change", (it) => {
  it.effect("grants: rehearsed, done, and done already", () =>
    Effect.gen(function*() {
      const program = yield* Program
      const { entitlement, membersNow, sandbox, stranger } = yield* cast
      expect((yield* program.run(["-f", "grant.c1z"], { sandbox })).code).toBe(0)
      const args = ["--file", "grant.c1z", "--grant-entitlement", entitlement, "--grant-principal", stranger]
        .concat("--grant-principal-type", "user")
      const before = yield* membersNow
      const rehearsed = yield* program.run([...args, "--dry-run"], { sandbox })
      expect([rehearsed.code, outcomeOf(rehearsed)]).toEqual([0, "WouldGrant"])
      expect(yield* membersNow).toEqual(before)
      const done = yield* program.run(args, { sandbox })
      expect([done.code, outcomeOf(done), done.stdout]).toEqual([0, "Granted", ""])
      expect([...yield* membersNow].toSorted()).toEqual([...before, stranger].toSorted())
      const again = yield* program.run(args, { sandbox })
      expect([again.code, outcomeOf(again)]).toEqual([0, "AlreadyGranted"])
    }))

  it.effect("reads and adds to no snapshot that comes to more than the variable says", () =>
    Effect.gen(function*() {
      const program = yield* Program
      const files = yield* FileSystem.FileSystem
      const directory = yield* Directory.generate({ users: 3_000, groups: 6, memberships: 300, seed: 7 })
      const sandbox = yield* Sandbox.make({ directory })
      const run = (limit: string, ...args: ReadonlyArray<string>) =>
        program.run(["-f", "large.c1z", ...args], { sandbox, env: { BATON_DECODER_MAX_DECODED_SIZE_MB: limit } })
      expect((yield* run("1")).code).toBe(0)
      const before = yield* files.stat(`${program.directory}/large.c1z`)
      for (const args of [["--revoke-grant", "any"], []]) {
        const refused = yield* run("1", ...args)
        expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("larger than the limit of 1048576")])
        expect((yield* run("x", ...args)).stderr).toContain("BATON_DECODER_MAX_DECODED_SIZE_MB is not a whole number")
        expect((yield* run("0", ...args)).stderr).toContain("BATON_DECODER_MAX_DECODED_SIZE_MB: at least 1")
      }
      expect((yield* files.stat(`${program.directory}/large.c1z`)).mtime).toEqual(before.mtime)
      expect((yield* run("100")).code).toBe(0)
    }))

  it.effect("revokes by the id of a grant, and what is revoked already", () =>
    Effect.gen(function*() {
      const program = yield* Program
      const { entitlement, member, membersNow, sandbox } = yield* cast
      expect((yield* program.run(["-f", "revoke.c1z"], { sandbox })).code).toBe(0)
      const files = yield* FileSystem.FileSystem
      const temporary = yield* files.makeTempDirectoryScoped()
      const before = yield* membersNow
      const args = ["--revoke-grant", `${entitlement}:user:${member}`, "-f", "revoke.c1z", "--c1z-temp-dir", temporary]
      const done = yield* program.run(args, { sandbox })
      expect([done.code, outcomeOf(done)]).toEqual([0, "Revoked"])
      expect(yield* membersNow).toEqual(before.filter((id) => id !== member))
      const again = yield* program.run(args, { sandbox })
      expect([again.code, outcomeOf(again)]).toEqual([0, "AlreadyRevoked"])
      expect(yield* files.readDirectory(temporary)).toEqual([])
      const nowhere = yield* program.run(["--revoke-grant", "any", "-f", "revoke.c1z"], {
        sandbox,
        env: { BATON_TMPDIR: `${temporary}/gone` }
      })
      expect([nowhere.code, nowhere.stderr]).toEqual([2, expect.stringContaining("temporary")])
    }))

  it.effect("creates an account, finds it the second time, and deletes it", () =>
    Effect.gen(function*() {
      const program = yield* Program
      const { sandbox } = yield* cast
      const email = "new.person@example.com"
      const args = [
        "--create-account-email",
        email,
        "--create-account-login",
        email,
        "--create-account-profile",
        JSON.stringify({ display_name: "New Person", nobody: null, floor: 3 })
      ]
      const created = yield* program.run(args, { sandbox })
      expect([created.code, outcomeOf(created)]).toEqual([0, "Created"])
      const made = (yield* sandbox.directory.snapshot).users.find((user) => user.userName === email)
      expect(made).toMatchObject({ active: true })
      expect(yield* program.run(args, { sandbox }).pipe(Effect.map(outcomeOf))).toBe("AlreadyExists")

      const id = made?.id ?? ""
      const deletion = ["--delete-resource", id, "--delete-resource-type", "user"]
      expect(yield* program.run(deletion, { sandbox }).pipe(Effect.map(outcomeOf))).toBe("Deleted")
      expect((yield* sandbox.directory.snapshot).users.find((user) => user.id === id && user.active)).toBeUndefined()
      const nobody = yield* program.run(["--delete-resource", "no-such-id", "--delete-resource-type", "user"], {
        sandbox
      })
      expect([nobody.code, outcomeOf(nobody)]).toEqual([0, "DidNotExist"])
    }))

  it.effect("creates an account of an e-mail address and a profile, without a login", () =>
    Effect.gen(function*() {
      const program = yield* Program
      const { sandbox } = yield* cast
      const profile = JSON.stringify({ display_name: "Solo Person", email: "solo@example.com" })
      const created = yield* program.run(["--create-account-profile", profile], { sandbox })
      expect([created.code, outcomeOf(created)]).toEqual([0, "Created"])
      expect((yield* sandbox.directory.snapshot).users.some((user) => user.userName === "solo@example.com")).toBe(true)
    }))

  it.effect("says what it does not find, can't do or does not understand, and changes nothing", () =>
    Effect.gen(function*() {
      const program = yield* Program
      const files = yield* FileSystem.FileSystem
      const { entitlement, group, sandbox, stranger } = yield* cast
      expect((yield* program.run(["-f", "faults.c1z"], { sandbox })).code).toBe(0)
      yield* files.writeFileString(`${program.directory}/text.c1z`, "not a snapshot")
      const before = yield* sandbox.directory.snapshot
      const file = ["-f", "faults.c1z"]
      const principal = ["--grant-principal", stranger, "--grant-principal-type", "user"]
      const cases: ReadonlyArray<readonly [ReadonlyArray<string>, number, string]> = [
        [
          [...file, "--grant-entitlement", "group:nowhere:member", ...principal],
          5,
          "no entitlement \"group:nowhere:member\""
        ],
        [
          [
            ...file,
            "--grant-entitlement",
            entitlement,
            "--grant-principal",
            "nobody",
            "--grant-principal-type",
            "user"
          ],
          5,
          "\"nobody\""
        ],
        [[...file, "--grant-entitlement", entitlement, "--grant-principal", stranger], 2, "--grant-principal-type"],
        [[...file, "--grant-entitlement", entitlement], 2, "missing [grant-principal]"],
        [[...file, "--revoke-grant", "no-such-grant"], 5, "no grant \"no-such-grant\""],
        [["-f", "absent.c1z", "--revoke-grant", "any"], 2, "There is no file \"absent.c1z\""],
        [["-f", "text.c1z", "--revoke-grant", "any"], 2, "not a .c1z file"],
        [["--delete-resource", "x"], 2, "--delete-resource-type"],
        [["--delete-resource-type", "user"], 2, "--delete-resource and"],
        [["--delete-resource", group.id, "--delete-resource-type", "group"], 12, "can't do \"delete\""],
        [["--delete-resource", "x", "--delete-resource-type", "role"], 5, "no resource type \"role\""],
        [["--create-account-profile", "{"], 2, "not a JSON object"],
        [["--create-account-profile", "{\"display_name\":{}}"], 2, "\"display_name\""],
        [["--create-account-profile", "{\"display_name\":\"A B\"}"], 2, "--create-account-email"],
        [
          ["--create-account-email", "not an address", "--create-account-profile", "{\"display_name\":\"A B\"}"],
          3,
          "not an address"
        ],
        [["--create-account-email", "a@example.com"], 3, "display_name"],
        [["--create-account-email", "a@example.com", "--create-account-resource-type", "group"], 12, "createAccount"],
        [["--rotate-credentials", "x", "--rotate-credentials-type", "user"], 12, "no credentials"],
        [["--event-feed", "true"], 5, "no event feed"],
        [["--event-feed", "maybe"], 2, "none of true, false"],
        [["--invoke-action", "x"], 5, "no actions"],
        [["--list-ticket-schemas"], 12, "no tickets"],
        [["--grant-entitlement", "a", "--grant-principal", "b", "--revoke-grant", "c"], 2, "were all set"]
      ]
      for (const [args, code, words] of cases) {
        const { stderr, stdout, ...finished } = yield* program.run(args, { sandbox })
        expect.soft({ args, code: finished.code, stdout }).toEqual({ args, code, stdout: "" })
        expect.soft(stderr, args.join(" ")).toContain(words)
      }
      const after = yield* sandbox.directory.snapshot
      expect(after).toEqual(before)
    }))
})
