/**
 * Package `c1.reader.v3`: services that read the grants of a snapshot as records.
 *
 * @since 0.1.0
 */
export * from "./gen/c1/reader/v3/grant_pb.ts"
