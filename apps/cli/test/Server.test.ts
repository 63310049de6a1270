/** Every command through a server, beside the same command against the SCIM endpoint itself. */
import { ServerClient } from "@access-kit/server-api/ServerClient"
import { expect } from "@effect/vitest"
import { Effect, FileSystem, Redacted, Schema, Struct } from "effect"
import { createHash } from "node:crypto"
import * as ExitCode from "../src/ExitCode.ts"
import { brokenLine } from "./BrokenLine.ts"
import { Bundle, ErrorLine, eventually, objectOf, rowsOf } from "./Bundle.ts"
import { Served, withServer } from "./ServedCompany.ts"

const errorOf = (stderr: string) => Schema.decodeUnknownSync(ErrorLine)(stderr.trimEnd().split("\n").at(-1) ?? "").error

/** What a snapshot has no place for, and so a server does not know. */
const inSnapshot = (row: Readonly<Record<string, unknown>>) => {
  return "login" in row ? Struct.omit(row, ["lastModifiedAt"]) : row
}

/** A server lists by id, an endpoint in its own order. */
const sorted = (stdout: string) =>
  [...rowsOf(stdout)].sort((one, other) => String(one["id"]) < String(other["id"]) ? -1 : 1).map(inSnapshot)

const sameRows = Effect.fnUntraced(function*(...args: ReadonlyArray<string>) {
  const served = yield* Served
  const through = yield* served.run([...args, "-o", "json"])
  const direct = yield* served.direct([...args, "-o", "json"])
  expect(through.stderr).toBe("")
  expect(direct.code).toBe(0)
  expect(through.code).toBe(0)
  expect(sorted(through.stdout)).toEqual(sorted(direct.stdout))
  expect(sorted(through.stdout).length).toBeGreaterThan(0)
})

/** Both fail alike, word for word but for what they call themselves. */
const sameFailure = Effect.fnUntraced(function*(reason: ExitCode.Reason, ...args: ReadonlyArray<string>) {
  const served = yield* Served
  const through = yield* served.run([...args, "-o", "json"])
  const direct = yield* served.direct([...args, "-o", "json"])
  expect(errorOf(through.stderr)).toMatchObject({ reason, exitCode: ExitCode.of(reason) })
  expect(errorOf(direct.stderr).reason).toBe(reason)
  expect(through.code).toBe(direct.code)
  return errorOf(through.stderr)
})

const people = Effect.gen(function*() {
  const served = yield* Served
  const rows = rowsOf((yield* served.direct(["accounts", "list", "-o", "json"])).stdout)
  return rows.map((row) => ({ id: String(row["id"]), login: String(row["login"]) }))
})

withServer("through a server", (it) => {
  it.effect("lists the same as the endpoint itself", () =>
    Effect.gen(function*() {
      const served = yield* Served
      yield* sameRows("accounts", "list")
      yield* sameRows("accounts", "list", "--status", "disabled")
      yield* sameRows("groups", "list")
      yield* sameRows("entitlements", "list")
      yield* sameRows("grants", "list")
      const [person] = yield* people
      const [group] = rowsOf((yield* served.direct(["groups", "list", "-o", "json"])).stdout)
      yield* sameRows("grants", "list", "--group", String(group?.["displayName"]))
      for (
        const args of [["accounts", "get", person?.login ?? ""], ["groups", "get", String(group?.["displayName"])]]
      ) {
        const through = yield* served.run([...args, "-o", "json"])
        const direct = yield* served.direct([...args, "-o", "json"])
        expect(through.code).toBe(0)
        const { members: theirs, ...one } = inSnapshot(objectOf(through.stdout))
        const { members: ours, ...other } = inSnapshot(objectOf(direct.stdout))
        expect(one).toEqual(other)
        expect(Array.isArray(theirs) ? theirs.map((member) => JSON.stringify(member)).sort() : theirs).toEqual(
          Array.isArray(ours) ? ours.map((member) => JSON.stringify(member)).sort() : ours
        )
      }
      const table = yield* served.run(["accounts", "list", "--limit", "3"])
      expect(table.stdout.trimEnd().split("\n")).toHaveLength(4)
      expect(table.stderr).toContain("3 accounts shown")
    }))

  it.effect("says what the connector can do, and whether it would work", () =>
    Effect.gen(function*() {
      const served = yield* Served
      const through = yield* served.run(["capabilities", "-o", "json"])
      expect(objectOf(through.stdout)).toEqual(
        objectOf((yield* served.direct(["capabilities", "-o", "json"])).stdout)
      )
      const validated = yield* served.run(["validate"])
      expect(validated.code).toBe(0)
      expect(validated.stderr).toContain(`Claude Enterprise is ready at ${served.url} (connector "Acme").`)
      expect(validated.stdout).toBe((yield* served.direct(["validate"])).stdout)
    }))

  it.effect("finds nobody, and too many, as the endpoint itself does", () =>
    Effect.gen(function*() {
      const served = yield* Served
      yield* sameFailure("NotFound", "accounts", "get", "nobody@example.com")
      yield* sameFailure("NotFound", "groups", "get", "..")
      yield* sameFailure("NotFound", "grants", "list", "--account", "no such person")
      for (const args of [["nonsense", "--display-name", "No One"], ["a@b", "--display-name", ""]]) {
        const through = yield* served.run(["accounts", "create", ...args])
        expect(through.code).toBe(ExitCode.of("InvalidInput"))
        expect((yield* served.direct(["accounts", "create", ...args])).code).toBe(through.code)
      }
    }))

  it.effect("creates and deletes an account", () =>
    Effect.gen(function*() {
      const served = yield* Served
      const args = ["accounts", "create", "new@example.com", "--display-name", "New Person"]
      const dry = yield* served.run([...args, "--dry-run", "-o", "json"])
      const direct = yield* served.direct([...args, "--dry-run", "-o", "json"])
      expect(rowsOf(dry.stdout)).toEqual(rowsOf(direct.stdout))
      const made = yield* served.run([...args, "-o", "json"])
      expect(made.code).toBe(0)
      expect(rowsOf(made.stdout)).toMatchObject([{ outcome: "Created", account: { login: "new@example.com" } }])
      const again = yield* served.run([...args, "-o", "json"])
      expect(rowsOf(again.stdout)).toEqual(rowsOf((yield* served.direct([...args, "-o", "json"])).stdout))
      expect((yield* served.run(["accounts", "get", "NEW@example.com"])).code).toBe(0)

      const asked = yield* served.run(["accounts", "delete", "new@example.com", "-o", "json"])
      expect(errorOf(asked.stderr).reason).toBe("NotConfirmed")
      const deletion = ["accounts", "delete", "new@example.com", "-o", "json"]
      expect(rowsOf((yield* served.run([...deletion, "--dry-run"])).stdout)).toEqual(
        rowsOf((yield* served.direct([...deletion, "--dry-run"])).stdout)
      )
      const gone = yield* served.run([...deletion, "--yes"])
      expect(gone.code).toBe(0)
      expect(rowsOf(gone.stdout)).toMatchObject([{ action: "delete", outcome: "Deleted" }])
      const left = objectOf((yield* served.direct(["accounts", "get", "new@example.com", "-o", "json"])).stdout || "{}")
      expect(left["status"] ?? "disabled").toBe("disabled")
    }))

  it.effect("grants and revokes, each change once", () =>
    Effect.gen(function*() {
      const served = yield* Served
      const [group] = rowsOf((yield* served.direct(["groups", "list", "-o", "json"])).stdout)
      const name = String(group?.["displayName"])
      const held = new Set(
        rowsOf(
          (yield* served.direct(["grants", "list", "--group", name, "-o", "csv", "--no-names"])).stdout === ""
            ? "[]"
            : (yield* served.direct(["grants", "list", "--group", name, "-o", "json"])).stdout
        )
          .map((row) => JSON.stringify(row["account"]))
      )
      const outside = (yield* people).filter(({ id }) => ![...held].some((text) => text.includes(`"${id}"`)))
      const [one, two] = outside
      const change = (verb: string, ...more: ReadonlyArray<string>) =>
        served.run(["grants", verb, one?.login ?? "", two?.login ?? "", "--group", name, "-o", "json", ...more])
      const outcomes = (stdout: string) => rowsOf(stdout).map((row) => row["outcome"])

      expect(outcomes((yield* change("grant", "--dry-run")).stdout)).toEqual(["WouldGrant", "WouldGrant"])
      const limited = yield* change("grant", "--max-changes", "1")
      expect(limited.code).toBe(ExitCode.of("LimitExceeded"))
      expect(outcomes((yield* change("grant")).stdout)).toEqual(["Granted", "Granted"])
      const again = yield* change("grant", "--max-changes", "1")
      expect(again.code).toBe(0)
      expect(outcomes(again.stdout)).toEqual(["AlreadyGranted", "AlreadyGranted"])
      yield* sameRows("grants", "list", "--group", name)
      expect(outcomes((yield* change("revoke", "--dry-run")).stdout)).toEqual(["WouldRevoke", "WouldRevoke"])
      expect(outcomes((yield* change("revoke")).stdout)).toEqual(["Revoked", "Revoked"])
      const twice = yield* change("revoke")
      expect(twice.code).toBe(0)
      expect(outcomes(twice.stdout)).toEqual(["AlreadyRevoked", "AlreadyRevoked"])
      expect(twice.stderr).toContain("nor, as of now, at its source")
      yield* sameRows("grants", "list", "--group", name)

      // For a while, which only a server can.
      const timed = yield* served.run(
        ["grants", "grant", one?.login ?? "", "--group", name, "--expires", "8h", "-o", "json"]
      )
      expect(rowsOf(timed.stdout)).toMatchObject([{
        outcome: "Granted",
        detail: expect.stringMatching(/^until \d{4}-.*Z$/)
      }])
      const kept = yield* Effect.gen(function*() {
        const api = yield* ServerClient
        return (yield* api.timedGrants.list({ query: { state: "active" } })).items
      }).pipe(Effect.provide(served.client))
      expect(kept).toHaveLength(1)
      expect(kept[0]?.principal.resource).toBe(one?.id)
      const second = yield* served.run(
        ["grants", "grant", two?.login ?? "", "--group", name, "--expires", "30m", "-o", "json"]
      )
      expect(second.code).toBe(0)
      // And it does end.
      yield* Effect.gen(function*() {
        const api = yield* ServerClient
        const { items } = yield* api.timedGrants.list({ query: { state: "active" } })
        const timedGrantId = items.find(({ principal }) => principal.resource === two?.id)?.id ?? ""
        const expiresAt = new Date(Date.now() + 1_000).toISOString()
        yield* api.timedGrants.update({ params: { timedGrantId }, headers: {}, payload: { expiresAt } })
      }).pipe(Effect.provide(served.client))
      yield* eventually(Effect.map(
        served.direct(["grants", "list", "--group", name, "-o", "json"]),
        ({ stdout }) => !stdout.includes(two?.id ?? "")
      ))
      for (
        const [expires, reason] of [["yesterday", "InvalidInput"], ["2001-01-01T00:00:00Z", "InvalidInput"]] as const
      ) {
        const wrong = yield* served.run(
          ["grants", "grant", one?.login ?? "", "--group", name, "--expires", expires, "-o", "json"]
        )
        expect(errorOf(wrong.stderr).reason).toBe(reason)
      }
      const direct = yield* served.direct(
        ["grants", "grant", one?.login ?? "", "--group", name, "--expires", "8h", "-o", "json"]
      )
      expect(errorOf(direct.stderr)).toMatchObject({ reason: "Usage", exitCode: 2 })
      expect(errorOf(direct.stderr).message).toContain("--server")
    }))

  it.effect("a change that fails ends with the exit code that it has without a server", () =>
    Effect.gen(function*() {
      const served = yield* Served
      const [group] = rowsOf((yield* served.direct(["groups", "list", "-o", "json"])).stdout)
      const id = String(group?.["id"])
      const members = (yield* served.direct(["grants", "list", "--group", id, "-o", "json"])).stdout
      const outside = (yield* people).find((person) => !members.includes(person.id))
      yield* served.sandbox.faults.set({ name: "dropGrants" })
      const args = ["grants", "grant", outside?.id ?? "", "--group", id, "-o", "json"]
      const direct = yield* served.direct(args)
      const through = yield* served.run(args)
      expect(direct.code).toBe(ExitCode.of("NotApplied"))
      expect(through.code).toBe(direct.code)
      expect(rowsOf(through.stdout)).toEqual(rowsOf(direct.stdout))
    }).pipe(Effect.ensuring(Effect.flatMap(Served, ({ sandbox }) => sandbox.faults.clear()))))

  it.effect("has the server sync, follows it, and fetches the snapshot whole", () =>
    Effect.gen(function*() {
      const served = yield* Served
      const bundle = yield* Bundle
      const files = yield* FileSystem.FileSystem
      const bare = yield* served.run(["sync"])
      expect(bare.code).toBe(0)
      expect(bare.stderr).toMatch(/✓ \d+ accounts in \d+ page/)
      expect(bare.stdout).toContain("on the server")
      yield* files.writeFileString(`${bundle.directory}/through.c1z`, "an older one")
      const through = yield* served.run(["sync", "--out", "through.c1z", "-o", "json"])
      expect(through.stderr).toBe("")
      expect(through.code).toBe(0)
      const summary = objectOf(through.stdout)
      const bytes = yield* files.readFile(`${bundle.directory}/through.c1z`)
      expect(createHash("sha256").update(bytes).digest("hex")).toBe(summary["sha256"])
      expect(yield* served.direct(["sync", "--out", "direct.c1z", "--quiet"])).toMatchObject({ code: 0 })
      expect(
        (yield* bundle.run(["snapshot", "diff", "through.c1z", "direct.c1z", "--exit-code"])).code
      ).toBe(0)
      expect((yield* files.readDirectory(bundle.directory)).filter((name) => name.includes("partial"))).toEqual([])

      const nowhere = yield* served.run(["sync", "--out", "no/such/place.c1z"])
      expect(nowhere.code).toBe(ExitCode.of("InvalidTarget"))
      const own = yield* served.run(["sync", "--fresh"])
      expect(own.code).toBe(2)
      expect(own.stderr).toContain("--fresh")
      const missing = yield* served.direct(["sync"])
      expect(missing.code).toBe(2)
      expect(missing.stderr).toContain("--out")
    }))

  it.effect("asks again where the line broke, and does nothing twice", () =>
    Effect.gen(function*() {
      const served = yield* Served
      const bundle = yield* Bundle
      const line = yield* brokenLine(served.url)
      const env = { CLAUDE_ENTERPRISE_SERVER: line.url, CLAUDE_ENTERPRISE_SERVER_TOKEN: served.token }
      const before = yield* served.operations
      const made = yield* bundle.run(
        ["accounts", "create", "once@example.com", "--display-name", "Once Only", "-o", "json"],
        { env }
      )
      expect(made.code).toBe(0)
      expect(rowsOf(made.stdout)).toMatchObject([{ outcome: "Created" }])
      expect(line.keys.length).toBe(2)
      expect(new Set(line.keys).size).toBe(1)
      expect((yield* served.operations) - before).toBe(1)

      // The stream of events breaks off too, and the sync is followed to its end all the same.
      const synced = yield* bundle.run(["sync", "-o", "json"], { env })
      expect(synced.code).toBe(0)
      expect(objectOf(synced.stdout)).toMatchObject({ file: null, resources: { group: 6 } })
      expect(line.streams).toBeGreaterThan(0)
    }))

  it.effect("leaves the sync to the server when it is interrupted", () =>
    Effect.gen(function*() {
      const served = yield* Served
      const bundle = yield* Bundle
      yield* served.sandbox.faults.set({ name: "hang" })
      const line = yield* brokenLine(served.url)
      const running = yield* bundle.start(["sync"], {
        env: { CLAUDE_ENTERPRISE_SERVER: line.url, CLAUDE_ENTERPRISE_SERVER_TOKEN: served.token }
      })
      const params = { connectorId: served.connectorId }
      const open = Effect.gen(function*() {
        const api = yield* ServerClient
        return (yield* api.syncs.list({ params, query: { limit: 1 } })).items
      }).pipe(Effect.provide(served.client), Effect.orDie)
      // It follows its sync by then.
      yield* eventually(Effect.sync(() => line.streams > 0))
      yield* running.kill("SIGINT")
      const { code, stderr } = yield* running.finished
      expect(code).toBe(ExitCode.of("Interrupted"))
      const [left] = yield* open
      expect(stderr).toContain(`The sync ${left?.id} goes on at the server`)
      yield* Effect.gen(function*() {
        const api = yield* ServerClient
        yield* api.syncs.cancel({ params: { syncId: left?.id ?? "" }, headers: {} })
        yield* served.sandbox.faults.clear()
        yield* eventually(Effect.map(
          Effect.orDie(api.syncs.get({ params: { syncId: left?.id ?? "" } })),
          ({ state }) => state !== "queued" && state !== "running"
        ))
      }).pipe(Effect.provide(served.client))
    }).pipe(Effect.ensuring(Effect.flatMap(Served, ({ sandbox }) => sandbox.faults.clear()))))

  it.effect("says that a sync is held back, and how it is published", () =>
    Effect.gen(function*() {
      const served = yield* Served
      yield* served.guard({ maxChangesPerHour: 1_000, maxDeletionsPerHour: 10, maxShrinkPercent: 1 })
      expect((yield* served.run(["sync"])).code).toBe(0)
      const rows = rowsOf((yield* served.direct(["grants", "list", "-o", "json"])).stdout)
      const [group] = rows.map((row) => JSON.stringify(row["group"]))
      const { id } = objectOf(group ?? "{}")
      const members = rows.filter((row) => JSON.stringify(row["group"]) === group)
        .map((row) => String(objectOf(JSON.stringify(row["account"]))["id"]))
      const left = members.slice(0, 10)
      const revoked = yield* served.direct(["grants", "revoke", ...left, "--group", String(id)])
      expect(revoked.code).toBe(0)
      const held = yield* served.run(["sync", "-o", "json"])
      expect(held.code).toBe(ExitCode.of("AwaitingApproval"))
      expect(errorOf(held.stderr).message).toMatch(/\/v1\/syncs\/[0-9A-Za-z]{27}\/publish/)
    }))

  it.effect("says that a change waits for approval, and how it is given", () =>
    Effect.gen(function*() {
      const served = yield* Served
      yield* served.guard({ maxChangesPerHour: 0, maxDeletionsPerHour: 0, maxShrinkPercent: 100 })
      const [one, two] = yield* people
      const waiting = yield* served.run(["accounts", "delete", one?.id ?? "", two?.id ?? "", "--yes", "-o", "json"])
      expect(waiting.code).toBe(ExitCode.of("AwaitingApproval"))
      expect(rowsOf(waiting.stdout).map((row) => row["outcome"])).toEqual(["AwaitingApproval", "AwaitingApproval"])
      expect(errorOf(waiting.stderr).message).toMatch(
        /claude-enterprise operations approve [0-9A-Za-z]{27} --server http:/
      )
      const single = yield* served.run(["accounts", "create", "late@example.com", "--display-name", "Late Person"])
      expect(single.code).toBe(ExitCode.of("AwaitingApproval"))
      expect(single.stdout).toContain("waits for approval")
      expect((yield* served.direct(["accounts", "get", "late@example.com"])).code).toBe(ExitCode.of("NotFound"))
    }))

  it.effect("fails for the same reasons as the endpoint when that is at fault", () =>
    Effect.gen(function*() {
      const served = yield* Served
      yield* served.sandbox.faults.set({ name: "unauthorized" })
      const checked = yield* sameFailure("ValidationFailed", "validate")
      expect(checked.message).not.toContain(Redacted.value(served.sandbox.token))
      const synced = yield* served.run(["sync", "-o", "json"])
      expect(synced.code).toBe(ExitCode.of("Unauthenticated"))
    }).pipe(Effect.ensuring(Effect.flatMap(Served, ({ sandbox }) => sandbox.faults.clear()))))

  it.effect("says which connector, which token and which server it misses", () =>
    Effect.gen(function*() {
      const served = yield* Served
      const bundle = yield* Bundle
      const files = yield* FileSystem.FileSystem
      const list = ["groups", "list", "-o", "json"]
      const unknown = yield* served.run([...list, "--connector", "Nowhere"])
      expect(errorOf(unknown.stderr)).toMatchObject({
        reason: "NotFound",
        message: expect.stringContaining("\"Acme\"")
      })
      expect((yield* served.run([...list, "--connector", "acme"])).code).toBe(0)
      expect((yield* served.run([...list, "--connector", served.connectorId])).code).toBe(0)

      const wrong = yield* bundle.run([...list, "--server", served.url, "--server-token", `cesrv_${"0".repeat(72)}`])
      expect(wrong.code).toBe(ExitCode.of("Unauthenticated"))
      expect(wrong.stdout + wrong.stderr).not.toContain("cesrv_000")
      const none = yield* bundle.run([...list, "--server", served.url])
      expect(errorOf(none.stderr)).toMatchObject({
        reason: "InvalidConfiguration",
        message: expect.stringContaining("CLAUDE_ENTERPRISE_SERVER_TOKEN")
      })
      yield* files.writeFileString(`${bundle.directory}/server-token`, `${served.token}\n`)
      expect((yield* bundle.run([...list, "--server", `${served.url}/`, "--server-token-file", "server-token"])).code)
        .toBe(0)
      const fromFile = yield* bundle.run(list, {
        env: { CLAUDE_ENTERPRISE_SERVER: served.url, CLAUDE_ENTERPRISE_SERVER_TOKEN_FILE: "server-token" }
      })
      expect(fromFile.code).toBe(0)
      expect((yield* bundle.run([...list, "--server-token-file", "server-token"])).code).toBe(3)

      const reader = { CLAUDE_ENTERPRISE_SERVER: served.url, CLAUDE_ENTERPRISE_SERVER_TOKEN: served.readerToken }
      expect((yield* bundle.run(list, { env: reader })).code).toBe(0)
      const mayNot = yield* bundle.run(
        ["accounts", "create", "x@example.com", "--display-name", "X Y", "-o", "json"],
        { env: reader }
      )
      expect(mayNot.code).toBe(ExitCode.of("PermissionDenied"))

      const nobody = yield* bundle.run([...list, "--server", "http://127.0.0.1:9", "--server-token", "x"])
      expect(errorOf(nobody.stderr)).toMatchObject({
        reason: "Unavailable",
        message: expect.stringContaining("can't be reached")
      })
      const other = yield* bundle.run([...list, "--server", served.sandbox.baseUrl, "--server-token", "x"])
      expect(other.code).toBe(ExitCode.of("UnexpectedResponse"))
      const exposed = yield* bundle.run([...list, "--server", "http://server.example", "--server-token", "x"])
      expect(errorOf(exposed.stderr)).toMatchObject({
        reason: "InvalidConfiguration",
        message: expect.stringContaining("https")
      })
      const both = yield* bundle.run([...list, "--server", served.url, "--scim-url", served.sandbox.baseUrl])
      expect(errorOf(both.stderr).reason).toBe("InvalidConfiguration")
      const probe = yield* bundle.run(["probe", "--server", served.url], { sandbox: served.sandbox })
      expect(probe.code).toBe(2)
      // A flag that describes the endpoint comes before a server in the environment.
      const flagged = yield* bundle.run([...list, "--scim-url", served.sandbox.baseUrl], {
        sandbox: served.sandbox,
        env: { CLAUDE_ENTERPRISE_SERVER: "http://127.0.0.1:9" }
      })
      expect(flagged.code).toBe(0)

      yield* Effect.gen(function*() {
        const api = yield* ServerClient
        yield* api.connectors.create({
          headers: {},
          payload: {
            name: "Second",
            kind: "claude-enterprise",
            settings: { "scim-url": served.sandbox.baseUrl, "scim-token": Redacted.value(served.sandbox.token) }
          }
        })
      }).pipe(Effect.provide(served.client))
      const several = yield* served.run(list)
      expect(errorOf(several.stderr)).toMatchObject({
        reason: "InvalidConfiguration",
        message: expect.stringMatching(/"Acme".*"Second"|"Second".*"Acme"/)
      })
    }))
})
