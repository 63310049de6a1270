/**
 * A C1 on loopback for tests and demos of baton connectors.
 *
 * @since 0.1.0
 */
export * as C1Sandbox from "./C1Sandbox.ts"
export * as Fault from "./Fault.ts"
export * as RequestLog from "./RequestLog.ts"
export * as TaskRecord from "./TaskRecord.ts"
export * as Upload from "./Upload.ts"
