/**
 * An embedded SCIM 2.0 service provider for tests and demos.
 *
 * @since 0.1.0
 */
export * as Directory from "./Directory.ts"
export * as Fault from "./Fault.ts"
export * as Profile from "./Profile.ts"
export * as RequestLog from "./RequestLog.ts"
export * as Sandbox from "./Sandbox.ts"
export * as ScimFailure from "./ScimFailure.ts"
export * as Snapshot from "./Snapshot.ts"
