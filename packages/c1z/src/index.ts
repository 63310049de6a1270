/**
 * `.c1z` snapshot files: a sink that writes them, and a reader.
 *
 * @since 0.1.0
 */
export * as C1zSink from "./C1zSink.ts"
export * as Ksuid from "./Ksuid.ts"
