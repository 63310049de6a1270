/**
 * Talks to the worker thread: calls that wait for their answer, and batches that are sent ahead until the worker is too far behind.
 */
import * as SnapshotSink from "@access-kit/connector-model/SnapshotSink"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import { type Transferable, Worker } from "node:worker_threads"
import type { Taken } from "./Batch.ts"
import { pack } from "./Packing.ts"
import type { Call, Calls, Failure, Reply } from "./Protocol.ts"

/** Batches under way at least. With one being stored and one waiting the worker is never idle; the third is being filled. */
const AHEAD = 3

/**
 * Bytes under way at most, where that is more. Grants take the worker longest and the reader no time, accounts the other way round: what waits here is stored
 * while the next listing is being read.
 */
const AHEAD_BYTES = 16 * 1024 * 1024

/** Bytes under way from which on what is sent is packed: it will wait for long. */
const PACKED_FROM = 2 * 1024 * 1024

/** About what a row takes beside the buffer: an id as long as people make them, twice a header. */
const ROW = 48

const reasonOf = (failure: Failure): SnapshotSink.SinkReason => {
  const { location, message } = failure
  switch (failure.tag) {
    case "InvalidTarget":
      return new SnapshotSink.InvalidTarget({ message, location })
    case "NotWritable":
      return new SnapshotSink.NotWritable({ message, location })
    case "Busy":
      return new SnapshotSink.Busy({ message, location })
    case "StorageFull":
      return new SnapshotSink.StorageFull({ message, location })
    case "Corrupt":
      return new SnapshotSink.Corrupt({ message, location })
    case "StorageFailure":
      return new SnapshotSink.StorageFailure({ message, location })
  }
}

export const sinkError = (failure: Failure): SnapshotSink.SinkError =>
  failure.detail === undefined
    ? new SnapshotSink.SinkError({ reason: reasonOf(failure) })
    : new SnapshotSink.SinkError({ reason: reasonOf(failure), cause: failure.detail })

type Settle = (exit: Exit.Exit<unknown, SnapshotSink.SinkError>) => void

export class StoreClient {
  private readonly worker: Worker
  private readonly location: string
  private readonly pending = new Map<number, Settle>()
  private sequence = 0
  private ahead = 0
  private aheadBytes = 0
  /** The first failure. The rows that it concerned are lost, so nothing may succeed after it. */
  private failed: SnapshotSink.SinkError | undefined
  private waiting: (() => void) | undefined
  private dead = false

  private constructor(worker: Worker, location: string) {
    this.worker = worker
    this.location = location
    worker.on("message", (reply: Reply) => {
      const settle = this.pending.get(reply.sequence)
      this.pending.delete(reply.sequence)
      settle?.("failure" in reply ? Exit.fail(this.fail(reply.failure)) : Exit.succeed(reply.answer))
    })
    const died = (detail: string): void => {
      this.dead = true
      const error = this.fail({
        tag: "StorageFailure",
        location: this.location,
        message:
          `The thread that writes "${this.location}" ended unexpectedly (${detail}). Run the sync again: it goes on where it stopped.`,
        detail
      })
      for (const settle of this.pending.values()) settle(Exit.fail(error))
      this.pending.clear()
    }
    worker.on("error", (error) => died(error instanceof Error ? error.message : String(error)))
    worker.on("messageerror", (error) => died(error.message))
    worker.on("exit", (code) => died(`exit code ${code}`))
  }

  /** Starts the thread. When the scope closes it lets go of its files and ends. */
  static readonly make = (url: URL, location: string): Effect.Effect<StoreClient, never, Scope.Scope> =>
    Effect.acquireRelease(
      Effect.sync(() =>
        new StoreClient(
          new Worker(url, {
            name: "c1z",
            // Not the options of the process: its loaders and inspectors are not for this thread.
            execArgv: [],
            // Rows pass through quickly; a large nursery would only hold memory.
            resourceLimits: { maxYoungGenerationSizeMb: 8 }
          }),
          location
        )
      ),
      (client) => client.close
    )

  private fail(failure: Failure): SnapshotSink.SinkError {
    this.failed ??= sinkError(failure)
    this.waiting?.()
    return this.failed
  }

  private post<K extends Call>(
    call: K,
    question: Calls[K][0],
    moved: ReadonlyArray<Transferable>,
    settle: Settle
  ): void {
    const sequence = this.sequence++
    this.pending.set(sequence, settle)
    this.worker.postMessage({ sequence, call, question }, moved)
  }

  /** Asks, and waits for the answer. */
  ask<K extends Call>(call: K, question: Calls[K][0]): Effect.Effect<Calls[K][1], SnapshotSink.SinkError> {
    return Effect.callback<Calls[K][1], SnapshotSink.SinkError>((resume) => {
      if (this.failed !== undefined) return resume(Effect.fail(this.failed))
      // The answer's type follows the call's by `Calls`, which both sides are compiled against.
      this.post(call, question, [], (exit) => resume(exit as Exit.Exit<Calls[K][1], SnapshotSink.SinkError>))
    })
  }

  /** Says something, and does not wait: if it fails, what is sent or asked next does. */
  tell(call: "indexGrants"): Effect.Effect<void, SnapshotSink.SinkError> {
    return Effect.suspend(() => {
      if (this.failed !== undefined) return Effect.fail(this.failed)
      this.post(call, null, [], () => undefined)
      return Effect.void
    })
  }

  /** Sends a batch, and waits only while the worker is behind. `done` gets the buffer back. */
  send(
    taken: Taken,
    { checkpoint, now }: Pick<Calls["write"][0], "checkpoint" | "now">,
    done: (storage: ArrayBuffer) => void
  ): Effect.Effect<void, SnapshotSink.SinkError> {
    return Effect.callback<void, SnapshotSink.SinkError>((resume) => {
      if (this.failed !== undefined) return resume(Effect.fail(this.failed))
      const { count, rows, storage } = taken
      const settled = (bytes: number): Settle => {
        this.ahead++
        this.aheadBytes += bytes
        return (exit) => {
          this.ahead--
          this.aheadBytes -= bytes
          if (Exit.isSuccess(exit) && exit.value instanceof ArrayBuffer) done(exit.value)
          this.waiting?.()
        }
      }
      if (this.aheadBytes >= PACKED_FROM) {
        const packed = pack(taken)
        done(storage)
        this.post("writePacked", { now, packed, checkpoint }, [packed], settled(packed.byteLength))
      } else {
        this.post("write", { now, storage, rows, checkpoint }, [storage], settled(storage.byteLength + count * ROW))
      }
      if (this.ahead < AHEAD || this.aheadBytes < AHEAD_BYTES) return resume(Effect.void)
      this.waiting = () => {
        this.waiting = undefined
        resume(this.failed === undefined ? Effect.void : Effect.fail(this.failed))
      }
    })
  }

  private get close(): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      if (this.dead) return resume(Effect.void)
      const end = () => {
        this.worker.removeAllListeners("exit")
        this.worker.terminate().then(() => resume(Effect.void), () => resume(Effect.void))
      }
      this.post("close", null, [], end)
    })
  }
}
