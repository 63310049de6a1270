/**
 * Failures of calls, and how they stand for the reasons of connector errors.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * The number of a gRPC status code, as a process exits with it.
 *
 * @since 0.1.0
 */
export class RpcError extends Schema.TaggedError<RpcError>()("RpcError", {
  /** 1 to 16. */
  code: Schema.Int,
  message: Schema.String,
  /** The full name of the method. */
  method: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}
