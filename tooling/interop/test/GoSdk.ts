/**
 * The programs around the Go SDK, and our side of the wire for them.
 */
import { BatonServer, Security } from "@access-kit/baton-runtime"
import { ClaudeEnterprise, Settings } from "@access-kit/claude-enterprise"
import { Connector } from "@access-kit/connector-model/Connector"
import { type Directory, Sandbox } from "@access-kit/scim-sandbox"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect } from "effect"
import { expect } from "vitest"
import * as GoPeers from "../src/GoPeers.ts"
import { run } from "../src/Run.ts"

let peers = ""

/** Builds them if they are not there yet. */
export const build = async (): Promise<void> => {
  peers = await Effect.runPromise(GoPeers.install().pipe(Effect.provide(NodeServices.layer)))
}

export const path = (): string => peers

export const go = Effect.fn("go")(function*(
  program: GoPeers.Program,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {},
  options: { readonly exitCode?: number; readonly input?: string } = {}
) {
  const { exitCode = 0, input } = options
  const result = yield* run(peers, args, {
    env: { PEER: program, ...env },
    ...(input === undefined ? {} : { input })
  })
  expect(result.exitCode, result.stderr).toBe(exitCode)
  return result
})

/** The connector for Claude Enterprise over a sandbox. */
export const connectorOf = Effect.fn("connectorOf")(function*(sandbox: Sandbox.SandboxService) {
  const { connector } = yield* ClaudeEnterprise.make(
    Settings.make({ scimUrl: sandbox.baseUrl, scimToken: sandbox.token })
  )
  return connector
})

/** The connector for Claude Enterprise over a sandbox with this directory. */
export const organization = Effect.fn("organization")(function*(directory: Directory.Directory) {
  return yield* connectorOf(yield* Sandbox.make({ directory }))
})

/** Serves a connector, and answers where as the programs take it. */
export const serve = (connector: Connector["Service"], options: Partial<BatonServer.Options> = {}) =>
  Effect.map(
    BatonServer.serve({
      listen: { host: "127.0.0.1", port: 0 },
      security: Security.Plaintext(),
      provisioning: true,
      ...options
    }).pipe(Effect.provideService(Connector, connector)),
    ({ port }) => ({ PEER_ADDRESS: `127.0.0.1:${port}` })
  )
