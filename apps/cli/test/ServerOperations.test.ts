/** Operations and grants with an end, as the command shows and changes them through a server. */
import { expect } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as ExitCode from "../src/ExitCode.ts"
import { Bundle, ErrorLine, eventually, objectOf, rowsOf } from "./Bundle.ts"
import { Served, withServer } from "./ServedCompany.ts"

const errorOf = (stderr: string) => Schema.decodeUnknownSync(ErrorLine)(stderr.trimEnd().split("\n").at(-1) ?? "").error

/** A group, and people who are not in it. */
const outside = Effect.gen(function*() {
  const { sandbox } = yield* Served
  const { groups, users } = yield* sandbox.directory.snapshot
  const [group] = groups
  const inside = new Set(group?.members)
  return {
    group: group?.id ?? "",
    people: users.filter(({ active, id }) => active && !inside.has(id)).map(({ id }) => id)
  }
})

const isMember = (group: string, user: string) =>
  Effect.gen(function*() {
    const { sandbox } = yield* Served
    const { groups } = yield* sandbox.directory.snapshot
    return groups.some(({ id, members }) => id === group && members.includes(user))
  })

withServer("operations", (it) => {
  it.effect("are listed, approved by another token, turned down and taken back", () =>
    Effect.gen(function*() {
      const served = yield* Served
      const bundle = yield* Bundle
      const { group, people } = yield* outside
      yield* served.guard({ maxChangesPerHour: 0, maxDeletionsPerHour: 0, maxShrinkPercent: 100 })
      const asked = yield* served.run(["grants", "grant", ...people.slice(0, 3), "--group", group, "-o", "json"])
      expect(asked.code).toBe(ExitCode.of("AwaitingApproval"))
      const listed = rowsOf(
        (yield* served.run(["operations", "list", "--state", "awaitingApproval", "--kind", "grant", "-o", "json"]))
          .stdout
      )
      expect(listed).toHaveLength(3)
      const [third, second, first] = listed.map((row) => String(row["id"]))
      expect(listed[2]).toMatchObject({ kind: "grant", requestedBy: "admin", request: { principalId: people[0] } })
      const table = yield* served.run(["operations", "list", "--connector", "Acme", "--limit", "1"])
      expect(table.stdout).toContain("awaitingApproval")
      expect(table.stderr).toContain("1 operation shown")

      // Not by the token that asked.
      const own = yield* served.run(["operations", "approve", first ?? "", "-o", "json"])
      expect(errorOf(own.stderr)).toMatchObject({ reason: "PermissionDenied", exitCode: 5 })
      const approved = yield* served.asApprover(["operations", "approve", first ?? "", "-o", "json"])
      expect(approved.code).toBe(0)
      expect(rowsOf(approved.stdout)).toMatchObject([{ id: first, state: "succeeded", outcome: "Granted" }])
      expect(yield* isMember(group, people[0] ?? "")).toBe(true)
      const rejected = yield* served.asApprover(["operations", "reject", second ?? "", "-o", "json"])
      expect(rowsOf(rejected.stdout)).toMatchObject([{ id: second, state: "rejected", decidedBy: "approver" }])
      const cancelled = yield* served.run(["operations", "cancel", third ?? "", "-o", "json"])
      expect(rowsOf(cancelled.stdout)).toMatchObject([{ id: third, state: "cancelled" }])

      const twice = yield* served.asApprover(["operations", "approve", first ?? "", third ?? "", "-o", "json"])
      expect(errorOf(twice.stderr)).toMatchObject({ exitCode: ExitCode.of("Conflict") })
      const got = yield* served.run(["operations", "get", first ?? "", "--wait", "-o", "json"])
      expect(got.code).toBe(0)
      expect(objectOf(got.stdout)).toMatchObject({ id: first, outcome: "Granted", decidedBy: "approver" })
      const turnedDown = yield* served.run(["operations", "get", second ?? "", "--wait", "-o", "json"])
      expect(errorOf(turnedDown.stderr)).toMatchObject({ exitCode: ExitCode.of("PermissionDenied") })
      const nowhere = yield* served.run(["operations", "get", "3Mc7RYueJszfYI8u7ig5zHWHwrD", "-o", "json"])
      expect(errorOf(nowhere.stderr)).toMatchObject({ exitCode: ExitCode.of("NotFound") })
      const noServer = yield* bundle.run(["operations", "list", "-o", "json"])
      expect(errorOf(noServer.stderr)).toMatchObject({ reason: "Usage", exitCode: 2 })
      expect(errorOf(noServer.stderr).message).toContain("--server")
    }), 180_000)

  it.effect("that fail after they were approved end with the number of their reason", () =>
    Effect.gen(function*() {
      const served = yield* Served
      const { group, people } = yield* outside
      yield* served.guard({ maxChangesPerHour: 0, maxDeletionsPerHour: 0, maxShrinkPercent: 100 })
      yield* served.run(["grants", "grant", people.at(-1) ?? "", "--group", group])
      const [waiting] = rowsOf(
        (yield* served.run(["operations", "list", "--state", "awaitingApproval", "-o", "json"])).stdout
      )
      yield* served.sandbox.faults.set({ name: "dropGrants" })
      const failed = yield* served.asApprover(["operations", "approve", String(waiting?.["id"]), "-o", "json"])
      expect(failed.code).toBe(ExitCode.of("NotApplied"))
      expect(rowsOf(failed.stdout)).toMatchObject([{ state: "failed", error: { reason: "NotApplied" } }])
    }).pipe(Effect.ensuring(Effect.flatMap(Served, ({ sandbox }) => sandbox.faults.clear()))), 120_000)
})

withServer("grants with an end", (it) => {
  it.effect("show when that is, are given another, and are ended", () =>
    Effect.gen(function*() {
      const served = yield* Served
      const { group, people: [one = "", two = ""] } = yield* outside
      const grant = (...more: ReadonlyArray<string>) =>
        Effect.map(served.run(["grants", "grant", ...more, "--group", group, "-o", "json"]), ({ stdout }) =>
          rowsOf(stdout))
      expect(yield* grant(one, "--expires", "4h")).toMatchObject([{
        outcome: "Granted",
        detail: expect.stringMatching(/^until /)
      }])
      expect(yield* grant(two, "--expires", "8h")).toMatchObject([{ outcome: "Granted" }])
      const listing = rowsOf((yield* served.run(["timed-grants", "list", "--state", "active", "-o", "json"])).stdout)
      // The next to end first.
      expect(listing).toMatchObject([{ account: { id: one } }, { account: { id: two } }])
      const [first, second] = listing.map((row) =>
        String(row["id"])
      )
      const grants = rowsOf((yield* served.run(["grants", "list", "--group", group, "-o", "json"])).stdout)
      expect(grants.filter((row) => row["expiresAt"] !== null).map((row) => row["expiresAt"]).toSorted()).toEqual(
        listing.map((row) => row["expiresAt"])
      )
      const table = yield* served.run(["grants", "list", "--group", group])
      expect(table.stdout).toMatch(/^GROUP .* UNTIL\s*$/m)
      expect(table.stdout).toContain(String(listing[0]?.["expiresAt"]))

      const extended = yield* served.run(["timed-grants", "extend", first ?? "", "--expires", "12h", "-o", "json"])
      expect(extended.code).toBe(0)
      const order = rowsOf((yield* served.run(["timed-grants", "list", "--state", "active", "-o", "json"])).stdout)
      expect(order.map((row) => row["id"])).toEqual([second, first])
      const wrong = yield* served.run(["timed-grants", "extend", first ?? "", "--expires", "yesterday", "-o", "json"])
      expect(errorOf(wrong.stderr).reason).toBe("InvalidInput")

      const ended = yield* served.run(["timed-grants", "end", first ?? "", "-o", "json"])
      expect(ended.code).toBe(0)
      expect(objectOf(ended.stdout)).toMatchObject({ state: "ended" })
      expect(yield* isMember(group, one)).toBe(false)
      const again = yield* served.run(["timed-grants", "end", first ?? "", "-o", "json"])
      expect(errorOf(again.stderr)).toMatchObject({ exitCode: ExitCode.of("Conflict") })
      const got = yield* served.run(["timed-grants", "get", first ?? ""])
      expect(got.stdout).toContain("ended")

      // What the source refuses ends with its reason, and the server tries it again.
      yield* served.sandbox.faults.set({ name: "unauthorized" })
      const refused = yield* served.run(["timed-grants", "end", second ?? "", "-o", "json"])
      expect(errorOf(refused.stderr)).toMatchObject({ reason: "Unauthenticated", exitCode: 4 })
      yield* served.sandbox.faults.clear()
      yield* eventually(Effect.map(isMember(group, two), (still) => !still))
    }).pipe(Effect.ensuring(Effect.flatMap(Served, ({ sandbox }) => sandbox.faults.clear()))), 180_000)

  it.effect("leave alone who has it for good, unless told otherwise", () =>
    Effect.gen(function*() {
      const served = yield* Served
      const { group, people: [one = ""] } = yield* outside
      const grant = (...more: ReadonlyArray<string>) =>
        served.run(["grants", "grant", one, "--group", group, "-o", "json", ...more])
      yield* grant()
      expect(rowsOf((yield* grant("--expires", "1h")).stdout)).toMatchObject([{
        outcome: "AlreadyGranted",
        detail: "without an end, and it stays so"
      }])
      expect(rowsOf((yield* grant("--expires", "1h", "--if-granted", "expire", "--dry-run")).stdout)).toMatchObject([{
        outcome: "AlreadyGranted",
        detail: expect.stringMatching(/^until /)
      }])
      expect(rowsOf((yield* served.run(["timed-grants", "list", "--state", "active", "-o", "json"])).stdout)).toEqual(
        []
      )
      expect(rowsOf((yield* grant("--expires", "1h", "--if-granted", "expire")).stdout)).toMatchObject([{
        outcome: "AlreadyGranted",
        detail: expect.stringMatching(/^until /)
      }])
      const active = yield* served.run(["timed-grants", "list", "--state", "active", "-o", "json"])
      expect(rowsOf(active.stdout)).toMatchObject([{ account: { id: one } }])
      expect((yield* grant("--if-granted", "expire")).code).toBe(2)
    }), 120_000)
})
