/**
 * What the handlers of a server's connector have in common.
 *
 * @since 0.1.0
 */
import type { Connector } from "@access-kit/server-api/Connectors"
import type { ServerClient } from "@access-kit/server-api/ServerClient"
import type * as Effect from "effect/Effect"
import type { Calls } from "./Calls.ts"

/**
 * @since 0.1.0
 */
export interface Context {
  readonly client: ServerClient["Service"]
  readonly calls: Calls
  readonly connector: Connector
  readonly tell: (line: string) => Effect.Effect<void>
}
