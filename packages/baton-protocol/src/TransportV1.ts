/**
 * Package `c1.transport.v1`: a call and its answer where there is no gRPC connection.
 *
 * @since 0.1.0
 */
export * from "./gen/c1/transport/v1/transport_pb.ts"
