/**
 * A sync into a snapshot file, with everything heavy it needs. Loaded only by the command that runs it.
 *
 * @since 0.1.0
 */
import * as C1zSink from "@access-kit/c1z/C1zSink"
import type { Format } from "@access-kit/c1z/Convert"
import { SnapshotSink } from "@access-kit/connector-model/SnapshotSink"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

export * as Sync from "@access-kit/connector-sync/Sync"
export { ScimClient } from "@access-kit/scim-core/ScimClient"

/** In the bundle the worker thread's code is a file of its own (`rolldown.config.ts`); run from source, the package knows where it is. */
const worker = import.meta.url.endsWith(".ts")
  ? {}
  : { worker: new URL("./claude-enterprise-c1z-worker.mjs", import.meta.url) }

/** The sink, which has forgotten what an interrupted sync kept before the next one sees it. */
const forgetful = (sink: SnapshotSink["Service"]): SnapshotSink["Service"] => ({
  ...sink,
  begin: Effect.fn("SyncRun.begin")(function*(header) {
    const { checkpoint, ...start } = yield* sink.begin(header)
    if (checkpoint !== undefined) {
      // An empty checkpoint stands for "nothing read yet": a run that stops right here is begun anew by the next one.
      for (const type of header.resourceTypes) yield* sink.discard(type.id, () => "")
    }
    return start
  })
})

/**
 * A sink that writes a `.c1z` file. With `fresh`, an interrupted sync is not taken up.
 *
 * @since 0.1.0
 */
export const snapshotFile = (options: {
  readonly path: string
  readonly format: Format
  readonly fresh: boolean
}): Layer.Layer<SnapshotSink> =>
  Layer.effect(
    SnapshotSink,
    Effect.map(
      C1zSink.make({ path: options.path, format: options.format, ...worker }),
      options.fresh ? forgetful : (sink) => sink
    )
  )
