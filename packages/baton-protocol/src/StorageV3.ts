/**
 * Package `c1.storage.v3`: the records of v3 snapshot files.
 *
 * @since 0.1.0
 */
export * from "./gen/c1/storage/v3/options_pb.ts"
export * from "./gen/c1/storage/v3/records_pb.ts"
export * from "./gen/c1/storage/v3/refs_pb.ts"
