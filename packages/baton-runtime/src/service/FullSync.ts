/**
 * The task that reads everything, or a part of it, and uploads the snapshot.
 *
 * @since 0.1.0
 */
import type { Task_SyncFullTask } from "@access-kit/baton-protocol/gen/c1/connectorapi/baton/v1/baton_pb"
import * as C1zSink from "@access-kit/c1z/C1zSink"
import type { Format } from "@access-kit/c1z/Convert"
import { Connector } from "@access-kit/connector-model/Connector"
import type { ConnectorError } from "@access-kit/connector-model/ConnectorError"
import type { SinkError, SnapshotKind } from "@access-kit/connector-model/SnapshotSink"
import * as Sync from "@access-kit/connector-sync/Sync"
import type { SyncError } from "@access-kit/connector-sync/SyncError"
import { Code } from "@connectrpc/connect"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { PlatformError } from "effect/PlatformError"
import * as FromMessage from "../FromMessage.ts"
import * as RpcError from "../RpcError.ts"
import * as Selection from "../Selection.ts"
import * as SyncLog from "../SyncLog.ts"
import type { C1Client } from "./C1Client.ts"
import type { DebugLog } from "./DebugLog.ts"
import * as Heartbeat from "./Heartbeat.ts"
import * as TaskResult from "./TaskResult.ts"
import * as Upload from "./Upload.ts"

/**
 * How this process syncs, whatever a task says. What a task asks for comes first where both can.
 *
 * @since 0.1.0
 */
export interface Settings {
  /** Where snapshots are written before they are uploaded. @default the system's directory for temporary files */
  readonly temporaryDirectory?: string
  /** Pages at a time. */
  readonly concurrency: number
  /** Only these resource types; all of them where none is named. */
  readonly resourceTypes: ReadonlyArray<string>
  readonly skipEntitlementsAndGrants: boolean
  /** Of the snapshot. @default what the task asks for, and v1 where it asks for nothing */
  readonly format?: Format
  /** Read nothing, and upload a snapshot that has nothing in it. */
  readonly skip: boolean
  /** Where a bundle has `@access-kit/c1z/worker`. */
  readonly worker?: URL
}

type Failure =
  | ConnectorError
  | SinkError
  | SyncError
  | RpcError.RpcError
  | PlatformError
  | Heartbeat.HeartbeatStop
  | Selection.UnknownResourceType

const resultOf = (error: Failure): Effect.Effect<TaskResult.TaskResult> => {
  switch (error._tag) {
    case "ConnectorError":
      return Effect.map(
        Clock.currentTimeMillis,
        (now) => TaskResult.ofStatus(RpcError.toStatus(error, "sync failed: ", now), false)
      )
    case "SinkError":
      return Effect.succeed(TaskResult.failure(
        error.reason._tag === "StorageFull" ? Code.ResourceExhausted : Code.Unknown,
        `sync failed: ${error.message}`
      ))
    case "SyncError":
      // What breaks the contract breaks it again.
      return Effect.succeed(TaskResult.failure(Code.Aborted, `sync failed: ${error.message}`, {
        nonRetryable: error.reason._tag === "ContractViolation"
      }))
    case "RpcError":
      return Effect.succeed(TaskResult.failure(error.code, `upload failed: ${error.message}`))
    case "PlatformError":
      return Effect.succeed(TaskResult.failure(
        Code.Unknown,
        `sync failed: there is no place for the snapshot. ${error.message}. --c1z-temp-dir or BATON_TMPDIR names another directory.`
      ))
    case "HeartbeatStop":
      return Effect.succeed(TaskResult.interrupted(error.message))
    case "UnknownResourceType":
      return Effect.succeed(TaskResult.failure(Code.InvalidArgument, `sync failed: ${error.message}`))
  }
}

/** What of the connector is read, and what the snapshot is then. */
const shapeOf = Effect.fnUntraced(function*(task: Task_SyncFullTask, settings: Settings) {
  const whole = yield* Connector
  const shaped = (connector: Connector["Service"], kind: SnapshotKind) => ({
    connector,
    kind,
    otherTypes: Selection.leftOut(whole, connector)
  })
  if (settings.skip) return shaped(Connector.of({ ...whole, resourceTypes: [] }), "full")
  const types = task.syncResourceTypeIds.length > 0 ? task.syncResourceTypeIds : settings.resourceTypes
  const targets = task.targetedSyncResources.map((resource) => FromMessage.resourceId(resource.id))
  const some = yield* Selection.only(whole, types)
  const targeted = targets.length === 0 ? some : yield* Selection.resources(some, targets)
  const kind = targets.length === 0 ? "full" : "partial"
  if (task.skipEntitlementsAndGrants || settings.skipEntitlementsAndGrants) {
    const bare = Selection.without(targeted, "entitlements-and-grants")
    return shaped(bare, kind === "full" ? "resources-only" : kind)
  }
  return shaped(task.skipGrants ? Selection.without(targeted, "grants") : targeted, kind)
})

/** Into a file of its own, which the scope removes: a snapshot that was not uploaded is of no use to the next task. */
const sync = Effect.fn("FullSync.sync")(function*(task: Task_SyncFullTask, settings: Settings) {
  const files = yield* FileSystem.FileSystem
  const directory = yield* files.makeTempDirectoryScoped({
    prefix: "baton-sdk-sync-upload-",
    ...(settings.temporaryDirectory === undefined ? {} : { directory: settings.temporaryDirectory })
  })
  const path = `${directory}/sync.c1z`
  const format = settings.format ?? (task.storageEngine === "pebble" ? "v3" : "v1")
  const { connector, kind, otherTypes } = yield* shapeOf(task, settings)
  const { summary } = yield* Sync.run({
    kind,
    otherTypes,
    concurrency: settings.concurrency,
    progress: SyncLog.tell(path, { resumable: false })
  }).pipe(
    Effect.provide(Layer.merge(
      Layer.succeed(Connector, connector),
      C1zSink.layer({
        path,
        format,
        resume: false,
        ...(settings.worker === undefined ? {} : { worker: settings.worker })
      })
    ))
  )
  yield* Effect.logInfo("sync complete").pipe(Effect.annotateLogs({
    sync_id: summary.syncId,
    bytes: summary.bytes,
    resources: summary.resources,
    entitlements: summary.entitlements,
    grants: summary.grants
  }))
  return path
})

/** The details that C1 asked for. To have them missing is no failure of the sync. */
const uploadDebugLog = Effect.fnUntraced(function*(hostId: string, taskId: string, debugLog: DebugLog) {
  const files = yield* FileSystem.FileSystem
  const path = yield* debugLog.take
  if (Option.isNone(path)) return
  yield* Upload.file({ hostId, taskId, path: path.value }).pipe(
    Effect.catchTag("RpcError", (error) => Effect.logWarning(`The debug log was not uploaded: ${error.message}`)),
    Effect.ensuring(Effect.ignore(files.remove(path.value)))
  )
})

/**
 * @since 0.1.0
 */
export const run = Effect.fn("FullSync.run")(function*(
  options: {
    readonly hostId: string
    readonly taskId: string
    readonly task: Task_SyncFullTask
    readonly debug: boolean
    readonly debugLog: DebugLog
    readonly settings: Settings
  }
): Effect.fn.Return<TaskResult.TaskResult, never, Connector | C1Client | FileSystem.FileSystem> {
  const { debug, debugLog, hostId, settings, task, taskId } = options
  const work = Effect.gen(function*() {
    const path = yield* sync(task, settings)
    yield* Upload.file({ hostId, taskId, path })
  }).pipe(Effect.scoped)
  return yield* Heartbeat.around(
    { hostId, taskId },
    Effect.andThen(debug ? debugLog.around(work) : work, uploadDebugLog(hostId, taskId, debugLog))
  ).pipe(
    Effect.as(TaskResult.Success({ annotations: [] })),
    Effect.catch((error) =>
      Effect.andThen(
        Effect.logError(`A sync failed: ${error.message}`, error),
        resultOf(error)
      )
    )
  )
})
