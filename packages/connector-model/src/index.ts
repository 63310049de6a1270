/**
 * The words of identity governance connectors, and the contract that every connector keeps.
 *
 * @since 0.1.0
 */
export * as Capabilities from "./Capabilities.ts"
export * as ChangeLimit from "./ChangeLimit.ts"
export * as ConfigField from "./ConfigField.ts"
export * as Connector from "./Connector.ts"
export * as ConnectorError from "./ConnectorError.ts"
export * as Entitlement from "./Entitlement.ts"
export * as Grant from "./Grant.ts"
export * as Holders from "./Holders.ts"
export * as Outcome from "./Outcome.ts"
export * as Page from "./Page.ts"
export * as Resource from "./Resource.ts"
export * as ResourceType from "./ResourceType.ts"
export * as SnapshotSink from "./SnapshotSink.ts"
export * as Validation from "./Validation.ts"
