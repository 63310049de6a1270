/**
 * Package `c1.connectorapi.baton.v1`: the services between a connector in service mode and ConductorOne.
 *
 * @since 0.1.0
 */
export * from "./gen/c1/connectorapi/baton/v1/baton_pb.ts"
export * from "./gen/c1/connectorapi/baton/v1/config_pb.ts"
export * from "./gen/c1/connectorapi/baton/v1/servedpolicy_pb.ts"
export * from "./gen/c1/connectorapi/baton/v1/session_pb.ts"
export * from "./gen/c1/connectorapi/baton/v1/source_cache_pb.ts"
