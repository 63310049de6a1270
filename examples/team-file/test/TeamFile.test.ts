import { Connector } from "@access-kit/connector-model"
import { MemorySink, Sync } from "@access-kit/connector-sync"
import { NodeServices } from "@effect/platform-node"
import { assert, describe, layer } from "@effect/vitest"
import { Effect, FileSystem, Layer, Option } from "effect"
import { fileURLToPath } from "node:url"
import * as TeamFile from "../src/TeamFile.ts"

const sample = fileURLToPath(new URL("../teams.json", import.meta.url))

/** A copy of the sample that a test may change. */
const copy = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const file = yield* fs.makeTempFileScoped({ suffix: ".json" })
  yield* fs.copyFile(sample, file)
  return file
})

const codes = { resourceType: "group", resource: "codes" }
const ada = { resourceType: "user", resource: "1" }
const request = {
  entitlement: { id: "group:codes:member", resource: codes, slug: "member" },
  principal: ada
}

describe("TeamFile", () => {
  layer(NodeServices.layer)((it) => {
    it.effect("syncs people, teams and who is in them", () =>
      Effect.gen(function*() {
        const memory = MemorySink.make()
        yield* Effect.provide(Sync.run(), Layer.merge(TeamFile.layer({ file: sample }), memory.layer))
        const snapshot = Option.getOrThrow(yield* memory.published)
        assert.deepStrictEqual([...snapshot.grants.keys()].toSorted(), [
          "group:codes:member:user:3",
          "group:engines:member:user:1",
          "group:engines:member:user:2"
        ])
        assert.strictEqual(snapshot.resources.size, 6)
        assert.strictEqual(snapshot.entitlements.size, 3)
      }))

    it.effect("puts a person into a team and takes them out, and says when there is nothing to do", () =>
      Effect.gen(function*() {
        const file = yield* copy
        yield* Effect.gen(function*() {
          const connector = yield* Connector.Connector
          const grant = yield* Connector.capabilityOf(connector, "group", "grant")
          const revoke = yield* Connector.capabilityOf(connector, "group", "revoke")
          const teams = yield* Connector.handlerOf(connector, "group", "get")
          const members = Effect.map(teams.get("codes"), (record) => record.grants.map((one) => one.principal.resource))

          assert.strictEqual((yield* grant({ ...request, dryRun: true }))._tag, "WouldGrant")
          assert.deepStrictEqual(yield* members, ["3"])
          assert.strictEqual((yield* grant(request))._tag, "Granted")
          assert.strictEqual((yield* grant(request))._tag, "AlreadyGranted")
          assert.deepStrictEqual(yield* members, ["3", "1"])
          assert.strictEqual((yield* revoke(request))._tag, "Revoked")
          assert.strictEqual((yield* revoke(request))._tag, "AlreadyRevoked")
          assert.deepStrictEqual(yield* members, ["3"])
        }).pipe(Effect.provide(TeamFile.layer({ file })))
      }).pipe(Effect.scoped))

    it.effect("can't delete people, and says so", () =>
      Effect.gen(function*() {
        const connector = yield* Connector.Connector
        const error = yield* Effect.flip(Connector.capabilityOf(connector, "user", "delete"))
        assert.strictEqual(error.reason._tag, "Unsupported")
      }).pipe(Effect.provide(TeamFile.layer({ file: sample }))))

    it.effect("says what is wrong with a file that is none", () =>
      Effect.gen(function*() {
        const connector = yield* Connector.Connector
        const error = yield* Effect.flip(connector.validate)
        assert.strictEqual(error.reason._tag, "InvalidConfiguration")
        assert.include(error.message, "nowhere.json")
      }).pipe(Effect.provide(TeamFile.layer({ file: "nowhere.json" }))))
  })
})
