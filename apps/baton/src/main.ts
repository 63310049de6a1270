/**
 * `baton-claude-enterprise`: the connector for Claude Enterprise as a baton connector.
 *
 * @since 0.1.0
 */
import * as BatonCommand from "@access-kit/baton-runtime/command/BatonCommand"
import * as ClaudeEnterprise from "@access-kit/claude-enterprise/ClaudeEnterprise"
import * as Settings from "@access-kit/claude-enterprise/Settings"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import manifest from "../package.json" with { type: "json" }

BatonCommand.main({
  spec: ClaudeEnterprise.spec,
  version: manifest.version,
  connector: (given) =>
    Layer.unwrap(Effect.map(Effect.promise(() => import("./ConnectorLayer.ts")), ({ connector }) => connector(given))),
  httpTimeoutField: Settings.fields.scimTimeout.name,
  ...BatonCommand.bundledWorker(import.meta.url, "baton-claude-enterprise-c1z-worker.mjs")
})
