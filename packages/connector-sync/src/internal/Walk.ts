/**
 * Reads the listing of one resource type to its end. Strands of pages are followed concurrently; a page is fetched by one fiber while
 * another writes, and a fiber holds no more than the page in its hands.
 *
 * Pages are written in the order in which they were queued, whichever arrives first: two syncs of the same directory give the sink the same
 * rows in the same order. Nobody waits in vain, since the page that is next was taken from the queue before all that wait for it.
 */
import type { ResourceTypeHandler } from "@access-kit/connector-model/Connector"
import type { ConnectorError } from "@access-kit/connector-model/ConnectorError"
import type { ListRequest, Page, ResourceRecord } from "@access-kit/connector-model/Page"
import type { SinkError } from "@access-kit/connector-model/SnapshotSink"
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Pull from "effect/Pull"
import * as Queue from "effect/Queue"
import { ProgressEvent } from "../ProgressEvent.ts"
import * as SyncError from "../SyncError.ts"
import * as Drift from "./Drift.ts"
import type { Engine } from "./Engine.ts"
import * as SyncState from "./SyncState.ts"

export interface Mode {
  readonly concurrency: number
  /**
   * Ids of the rows so far, where repeated rows have to be left out: in the last attempt at a directory that doesn't hold still, when
   * anything less than the truth would end the sync.
   */
  readonly seen: Set<string> | undefined
}

/** A page that has to be read, with its place in the order of writing. */
interface Ticket {
  readonly number: number
  readonly strand: SyncState.Strand
}

/** What a page has, counted row by row. */
interface Counted {
  readonly records: ReadonlyArray<ResourceRecord>
  readonly accounts: SyncState.AccountCounts
  readonly repeated: number
  readonly foreign: string | undefined
}

const count = (
  type: SyncState.TypeState,
  items: ReadonlyArray<ResourceRecord>,
  seen: Set<string> | undefined
): Counted => {
  const accounts = SyncState.noAccounts()
  let records = items
  let foreign: string | undefined
  if (seen !== undefined) {
    const fresh: Array<ResourceRecord> = []
    for (const record of items) {
      const id = record.resource.id.resource
      if (seen.has(id)) continue
      seen.add(id)
      fresh.push(record)
    }
    records = fresh
  }
  for (const record of records) {
    const { resource } = record
    if (resource.id.resourceType !== type.id) foreign = resource.id.resourceType
    if (resource._tag === "Account") accounts[resource.status] += 1
  }
  return { records, accounts, repeated: items.length - records.length, foreign }
}

const request = (engine: Engine, strand: SyncState.Strand): ListRequest => ({
  include: "everything",
  ...(strand.cursor === undefined ? {} : { cursor: strand.cursor }),
  ...(engine.pageSize === undefined ? {} : { pageSize: engine.pageSize })
})

export const walk = Effect.fnUntraced(function*(
  engine: Engine,
  handler: ResourceTypeHandler,
  type: SyncState.TypeState,
  mode: Mode
): Effect.fn.Return<void, ConnectorError | SinkError | SyncError.SyncError | Drift.Drift> {
  if (type.open.size === 0) return
  const queue = yield* Queue.unbounded<Ticket, Cause.Done>()
  let queued = 0
  const enqueue = (strand: SyncState.Strand): void => {
    Queue.offerUnsafe(queue, { number: queued, strand })
    queued += 1
  }
  for (const strand of type.open) enqueue(strand)

  let writing = 0
  const early = new Map<number, Latch.Latch>()
  const turnOf = (number: number): Effect.Effect<void> => {
    if (number === writing) return Effect.void
    const latch = Latch.makeUnsafe()
    early.set(number, latch)
    return latch.await
  }
  const next = (): void => {
    writing += 1
    const latch = early.get(writing)
    if (latch === undefined) return
    early.delete(writing)
    latch.openUnsafe()
  }

  const fetch = (strand: SyncState.Strand): Effect.Effect<Page<ResourceRecord>, ConnectorError | Drift.Drift> =>
    Effect.catchIf(
      handler.list(request(engine, strand)),
      Drift.isCurable,
      (error) => Effect.fail(new Drift.Drift({ resourceType: type.id, error }))
    )

  const check = (page: Page<ResourceRecord>, counted: Counted): Drift.Drift | SyncError.SyncError | undefined => {
    if (counted.foreign !== undefined) {
      return SyncError.make(
        new SyncError.ContractViolation({
          resourceType: type.id,
          message:
            `The listing of type "${type.id}" holds a resource of type "${counted.foreign}". Nothing was published. `
            + "Report this to whoever maintains the connector."
        })
      )
    }
    if (page.total !== undefined) {
      if (type.total !== undefined && type.total !== page.total) {
        return Drift.totalChanged(type.id, type.total, page.total)
      }
      type.total = page.total
    }
    // More rows than there are can't become right any more, and a listing without end is noticed here.
    if (type.total !== undefined && type.rows + counted.records.length > type.total) {
      return Drift.incomplete(type.id, type.total, type.rows + counted.records.length)
    }
    return undefined
  }

  /** The page counts as done from here on. False when the strand is a circle. */
  const accept = (strand: SyncState.Strand, page: Page<ResourceRecord>, counted: Counted): boolean => {
    type.rows += counted.records.length
    type.pages += 1
    engine.state.pages += 1
    SyncState.addAccounts(type.accounts, counted.accounts)
    for (const note of page.notes ?? []) SyncState.addNote(type.notes, note)
    if (counted.repeated > 0) {
      SyncState.addNote(type.notes, {
        code: "repeated-row",
        message: "The source sent rows more than once; each was kept once.",
        count: counted.repeated
      })
    }
    // The order of the open strands is the order of the queue, also for the run that takes this one up.
    type.open.delete(strand)
    const straight = page.next === undefined || SyncState.advance(strand, page.next)
    if (page.next !== undefined) {
      type.open.add(strand)
      enqueue(strand)
    }
    for (const cursor of page.siblings ?? []) {
      const sibling = SyncState.strand(cursor)
      type.open.add(sibling)
      enqueue(sibling)
    }
    if (type.open.size === 0) Queue.endUnsafe(queue)
    next()
    return straight
  }

  const readOne = Effect.fnUntraced(function*({ number, strand }: Ticket) {
    const page = yield* fetch(strand)
    yield* turnOf(number)
    const counted = count(type, page.items, mode.seen)
    const fault = check(page, counted)
    if (fault !== undefined) return yield* Effect.fail(fault)
    let straight = true
    yield* engine.write(counted.records, () => {
      straight = accept(strand, page, counted)
    })
    if (!straight) return yield* Effect.fail(Drift.circle(type.id, type.rows))
    yield* engine.tell(ProgressEvent.PageWritten({
      resourceType: type.id,
      rows: type.rows,
      pages: type.pages,
      ...(type.total === undefined ? {} : { total: type.total }),
      notes: page.notes ?? []
    }))
  })

  const worker = Effect.forever(Effect.flatMap(Queue.take(queue), readOne), { disableYield: true }).pipe(
    Pull.catchDone(() => Effect.void)
  )
  yield* Effect.forEach(Array.from({ length: mode.concurrency }, () => worker), (run) => run, {
    concurrency: "unbounded",
    discard: true
  })

  if (type.total !== undefined && type.total !== type.rows) {
    return yield* Effect.fail(Drift.incomplete(type.id, type.total, type.rows))
  }
})
