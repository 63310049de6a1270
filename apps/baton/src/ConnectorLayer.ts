/**
 * The connector over real HTTP. Loaded only when a command needs it, since the HTTP client is most of the program.
 *
 * @since 0.1.0
 */
import * as ClaudeEnterprise from "@access-kit/claude-enterprise/ClaudeEnterprise"
import type { ConfigField } from "@access-kit/connector-model/ConfigField"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Layer from "effect/Layer"

/**
 * @since 0.1.0
 */
export const connector = (given: (field: ConfigField) => string | undefined) =>
  Layer.provide(ClaudeEnterprise.layerFromFields(given), NodeHttpClient.layerUndici)
