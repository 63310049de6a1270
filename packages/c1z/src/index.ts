/**
 * `.c1z` snapshot files: a sink that writes them, and a reader.
 *
 * @since 0.1.0
 */
export * as C1z from "./C1z.ts"
export * as C1zError from "./C1zError.ts"
export * as C1zSink from "./C1zSink.ts"
export * as Ksuid from "./Ksuid.ts"
