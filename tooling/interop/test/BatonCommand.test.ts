/**
 * The command `baton-claude-enterprise` against the real Go SDK: what it prints is read by Go's protojson, the kinds of syncs that it does are compared
 * with those of Go's syncer, and its snapshots go on where Go's end, and the other way round.
 */
import { ConfigV1, ConnectorV2 } from "@access-kit/baton-protocol"
import { BatonCapabilities } from "@access-kit/baton-runtime"
import * as ConfigSchema from "@access-kit/baton-runtime/command/ConfigSchema"
import { ClaudeEnterprise } from "@access-kit/claude-enterprise"
import { Directory, Sandbox } from "@access-kit/scim-sandbox"
import { equals, fromBinary } from "@bufbuild/protobuf"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { expect, it } from "@effect/vitest"
import { Effect, FileSystem, Layer } from "effect"
import { fileURLToPath } from "node:url"
import { beforeAll } from "vitest"
import * as C1zRows from "../src/C1zRows.ts"
import { run } from "../src/Run.ts"
import * as GoSdk from "./GoSdk.ts"
import { needing } from "./needing.ts"

const services = Layer.merge(NodeServices.layer, NodeHttpClient.layerUndici)

const program = fileURLToPath(new URL("../../../apps/baton/src/main.ts", import.meta.url))

const command = Effect.fn("command")(function*(args: ReadonlyArray<string>, sandbox?: Sandbox.SandboxService) {
  const result = yield* run(process.execPath, [program, ...args], {
    env: sandbox === undefined ? {} : { BATON_SCIM_URL: sandbox.baseUrl, BATON_SCIM_TOKEN: sandbox.token }
  })
  expect(result.exitCode, result.stderr).toBe(0)
  return result
})

const plain = { withoutTypeMarks: true }

const shapes = (path: string) =>
  Effect.map(
    C1zRows.syncs(path),
    (syncs) => syncs.map(({ finished, parent, type }) => ({ type, parent, finished }))
  )

const full = { type: "full", parent: undefined, finished: true }

needing("baton", "baton-claude-enterprise beside the Go SDK", () => {
  beforeAll(GoSdk.build, 600_000)

  it.live("prints capabilities and configuration that Go's protojson reads as the same messages", () =>
    Effect.gen(function*() {
      const connector = yield* GoSdk.organization(Directory.empty)
      const read = (type: string, input: string) =>
        Effect.map(
          GoSdk.go("protojson", [type], {}, { input }),
          ({ stdout }) => new Uint8Array(Buffer.from(stdout, "base64"))
        )
      const capabilities = yield* read("google.protobuf.Any", (yield* command(["capabilities"])).stdout)
      expect(equals(
        ConnectorV2.ConnectorCapabilitiesSchema,
        fromBinary(ConnectorV2.ConnectorCapabilitiesSchema, capabilities),
        BatonCapabilities.of(connector)
      )).toBe(true)
      const configuration = yield* read("c1.config.v1.Configuration", (yield* command(["config"])).stdout)
      expect(equals(
        ConfigV1.ConfigurationSchema,
        fromBinary(ConfigV1.ConfigurationSchema, configuration),
        ConfigSchema.of(ClaudeEnterprise.spec)
      )).toBe(true)
    }).pipe(Effect.scoped, Effect.provide(services)))

  it.live("does every kind of sync as Go's syncer does it", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped({ prefix: "interop-kinds-" })
      const sandbox = yield* Sandbox.make({
        directory: yield* Directory.generate({ users: 30, groups: 4, memberships: 40, seed: 11 })
      })
      const connector = yield* GoSdk.connectorOf(sandbox)
      const [users, groups] = connector.resourceTypes
      if (users === undefined || groups === undefined) return expect.fail("a resource type is missing")
      const idOf = (type: typeof users) =>
        Effect.map(type.list({ include: "resources" }), (page) => page.items[0]?.resource.id.resource ?? "")
      const one = `bid:r:group/${yield* idOf(groups)},bid:r:user/${yield* idOf(users)},bid:r:user/gone`
      // Go leaves out what is held where a type is listed as a whole, so it is told to ask for each resource.
      const address = yield* GoSdk.serve(connector, { listing: "per-resource" })
      const kinds: ReadonlyArray<readonly [string, ReadonlyArray<string>, ReadonlyArray<string>, string]> = [
        ["full", [], [], "full"],
        ["types", ["--sync-resource-types", "group"], ["-types", "group"], "full"],
        ["bare", ["--skip-entitlements-and-grants"], ["-bare"], "resources_only"],
        ["some", ["--sync-resources", one], ["-resources", one], "partial"],
        ["held", ["--sync-resources", one, "--skip-grants"], ["-resources", one, "-no-grants"], "partial"],
        [
          "some-bare",
          ["--sync-resources", one, "--skip-entitlements-and-grants"],
          ["-resources", one, "-bare"],
          "partial"
        ]
      ]
      for (const [name, flags, goFlags, type] of kinds) {
        const ours = `${folder}/${name}-ours.c1z`
        const theirs = `${folder}/${name}-theirs.c1z`
        yield* command(["--file", ours, ...flags], sandbox)
        yield* GoSdk.go("syncer", ["-file", theirs, ...goFlags], address)
        expect.soft(yield* C1zRows.read(ours, plain), name).toEqual(yield* C1zRows.read(theirs, plain))
        expect.soft(yield* shapes(ours), name).toEqual([{ ...full, type }])
        expect.soft(yield* shapes(theirs), name).toEqual([{ ...full, type }])
      }
    }).pipe(Effect.scoped, Effect.provide(services)))

  it.live("has Go's syncer list the grants of all groups in one pass over them", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped({ prefix: "interop-pass-" })
      const sandbox = yield* Sandbox.make({
        directory: yield* Directory.generate({ users: 30, groups: 4, memberships: 40, seed: 13 })
      })
      const askedFor = Effect.fnUntraced(function*(listing: "type-scoped" | "per-resource") {
        const address = yield* GoSdk.serve(yield* GoSdk.connectorOf(sandbox), { listing })
        const before = (yield* sandbox.requests.entries).length
        yield* GoSdk.go("syncer", ["-file", `${folder}/${listing}.c1z`], address)
        const asked = (yield* sandbox.requests.entries).slice(before).map((entry) => entry.path)
        return {
          groups: asked.some((path) => path.endsWith("/Groups")),
          single: asked.filter((path) => /\/Groups\/[^/]+$/.test(path)).length
        }
      })
      expect(yield* askedFor("type-scoped")).toEqual({ groups: true, single: 0 })
      // Otherwise each of the four is asked for, for its entitlements and for its grants.
      expect(yield* askedFor("per-resource")).toEqual({ groups: true, single: 8 })
    }).pipe(Effect.scoped, Effect.provide(services)))

  it.live("adds a sync to a snapshot of Go's, and Go one to ours", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped({ prefix: "interop-append-" })
      const sandbox = yield* Sandbox.make({
        directory: yield* Directory.generate({ users: 30, groups: 4, memberships: 40, seed: 12 })
      })
      const connector = yield* GoSdk.connectorOf(sandbox)
      const address = yield* GoSdk.serve(connector)
      const file = `${folder}/sync.c1z`
      const goes = GoSdk.go("syncer", ["-file", file], address)
      yield* goes
      const first = yield* C1zRows.read(file, plain)
      yield* command(["--file", file], sandbox)
      expect(yield* shapes(file)).toEqual([full, full])
      expect(yield* C1zRows.read(file, { ...plain, sync: 0 })).toEqual(first)
      expect(yield* C1zRows.read(file, { ...plain, sync: 1 })).toEqual(first)
      const [, kept] = yield* C1zRows.syncs(file)
      // The oldest of three goes, whoever adds the third.
      yield* goes
      expect((yield* C1zRows.syncs(file)).map((sync) => sync.id)[0]).toBe(kept?.id)
      yield* command(["--file", file], sandbox)
      expect(yield* shapes(file)).toEqual([full, full])
      yield* command(["--file", file, "--sync-resources", "bid:r:user/gone"], sandbox)
      expect(yield* shapes(file)).toEqual([full, full, { type: "partial", parent: 1, finished: true }])
      yield* goes
      expect((yield* C1zRows.syncs(file)).at(-1)).toMatchObject(full)
    }).pipe(Effect.scoped, Effect.provide(services)))
})
