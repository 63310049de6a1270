/**
 * The connector that the flags describe: the SCIM endpoint itself, or a server that keeps a connector to it. Everything heavy (the HTTP
 * client, the SCIM client, the connector, the server's API) is loaded here and only when a command needs it, so that `--help` and mistakes in
 * the command line are answered at once.
 *
 * @since 0.1.0
 */
import * as Settings from "@access-kit/claude-enterprise/Settings"
import type { Connector } from "@access-kit/connector-model/Connector"
import * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as ConnectorFlags from "./ConnectorFlags.ts"
import { CommandError } from "./Failure.ts"
import { Output } from "./Output.ts"
import { root } from "./Root.ts"
import * as ServerFlags from "./ServerFlags.ts"

const told = (given: ConnectorFlags.Given): ReadonlyArray<string> =>
  Object.entries(given).flatMap(([name, value]) => Option.isSome(value) ? [`--${name}`] : [])

/**
 * The settings that flags and environment give for SCIM. Fails where a server was asked for: the command does without one.
 *
 * @since 0.1.0
 */
export const settings = Effect.gen(function*() {
  const { connection, server } = yield* root
  const [flag] = told(server)
  if (flag !== undefined) {
    return yield* new CommandError({
      reason: "Usage",
      message: `${flag} is not for this command: it talks to the SCIM endpoint itself. Leave ${flag} out.`
    })
  }
  return yield* ConnectorFlags.resolve(Settings.fields, connection)
})

/**
 * The server to ask, or `undefined` where the SCIM endpoint is asked directly. Flags come before the environment here too: one that
 * describes the endpoint means the endpoint.
 *
 * @since 0.1.0
 */
export const server = Effect.gen(function*() {
  const { connection, server } = yield* root
  const [direct] = told(connection)
  const [through] = told(server)
  if (direct !== undefined && through !== undefined) {
    return yield* ConnectorError.make(
      "configure",
      new ConnectorError.InvalidConfiguration({
        field: "server",
        message:
          `${direct} describes the SCIM endpoint and ${through} a server that is asked in its place. Keep one of them.`
      })
    )
  }
  if (direct !== undefined) return undefined
  const { fields, variableOf } = ServerFlags
  const address = yield* ConnectorFlags.written({ server: fields.server }, server, variableOf)
  if (address.size === 0 && through === undefined) return undefined
  const resolved = yield* ConnectorFlags.resolve(fields, server, variableOf)
  if (ServerFlags.isExposed(resolved.server)) {
    return yield* ConnectorError.make(
      "configure",
      new ConnectorError.InvalidConfiguration({
        field: "server",
        message:
          "The server URL is not encrypted, and the token would travel to another machine in the clear. Use its https:// address."
      })
    )
  }
  return resolved
})

/**
 * The server to ask, for commands about what only a server has.
 *
 * @param what the commands, for the message
 * @since 0.1.0
 */
export const requireServer = Effect.fnUntraced(function*(what: string) {
  const found = yield* server
  if (found !== undefined) return found
  return yield* new CommandError({
    reason: "Usage",
    message:
      `${what} are kept by a claude-enterprise-server. Say where it is with --server URL or CLAUDE_ENTERPRISE_SERVER.`
  })
})

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

const through = (server: ServerFlags.ServerSettings): Layer.Layer<Connector, ConnectorError.ConnectorError, Output> =>
  Layer.unwrap(Effect.gen(function*() {
    const { warn } = yield* Output
    const { layer } = yield* Effect.promise(() => import("./server/ServerConnector.ts"))
    return layer(server, warn)
  }))

/**
 * @since 0.1.0
 */
export const layer = Layer.unwrap(Effect.gen(function*() {
  const found = yield* server
  return found === undefined
    ? of(yield* settings)
    : through(found)
}))
