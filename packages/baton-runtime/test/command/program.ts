/**
 * A whole command from source, as `node program.ts`: the connector for Claude Enterprise, whose sources are HTTP servers.
 */
import * as BatonCommand from "@access-kit/baton-runtime/command/BatonCommand"
import * as ClaudeEnterprise from "@access-kit/claude-enterprise/ClaudeEnterprise"
import { NodeHttpClient } from "@effect/platform-node"
import { Layer } from "effect"

BatonCommand.main({
  spec: ClaudeEnterprise.spec,
  version: "1.2.3",
  connector: (given) => Layer.provide(ClaudeEnterprise.layerFromFields(given), NodeHttpClient.layerUndici)
})
