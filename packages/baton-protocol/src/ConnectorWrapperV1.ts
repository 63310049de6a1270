/**
 * Package `c1.connector_wrapper.v1`: what a parent process tells its connector child.
 *
 * @since 0.1.0
 */
export * from "./gen/c1/connector_wrapper/v1/connector_wrapper_pb.ts"
