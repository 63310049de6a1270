/**
 * Package `c1.c1z.v1`: annotations and differences of snapshot files.
 *
 * @since 0.1.0
 */
export * from "./gen/c1/c1z/v1/annotation_sync_details_pb.ts"
export * from "./gen/c1/c1z/v1/diff_pb.ts"
