/**
 * Principals that hold grants and are in no listing: created between two listings, or gone while a group still names them. Each is asked
 * for by its id; what exists is written, what does not loses its grants.
 */
import { handlerOf } from "@access-kit/connector-model/Connector"
import type { ConnectorError } from "@access-kit/connector-model/ConnectorError"
import type { ResourceRecord } from "@access-kit/connector-model/Page"
import type { AccountStatus } from "@access-kit/connector-model/Resource"
import type { MissingPrincipal, SinkError } from "@access-kit/connector-model/SnapshotSink"
import * as Effect from "effect/Effect"
import { ProgressEvent } from "../ProgressEvent.ts"
import * as SyncError from "../SyncError.ts"
import type { Engine } from "./Engine.ts"
import * as SyncState from "./SyncState.ts"

/** What was found for a principal. `status` is absent where the resource is no account. */
interface Found {
  readonly resourceType: string
  readonly status: AccountStatus | undefined
}

/** The record of a principal. Nothing if it does not exist. */
const lookUp = Effect.fnUntraced(function*(
  engine: Engine,
  principal: MissingPrincipal
): Effect.fn.Return<ResourceRecord | undefined, ConnectorError | SyncError.SyncError> {
  const { resource, resourceType } = principal.id
  const handler = yield* handlerOf(engine.connector, resourceType, "get")
  const record = yield* handler.get(resource).pipe(
    Effect.catchReason("ConnectorError", "NotFound", () => Effect.succeed(undefined))
  )
  if (record === undefined) return undefined
  const { id } = record.resource
  if (id.resourceType === resourceType && id.resource === resource) return record
  // To write it would leave the grant without its principal; to drop the grant would lose access that somebody has.
  return yield* Effect.fail(SyncError.make(
    new SyncError.ContractViolation({
      resourceType,
      message:
        `Asked for ${resourceType} "${resource}", the connector answered with ${id.resourceType} "${id.resource}". `
        + "Nothing was published. Report this to whoever maintains the connector."
    })
  ))
})

export const recover = Effect.fnUntraced(function*(
  engine: Engine,
  missing: ReadonlyArray<MissingPrincipal>
): Effect.fn.Return<void, ConnectorError | SinkError | SyncError.SyncError> {
  const { state } = engine
  // From here to the end any checkpoint names them, so that a run that takes it up asks for all of them again and counts each once.
  state.recovering = missing
  yield* engine.tell(ProgressEvent.LookingUpPrincipals({ count: missing.length }))

  const found: Array<Found> = []
  const stale: Array<MissingPrincipal> = []
  // A few at a time, written in their order, so that two syncs of the same directory give the sink the same.
  for (let from = 0; from < missing.length; from += engine.concurrency) {
    const some = missing.slice(from, from + engine.concurrency)
    const records = yield* Effect.forEach(some, (principal) => lookUp(engine, principal), {
      concurrency: engine.concurrency
    })
    for (const [index, principal] of some.entries()) {
      const record = records[index]
      if (record === undefined) {
        stale.push(principal)
        continue
      }
      yield* engine.write([record], () => {
        found.push({
          resourceType: principal.id.resourceType,
          status: record.resource._tag === "Account" ? record.resource.status : undefined
        })
      })
    }
  }
  if (stale.length > 0) yield* engine.dropGrantsTo(stale.map((principal) => principal.id))

  state.recovering = undefined
  for (const { resourceType, status } of found) {
    const type = state.types.get(resourceType)
    if (type === undefined) continue
    type.recovered += 1
    if (status !== undefined) type.accounts[status] += 1
  }
  if (found.length > 0) {
    SyncState.addNote(state.notes, {
      code: "principal-fetched-singly",
      message:
        "Principals of grants were in no listing, most likely because they were created meanwhile; they were fetched one by one.",
      count: found.length
    })
  }
  if (stale.length > 0) {
    state.stalePrincipals += stale.length
    state.staleGrants += stale.reduce((sum, principal) => sum + principal.grants, 0)
    SyncState.addNote(state.notes, {
      code: "stale-principal-left-out",
      message: "Grants named principals that do not exist any more; these grants were left out.",
      count: stale.length
    })
  }
})
