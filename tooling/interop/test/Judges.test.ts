/**
 * The sandbox before judges that know nothing of it.
 */
import { Profile, Sandbox } from "@access-kit/scim-sandbox"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Judges from "../src/Judges.ts"
import * as Scim2Server from "../src/Scim2Server.ts"
import { needing } from "./needing.ts"

/** What a check may end with on a server that has nothing to hide; the tester's other words are findings. */
const passing = new Set(["SUCCESS", "COMPLIANT", "ACCEPTABLE"])

const failed = (rows: ReadonlyArray<Judges.TesterResult>) =>
  rows.filter((row) => !passing.has(row.status))
    .map((row) => `${row.status} ${row.title} ${row.resourceType ?? ""} ${row.reason ?? ""}`)

needing("python", "the sandbox", (bin) => {
  it.live("passes scim2-tester", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ profile: Profile.standard })
      const results = yield* Judges.scim2Tester(bin, sandbox)
      expect(failed(results)).toEqual([])
      // With a token that is refused, the tester still finds 17 things to check.
      expect(results.length).toBeGreaterThanOrEqual(40)
      // It cleans up after itself, unless a DELETE that was answered well did nothing.
      expect(yield* sandbox.directory.counts).toMatchObject({ users: 0, groups: 0 })
    }).pipe(Effect.provide(NodeServices.layer)))

  it.live("passes scim-sanity", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ profile: Profile.standard })
      const results = yield* Judges.scimSanity(bin, sandbox)
      expect(results.filter((row) => row.status !== "pass" && row.status !== "skip")).toEqual([])
      expect(results.filter((row) => row.status === "pass").length).toBeGreaterThanOrEqual(24)
      expect(yield* sandbox.directory.counts).toMatchObject({ users: 0, groups: 0 })
    }).pipe(Effect.provide(NodeServices.layer)))
})

needing("python", "the judges", (bin) => {
  it.live("find nothing on a server that is known to be good", () =>
    Effect.gen(function*() {
      const server = yield* Scim2Server.start(bin)
      const tester = yield* Judges.scim2Tester(bin, server)
      const sanity = yield* Judges.scimSanity(bin, server)
      expect(failed(tester)).toEqual([])
      expect(sanity.filter((row) => row.status !== "pass" && row.status !== "skip")).toEqual([])
    }).pipe(Effect.provide(NodeServices.layer)))

  it.live("find the faults of a server that has some", () =>
    Effect.gen(function*() {
      // A deleted user that can still be read is against RFC 7644 section 3.6.
      const sandbox = yield* Sandbox.make({ profile: { ...Profile.standard, onDelete: "deactivate" } })
      const tester = yield* Judges.scim2Tester(bin, sandbox)
      expect(failed(tester)).not.toEqual([])
    }).pipe(Effect.provide(NodeServices.layer)))
})
