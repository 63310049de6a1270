/**
 * The HTTP API of `claude-enterprise-server`: its definition, its words and a typed client.
 *
 * @since 0.1.0
 */
export * as Api from "./Api.ts"
export * as Audit from "./Audit.ts"
export * as Authorization from "./Authorization.ts"
export * as Changes from "./Changes.ts"
export * as Connectors from "./Connectors.ts"
export * as Directory from "./Directory.ts"
export * as Operations from "./Operations.ts"
export * as Paging from "./Paging.ts"
export * as Problems from "./Problems.ts"
export * as RequestProblems from "./RequestProblems.ts"
export * as Requests from "./Requests.ts"
export * as ServerClient from "./ServerClient.ts"
export * as Snapshots from "./Snapshots.ts"
export * as Syncs from "./Syncs.ts"
export * as Tokens from "./Tokens.ts"
