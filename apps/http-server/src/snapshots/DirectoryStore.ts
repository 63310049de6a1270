/**
 * Snapshot files in a directory. Several processes may share it, if it is on a file system that they share.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Path from "effect/Path"
import type { PlatformError } from "effect/PlatformError"
import * as Stream from "effect/Stream"
import { SnapshotFiles, SnapshotStoreError } from "../SnapshotFiles.ts"

/**
 * @since 0.1.0
 */
export const layer = (
  directory: string
): Layer.Layer<SnapshotFiles, never, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(
    SnapshotFiles,
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const pathOf = (key: string): string => path.join(path.resolve(directory), ...key.split("/"))

      const failed = (what: string) => (cause: PlatformError) =>
        new SnapshotStoreError({
          reason: "Refused",
          message:
            `The snapshot directory "${directory}" ${what} (${cause.reason._tag}). It must exist, have room, and be `
            + "writable for this user.",
          cause
        })

      /** A name in the same directory that no reader looks for. */
      const beside = (target: string): string => `${target}.${crypto.randomUUID()}.partial`

      /** On disk before it has its name: after a loss of power there is the whole file or none. */
      const settle = (file: string) => Effect.scoped(Effect.flatMap(fs.open(file, { flag: "r+" }), (open) => open.sync))

      const put = Effect.fn("DirectoryStore.put")(function*(key: string, file: { readonly path: string }) {
        const target = pathOf(key)
        yield* fs.makeDirectory(path.dirname(target), { recursive: true, mode: 0o700 })
        const partial = beside(target)
        yield* Effect.gen(function*() {
          // The sync may have worked on another disk.
          yield* Effect.catch(fs.rename(file.path, partial), () => fs.copyFile(file.path, partial))
          yield* fs.chmod(partial, 0o600)
          yield* settle(partial)
          yield* fs.rename(partial, target)
        }).pipe(Effect.onError(() =>
          // Back to where it was, so that it can be put again.
          Effect.ignore(Effect.catch(fs.rename(partial, file.path), () => fs.remove(partial, { force: true })))
        ))
      }, Effect.mapError(failed("can't take a file")))

      return SnapshotFiles.of({
        put,
        get: Effect.fn("DirectoryStore.get")(function*(key: string) {
          const path = pathOf(key)
          const missing = failed(`can't give the file "${key}"`)
          yield* Effect.mapError(fs.access(path, { readable: true }), missing)
          return Stream.mapError(fs.stream(path), missing)
        }),
        remove: (key) => Effect.mapError(fs.remove(pathOf(key), { force: true }), failed("does not let go of a file")),
        pathOf,
        check: Effect.gen(function*() {
          yield* fs.makeDirectory(directory, { recursive: true, mode: 0o700 })
          const probe = beside(path.join(directory, "check"))
          yield* fs.writeFileString(probe, "")
          yield* fs.remove(probe)
        }).pipe(Effect.mapError(failed("can't be written to")))
      })
    })
  )
