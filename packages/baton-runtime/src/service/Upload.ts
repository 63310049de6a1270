/**
 * Uploads a file to ConductorOne: in parts, with its checksum, and from the start again where that fails.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import type { RpcError } from "../RpcError.ts"
import { C1Client, type UploadPart } from "./C1Client.ts"

/** Bytes of a part. */
const PART = 512 * 1024

/** Attempts beyond the first. */
const RETRIES = 2

/** The first repetition comes at once, the second after a second. */
const schedule = Schedule.recurs(RETRIES).pipe(
  Schedule.modifyDelay(({ attempt }) => Effect.succeed(Duration.seconds(attempt - 1)))
)

/**
 * The file as the messages of an upload.
 *
 * @since 0.1.0
 */
export const parts = (
  options: { readonly hostId: string; readonly taskId: string; readonly path: string }
): Stream.Stream<UploadPart, Error, FileSystem.FileSystem> =>
  Stream.suspend(() => {
    const { hostId, path, taskId } = options
    const hash = createHash("sha256")
    const file = Stream.unwrap(
      Effect.map(FileSystem.FileSystem, (files) => files.stream(path, { chunkSize: PART }))
    )
    const first: UploadPart = { msg: { case: "metadata", value: { hostId, taskId } } }
    const last = (): UploadPart => ({ msg: { case: "eof", value: { sha256Checksum: hash.digest() } } })
    return Stream.make(first).pipe(
      Stream.concat(Stream.map(file, (data): UploadPart => {
        hash.update(data)
        return { msg: { case: "data", value: { data } } }
      })),
      Stream.concat(Stream.sync(last))
    )
  })

/**
 * @since 0.1.0
 */
export const file = Effect.fn("Upload.file")(function*(
  options: { readonly hostId: string; readonly taskId: string; readonly path: string }
): Effect.fn.Return<void, RpcError, C1Client | FileSystem.FileSystem> {
  const client = yield* C1Client
  const files = yield* FileSystem.FileSystem
  const sending = Stream.provideService(parts(options), FileSystem.FileSystem, files)
  yield* client.upload(sending).pipe(
    Effect.tapError((error) => Effect.logWarning(`An upload failed: ${error.message}`)),
    Effect.retry({ schedule })
  )
})
