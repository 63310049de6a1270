/** Receives uploads piece by piece into files, and looks at what came. */
import {
  type BatonServiceUploadAssetRequest,
  BatonServiceUploadAssetRequest_UploadEOFSchema,
  BatonServiceUploadAssetRequest_UploadMetadataSchema,
  BatonServiceUploadAssetRequestSchema
} from "@access-kit/baton-protocol/gen/c1/connectorapi/baton/v1/baton_pb"
import * as RuleCheck from "@access-kit/baton-protocol/RuleCheck"
import * as C1z from "@access-kit/c1z/C1z"
import * as Snapshot from "@access-kit/c1z/Snapshot"
import * as Stats from "@access-kit/c1z/Stats"
import * as Verify from "@access-kit/c1z/Verify"
import { Code } from "@connectrpc/connect"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as PlatformError from "effect/PlatformError"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import type { Upload, UploadedSnapshot } from "../Upload.ts"
import type { Page } from "./Journal.ts"
import * as ProtoJson from "./ProtoJson.ts"
import { invalid, Refusal } from "./Refusal.ts"

/** What the Go SDK sends in every piece but the last. */
const USUAL_CHUNK = 524_288

/** How many findings of a snapshot are kept. */
const MOST_FINDINGS = 100

/** The stream broke before it had come to its end. */
const brokenOff = (cause: unknown): Refusal =>
  new Refusal({
    code: Code.Aborted,
    message: `the stream broke off: ${cause instanceof Error ? cause.message : String(cause)}`
  })

interface Received {
  readonly taskId: string
  readonly hostId: string
  readonly chunks: ReadonlyArray<number>
  readonly bytes: number
  readonly sha256: string
}

type Message = BatonServiceUploadAssetRequest["msg"]

/** Follows the order of the messages: metadata, data, end. */
class Receiving {
  #metadata: Extract<Message, { case: "metadata" }>["value"] | undefined
  #end: Extract<Message, { case: "eof" }>["value"] | undefined
  readonly #chunks: Array<number> = []
  readonly #hash = createHash("sha256")
  #bytes = 0
  readonly #page: Page

  constructor(page: Page) {
    this.#page = page
  }

  get chunks(): number {
    return this.#chunks.length
  }

  /** The bytes to write, or nothing. */
  take(message: BatonServiceUploadAssetRequest): Effect.Effect<Uint8Array | undefined, Refusal> {
    const fault = RuleCheck.check(BatonServiceUploadAssetRequestSchema, message)
    if (fault !== undefined) {
      return Effect.fail(invalid(`invalid BatonServiceUploadAssetRequest.${fault.path}: ${fault.rule}`))
    }
    const { msg } = message
    if (this.#end !== undefined) return Effect.fail(invalid("something follows the end of the upload"))
    if ((msg.case === "metadata") !== (this.#metadata === undefined)) {
      return Effect.fail(invalid("an upload begins with its metadata, which comes once"))
    }
    switch (msg.case) {
      case "metadata":
        this.#metadata = msg.value
        this.#page.taskId = msg.value.taskId
        break
      case "data": {
        const { data } = msg.value
        this.#chunks.push(data.length)
        this.#bytes += data.length
        this.#hash.update(data)
        this.#write()
        return Effect.succeed(data)
      }
      case "eof":
        this.#end = msg.value
    }
    this.#write()
    return Effect.succeed(undefined)
  }

  /** Keeps the log up to date, also for streams that never come to an end. */
  #write(): void {
    this.#page.request = {
      ...(this.#metadata === undefined
        ? {}
        : { metadata: ProtoJson.of(BatonServiceUploadAssetRequest_UploadMetadataSchema, this.#metadata) }),
      chunks: this.#chunks.length,
      bytes: this.#bytes,
      ...(this.#end === undefined
        ? {}
        : { eof: ProtoJson.of(BatonServiceUploadAssetRequest_UploadEOFSchema, this.#end) })
    }
  }

  finish(): Effect.Effect<Received, Refusal> {
    if (this.#metadata === undefined || this.#end === undefined) {
      return Effect.fail(invalid("the upload has no end, so it may lack something"))
    }
    if (this.#bytes === 0) return Effect.fail(invalid("the upload holds nothing"))
    const sha256 = this.#hash.digest("hex")
    const told = Buffer.from(this.#end.sha256Checksum).toString("hex")
    if (told !== sha256) {
      return Effect.fail(
        new Refusal({
          code: Code.DataLoss,
          message: `the checksum of what came is ${sha256}, and the upload says ${told}`
        })
      )
    }
    if (this.#chunks.slice(0, -1).some((size) => size !== USUAL_CHUNK) || (this.#chunks.at(-1) ?? 0) > USUAL_CHUNK) {
      this.#page.remarks.push(`pieces of other sizes than ${USUAL_CHUNK} bytes`)
    }
    return Effect.succeed({
      taskId: this.#metadata.taskId,
      hostId: this.#metadata.hostId,
      chunks: this.#chunks,
      bytes: this.#bytes,
      sha256
    })
  }
}

const findingsOf = (snapshot: Snapshot.Snapshot) =>
  Verify.findings(snapshot).pipe(
    Stream.filter((finding) => finding.severity === "error"),
    Stream.map((finding) => `${finding.kind} ${finding.id}: ${finding.message}`),
    Stream.take(MOST_FINDINGS),
    Stream.runCollect
  )

const look = Effect.fnUntraced(function*(path: string) {
  const outside = yield* C1z.inspect(path)
  if (!outside.readable) {
    const sync = outside.manifest?.syncs.findLast((candidate) => candidate.endedAt !== undefined)
      ?? outside.manifest?.syncs.at(-1)
    if (sync === undefined) return yield* invalid("the uploaded snapshot holds no sync")
    const found: UploadedSnapshot = {
      format: outside.format,
      syncId: sync.id,
      syncType: sync.type,
      finished: sync.endedAt !== undefined,
      counts: sync.counts,
      rowsRead: false,
      findings: []
    }
    return found
  }
  const snapshot = yield* Snapshot.of(yield* C1z.open(path))
  const { entitlements, grants, resourceTypes, resources } = yield* Stats.of(snapshot)
  const found: UploadedSnapshot = {
    format: outside.format,
    syncId: snapshot.sync.id,
    syncType: snapshot.sync.type,
    finished: snapshot.sync.endedAt !== undefined,
    counts: { resourceTypes, resources, entitlements, grants },
    rowsRead: true,
    findings: yield* findingsOf(snapshot)
  }
  return found
}, Effect.scoped)

const inspect = (path: string): Effect.Effect<UploadedSnapshot, Refusal> =>
  Effect.mapError(
    look(path),
    (error) => error._tag === "Refusal" ? error : invalid(`the uploaded snapshot can't be read: ${error.message}`)
  )

const isSnapshot = Effect.fnUntraced(function*(fs: FileSystem.FileSystem, path: string) {
  const begin = yield* Stream.runHead(fs.stream(path, { bytesToRead: 5, chunkSize: 5 }))
  const magic = begin._tag === "Some" ? Buffer.from(begin.value).toString("latin1") : ""
  return magic === "C1ZF\0" || magic === "C1Z3\0"
})

const noRoom = (error: PlatformError.PlatformError): Refusal =>
  new Refusal({ code: Code.Internal, message: `the sandbox can't keep the upload: ${error.message}` })

/**
 * Receives one upload into a file. What was refused or broke off leaves no file behind. `allowed` is asked as soon as the task is known, `step` after each
 * piece.
 */
export const receive = Effect.fnUntraced(function*(options: {
  readonly fs: FileSystem.FileSystem
  readonly messages: AsyncIterable<BatonServiceUploadAssetRequest>
  readonly path: string
  readonly page: Page
  readonly clientId: string
  readonly now: () => number
  readonly allowed: (taskId: string) => Effect.Effect<void, Refusal>
  readonly step: (chunks: number) => Effect.Effect<void, Refusal>
}): Effect.fn.Return<Upload, Refusal> {
  const { allowed, clientId, fs, messages, now, page, path, step } = options
  const receiving = new Receiving(page)
  return yield* Effect.gen(function*() {
    yield* Effect.scoped(Effect.gen(function*() {
      const file = yield* Effect.mapError(fs.open(path, { flag: "w" }), noRoom)
      yield* Stream.runForEach(
        Stream.fromAsyncIterable(messages, brokenOff),
        Effect.fnUntraced(function*(message) {
          const data = yield* receiving.take(message)
          if (message.msg.case === "metadata") yield* allowed(message.msg.value.taskId)
          if (data === undefined) return
          yield* Effect.mapError(file.writeAll(data), noRoom)
          yield* step(receiving.chunks)
        })
      )
    }))
    const received = yield* receiving.finish()
    const kind = (yield* Effect.mapError(isSnapshot(fs, path), noRoom)) ? "snapshot" : "log"
    return {
      ...received,
      clientId,
      at: now(),
      path,
      kind,
      snapshot: kind === "snapshot" ? yield* inspect(path) : undefined
    } satisfies Upload
  }).pipe(Effect.onError(() => Effect.ignore(fs.remove(path, { force: true }))))
})
