/**
 * Python's schemathesis reads the server's own OpenAPI document and tries to prove it wrong: requests that fit it and requests that don't, one by one
 * and in sequences, against the bundled server with the SCIM sandbox as its source.
 */
import { Directory, Sandbox } from "@access-kit/scim-sandbox"
import { ServerClient } from "@access-kit/server-api/ServerClient"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { expect, it } from "@effect/vitest"
import { Effect, FileSystem, Layer, Redacted, Schema, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { fileURLToPath } from "node:url"
import { run } from "../src/Run.ts"
import * as ServerUnderTest from "../src/ServerUnderTest.ts"
import { needing } from "./needing.ts"

const config = fileURLToPath(new URL("../python/schemathesis.toml", import.meta.url))

const Report = Schema.fromJsonString(Schema.Struct({
  complete: Schema.Boolean,
  operations: Schema.Struct({ selected: Schema.Int, tested: Schema.Int, errored: Schema.Int }),
  test_cases: Schema.Struct({ generated: Schema.Int }),
  failures: Schema.Array(Schema.Struct({ title: Schema.String, operations: Schema.Array(Schema.String) })),
  errors: Schema.Array(Schema.Unknown)
}))

const Event = Schema.fromJsonString(Schema.Struct({ level: Schema.String, message: Schema.Unknown }))

needing("python", "the HTTP server with schemathesis", (bin) => {
  it.live("answers nothing but what its OpenAPI document says, and never with 500", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const sandbox = yield* Sandbox.make({
        directory: yield* Directory.generate({ users: 30, groups: 4, memberships: 50, seed: 5 })
      })
      const server = yield* ServerUnderTest.start()
      // Something to ask about: a connector that has been read.
      yield* Effect.gen(function*() {
        const client = yield* ServerClient
        const { body } = yield* client.connectors.create({
          headers: {},
          payload: {
            name: "sandbox",
            kind: "claude-enterprise",
            settings: { "scim-url": sandbox.baseUrl, "scim-token": Redacted.value(sandbox.token) }
          }
        })
        const [sync] = (yield* client.syncs.list({ params: { connectorId: body.id }, query: {} })).items
        yield* Stream.runDrain(yield* client.syncs.events({ params: { syncId: sync?.id ?? "" }, headers: {} }))
      }).pipe(Effect.provide(
        ServerClient.layer({ baseUrl: server.url, token: server.token }).pipe(Layer.provide(FetchHttpClient.layer))
      ))

      const folder = yield* files.makeTempDirectoryScoped({ prefix: "interop-" })
      const report = `${folder}/report.json`
      const judged = yield* run(`${bin}/st`, [
        "--config-file",
        config,
        "run",
        `${server.url}/openapi.json`,
        "--header",
        `Authorization: Bearer ${Redacted.value(server.token)}`,
        "--phases",
        "examples,coverage,fuzzing,stateful",
        "--max-examples",
        "5",
        "--seed",
        "1",
        // It would wait for the end of a stream that has none.
        "--exclude-path-regex",
        "/events$",
        "--report",
        "json",
        "--report-json-path",
        report
        // It leaves what it has found in the directory in which it runs.
      ], { cwd: folder })
      const result = yield* Schema.decodeUnknownEffect(Report)(yield* files.readFileString(report))
      expect(result.failures, judged.stdout).toEqual([])
      expect(result.errors).toEqual([])
      expect(judged.exitCode, judged.stdout).toBe(0)
      expect(result.complete).toBe(true)
      expect(result.operations.tested).toBe(result.operations.selected)
      expect(result.operations.tested).toBeGreaterThan(40)
      expect(result.test_cases.generated).toBeGreaterThan(500)

      const events = yield* Effect.forEach(server.log().trim().split("\n"), (line) =>
        Schema.decodeUnknownEffect(Event)(line))
      expect(events.filter(({ level }) =>
        level === "ERROR"
      )).toEqual([])
      expect(server.log()).not.toContain(Redacted.value(sandbox.token))
      expect(server.log()).not.toContain(Redacted.value(server.token).slice(6, 40))
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))
})
