/**
 * Fetches a snapshot from a server into a file. It is gathered beside the file and takes its place once it is whole and its digest is right; until then
 * an older one stays.
 *
 * @since 0.1.0
 */
import type * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import { ServerClient } from "@access-kit/server-api/ServerClient"
import type { Snapshot } from "@access-kit/server-api/Snapshots"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import type * as PlatformError from "effect/PlatformError"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"
import { createHash, randomUUID } from "node:crypto"
import { CommandError } from "../Failure.ts"
import type { Calls } from "./Calls.ts"
import { unexpected } from "./Outcomes.ts"
import * as Problem from "./Problem.ts"

const storage = (out: string) => (error: PlatformError.PlatformError): CommandError => {
  const { cause } = error.reason
  const code = Predicate.hasProperty(cause, "code") && typeof cause.code === "string" ? cause.code : error.reason._tag
  const target = JSON.stringify(out)
  switch (code) {
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new CommandError({
        reason: "NotWritable",
        message: `${target} can't be written: no permission. Choose another place.`
      })
    case "ENOENT":
    case "ENOTDIR":
    case "EISDIR":
      return new CommandError({
        reason: "InvalidTarget",
        message: `${target} can't be written: there is no such directory, or it is none.`
      })
    case "ENOSPC":
    case "EDQUOT":
      return new CommandError({
        reason: "StorageFull",
        message: `${target} can't be written: no space is left. Free some, then run the command again.`
      })
    default:
      return new CommandError({ reason: "StorageFailure", message: `${target} can't be written (${code}).` })
  }
}

/**
 * Fails before anything is asked of the server where the file can't be written anyway.
 *
 * @since 0.1.0
 */
export const check = Effect.fn("Download.check")(function*(out: string) {
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const folder = path.dirname(path.resolve(out))
  yield* Effect.mapError(files.stat(folder), storage(out))
  const found = yield* Effect.option(files.stat(out))
  if (found._tag === "Some" && found.value.type === "Directory") {
    return yield* new CommandError({
      reason: "InvalidTarget",
      message: `${JSON.stringify(out)} is a directory. Name a file in it.`
    })
  }
})

/**
 * Answers the whole path of the file.
 *
 * @since 0.1.0
 */
export const run = Effect.fn("Download.run")(function*(calls: Calls, snapshot: Snapshot, out: string) {
  const client = yield* ServerClient
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const target = path.resolve(out)
  const partial = path.join(path.dirname(target), `.${path.basename(target)}.${randomUUID()}.partial`)
  const fetched = Effect.gen(function*() {
    const answer = yield* calls.ask(
      "download",
      client.snapshots.download({ params: { snapshotId: snapshot.id }, headers: {} })
    )
    if (answer === undefined) return yield* unexpected(calls, "download", "a cached answer")
    const hash = createHash("sha256")
    let bytes = 0
    const file = yield* Effect.mapError(files.open(partial, { flag: "wx" }), storage(out))
    const broken = (): Effect.Effect<never, ConnectorError.ConnectorError> =>
      calls.failed("download", "Unavailable", "The snapshot did not arrive whole. Run the command again.")
    yield* answer.body.pipe(
      Stream.catch((problem) => Stream.fail(Problem.toConnectorError("download", problem, calls.address))),
      Stream.runForEach((chunk) => {
        hash.update(chunk)
        bytes += chunk.length
        return Effect.mapError(file.writeAll(chunk), storage(out))
      })
    )
    if (bytes !== snapshot.bytes || hash.digest("hex") !== snapshot.sha256) return yield* broken()
    yield* Effect.mapError(file.sync, storage(out))
    yield* Effect.mapError(files.rename(partial, target), storage(out))
    return target
  })
  return yield* Effect.scoped(fetched).pipe(Effect.onError(() => Effect.ignore(files.remove(partial, { force: true }))))
})
