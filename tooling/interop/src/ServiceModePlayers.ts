/**
 * Who plays in service mode: the Go SDK and our command, each with the connector for Claude Enterprise over a directory of its own that is the same; and a
 * connector that is Go throughout.
 */
import * as BatonServer from "@access-kit/baton-runtime/BatonServer"
import * as Security from "@access-kit/baton-runtime/Security"
import * as ClaudeEnterprise from "@access-kit/claude-enterprise/ClaudeEnterprise"
import * as Settings from "@access-kit/claude-enterprise/Settings"
import { Connector } from "@access-kit/connector-model/Connector"
import * as Directory from "@access-kit/scim-sandbox/Directory"
import * as Sandbox from "@access-kit/scim-sandbox/Sandbox"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { fileURLToPath } from "node:url"
import * as ServiceMode from "./ServiceMode.ts"

/** Our command as it is built. */
export const command = fileURLToPath(
  new URL("../../../apps/baton/dist/baton-claude-enterprise.mjs", import.meta.url)
)

const organization = Effect.gen(function*() {
  const directory = yield* Directory.generate({ users: 30, groups: 4, memberships: 40, seed: 5 })
  const sandbox = yield* Sandbox.make({ directory })
  const cast: ServiceMode.Cast = {
    email: "jane.smith@example.com",
    name: "Jane Smith",
    group: directory.groups[0]?.displayName ?? ""
  }
  return { sandbox, directions: [...ServiceMode.mainJob(cast), ...ServiceMode.sideJobs(cast)] }
})

/** The Go SDK in service mode, over a connector that forwards to ours. `peers` is the binary of `GoPeers.ts`. */
export const go = Effect.fn("ServiceModePlayers.go")(function*(peers: string) {
  const { directions, sandbox } = yield* organization
  const { connector } = yield* ClaudeEnterprise.make(
    Settings.make({ scimUrl: sandbox.baseUrl, scimToken: sandbox.token })
  )
  const { port } = yield* BatonServer.serve({
    listen: { host: "127.0.0.1", port: 0 },
    security: Security.Plaintext(),
    provisioning: true
  }).pipe(Effect.provideService(Connector, connector))
  return yield* ServiceMode.play(
    { command: peers, args: [], env: { PEER: "proxy", PEER_ADDRESS: `127.0.0.1:${port}` } },
    directions
  )
})

/** Our command in service mode. */
export const ours = Effect.fn("ServiceModePlayers.ours")(function*() {
  const { directions, sandbox } = yield* organization
  return yield* ServiceMode.play(
    {
      command: process.execPath,
      args: [command],
      env: { BATON_SCIM_URL: sandbox.baseUrl, BATON_SCIM_TOKEN: Redacted.value(sandbox.token) }
    },
    directions
  )
})

/** A connector made with the Go SDK's builder, over people and teams in a JSON file. */
export const directory = (peers: string, file: string, cast: ServiceMode.Cast) =>
  ServiceMode.play(
    { command: peers, args: ["--directory-file", file], env: { PEER: "directory" } },
    ServiceMode.mainJob(cast)
  )
