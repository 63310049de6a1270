/**
 * What `capabilities` prints: read off the handlers of the connector, which is asked nothing.
 *
 * @since 0.1.0
 */
import { ConnectorCapabilitiesSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/connector_pb"
import { Connector } from "@access-kit/connector-model/Connector"
import * as Effect from "effect/Effect"
import * as BatonCapabilities from "../BatonCapabilities.ts"
import * as ProtoJson from "./ProtoJson.ts"

/**
 * @since 0.1.0
 */
export const print: Effect.Effect<string, never, Connector> = Effect.map(
  Connector,
  (connector) => ProtoJson.printAny(ConnectorCapabilitiesSchema, BatonCapabilities.of(connector))
)
