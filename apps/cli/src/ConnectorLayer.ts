/**
 * The connector over real HTTP. Loaded only when a command needs it.
 *
 * @since 0.1.0
 */
import * as ClaudeEnterprise from "@access-kit/claude-enterprise/ClaudeEnterprise"
import type { Settings } from "@access-kit/claude-enterprise/Settings"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Layer from "effect/Layer"

export { ClaudeEnterprise }

/**
 * @since 0.1.0
 */
export const connector = (settings: Settings) =>
  Layer.provide(ClaudeEnterprise.layer(settings), NodeHttpClient.layerUndici)
