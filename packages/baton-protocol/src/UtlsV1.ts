/**
 * Package `c1.utls.v1`: a certificate with its key and its authority.
 *
 * @since 0.1.0
 */
export * from "./gen/c1/utls/v1/tls_pb.ts"
