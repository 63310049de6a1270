/**
 * Package `google.rpc`: the error model of gRPC.
 *
 * @since 0.1.0
 */
export * from "./gen/google/rpc/error_details_pb.ts"
export * from "./gen/google/rpc/status_pb.ts"
