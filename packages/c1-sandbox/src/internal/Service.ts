/** `BatonService`: what C1 answers a connector in service mode. */
import {
  BatonService,
  BatonServiceFinishTaskResponseSchema,
  BatonServiceGetTaskResponseSchema,
  BatonServiceGetTasksResponseSchema,
  BatonServiceHeartbeatResponseSchema,
  type BatonServiceHelloRequest,
  BatonServiceHelloResponseSchema,
  BatonServiceUploadAssetResponseSchema,
  StartDebuggingResponseSchema
} from "@access-kit/baton-protocol/gen/c1/connectorapi/baton/v1/baton_pb"
import { create } from "@bufbuild/protobuf"
import { type Duration, durationFromMs } from "@bufbuild/protobuf/wkt"
import { Code, type ConnectRouter } from "@connectrpc/connect"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type { Upload } from "../Upload.ts"
import type { Changes } from "./Changes.ts"
import type { FaultBoard } from "./FaultBoard.ts"
import type { Caller, Gateway } from "./Gateway.ts"
import { Refusal } from "./Refusal.ts"
import type { TaskBoard } from "./TaskBoard.ts"
import * as Uploads from "./Uploads.ts"

export interface Hello {
  /** Epoch milliseconds. */
  readonly at: number
  readonly clientId: string
  readonly request: BatonServiceHelloRequest
}

export interface Options {
  readonly gateway: Gateway
  readonly board: TaskBoard
  readonly faults: FaultBoard
  readonly changes: Changes
  readonly fs: FileSystem.FileSystem
  /** Where uploads are kept. */
  readonly folder: string
  readonly now: () => number
  readonly nextPollMillis: number
  readonly nextHeartbeatMillis: number
  /** Grows with every Hello and every upload. */
  readonly hellos: Array<Hello>
  readonly uploads: Array<Upload>
}

/** A host that is not the one to which the task was given. */
const remarkOnHost = (caller: Caller, board: TaskBoard, taskId: string, hostId: string): void => {
  const offer = board.record(taskId)?.offers.at(-1)
  if (offer !== undefined && offer.hostId !== hostId) {
    caller.page.remarks.push(`the task was given to the host "${offer.hostId}" and this is "${hostId}"`)
  }
}

const remarkOnHello = (caller: Caller, request: BatonServiceHelloRequest): void => {
  const about = { ...request.osInfo, ...request.buildInfo }
  const empty = Object.entries(about).flatMap(([name, value]) => value === "" ? [name] : [])
  if (request.osInfo === undefined || request.buildInfo === undefined || empty.length > 0) {
    caller.page.remarks.push(
      `C1 can't register a connector that leaves out what it runs on: ${empty.join(", ") || "os_info or build_info"}`
    )
  }
}

export const make = (options: Options) => {
  const { board, changes, faults, folder, fs, gateway, hellos, now, uploads } = options
  const nextPoll: Duration = durationFromMs(options.nextPollMillis)
  const nextHeartbeat: Duration = durationFromMs(options.nextHeartbeatMillis)
  let files = 0

  const hello = gateway.unary(BatonService.method.hello, (request, caller) =>
    Effect.gen(function*() {
      caller.page.taskId = request.taskId || undefined
      if (request.taskId !== "") yield* Effect.fromResult(board.close(request.taskId))
      remarkOnHello(caller, request)
      hellos.push({ at: now(), clientId: caller.clientId, request })
      changes.notify()
      return create(BatonServiceHelloResponseSchema)
    }))

  const getTask = gateway.unary(BatonService.method.getTask, (request, caller) =>
    Effect.sync(() => {
      const again = faults.take("duplicateTask", caller.page) !== undefined
      const [task] = board.take({ clientId: caller.clientId, hostId: request.hostId }, 1, new Set(), again)
      caller.page.taskId = task?.id
      return create(BatonServiceGetTaskResponseSchema, {
        ...(task === undefined ? {} : { task }),
        nextPoll,
        nextHeartbeat
      })
    }))

  const getTasks = gateway.unary(BatonService.method.getTasks, (request, caller) =>
    Effect.sync(() => {
      const again = faults.take("duplicateTask", caller.page) !== undefined
      const tasks = board.take(
        { clientId: caller.clientId, hostId: request.hostId },
        request.pageSize,
        new Set(request.knownTaskIds),
        again
      )
      return create(BatonServiceGetTasksResponseSchema, { tasks: [...tasks], nextPoll, nextHeartbeat })
    }))

  const heartbeat = gateway.unary(BatonService.method.heartbeat, (request, caller) =>
    Effect.gen(function*() {
      caller.page.taskId = request.taskId
      remarkOnHost(caller, board, request.taskId, request.hostId)
      const struck = faults.take("cancel", caller.page) !== undefined
      const cancelled = yield* Effect.fromResult(board.beat(request.taskId, struck))
      const cancelledTaskIds: Array<string> = []
      for (const id of request.taskIds) {
        if (id !== request.taskId && (yield* Effect.fromResult(board.beat(id, false)))) cancelledTaskIds.push(id)
      }
      return create(BatonServiceHeartbeatResponseSchema, { nextHeartbeat, cancelled, cancelledTaskIds })
    }))

  const finishTask = gateway.unary(BatonService.method.finishTask, (request, caller) =>
    Effect.gen(function*() {
      caller.page.taskId = request.taskId
      remarkOnHost(caller, board, request.taskId, request.hostId)
      const time = yield* Effect.fromResult(board.finish(request))
      if (time === "repeated") caller.page.remarks.push("the same outcome was told before")
      return create(BatonServiceFinishTaskResponseSchema)
    }))

  const uploadAsset = gateway.clientStream(
    BatonService.method.uploadAsset,
    (messages, caller) =>
      Effect.gen(function*() {
        const cut = faults.take("cutUpload", caller.page)
        const upload = yield* Uploads.receive({
          fs,
          messages,
          path: `${folder}/${++files}`,
          page: caller.page,
          clientId: caller.clientId,
          now,
          allowed: (taskId) => Effect.asVoid(Effect.fromResult(board.held(taskId))),
          step: (chunks) =>
            cut !== undefined && chunks >= cut.chunks
              ? Effect.andThen(
                Effect.sync(caller.breakStream),
                Effect.fail(new Refusal({ code: Code.Aborted, message: "cut off on purpose" }))
              )
              : Effect.void
        })
        remarkOnHost(caller, board, upload.taskId, upload.hostId)
        if (upload.kind === "log" && board.record(upload.taskId)?.task.debug !== true) {
          caller.page.remarks.push("something else than a snapshot, although the task asked for no log")
        }
        uploads.push(upload)
        changes.notify()
        return create(BatonServiceUploadAssetResponseSchema)
      })
  )

  const startDebugging = gateway.unary(
    BatonService.method.startDebugging,
    () => Effect.sync(() => create(StartDebuggingResponseSchema, { status: true }))
  )

  return (router: ConnectRouter): ConnectRouter =>
    router.service(BatonService, { hello, getTask, getTasks, heartbeat, finishTask, uploadAsset, startDebugging })
}
