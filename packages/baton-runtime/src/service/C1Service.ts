/**
 * Service mode: a connector that works for ConductorOne (C1). It introduces itself, takes tasks, carries them out and reports, for as long as the process
 * lives.
 *
 * The connector runs in this process. Interrupting {@link run} ends it in an orderly way and in bounded time: no more tasks are taken, changes that are
 * under way finish, syncs are cancelled, and C1 is told what came of each.
 *
 * @since 0.1.0
 */
import { ConnectorService } from "@access-kit/baton-protocol/gen/c1/connector/v2/connector_pb"
import type { Task } from "@access-kit/baton-protocol/gen/c1/connectorapi/baton/v1/baton_pb"
import * as WorkDirectory from "@access-kit/c1z/WorkDirectory"
import { Connector } from "@access-kit/connector-model/Connector"
import { Code } from "@connectrpc/connect"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as Schema from "effect/Schema"
import { tmpdir } from "node:os"
import type { RpcError } from "../RpcError.ts"
import { C1Client } from "./C1Client.ts"
import * as DebugLog from "./DebugLog.ts"
import * as FullSync from "./FullSync.ts"
import * as HealthServer from "./HealthServer.ts"
import * as Hello from "./Hello.ts"
import * as Host from "./Host.ts"
import * as LocalConnector from "./LocalConnector.ts"
import * as TaskHandlers from "./TaskHandlers.ts"
import * as TaskLedger from "./TaskLedger.ts"
import * as TaskLoop from "./TaskLoop.ts"
import * as TaskResult from "./TaskResult.ts"

/**
 * @since 0.1.0
 */
export interface Options {
  /** What runs, as C1 is told it. */
  readonly program: { readonly name: string; readonly version: string }
  readonly provisioning: boolean
  readonly ticketing: boolean
  /** Tasks at a time. */
  readonly taskConcurrency: number
  /** Ask for several tasks in one call. */
  readonly batch: boolean
  readonly sync: FullSync.Settings
  /** Where health is answered over HTTP. Nowhere when absent. */
  readonly health?: { readonly host: string; readonly port: number }
  /** How long an orderly end may take. @default `TaskLoop.GRACE` */
  readonly grace?: TaskLoop.Grace
  /** Is told at an orderly end how many results C1 did not take; none, as a rule. */
  readonly onDrained?: (undelivered: number) => Effect.Effect<void>
}

/**
 * Snapshots have no place before they are uploaded.
 *
 * @since 0.1.0
 */
export class TemporaryDirectoryError extends Schema.TaggedError<TemporaryDirectoryError>()("TemporaryDirectoryError", {
  message: Schema.String,
  cause: Schema.Defect()
}) {}

const noDirectory = (directory: string | undefined) => (cause: PlatformError): TemporaryDirectoryError =>
  new TemporaryDirectoryError({
    message: `There is no place for snapshots: ${
      directory === undefined ? "the directory for temporary files" : JSON.stringify(directory)
    } can't be written (${cause.reason._tag}). Name another directory with --c1z-temp-dir or BATON_TMPDIR.`,
    cause
  })

/**
 * Why a service does not start: C1 does not accept the client, the connector says nothing about itself, an address or a directory can't be used.
 *
 * @since 0.1.0
 */
export type C1ServiceError =
  | RpcError
  | LocalConnector.ConnectorStatus
  | HealthServer.HealthServerError
  | TemporaryDirectoryError

/** How a task of a kind that nobody here carries out is answered. C1 may give it to a newer version. */
const unsupported = TaskResult.failure(Code.Unknown, "unsupported task type")

/**
 * Works for C1 until it is interrupted.
 *
 * @since 0.1.0
 */
export const run: (
  options: Options
) => Effect.Effect<never, C1ServiceError, Connector | C1Client | FileSystem.FileSystem> = Effect.fn("C1Service.run")(
  function*(options: Options) {
    const files = yield* FileSystem.FileSystem
    const hostId = yield* Host.hostId
    const { program, sync: settings } = options
    const connector = yield* LocalConnector.make({
      provisioning: options.provisioning,
      ticketing: options.ticketing
    })
    yield* WorkDirectory.sweep(settings.temporaryDirectory ?? tmpdir(), "baton-service")
    const temporary = yield* files.makeTempDirectoryScoped({
      prefix: yield* WorkDirectory.prefix("baton-service"),
      ...(settings.temporaryDirectory === undefined ? {} : { directory: settings.temporaryDirectory })
    }).pipe(Effect.mapError(noDirectory(settings.temporaryDirectory)))
    const here = { ...settings, temporaryDirectory: temporary }
    const debugLog = yield* DebugLog.make(temporary)
    const ledger = yield* TaskLedger.make(hostId)

    const greet = (taskId: string) =>
      Hello.greet({ connector, hostId, program, taskId }).pipe(
        Effect.as(undefined),
        Effect.catchTag("RpcError", (error) =>
          Effect.succeed(TaskResult.failure(error.code, `hello failed: ${error.message}`))),
        Effect.catchTag("ConnectorStatus", ({ status }) =>
          Effect.succeed(TaskResult.ofStatus(status, false)))
      )

    // These only: with all that is here a task's spans would come below the span of the service, not of the task.
    const services = Context.pick(Connector, C1Client, FileSystem.FileSystem)(
      yield* Effect.context<Connector | C1Client | FileSystem.FileSystem>()
    )
    const carryOut = ({ debug, id, taskType }: Task): Effect.Effect<
      TaskResult.TaskResult | undefined,
      never,
      Connector | C1Client | FileSystem.FileSystem
    > => {
      switch (taskType.case) {
        case "hello":
          return greet(id)
        case "syncFull":
          return FullSync.run({ hostId, taskId: id, task: taskType.value, debug, debugLog, settings: here })
        default: {
          const work = TaskHandlers.handle(connector, id, taskType) ?? Effect.succeed(unsupported)
          return debug ? debugLog.around(work) : work
        }
      }
    }

    const loop = yield* TaskLoop.make({
      hostId,
      concurrency: options.taskConcurrency,
      batch: options.batch,
      ledger,
      work: (task) => Effect.provide(carryOut(task), services)
    })

    let ending = false
    if (options.health !== undefined) {
      const port = yield* HealthServer.serve({
        ...options.health,
        ready: Effect.map(loop.connected, (connected) => connected && !ending),
        validate: connector.call(ConnectorService.method.validate, {}).pipe(
          Effect.asVoid,
          Effect.mapError((error) => error.message)
        )
      })
      yield* Effect.logInfo("health is answered").pipe(Effect.annotateLogs({ host: options.health.host, port }))
    }

    yield* Hello.greet({ connector, hostId, program })
    yield* Effect.logInfo("ConductorOne knows the connector; waiting for tasks").pipe(
      Effect.annotateLogs({ host_id: hostId })
    )

    const drained = Effect.gen(function*() {
      ending = true
      const undelivered = yield* loop.drain(options.grace ?? TaskLoop.GRACE)
      yield* Effect.logInfo("ended")
      yield* options.onDrained?.(undelivered) ?? Effect.void
    })
    return yield* loop.run.pipe(
      // In a fiber of its own, which nothing has interrupted.
      Effect.ensuring(Effect.flatMap(Effect.forkDetach(drained), Fiber.join))
    )
  },
  Effect.scoped
)
