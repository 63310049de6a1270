/**
 * A SCIM sandbox behind the bundled server, with one connector that has synced. The server runs as a process, since apps share no code.
 */
import * as Directory from "@access-kit/scim-sandbox/Directory"
import * as Sandbox from "@access-kit/scim-sandbox/Sandbox"
import type { Guards } from "@access-kit/server-api/Connectors"
import { ServerClient } from "@access-kit/server-api/ServerClient"
import * as BundledProgram from "@access-kit/tooling-vitest/BundledProgram"
import { layer } from "@effect/vitest"
import { Context, Effect, Layer, Redacted, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { fileURLToPath } from "node:url"
import { expect } from "vitest"
import { Bundle, company, eventually } from "./Bundle.ts"

const folder = fileURLToPath(new URL("../../http-server/", import.meta.url))

export interface ServedCompany {
  readonly sandbox: Sandbox.SandboxService
  readonly url: string
  readonly token: string
  /** One that may read and no more. */
  readonly readerToken: string
  readonly connectorId: string
  readonly client: Layer.Layer<ServerClient>
  readonly guard: (guards: Guards) => Effect.Effect<void>
  /** How many operations there are. */
  readonly operations: Effect.Effect<number>
  /** Runs the command with the server in its environment; nothing it prints has the server's token. */
  readonly run: (args: ReadonlyArray<string>) => Effect.Effect<BundledProgram.Finished, never, Bundle>
  /** The same, with another token that may approve. */
  readonly asApprover: (args: ReadonlyArray<string>) => Effect.Effect<BundledProgram.Finished, never, Bundle>
  /** The same, against the sandbox. */
  readonly direct: (args: ReadonlyArray<string>) => Effect.Effect<BundledProgram.Finished, never, Bundle>
}

export class Served extends Context.Service<Served, ServedCompany>()("@access-kit/cli/test/Served") {
  static readonly layer = Layer.effect(
    Served,
    Effect.gen(function*() {
      const bundle = yield* Bundle
      const server = yield* BundledProgram.make(folder, "claude-enterprise-server")
      const directory = yield* Directory.generate(company)
      const sandbox = yield* Sandbox.make({ directory })
      const serving = yield* server.start([
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--data-dir",
        `${server.directory}/data`
      ])
      yield* Effect.addFinalizer(() => serving.kill("SIGKILL"))
      const ready = () => /"url":"(http:[^"]+)"/.exec(serving.printed())?.[1]
      const first = () => /cesrv_[0-9a-f]{72}/.exec(serving.said())?.[0]
      yield* eventually(Effect.sync(() => ready() !== undefined && first() !== undefined))
      const url = ready() ?? ""
      const token = first() ?? ""
      const client = Layer.fresh(
        ServerClient.layer({ baseUrl: url, token: Redacted.make(token) }).pipe(Layer.provide(FetchHttpClient.layer))
      )
      const connectorId = yield* Effect.gen(function*() {
        const api = yield* ServerClient
        const { body } = yield* api.connectors.create({
          headers: {},
          payload: {
            name: "Acme",
            kind: "claude-enterprise",
            settings: { "scim-url": sandbox.baseUrl, "scim-token": Redacted.value(sandbox.token) }
          }
        })
        const [sync] = (yield* api.syncs.list({ params: { connectorId: body.id }, query: {} })).items
        yield* Stream.runDrain(yield* api.syncs.events({ params: { syncId: sync?.id ?? "" }, headers: {} }))
        return body.id
      }).pipe(Effect.provide(client))
      const reader = yield* server.run([
        "token",
        "create",
        "--name",
        "reader",
        "--scope",
        "read",
        "--data-dir",
        `${server.directory}/data`
      ])
      const approver = yield* server.run([
        "token",
        "create",
        "--name",
        "approver",
        "--scope",
        "read",
        "--scope",
        "approve",
        "--data-dir",
        `${server.directory}/data`
      ])
      return {
        sandbox,
        url,
        token,
        readerToken: reader.stdout.trim(),
        connectorId,
        client,
        guard: (guards) =>
          Effect.gen(function*() {
            const api = yield* ServerClient
            yield* api.connectors.update({ params: { connectorId }, headers: {}, payload: { guards } })
          }).pipe(Effect.provide(client), Effect.orDie),
        operations: Effect.gen(function*() {
          const api = yield* ServerClient
          return (yield* api.operations.list({ query: { limit: 500 } })).items.length
        }).pipe(Effect.provide(client), Effect.orDie),
        run: (args) =>
          Effect.tap(
            bundle.run(args, { env: { CLAUDE_ENTERPRISE_SERVER: url, CLAUDE_ENTERPRISE_SERVER_TOKEN: token } }),
            ({ stderr, stdout }) => Effect.sync(() => expect(stdout + stderr).not.toContain(token))
          ),
        asApprover: (args) =>
          bundle.run(args, {
            env: { CLAUDE_ENTERPRISE_SERVER: url, CLAUDE_ENTERPRISE_SERVER_TOKEN: approver.stdout.trim() }
          }),
        direct: (args) => bundle.run(args, { sandbox })
      }
    })
  ).pipe(Layer.provideMerge(Bundle.layer))
}

/** Tests with the server at hand, on the real clock. */
export const withServer = layer(Served.layer, { timeout: "3 minutes", excludeTestServices: true })
