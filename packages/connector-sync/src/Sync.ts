/**
 * Runs a connector into a snapshot sink: every listing to its end, nothing twice, nothing missing, and where a run is cut off the next one
 * goes on. Whatever fails, a snapshot is published whole or not at all.
 *
 * @since 0.1.0
 */
import { Connector, type ResourceTypeHandler } from "@access-kit/connector-model/Connector"
import type { ConnectorError } from "@access-kit/connector-model/ConnectorError"
import type { Note } from "@access-kit/connector-model/Page"
import type { ResourceType } from "@access-kit/connector-model/ResourceType"
import {
  type MissingPrincipal,
  type SettledSnapshot,
  type SinkError,
  type SnapshotKind,
  SnapshotSink,
  type SnapshotStart,
  type SnapshotSummary
} from "@access-kit/connector-model/SnapshotSink"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Checkpoint from "./internal/Checkpoint.ts"
import * as Drift from "./internal/Drift.ts"
import * as Engine from "./internal/Engine.ts"
import * as Principals from "./internal/Principals.ts"
import * as SyncState from "./internal/SyncState.ts"
import { walk } from "./internal/Walk.ts"
import { ProgressEvent } from "./ProgressEvent.ts"
import * as SyncError from "./SyncError.ts"
import type { SyncReport } from "./SyncReport.ts"

/**
 * @since 0.1.0
 */
export interface SyncOptions {
  /**
   * What the snapshot is marked as. The connector is read the same way whatever it says, but for `partial`: principals that are no part of what
   * the connector lists are then left out without being looked up, and grants to them stay.
   *
   * @default "full"
   */
  readonly kind?: SnapshotKind
  /** Types that the connector's entitlements name and that this sync leaves out, for a snapshot that describes them. */
  readonly otherTypes?: ReadonlyArray<ResourceType>
  /**
   * How many pages are fetched at a time, and how many are in memory at the most. Defaults to 8; below 1 counts as 1. A sync may be
   * resumed with another number.
   */
  readonly concurrency?: number
  /** Rows to ask for in a page. The connector decides when absent. */
  readonly pageSize?: number
  /** Is told what happens, while it happens. The sync waits for it, so it should be quick. */
  readonly progress?: (event: ProgressEvent) => Effect.Effect<void>
  readonly limits?: {
    /**
     * How often one run reads the listing of a type again, because the directory changed under it. Defaults to 2. The last time it goes
     * page by page, and remembers the id of every row to leave repeated ones out.
     */
    readonly rewalks?: number
    /**
     * How many principals that are in no listing may be fetched one by one. Defaults to 1,000. With more, the listings of their types are
     * read again.
     */
    readonly missingPrincipals?: number
  }
  /**
   * How long after its beginning an interrupted sync may be taken up, so that a snapshot does not mix what was true on days far apart. Defaults to
   * one day. An older one begins anew.
   */
  readonly resumeWithin?: Duration.Input
  /**
   * The least number of resources by type id. With fewer nothing is published: a brake for directories that were emptied by mistake.
   */
  readonly expectAtLeast?: Readonly<Record<string, number>>
}

const startAnew = (because: string): Note => ({
  code: "started-anew",
  message: `An interrupted sync was not taken up, because ${because}. Everything is read again.`,
  count: 1
})

/** The state to begin with, and what the sink must forget first. */
const stateFor = (connector: Connector["Service"], start: SnapshotStart, now: number, within: Duration.Duration) => {
  const known = connector.resourceTypes.map((handler) => handler.resourceType.id)
  if (start.checkpoint === undefined) {
    return { state: SyncState.make(), resumed: false, note: undefined, forget: [] }
  }
  const decoded: Checkpoint.Decoded = now - start.startedAt > Duration.toMillis(within)
    ? { _tag: "Unusable", because: `it began more than ${Duration.format(within)} ago`, types: known }
    : Checkpoint.decode(connector.spec, known, start.checkpoint)
  if (decoded._tag === "Usable") return { state: decoded.state, resumed: true, note: undefined, forget: [] }
  const state = SyncState.make()
  const note = startAnew(decoded.because)
  SyncState.addNote(state.notes, note)
  return { state, resumed: false, note, forget: decoded.types }
}

const reportOf = (
  summary: SnapshotSummary,
  state: SyncState.SyncState,
  resumed: boolean,
  duration: Duration.Duration
): SyncReport => {
  const accounts = SyncState.noAccounts()
  const notes = new Map(state.notes)
  let recovered = 0
  for (const type of state.types.values()) {
    SyncState.addAccounts(accounts, type.accounts)
    recovered += type.recovered
    for (const note of type.notes.values()) SyncState.addNote(notes, note)
  }
  return {
    summary,
    resumed,
    accounts,
    pages: state.pages,
    rewalks: state.rewalks,
    recoveredPrincipals: recovered,
    stalePrincipals: { principals: state.stalePrincipals, grants: state.staleGrants },
    notes: [...notes.values()],
    duration
  }
}

/** Everything between `begin` and the report. */
const carryOut = Effect.fnUntraced(function*(
  engine: Engine.Engine,
  options: SyncOptions,
  resumed: boolean
): Effect.fn.Return<SnapshotSummary, ConnectorError | SinkError | SyncError.SyncError> {
  const { connector, state } = engine
  const maxRewalks = Math.max(0, Math.trunc(options.limits?.rewalks ?? 2))
  const maxMissing = Math.max(0, Math.trunc(options.limits?.missingPrincipals ?? 1_000))
  // Types that are granted on come first, the others after them, each in the connector's order: grants are what a sink works on longest, so it does
  // that while the rest is still being fetched.
  const granted = connector.resourceTypes.filter((handler) => handler.entitlements !== undefined)
  const others = connector.resourceTypes.filter((handler) => handler.entitlements === undefined)
  const isUnread = ({ resourceType }: ResourceTypeHandler): boolean => state.types.get(resourceType.id)?.open.size !== 0
  /** Rewalks of this run by type id: a new run has new patience. */
  const attempts = new Map<string, number>()

  const forget = (resourceTypeId: string) => {
    state.types.delete(resourceTypeId)
    state.recovering = undefined
    return engine.discard(resourceTypeId)
  }

  const startOver = Effect.fnUntraced(function*(drift: Drift.Drift, attempt: number) {
    state.rewalks += 1
    SyncState.addNote(state.notes, {
      code: "listing-read-again",
      message: "The directory changed while it was read, and a listing was read again.",
      count: 1
    })
    yield* engine.tell(ProgressEvent.ReadingAgain({
      resourceType: drift.resourceType,
      attempt,
      limit: maxRewalks,
      reason: drift.error.message
    }))
  })

  const readAgain = Effect.fnUntraced(function*(drift: Drift.Drift) {
    const { resourceType } = drift
    // Also when it is the end: the next run must not take up rows that are known to be wrong.
    yield* forget(resourceType)
    const attempt = (attempts.get(resourceType) ?? 0) + 1
    if (attempt > maxRewalks) return yield* Effect.fail(drift.error)
    attempts.set(resourceType, attempt)
    yield* startOver(drift, attempt)
  })

  /** Asks whether a listing that an earlier run read to its end still has as many rows. If not, it is none of this run's attempts. */
  const stillTrue = Effect.fnUntraced(function*(handler: ResourceTypeHandler) {
    const type = state.types.get(handler.resourceType.id)
    if (type === undefined || type.open.size > 0 || type.total === undefined) return
    const page = yield* handler.list({
      include: "resources",
      ...(engine.pageSize === undefined ? {} : { pageSize: engine.pageSize })
    })
    if (page.total === undefined || page.total === type.total) return
    yield* forget(type.id)
    yield* startOver(Drift.totalChanged(type.id, type.total, page.total), 0)
  })

  const read = Effect.fnUntraced(function*(handler: ResourceTypeHandler) {
    const { id } = handler.resourceType
    while (true) {
      const known = state.types.get(id)
      if (known !== undefined && known.open.size === 0) return
      const type = known ?? SyncState.newType(id)
      state.types.set(id, type)
      yield* engine.tell(ProgressEvent.TypeStarted({
        resourceType: id,
        rows: type.rows,
        ...(type.total === undefined ? {} : { total: type.total })
      }))
      const attempt = attempts.get(id) ?? 0
      const last = attempt > 0 && attempt === maxRewalks
      const drift = yield* walk(engine, handler, type, {
        concurrency: last ? 1 : engine.concurrency,
        seen: last ? new Set() : undefined
      }).pipe(
        Effect.as(undefined),
        Effect.catchTag("Drift", (found) => Effect.succeed(found)),
        Effect.withSpan("Sync.read", { attributes: { resourceType: id, attempt } })
      )
      if (drift !== undefined) {
        yield* readAgain(drift)
        continue
      }
      yield* engine.tell(ProgressEvent.TypeFinished({ resourceType: id, rows: type.rows, pages: type.pages }))
    }
  })

  /** The types whose rows are not those that the source announced: some came twice while others were missed. */
  const untrue = (settled: SettledSnapshot): ReadonlyArray<Drift.Drift> => {
    const drifts: Array<Drift.Drift> = []
    for (const type of state.types.values()) {
      if (type.verified) continue
      const distinct = settled.resources[type.id] ?? 0
      if (distinct === type.rows) type.verified = true
      else drifts.push(Drift.incomplete(type.id, type.total ?? type.rows, distinct))
    }
    return drifts
  }

  if (resumed) {
    for (const handler of connector.resourceTypes) yield* stillTrue(handler)
  }
  let lookedUp = 0
  if (state.recovering !== undefined) yield* Principals.recover(engine, state.recovering)
  while (true) {
    for (const handler of granted) yield* read(handler)
    if (granted.length > 0 && others.some(isUnread)) yield* engine.grantsComplete
    for (const handler of others) yield* read(handler)

    yield* engine.tell(ProgressEvent.Settling())
    const settled = yield* engine.settle(maxMissing + 1)
    const drifts = untrue(settled)
    if (drifts.length > 0) {
      for (const drift of drifts) yield* readAgain(drift)
      continue
    }

    // Of a type that this connector doesn't read nobody can be looked up; such grants are kept as they are.
    const missing = options.kind === "partial"
      ? []
      : settled.missingPrincipals.filter((principal) => state.types.has(principal.id.resourceType))
    if (missing.length === 0) {
      yield* refuseFewer(engine, options.expectAtLeast ?? {}, settled, forget)
      yield* engine.tell(ProgressEvent.Publishing())
      return yield* engine.finish
    }
    if (lookedUp + missing.length > maxMissing) {
      for (const drift of tooMany(missing, maxMissing)) yield* readAgain(drift)
      lookedUp = 0
      continue
    }
    lookedUp += missing.length
    yield* Principals.recover(engine, missing)
  }
})

const tooMany = (missing: ReadonlyArray<MissingPrincipal>, limit: number): ReadonlyArray<Drift.Drift> =>
  [...new Set(missing.map((principal) => principal.id.resourceType))].map((resourceType) =>
    new Drift.Drift({
      resourceType,
      error: SyncError.make(
        new SyncError.TooManyMissingPrincipals({
          found: missing.length,
          limit,
          message:
            `At least ${missing.length} principals hold grants but are not among the resources of their type; the limit is ${limit}. `
            + "Nothing was published. Run the sync again later; if it stays, the source lists groups with members that it does not list, "
            + "and a higher limit lets the sync ask for each of them."
        })
      )
    })
  )

const refuseFewer = Effect.fnUntraced(function*(
  engine: Engine.Engine,
  expectAtLeast: Readonly<Record<string, number>>,
  settled: SettledSnapshot,
  forget: (resourceTypeId: string) => Effect.Effect<void, SinkError>
): Effect.fn.Return<void, SinkError | SyncError.SyncError> {
  for (const [resourceType, expected] of Object.entries(expectAtLeast)) {
    const received = settled.resources[resourceType] ?? 0
    if (received >= expected) continue
    // All of it, so that the next run looks afresh instead of finding the same again.
    for (const handler of engine.connector.resourceTypes) yield* forget(handler.resourceType.id)
    return yield* Effect.fail(SyncError.make(
      new SyncError.FewerThanExpected({
        resourceType,
        expected,
        received,
        message:
          `The source has ${received} resources of type "${resourceType}" and at least ${expected} were expected. `
          + "Nothing was published. Look whether the directory was emptied or reset; if it is right so, lower the expectation."
      })
    ))
  }
})

/**
 * Reads everything that the connector has and publishes it through the sink.
 *
 * Resource types are read in the connector's order, the pages of a listing concurrently where it offers that. Memory holds no more than
 * `concurrency` pages, the cursors of pages to come and some counters, however large the directory is.
 *
 * - **Interrupted or failed** (a source that is down, a full disk, Ctrl-C, a killed process): what the sink made durable is kept. The next
 *   `run` against the same source goes on there and repeats at most the pages that were in flight.
 * - **The directory changes meanwhile** (announced totals differ, also from what an interrupted run was told, rows come twice or are missing, the connector says so): the type is
 *   thrown away and read again, a bounded number of times; then the sync fails with `DirectoryChanged` or `IncompleteListing`. It never
 *   publishes a shorter listing.
 * - **Grants to principals that no listing has**: each is fetched by its id, or its grants are left out if it does not exist.
 *
 * Errors: `ConnectorError` as the connector gave it, or with reason `DirectoryChanged` or `IncompleteListing`; `SinkError`; `SyncError`
 * with reason `FewerThanExpected`, `TooManyMissingPrincipals` or `ContractViolation`.
 *
 * @since 0.1.0
 */
export const run = Effect.fn("Sync.run")(function*(
  options: SyncOptions = {}
): Effect.fn.Return<SyncReport, ConnectorError | SinkError | SyncError.SyncError, Connector | SnapshotSink> {
  const connector = yield* Connector
  const sink = yield* SnapshotSink
  const began = yield* Clock.currentTimeMillis
  const tell = options.progress ?? (() => Effect.void)

  const start = yield* sink.begin({
    connector: connector.spec.name,
    connectorVersion: connector.spec.version,
    source: connector.source,
    resourceTypes: connector.resourceTypes.map((handler) => handler.resourceType),
    ...(options.otherTypes === undefined ? {} : { otherTypes: options.otherTypes }),
    ...(options.kind === undefined ? {} : { kind: options.kind })
  })
  const { forget, note, resumed, state } = stateFor(
    connector,
    start,
    began,
    Duration.fromInputUnsafe(options.resumeWithin ?? Duration.days(1))
  )
  const engine = Engine.make({
    connector,
    sink,
    state,
    resumed,
    concurrency: Math.max(1, Math.trunc(options.concurrency ?? 8)),
    pageSize: options.pageSize,
    tell
  })

  const work = Effect.gen(function*() {
    const kept = engine.kept()
    yield* tell(ProgressEvent.Started({
      syncId: start.syncId,
      ...(kept === undefined ? {} : { resumedFrom: kept })
    }))
    if (note !== undefined) yield* tell(ProgressEvent.Noted({ note }))
    for (const resourceTypeId of forget) yield* engine.discard(resourceTypeId)
    return yield* carryOut(engine, options, resumed)
  })
  const summary = yield* Effect.onExit(work, (exit) => {
    if (Exit.isSuccess(exit)) return Effect.void
    const kept = engine.kept()
    return tell(ProgressEvent.Stopped({
      reason: Cause.hasInterruptsOnly(exit.cause) ? "interrupted" : "failed",
      ...(kept === undefined ? {} : { kept })
    }))
  })
  yield* tell(ProgressEvent.Finished({ summary }))
  const ended = yield* Clock.currentTimeMillis
  return reportOf(summary, state, resumed, Duration.millis(ended - began))
})
