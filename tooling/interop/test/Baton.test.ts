/**
 * ConductorOne's own `baton` reads what our command wrote, and says row by row what the SCIM server holds.
 */
import { Directory, Sandbox } from "@access-kit/scim-sandbox"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { expect, layer } from "@effect/vitest"
import { parse } from "csv-parse/sync"
import { Context, Effect, FileSystem, Layer, Schema } from "effect"
import * as Baton from "../src/Baton.ts"
import * as BatonRows from "../src/BatonRows.ts"
import { claudeEnterprise } from "../src/ClaudeEnterprise.ts"
import { hostile } from "./HostileDirectory.ts"
import { needing } from "./needing.ts"
import * as SandboxRows from "./SandboxRows.ts"

/** A snapshot file, and what the server held when it was made. */
class Snapshot extends Context.Service<Snapshot, {
  readonly file: string
  readonly folder: string
  /** What the command said about it. */
  readonly syncId: string
  readonly held: SandboxRows.SandboxRows
}>()("@access-kit/tooling-interop/test/Snapshot") {}

const Summary = Schema.fromJsonString(Schema.Struct({ syncId: Schema.String, grants: Schema.Int }))

const snapshotOf = (directory: Effect.Effect<Directory.Directory, Directory.DirectoryError>) =>
  Layer.effect(
    Snapshot,
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped({ prefix: "interop-" })
      const file = `${folder}/demo.c1z`
      const sandbox = yield* Sandbox.make({ directory: yield* directory })
      const done = yield* claudeEnterprise(sandbox, ["sync", "--out", file, "--output", "json"])
      expect(done.exitCode, done.stderr).toBe(0)
      const { syncId } = yield* Schema.decodeEffect(Summary)(done.stdout)
      return { file, folder, syncId, held: yield* SandboxRows.read(sandbox) }
    })
  ).pipe(Layer.provideMerge(NodeServices.layer))

const directories = {
  "the demo's directory": Directory.generate(Directory.demo),
  "a hostile directory": Effect.succeed(hostile)
}

needing("baton", "baton", (baton) => {
  const ask = <A>(schema: Schema.Decoder<A>, ...args: ReadonlyArray<string>) =>
    Effect.flatMap(Snapshot, ({ file }) => Baton.json(baton, file, schema, ...args))

  for (const [name, directory] of Object.entries(directories)) {
    layer(snapshotOf(directory), { timeout: "5 minutes" })(name, (it) => {
      it.effect("resource-types", () =>
        Effect.gen(function*() {
          const { resourceTypes } = yield* ask(BatonRows.ResourceTypes, "resource-types")
          expect(resourceTypes.map(({ resourceType }) => `${resourceType.id} ${resourceType.traits}`)).toEqual([
            "user TRAIT_USER",
            "group TRAIT_GROUP"
          ])
        }))

      it.effect("resources", () =>
        Effect.gen(function*() {
          const { held } = yield* Snapshot
          const all = yield* ask(BatonRows.Resources, "resources")
          expect(BatonRows.users(all)).toEqual(held.people)
          expect(BatonRows.groups(all)).toEqual(held.groups)
          expect(all.resources).toHaveLength(held.people.length + held.groups.length)
          const people = yield* ask(BatonRows.Resources, "resources", "-t", "user")
          expect(BatonRows.users(people)).toEqual(held.people)
          expect(people.resources).toHaveLength(held.people.length)
        }))

      it.effect("entitlements", () =>
        Effect.gen(function*() {
          const { held } = yield* Snapshot
          expect(BatonRows.entitlements(yield* ask(BatonRows.Entitlements, "entitlements"))).toEqual(held.entitlements)
        }))

      it.effect("grants", () =>
        Effect.gen(function*() {
          const { held } = yield* Snapshot
          expect(BatonRows.grants(yield* ask(BatonRows.Grants, "grants"))).toEqual(held.grants)
        }))

      it.effect("grants of one group, and of one entitlement", () =>
        Effect.gen(function*() {
          const { held } = yield* Snapshot
          // Groups of all sizes, the empty one among them.
          const some = [...held.membersOf].sort((a, b) => a[1].length - b[1].length).filter((_, at) => at % 5 < 2)
          expect(some[0]?.[1]).toEqual([])
          for (const [group] of some.slice(0, 8)) {
            const entitlement = `group:${group}:member`
            const expected = held.grants.filter((grant) => grant.entitlement === entitlement)
            expect(BatonRows.grants(yield* ask(BatonRows.Grants, "grants", "-e", entitlement))).toEqual(expected)
            expect(BatonRows.grants(yield* ask(BatonRows.Grants, "grants", "-t", "group", "-r", group))).toEqual(
              expected
            )
          }
        }))

      it.effect("principals", () =>
        Effect.gen(function*() {
          const { held } = yield* Snapshot
          expect(BatonRows.users(yield* ask(BatonRows.Resources, "principals"))).toEqual(held.principals)
          const [group, members] = [...held.membersOf].find(([, members]) => members.length > 1) ?? ["", []]
          const among = new Set(members)
          expect(BatonRows.users(yield* ask(BatonRows.Resources, "principals", "-e", `group:${group}:member`)))
            .toEqual(held.people.filter((person) => among.has(person.id)))
        }))

      it.effect("access of a person", () =>
        Effect.gen(function*() {
          const { held } = yield* Snapshot
          const people = held.people.map((person) => ({ ...person, groups: held.groupsOf(person.id) }))
          const most = people.toSorted((a, b) => b.groups.length - a.groups.length)
          const chosen = [
            most[0],
            most.find((person) => person.status === "STATUS_DISABLED"),
            most.at(-1)
          ]
          for (const person of chosen) {
            if (person === undefined) return expect.fail("The directory has too few kinds of people.")
            const { access = [], principal } = yield* ask(BatonRows.Access, "access", "-t", "user", "-r", person.id)
            expect(principal).toMatchObject({ id: { resource: person.id }, displayName: person.displayName })
            expect(access.map((row) => row.resource.id.resource).sort()).toEqual(person.groups)
            expect(new Set(access.flatMap((row) => row.entitlements.map((entitlement) => entitlement.slug))))
              .toEqual(new Set(person.groups.length === 0 ? [] : ["member"]))
          }
        }))

      it.effect("stats and syncs", () =>
        Effect.gen(function*() {
          const { held, syncId } = yield* Snapshot
          const { endedAt, id, startedAt, stats, syncType } = yield* ask(BatonRows.Stats, "stats")
          expect({ id, syncType }).toEqual({ id: syncId, syncType: "full" })
          expect(Date.parse(endedAt)).toBeGreaterThanOrEqual(Date.parse(startedAt))
          expect(stats).toEqual({
            resourceTypes: 2,
            resources: held.people.length + held.groups.length,
            entitlements: held.groups.length,
            grants: held.grants.length,
            resourcesByResourceType: { user: held.people.length, group: held.groups.length },
            entitlementsByResourceType: { group: held.groups.length },
            grantsByResourceType: { group: held.grants.length }
          })
          const { syncs } = yield* ask(BatonRows.Syncs, "syncs")
          expect(syncs).toEqual([{ id, startedAt, endedAt, syncType }])
        }))

      it.effect("export csv", () =>
        Effect.gen(function*() {
          const { file, folder, held } = yield* Snapshot
          const fs = yield* FileSystem.FileSystem
          const out = `${folder}/sync.csv`
          yield* Baton.text(baton, file, "export", "csv", "--out", out)
          const [, ...rows]: Array<Array<string>> = parse(yield* fs.readFileString(out))
          const entitlement = new Map(held.entitlements.map((row) => [row.id, row]))
          const person = new Map(held.people.map((row) => [row.id, row]))
          const group = new Map(held.groups.map((row) => [`group:${row.id}:member`, row]))
          const emailOf = (row: { readonly emails: ReadonlyArray<string> } | undefined) =>
            row?.emails.find((email) => email.startsWith("*"))?.slice(1) ?? ""
          const access = (id: string) => [
            entitlement.get(id)?.displayName,
            id,
            "group",
            group.get(id)?.displayName,
            `Member of ${group.get(id)?.displayName}`,
            "member"
          ]
          const name = (row: SandboxRows.SandboxRows["people"][number] | undefined) => [
            row?.familyName ?? "",
            row?.givenName ?? "",
            row?.id
          ]
          const expected = [
            ...held.people.map((row) => [
              "Identity",
              ...name(row),
              row.status === "STATUS_ENABLED" ? "Enabled" : "Disabled",
              emailOf(row),
              ...Array.from({ length: 6 }, () => "")
            ]),
            ...held.entitlements.map((row) => ["Entitlement", "", "", "", "", "", ...access(row.id)]),
            ...[...held.membersOf].flatMap(([id, members]) =>
              members.map((member) => [
                "Grant",
                ...name(person.get(member)),
                "",
                emailOf(person.get(member)),
                ...access(`group:${id}:member`)
              ])
            )
          ]
          // The command writes its rows in another order at every run.
          const sorted = (table: ReadonlyArray<ReadonlyArray<unknown>>) =>
            table.map((row) => JSON.stringify(row)).sort()
          expect(sorted(rows)).toEqual(sorted(expected))
        }))
    })
  }
})
