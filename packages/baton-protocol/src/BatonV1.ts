/**
 * Package `baton.v1`: what the `baton` command prints under `-o json`.
 *
 * @since 0.1.0
 */
export * from "./gen/baton/v1/outputs_pb.ts"
