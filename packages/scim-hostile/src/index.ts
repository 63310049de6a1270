/**
 * SCIM servers that misbehave by name, and the suite that plays them against any client.
 *
 * @since 0.1.0
 */
export type * as Driver from "./Driver.ts"
export type * as HostileCase from "./HostileCase.ts"
export * as HostileServer from "./HostileServer.ts"
export * as ProcessDriver from "./ProcessDriver.ts"
export * as Suite from "./Suite.ts"
