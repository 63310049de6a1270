/**
 * Package `c1.ratelimit.v1`: rate limits.
 *
 * @since 0.1.0
 */
export * from "./gen/c1/ratelimit/v1/ratelimit_pb.ts"
