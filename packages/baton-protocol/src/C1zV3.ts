/**
 * Package `c1.c1z.v3`: the manifest of v3 snapshot files.
 *
 * @since 0.1.0
 */
export * from "./gen/c1/c1z/v3/manifest_pb.ts"
