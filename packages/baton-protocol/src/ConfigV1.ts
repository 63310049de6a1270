/**
 * Package `c1.config.v1`: the configuration that a connector asks for.
 *
 * @since 0.1.0
 */
export * from "./gen/c1/config/v1/config_pb.ts"
export * from "./gen/c1/config/v1/rules_pb.ts"
