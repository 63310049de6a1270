/**
 * A connector of a server as the connector that every command works with: it reads the server's directory over HTTP, and each change is an operation of
 * the server. What is read is what the last sync read, with the changes made through the server since.
 *
 * @since 0.1.0
 */
import * as Model from "@access-kit/connector-model/Connector"
import type * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import { ServerClient } from "@access-kit/server-api/ServerClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ServerSettings } from "../ServerFlags.ts"
import * as Calls from "./Calls.ts"
import * as ChosenConnector from "./ChosenConnector.ts"
import * as ServerAccounts from "./ServerAccounts.ts"
import * as ServerGroups from "./ServerGroups.ts"

const make = Effect.fn("ServerConnector.make")(function*(
  settings: ServerSettings,
  tell: (line: string) => Effect.Effect<void>
) {
  const client = yield* ServerClient
  const calls = Calls.make(settings)
  const connector = yield* ChosenConnector.find(calls, settings)
  const params = { connectorId: connector.id }
  const capabilities = yield* calls.ask("capabilities", client.connectors.capabilities({ params }))
  const context = { client, calls, connector, tell }
  return Model.Connector.of({
    spec: {
      name: capabilities.connector,
      displayName: capabilities.displayName,
      description: `${capabilities.displayName} through ${calls.address}`,
      helpUrl: capabilities.helpUrl,
      version: capabilities.version,
      config: []
    },
    source: `${calls.address} (connector ${JSON.stringify(connector.name)})`,
    validate: calls.ask("validate", client.connectors.test({ params })),
    resourceTypes: capabilities.resourceTypes.map((type) =>
      type.resourceType.traits.includes("user")
        ? ServerAccounts.make(context, type, capabilities.accountFields)
        : type.resourceType.traits.includes("group")
        ? ServerGroups.make(context, type)
        : unlisted(calls, type.resourceType)
    )
  })
})

/** The API lists accounts and groups; what is held on other resources is among the entitlements and grants. */
const unlisted = (
  calls: Calls.Calls,
  resourceType: Model.ResourceTypeHandler["resourceType"]
): Model.ResourceTypeHandler => {
  const unsupported = calls.failed(
    "list",
    "Unsupported",
    `The server has no listing for the resource type "${resourceType.id}".`
  )
  return { resourceType, list: () => unsupported, get: () => unsupported, find: () => unsupported }
}

/**
 * @param tell says what the person who asks should not miss
 * @since 0.1.0
 */
export const layer = (
  settings: ServerSettings,
  tell: (line: string) => Effect.Effect<void>
): Layer.Layer<Model.Connector, ConnectorError.ConnectorError> =>
  Layer.effect(Model.Connector, make(settings, tell)).pipe(Layer.provide(Calls.client(settings)))
