/**
 * Failures of files as the sink's reasons, with words that say what to do.
 */
import * as Sink from "@access-kit/connector-model/SnapshotSink"
import * as Effect from "effect/Effect"
import type { PlatformError } from "effect/PlatformError"
import * as Predicate from "effect/Predicate"

const codeOf = (error: PlatformError): string | undefined => {
  const { cause } = error.reason
  return Predicate.hasProperty(cause, "code") && Predicate.isString(cause.code) ? cause.code : undefined
}

const reasonOf = (error: PlatformError, location: string): Sink.SinkReason => {
  const code = codeOf(error)
  const tag = error.reason._tag
  if (code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG") {
    return new Sink.StorageFull({
      location,
      message: `No space is left to write "${location}". Free some space and run the sync again.`
    })
  }
  if (tag === "PermissionDenied" || code === "EROFS") {
    return new Sink.NotWritable({
      location,
      message: `"${location}" can't be written (${
        code ?? tag
      }). Choose a directory that this user may write to, or change its permissions.`
    })
  }
  if (tag === "NotFound" || tag === "BadArgument" || tag === "BadResource" || code === "ENAMETOOLONG") {
    return new Sink.InvalidTarget({
      location,
      message: `"${location}" can't be used as the output (${
        code ?? tag
      }). Give the path of a file in a directory that exists.`
    })
  }
  return new Sink.StorageFailure({
    location,
    message: `Writing "${location}" failed (${
      code ?? error.message
    }). Run the sync again; if it fails again, check the disk.`
  })
}

export const of = (location: string) => (error: PlatformError): Sink.SinkError =>
  new Sink.SinkError({ reason: reasonOf(error, location), cause: error })

/** Gives every failure of a file its reason; what already has one passes. */
export const mapped =
  (location: string) =>
  <A, R>(effect: Effect.Effect<A, PlatformError | Sink.SinkError, R>): Effect.Effect<A, Sink.SinkError, R> =>
    Effect.mapError(effect, (error) => error._tag === "SinkError" ? error : of(location)(error))

export const invalidTarget = (location: string, because: string): Effect.Effect<never, Sink.SinkError> =>
  Effect.fail(
    new Sink.SinkError({
      reason: new Sink.InvalidTarget({
        location,
        message:
          `"${location}" can't be used as the output: ${because}. Give the path of a new file, or of a snapshot to replace.`
      })
    })
  )
