/**
 * `.c1z` snapshot files: a sink that writes them, a reader, and questions to what they hold.
 *
 * @since 0.1.0
 */
export * as C1z from "./C1z.ts"
export * as C1zError from "./C1zError.ts"
export * as C1zSink from "./C1zSink.ts"
export * as Convert from "./Convert.ts"
export * as Ksuid from "./Ksuid.ts"
export * as Prune from "./Prune.ts"
export * as QueryError from "./QueryError.ts"
export * as Snapshot from "./Snapshot.ts"
export * as WriteError from "./WriteError.ts"
