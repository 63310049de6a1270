/**
 * Runs a sync as the tests look at it: the published store as plain data that can be compared as a whole, the report without its times,
 * and a sink that counts, dies or misbehaves at will.
 */
import { Connector, SnapshotSink } from "@access-kit/connector-model"
import { type MemorySink, type ProgressEvent, Sync } from "@access-kit/connector-sync"
import type { SyncReport } from "@access-kit/connector-sync/SyncReport"
import { Effect, Option } from "effect"

/** Everything in a snapshot but ids and times of the run. */
export const storeOf = (memory: MemorySink.MemorySink) =>
  Effect.map(memory.published, (published) => {
    const snapshot = Option.getOrUndefined(published)
    if (snapshot === undefined) return undefined
    const sorted = <A>(rows: ReadonlyMap<string, A>) => [...rows].sort(([a], [b]) => a < b ? -1 : 1)
    return {
      header: snapshot.header,
      resources: sorted(snapshot.resources),
      entitlements: sorted(snapshot.entitlements),
      grants: sorted(snapshot.grants)
    }
  })

/** What a report says of the directory, apart from how the reading went. */
export const factsOf = (report: SyncReport) => ({
  accounts: report.accounts,
  resources: report.summary.resources,
  entitlements: report.summary.entitlements,
  grants: report.summary.grants,
  recovered: report.recoveredPrincipals,
  stale: report.stalePrincipals,
  notes: [...report.notes].sort((a, b) => a.code < b.code ? -1 : 1)
})

export const run = (
  connector: Connector.Connector["Service"],
  sink: SnapshotSink.SnapshotSink["Service"],
  options?: Sync.SyncOptions
) =>
  Sync.run(options).pipe(
    Effect.provideService(SnapshotSink.SnapshotSink, sink),
    Effect.provideService(Connector.Connector, connector)
  )

/** A list that fills with what a sync tells. */
export const progress = () => {
  const events: Array<ProgressEvent.ProgressEvent> = []
  return {
    events,
    tags: () => events.map((event) => event._tag),
    options: {
      progress: (event: ProgressEvent.ProgressEvent) =>
        Effect.sync(() => {
          events.push(event)
        })
    }
  }
}

/** The process dies: no handler runs, nothing is cleaned up that a memory sink would notice. */
export class Crash extends Error {
  constructor() {
    super("the process died")
  }
}

export interface Watched {
  readonly sink: SnapshotSink.SnapshotSink["Service"]
  /** Every checkpoint that the sink asked for. */
  readonly checkpoints: Array<string>
  /** Sink effects at work at the same time, at the most. */
  readonly busy: { now: number; most: number }
}

/**
 * The same sink, which is watched, checks that it is called one effect at a time, and dies right after the commit with number `dieAfter`.
 */
export const watch = (
  inner: SnapshotSink.SnapshotSink["Service"],
  options: {
    readonly dieAfter?: number
    readonly during?: Effect.Effect<void>
  } = {}
): Watched => {
  const checkpoints: Array<string> = []
  const busy = { now: 0, most: 0 }
  const seen = (checkpoint: () => string) => () => {
    const text = checkpoint()
    checkpoints.push(text)
    return text
  }
  const watched = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.gen(function*() {
      busy.now += 1
      busy.most = Math.max(busy.most, busy.now)
      const before = checkpoints.length
      yield* options.during ?? Effect.void
      const result = yield* effect
      busy.now -= 1
      const { dieAfter } = options
      if (dieAfter !== undefined && before <= dieAfter && checkpoints.length > dieAfter) {
        return yield* Effect.die(new Crash())
      }
      return result
    })
  return {
    checkpoints,
    busy,
    sink: {
      begin: (header) => watched(inner.begin(header)),
      write: (records, checkpoint) => watched(inner.write(records, seen(checkpoint))),
      discard: (resourceType, checkpoint) => watched(inner.discard(resourceType, seen(checkpoint))),
      settle: (settleOptions) => watched(inner.settle(settleOptions)),
      dropGrantsTo: (principals) => watched(inner.dropGrantsTo(principals)),
      finish: watched(inner.finish)
    }
  }
}
