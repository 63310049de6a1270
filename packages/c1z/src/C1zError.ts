/**
 * What can be wrong with a `.c1z` file that is to be read.
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
 * There is no such file, or it can't be opened.
 *
 * @since 0.1.0
 */
export class Unreadable extends Schema.TaggedError<Unreadable>()("Unreadable", words) {}

/**
 * The file is something else: it does not begin as a `.c1z` file does.
 *
 * @since 0.1.0
 */
export class NotAC1z extends Schema.TaggedError<NotAC1z>()("NotAC1z", words) {}

/**
 * The file is a `.c1z` file of a format that this reader does not decode.
 *
 * @since 0.1.0
 */
export class UnsupportedFormat extends Schema.TaggedError<UnsupportedFormat>()("UnsupportedFormat", {
  ...words,
  format: Schema.String
}) {}

/**
 * The file ends before its contents do: a copy or a download was interrupted.
 *
 * @since 0.1.0
 */
export class Truncated extends Schema.TaggedError<Truncated>()("Truncated", words) {}

/**
 * Something follows the contents that does not belong to them.
 *
 * @since 0.1.0
 */
export class TrailingBytes extends Schema.TaggedError<TrailingBytes>()("TrailingBytes", {
  ...words,
  /** Where it begins, in bytes from the start of the file. */
  offset: Schema.Number
}) {}

/**
 * The contents are larger than the limit, or would need more memory to decode than is safe.
 *
 * @since 0.1.0
 */
export class TooLarge extends Schema.TaggedError<TooLarge>()("TooLarge", {
  ...words,
  /** In bytes. */
  limit: Schema.Number
}) {}

/**
 * The contents are not what was written: a checksum is wrong, or what is inside makes no sense.
 *
 * @since 0.1.0
 */
export class Damaged extends Schema.TaggedError<Damaged>()("Damaged", words) {}

/**
 * There is no room, or no permission, for the temporary file that the contents are decompressed into.
 *
 * @since 0.1.0
 */
export class NoTemporaryFile extends Schema.TaggedError<NoTemporaryFile>()("NoTemporaryFile", words) {}

/**
 * @since 0.1.0
 */
export const C1zErrorReason = Schema.Union([
  Unreadable,
  NotAC1z,
  UnsupportedFormat,
  Truncated,
  TrailingBytes,
  TooLarge,
  Damaged,
  NoTemporaryFile
])

/**
 * @since 0.1.0
 */
export type C1zErrorReason = typeof C1zErrorReason.Type

/**
 * The one error of the reader.
 *
 * @since 0.1.0
 */
export class C1zError extends Schema.TaggedError<C1zError>()("C1zError", {
  reason: C1zErrorReason,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    return this.reason.message
  }
}
