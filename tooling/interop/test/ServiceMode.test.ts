/**
 * Service mode: connectors of the real Go SDK against our C1, which validates that; and then what they send beside what ours sends.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { expect, it } from "@effect/vitest"
import { Effect, FileSystem, Layer } from "effect"
import { readFileSync } from "node:fs"
import { beforeAll } from "vitest"
import * as C1zRows from "../src/C1zRows.ts"
import * as GoPeers from "../src/GoPeers.ts"
import type * as ServiceMode from "../src/ServiceMode.ts"
import * as Differences from "../src/ServiceModeDifferences.ts"
import * as Players from "../src/ServiceModePlayers.ts"
import { needing } from "./needing.ts"

const services = Layer.merge(NodeServices.layer, NodeHttpClient.layerUndici)

/** Requests that were refused without a fault on purpose, and those that our C1 finds odd. */
const oddities = (play: ServiceMode.Play): ReadonlyArray<string> =>
  play.entries.flatMap((entry) => [
    ...(entry.status === "OK" || entry.faults.length > 0 ? [] : [`${entry.method}: ${entry.status} ${entry.message}`]),
    ...entry.remarks
  ])

const timeless = (text: string): string => text.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "(time)")

const outcomes = (play: ServiceMode.Play): Readonly<Record<string, string>> =>
  Object.fromEntries(play.steps.flatMap(({ name, record }) => {
    const { outcome } = record ?? {}
    return outcome === undefined ? [] : [[name, outcome._tag === "Failed" ? outcome.message : outcome._tag]]
  }))

needing("baton", "service mode", () => {
  let peers = ""
  beforeAll(async () => {
    peers = await Effect.runPromise(GoPeers.install().pipe(Effect.provide(NodeServices.layer)))
  }, 600_000)

  it.live("a connector in Go does the whole main job against our C1, which finds nothing odd", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped({ prefix: "interop-c1-" })
      const file = `${folder}/directory.json`
      yield* fs.writeFileString(
        file,
        JSON.stringify({
          people: [{ id: "u1", name: "Person 1 🧸", email: "u1@example.com", active: true }],
          teams: [{ id: "g1", name: "Engineering", people: ["u1"] }, { id: "g:2", name: "Ünïcode", people: [] }]
        })
      )
      const play = yield* Players.directory(peers, file, {
        email: "jane@example.com",
        name: "Jane Smith",
        group: "ünïcode"
      })
      expect(oddities(play)).toEqual([])
      expect(outcomes(play)).toEqual({
        "hello": "Succeeded",
        "full sync": "Succeeded",
        "create an account": "Succeeded",
        "create it again": "Succeeded",
        "grant": "Succeeded",
        "grant it again": "Succeeded",
        "revoke": "Succeeded",
        "revoke it again": "Succeeded",
        "delete the account": "Succeeded",
        "delete it again": "Succeeded"
      })
      const sync = play.steps.find((step) => step.name === "full sync")
      expect(sync?.uploads.map(({ snapshot }) => snapshot)).toMatchObject([{
        format: "v1",
        finished: true,
        counts: { resourceTypes: 2, resources: 3, entitlements: 2, grants: 1 },
        findings: []
      }])
      // It is as it was, and what happened in between the connector itself has written down.
      const left = JSON.parse(yield* fs.readFileString(file))
      expect(left.people.map((person: { readonly id: string }) => person.id)).toEqual(["u1"])
      expect(left.teams.map((team: { readonly people: unknown }) => team.people)).toEqual([["u1"], []])
    }).pipe(Effect.scoped, Effect.provide(services)))

  it.live("ours sends what a connector of the Go SDK sends, but for the table (`node tooling/interop/src/writeServiceMode.ts`)", () =>
    Effect.gen(function*() {
      const go = yield* Players.go(peers)
      const ours = yield* Players.ours()
      expect(go.steps.length).toBeGreaterThan(30)
      expect(ours.steps.map((step) => step.name)).toEqual(go.steps.map((step) => step.name))
      expect(oddities(go)).toEqual([])
      expect(oddities(ours)).toEqual([])
      // What the Go SDK ends with is a matter of which of its two processes hears of the signal first.
      expect(ours.exitCode).toBe(0)

      // The snapshots of either, row by row.
      for (const step of go.steps) {
        const [left, right] = [step, ours.steps.find((other) => other.name === step.name)].map((of) =>
          of?.uploads.find((upload) => upload.snapshot?.format === "v1")?.path
        )
        if (left === undefined || right === undefined) continue
        const rows = (path: string) =>
          Effect.map(
            C1zRows.read(path, { withoutTypeMarks: true }),
            // Once an account has been created and a group changed, the times are those of each play.
            (rows) => step.name === "full sync" ? rows : JSON.parse(timeless(JSON.stringify(rows)))
          )
        expect(yield* rows(right), step.name).toEqual(yield* rows(left))
      }

      const table = Differences.toMarkdown(Differences.between(go, ours))
      expect(Differences.rowsOf(table)).toEqual(Differences.rowsOf(readFileSync(Differences.document, "utf8")))
    }).pipe(Effect.scoped, Effect.provide(services)))
})
