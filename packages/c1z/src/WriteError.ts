/**
 * Why a file could not be made from a snapshot: an export, a conversion, a pruned copy.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

const words = {
  /** What is wrong and what to do about it. */
  message: Schema.String,
  path: Schema.String
}

/**
 * The output can't be there: no such directory, or a directory itself.
 *
 * @since 0.1.0
 */
export class InvalidTarget extends Schema.TaggedError<InvalidTarget>()("InvalidTarget", words) {}

/**
 * No permission to write there.
 *
 * @since 0.1.0
 */
export class NotWritable extends Schema.TaggedError<NotWritable>()("NotWritable", words) {}

/**
 * No space is left.
 *
 * @since 0.1.0
 */
export class StorageFull extends Schema.TaggedError<StorageFull>()("StorageFull", words) {}

/**
 * Any other failure of the storage.
 *
 * @since 0.1.0
 */
export class StorageFailure extends Schema.TaggedError<StorageFailure>()("StorageFailure", words) {}

/**
 * @since 0.1.0
 */
export const WriteErrorReason = Schema.Union([InvalidTarget, NotWritable, StorageFull, StorageFailure])

/**
 * @since 0.1.0
 */
export type WriteErrorReason = typeof WriteErrorReason.Type

/**
 * @since 0.1.0
 */
export class WriteError extends Schema.TaggedError<WriteError>()("WriteError", {
  reason: WriteErrorReason,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    return this.reason.message
  }
}
