/**
 * The baton life cycle: a connector's services, its server, and both sides of the child-process protocol.
 *
 * @since 0.1.0
 */
export * as BatonCapabilities from "./BatonCapabilities.ts"
export * as BatonClient from "./BatonClient.ts"
export * as BatonServer from "./BatonServer.ts"
export * as BatonServices from "./BatonServices.ts"
export * as ConnectorChild from "./ConnectorChild.ts"
export * as ConnectorProcess from "./ConnectorProcess.ts"
export * as FromMessage from "./FromMessage.ts"
export * as RemoteConnector from "./RemoteConnector.ts"
export * as RequestValidation from "./RequestValidation.ts"
export * as RpcError from "./RpcError.ts"
export * as Security from "./Security.ts"
export * as SessionStore from "./SessionStore.ts"
export * as ToMessage from "./ToMessage.ts"
