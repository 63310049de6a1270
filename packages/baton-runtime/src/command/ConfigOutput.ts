/**
 * What `config` prints. Loaded only then, since it needs the messages of the protocol.
 *
 * @since 0.1.0
 */
import { ConfigurationSchema } from "@access-kit/baton-protocol/gen/c1/config/v1/config_pb"
import type { ConnectorSpec } from "@access-kit/connector-model/Connector"
import * as ConfigSchema from "./ConfigSchema.ts"
import * as ProtoJson from "./ProtoJson.ts"

/**
 * @since 0.1.0
 */
export const print = (spec: ConnectorSpec): string => ProtoJson.print(ConfigurationSchema, ConfigSchema.of(spec))
