/**
 * Protobuf messages and service descriptors of the baton wire protocol.
 *
 * @since 0.1.0
 */
export * as BatonV1 from "./BatonV1.ts"
export * as C1zV1 from "./C1zV1.ts"
export * as C1zV3 from "./C1zV3.ts"
export * as ConfigV1 from "./ConfigV1.ts"
export * as ConnectorApiBatonV1 from "./ConnectorApiBatonV1.ts"
export * as ConnectorV2 from "./ConnectorV2.ts"
export * as ConnectorWrapperV1 from "./ConnectorWrapperV1.ts"
export * as GoogleRpc from "./GoogleRpc.ts"
export * as RateLimitV1 from "./RateLimitV1.ts"
export * as ReaderV2 from "./ReaderV2.ts"
export * as ReaderV3 from "./ReaderV3.ts"
export * as Registry from "./Registry.ts"
export * as RuleCheck from "./RuleCheck.ts"
export * as StorageV3 from "./StorageV3.ts"
export * as TransportV1 from "./TransportV1.ts"
export * as UtlsV1 from "./UtlsV1.ts"
export * as Validate from "./Validate.ts"
