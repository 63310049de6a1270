/**
 * What the parts of a running sync share: the connector, the sink with its effects one at a time, the state and the way to tell progress.
 */
import type { Connector } from "@access-kit/connector-model/Connector"
import type { ResourceRecord } from "@access-kit/connector-model/Page"
import type { ResourceId } from "@access-kit/connector-model/Resource"
import type { SinkError, SnapshotSink } from "@access-kit/connector-model/SnapshotSink"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type { Kept, ProgressEvent } from "../ProgressEvent.ts"
import * as Checkpoint from "./Checkpoint.ts"
import * as SyncState from "./SyncState.ts"

export interface Engine {
  readonly connector: Connector["Service"]
  readonly state: SyncState.SyncState
  readonly concurrency: number
  readonly pageSize: number | undefined
  readonly tell: (event: ProgressEvent) => Effect.Effect<void>
  /** Takes records and, once they are accepted, moves the state on in the same uninterruptible step. */
  readonly write: (records: ReadonlyArray<ResourceRecord>, accepted: () => void) => Effect.Effect<void, SinkError>
  /** Tells the sink that most likely no more grants come. */
  readonly grantsComplete: Effect.Effect<void, SinkError>
  readonly discard: (resourceTypeId: string) => Effect.Effect<void, SinkError>
  readonly settle: (missingLimit: number) => ReturnType<SnapshotSink["Service"]["settle"]>
  readonly dropGrantsTo: (principals: ReadonlyArray<ResourceId>) => Effect.Effect<number, SinkError>
  readonly finish: SnapshotSink["Service"]["finish"]
  /** What the last checkpoint speaks of. */
  readonly kept: () => Kept | undefined
}

export const make = (options: {
  readonly connector: Connector["Service"]
  readonly sink: SnapshotSink["Service"]
  readonly state: SyncState.SyncState
  readonly resumed: boolean
  readonly concurrency: number
  readonly pageSize: number | undefined
  readonly tell: (event: ProgressEvent) => Effect.Effect<void>
}): Engine => {
  const { connector, sink, state } = options
  const turn = Semaphore.makeUnsafe(1)
  // Waiting for one's turn can be interrupted; what the sink has begun can't.
  const alone = <A>(effect: Effect.Effect<A, SinkError>): Effect.Effect<A, SinkError> =>
    turn.withPermits(1)(Effect.uninterruptible(effect))

  let kept = options.resumed ? SyncState.keptOf(state) : undefined
  const checkpoint = (): string => {
    kept = SyncState.keptOf(state)
    return Checkpoint.encode(connector.spec, state)
  }

  return {
    connector,
    state,
    concurrency: options.concurrency,
    pageSize: options.pageSize,
    tell: options.tell,
    write: (records, accepted) =>
      alone(
        records.length === 0
          ? Effect.sync(accepted)
          : Effect.map(sink.write(records, checkpoint), accepted)
      ),
    grantsComplete: sink.grantsComplete === undefined ? Effect.void : alone(sink.grantsComplete),
    discard: (resourceTypeId) => alone(sink.discard(resourceTypeId, checkpoint)),
    settle: (missingLimit) => Effect.withSpan(alone(sink.settle({ missingLimit })), "Sync.settle"),
    dropGrantsTo: (principals) => alone(sink.dropGrantsTo(principals)),
    finish: Effect.withSpan(alone(sink.finish), "Sync.publish"),
    kept: () => kept
  }
}
