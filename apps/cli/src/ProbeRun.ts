/**
 * A probe of the server over real HTTP. Loaded only by the command that runs it.
 *
 * @since 0.1.0
 */
import * as ClaudeEnterprise from "@access-kit/claude-enterprise/ClaudeEnterprise"
import type { Settings } from "@access-kit/claude-enterprise/Settings"
import type * as Detect from "@access-kit/scim-core/Detect"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Effect from "effect/Effect"

export { printDifferences, printTranscript } from "@access-kit/scim-core/Detect"

/**
 * @since 0.1.0
 */
export const probe = (settings: Settings, options: Detect.Options) =>
  ClaudeEnterprise.probe(settings, options).pipe(Effect.provide(NodeHttpClient.layerUndici))
