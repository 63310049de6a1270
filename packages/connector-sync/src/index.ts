/**
 * Runs any connector into any snapshot sink.
 *
 * @since 0.1.0
 */
export * as MemorySink from "./MemorySink.ts"
export * as NdjsonSink from "./NdjsonSink.ts"
export * as ProgressEvent from "./ProgressEvent.ts"
export * as Sync from "./Sync.ts"
export * as SyncError from "./SyncError.ts"
export * as SyncReport from "./SyncReport.ts"
