/**
 * The JSON of baton, with every message of the protocol. Loaded only where it was asked for.
 *
 * @since 0.1.0
 */
export * as BatonJson from "@access-kit/c1z/BatonJson"
