/**
 * What a connector is and can do, in baton's words.
 *
 * @since 0.1.0
 */
import type { ConnectorCapabilities, ConnectorMetadata } from "@access-kit/baton-protocol/gen/c1/connector/v2/connector_pb"
import type { Connector } from "@access-kit/connector-model/Connector"

/**
 * @since 0.1.0
 */
export declare const of: (connector: Connector["Service"]) => ConnectorCapabilities

/**
 * @since 0.1.0
 */
export declare const metadataOf: (connector: Connector["Service"]) => ConnectorMetadata
