/**
 * The connector that the flags describe. Everything heavy (the HTTP client, the SCIM client, the connector) is loaded here and only when a
 * command needs it, so that `--help` and mistakes in the command line are answered at once.
 *
 * @since 0.1.0
 */
import * as Settings from "@access-kit/claude-enterprise/Settings"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ConnectorFlags from "./ConnectorFlags.ts"
import { root } from "./Root.ts"

/**
 * The settings that flags and environment give.
 *
 * @since 0.1.0
 */
export const settings = Effect.flatMap(root, ({ connection }) => ConnectorFlags.resolve(Settings.fields, connection))

/**
 * The connector with these settings, and its SCIM client.
 *
 * @since 0.1.0
 */
export const of = (settings: Settings.Settings) =>
  Layer.unwrap(Effect.map(
    Effect.promise(() => import("./ConnectorLayer.ts")),
    ({ connector }) => connector(settings)
  ))

/**
 * @since 0.1.0
 */
export const layer = Layer.unwrap(Effect.map(settings, of))
