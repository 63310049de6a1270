/**
 * Has a server sync a connector, follows it over server-sent events, and fetches the snapshot. Loaded only by the command that runs it.
 *
 * @since 0.1.0
 */
import type * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import { ProgressEvent } from "@access-kit/connector-sync/ProgressEvent"
import { ServerClient } from "@access-kit/server-api/ServerClient"
import type { Sync, SyncEvent } from "@access-kit/server-api/Syncs"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { explain } from "../AwaitingApproval.ts"
import { CommandError } from "../Failure.ts"
import type { ServerSettings } from "../ServerFlags.ts"
import * as Calls from "./Calls.ts"
import * as ChosenConnector from "./ChosenConnector.ts"
import * as Download from "./Download.ts"
import { unexpected } from "./Outcomes.ts"

const OPERATION = "sync"

/** Pause before a stream that broke off is taken up again. */
const PAUSE = "1 second"

const hasEnded = ({ state }: Sync): boolean => state !== "queued" && state !== "running"

/** The counts of the server as the events that a sync of the command's own tells. */
const teller = (tell: (event: ProgressEvent) => Effect.Effect<void>) => {
  const rows = new Map<string, number>()
  let current: { readonly resourceType: string; readonly before: number } | undefined
  let pages = 0
  const finish = Effect.suspend(() => {
    if (current === undefined) return Effect.void
    const { before, resourceType } = current
    current = undefined
    return tell(ProgressEvent.TypeFinished({ resourceType, rows: rows.get(resourceType) ?? 0, pages: pages - before }))
  })
  return Effect.fnUntraced(function*(sync: Sync) {
    const { progress } = sync
    for (const [resourceType, count] of Object.entries(progress?.rows ?? {})) {
      if (count <= (rows.get(resourceType) ?? 0)) continue
      if (current?.resourceType !== resourceType) {
        yield* finish
        current = { resourceType, before: pages }
        yield* tell(ProgressEvent.TypeStarted({ resourceType, rows: rows.get(resourceType) ?? 0 }))
      }
      rows.set(resourceType, count)
      yield* tell(ProgressEvent.PageWritten({ resourceType, rows: count, pages: progress?.pages ?? 0, notes: [] }))
    }
    pages = Math.max(pages, progress?.pages ?? 0)
    if (sync.state === "succeeded") yield* finish
  })
}

/** Reasons of a sync that no change has. */
const ownReason = Schema.is(Schema.Literals([
  "StorageFull",
  "StorageFailure",
  "InvalidTarget",
  "NotWritable",
  "Busy",
  "Corrupt",
  "FewerThanExpected",
  "TooManyMissingPrincipals",
  "ContractViolation"
]))

const verdict = (
  calls: Calls.Calls,
  sync: Sync
): Effect.Effect<string, ConnectorError.ConnectorError | CommandError> => {
  const { reason = "", message = "The sync failed." } = sync.error ?? {}
  switch (sync.state) {
    case "succeeded":
      return sync.snapshotId === undefined
        ? unexpected(calls, OPERATION, "a sync without a snapshot")
        : Effect.succeed(sync.snapshotId)
    case "held":
      return Effect.fail(
        new CommandError({
          reason: "AwaitingApproval",
          message: explain(
            message,
            `curl -X POST -H "Authorization: Bearer $TOKEN" ${calls.address}/v1/syncs/${sync.id}/publish`
          )
        })
      )
    case "cancelled":
      return calls.failed(OPERATION, "Conflict", `Somebody cancelled the sync (${sync.id}) on the server.`)
    default:
      return ownReason(reason)
        ? Effect.fail(new CommandError({ reason, message }))
        : calls.failed(OPERATION, reason, message)
  }
}

/**
 * @since 0.1.0
 */
export const run = Effect.fn("ServerSync.run")(function*(
  settings: ServerSettings,
  options: {
    readonly out: string | undefined
    readonly progress: (event: ProgressEvent) => Effect.Effect<void>
    readonly warn: (line: string) => Effect.Effect<void>
  }
) {
  if (options.out !== undefined) yield* Download.check(options.out)
  const client = yield* ServerClient
  const calls = Calls.make(settings)
  const connector = yield* ChosenConnector.find(calls, settings)
  const started = yield* calls.submit(
    OPERATION,
    (headers) => client.syncs.start({ params: { connectorId: connector.id }, headers })
  )
  const params = { syncId: started.id }
  const tell = teller(options.progress)
  let seen = 0

  const heard = Effect.fnUntraced(function*(event: SyncEvent) {
    if (event.type === "sync") return yield* tell(event.sync)
    seen = Math.max(seen, event.entry.sequence)
    const { level, message } = event.entry
    if (level === "warning") {
      yield* options.progress(ProgressEvent.Noted({ note: { code: "server", message, count: 1 } }))
    }
  })

  /** Until the stream ends, for whatever reason: what the sync has come to is asked for afterwards. */
  const follow = Effect.suspend(() =>
    client.syncs.events({ params, headers: seen === 0 ? {} : { "last-event-id": String(seen) } })
  ).pipe(
    Effect.flatMap((events) => Stream.runForEach(events, heard)),
    Effect.ignore
  )

  const ended = Effect.gen(function*() {
    while (true) {
      yield* follow
      const sync = yield* calls.ask(OPERATION, client.syncs.get({ params }))
      if (hasEnded(sync)) return sync
      yield* Effect.sleep(PAUSE)
    }
  }).pipe(Effect.onInterrupt(() =>
    options.warn(
      `Interrupted. The sync ${started.id} goes on at the server; to stop it: `
        + `curl -X POST -H "Authorization: Bearer $TOKEN" ${calls.address}/v1/syncs/${started.id}/cancel`
    )
  ))

  const sync = yield* ended
  yield* tell(sync)
  const snapshotId = yield* verdict(calls, sync)
  const snapshot = yield* calls.ask(OPERATION, client.snapshots.get({ params: { snapshotId } }))
  const file = options.out === undefined ? undefined : yield* Download.run(calls, snapshot, options.out)
  return { sync, snapshot, file }
}, (effect, settings) => Effect.provide(effect, Calls.client(settings)))
