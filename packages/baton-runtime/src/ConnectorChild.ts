/**
 * The child's side of the child-process protocol: what the hidden subcommand `_connector-service` does.
 *
 * @since 0.1.0
 */
import type { Connector } from "@access-kit/connector-model/Connector"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Stdio from "effect/Stdio"
import type { BatonServerError } from "./BatonServer.ts"
import type * as BatonServices from "./BatonServices.ts"

/**
 * The last argument with which a parent starts its child.
 *
 * @since 0.1.0
 */
export const COMMAND = "_connector-service"

/**
 * What the parent wrote to standard input can't be used.
 *
 * @since 0.1.0
 */
export class ConnectorChildError extends Schema.TaggedError<ConnectorChildError>()("ConnectorChildError", {
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

/**
 * Reads the server's configuration from standard input, serves on the inherited socket, and returns when standard input ends.
 *
 * @since 0.1.0
 */
export declare const run: (
  options?: BatonServices.Options
) => Effect.Effect<void, ConnectorChildError | BatonServerError, Connector | Stdio.Stdio>
