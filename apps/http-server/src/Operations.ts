/**
 * Operations: changes to a source. Each is written down before anything happens, carried out by the jobs in the order of its connector, and ends in
 * an outcome or an error.
 *
 * @since 0.1.0
 */
import * as Ksuid from "@access-kit/c1z/Ksuid"
import type { CreateAccount, CreateGrant } from "@access-kit/server-api/Directory"
import type { Operation, OperationKind, OperationState } from "@access-kit/server-api/Operations"
import { defaultLimit, type Page, type PageRequest } from "@access-kit/server-api/Paging"
import {
  Conflict,
  Forbidden,
  type InvalidInput,
  NotFound,
  type SourceFailed,
  type Unavailable
} from "@access-kit/server-api/Problems"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import { type Actor, AuditLog } from "./AuditLog.ts"
import type { Connectors } from "./Connectors.ts"
import { type ConnectorRow, guardsJson } from "./connectors/ConnectorRow.ts"
import * as SettingsCheck from "./connectors/SettingsCheck.ts"
import * as PageToken from "./directory/PageToken.ts"
import { Jobs } from "./jobs/Jobs.ts"
import { Signals } from "./jobs/Signals.ts"
import * as Guard from "./operations/Guard.ts"
import {
  actorJson,
  hasEnded,
  membershipJson,
  type OperationRow,
  requestJson,
  targetJson,
  toOperation
} from "./operations/OperationRow.ts"
import * as Targets from "./operations/Targets.ts"
import type { SourceLookup } from "./SourceLookup.ts"
import { available } from "./storage/Available.ts"
import * as Timestamp from "./storage/Timestamp.ts"

/**
 * What can be asked for.
 *
 * @since 0.1.0
 */
export type Change = Data.TaggedEnum<{
  Grant: { readonly request: CreateGrant }
  Revoke: { readonly grantId: string; readonly dryRun: boolean }
  CreateAccount: { readonly request: CreateAccount }
  DeleteAccount: { readonly accountId: string; readonly dryRun: boolean }
}>

/**
 * @since 0.1.0
 */
export const Change = Data.taggedEnum<Change>()

/**
 * @since 0.1.0
 */
export class Operations extends Context.Service<Operations, {
  /**
   * Checks what can be checked beforehand, asks the guards, writes the operation and its line of the audit log, and hands it to the jobs. The
   * same actor with the same key gets the operation that is there already.
   */
  readonly submit: (
    actor: Actor,
    connectorId: string,
    change: Change,
    idempotencyKey: string | undefined
  ) => Effect.Effect<Operation, NotFound | Conflict | InvalidInput | SourceFailed | Unavailable>
  /** Newest first. */
  readonly list: (
    filter: { readonly connectorId?: string; readonly state?: OperationState; readonly kind?: OperationKind },
    page: PageRequest
  ) => Effect.Effect<Page<Operation>, InvalidInput | Unavailable>
  readonly get: (id: string) => Effect.Effect<Operation, NotFound | Unavailable>
  /** Waits for the end, no longer than `atMost`, and answers the operation as it is then. */
  readonly await: (id: string, atMost: Duration.Duration) => Effect.Effect<Operation, NotFound | Unavailable>
  /** Not by the token that asked for it. */
  readonly approve: (
    actor: Actor,
    id: string
  ) => Effect.Effect<Operation, NotFound | Conflict | Forbidden | Unavailable>
  readonly reject: (actor: Actor, id: string) => Effect.Effect<Operation, NotFound | Conflict | Unavailable>
  readonly cancel: (actor: Actor, id: string) => Effect.Effect<Operation, NotFound | Conflict | Unavailable>
}>()("@access-kit/http-server/Operations") {
  /**
   * @since 0.1.0
   */
  static readonly layer: Layer.Layer<
    Operations,
    never,
    SqlClient.SqlClient | AuditLog | Connectors | Jobs | Signals | SourceLookup
  > = Layer.effect(Operations, Effect.suspend(() => make))
}

/** How long the same key of the same actor means the same operation. */
const KEY_LIFE = Duration.toMillis(Duration.days(1))

/** Nobody waits longer for an expiry, and nothing breaks by later ones. */
const LONGEST_GRANT = Duration.toMillis(Duration.days(3_660))

const missing = (id: string) => new NotFound({ detail: `There is no operation ${id}.` })

/** A token stays the same when it is renamed. */
const requesterOf = (actor: Actor): string => actor.tokenId ?? `name:${actor.name}`

const make = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const audit = yield* AuditLog
  const jobs = yield* Jobs
  const signals = yield* Signals
  const services = yield* Effect.context<SqlClient.SqlClient | Connectors | SourceLookup>()

  const rowOf = Effect.fnUntraced(function*(id: string) {
    const [row] = yield* sql<OperationRow>`SELECT * FROM operations WHERE id = ${id}`
    return row === undefined ? yield* missing(id) : row
  })

  /** In a transaction: of two requests at the same time, the second one sees what the first has written. */
  const locked = Effect.fnUntraced(function*(connectorId: string) {
    const [row] = yield* sql.onDialectOrElse({
      pg: () => sql<ConnectorRow>`SELECT * FROM connectors WHERE id = ${connectorId} FOR UPDATE`,
      orElse: () => sql<ConnectorRow>`SELECT * FROM connectors WHERE id = ${connectorId}`
    })
    return row === undefined ? yield* new NotFound({ detail: `There is no connector ${connectorId}.` }) : row
  })

  const expiryOf = Effect.fnUntraced(function*(text: string | undefined) {
    if (text === undefined) return undefined
    const time = Timestamp.parse(text)
    const now = yield* Clock.currentTimeMillis
    const message = time === undefined
      ? `"${text}" is no time. Write it like 2026-01-31T12:00:00Z.`
      : time <= now
      ? `The expiry ${text} has passed already.`
      : time > now + LONGEST_GRANT
      ? `The expiry ${text} is more than ten years away. Grant it without an expiry instead.`
      : undefined
    if (message !== undefined) return yield* SettingsCheck.invalid([{ field: "expiresAt", message }])
    return time
  })

  /** The operation that the same actor asked for with the same key, unless that was long ago. */
  const again = Effect.fnUntraced(function*(actor: Actor, key: string | undefined) {
    if (key === undefined) return undefined
    const now = yield* Clock.currentTimeMillis
    yield* sql`UPDATE operations SET idempotency_key = NULL
      WHERE requester = ${requesterOf(actor)} AND idempotency_key = ${key} AND requested_at < ${now - KEY_LIFE}`
    const [row] = yield* sql<OperationRow>`SELECT * FROM operations
      WHERE requester = ${requesterOf(actor)} AND idempotency_key = ${key}`
    return row
  })

  const requireNoOtherEnd = Effect.fnUntraced(function*(connectorId: string, grantId: string) {
    const [other] = yield* sql<
      { readonly id: string; readonly expires_at: number }
    >`SELECT id, expires_at FROM timed_grants
      WHERE connector_id = ${connectorId} AND grant_id = ${grantId} AND state IN ('granting', 'active', 'revoking')`
    if (other === undefined) return
    return yield* new Conflict({
      detail: `The grant has an expiry already, at ${
        Timestamp.format(other.expires_at)
      }. Change that of the timed grant ${other.id} instead.`
    })
  })

  const record = Effect.fnUntraced(function*(
    actor: Actor,
    connectorId: string,
    resolved: Targets.Resolved,
    expiresAt: number | undefined,
    key: string | undefined
  ) {
    const connector = yield* locked(connectorId)
    const same = yield* again(actor, key)
    if (same !== undefined) return { row: same, isNew: false }
    if (connector.paused === 1) {
      return yield* new Conflict({ detail: "The connector is paused: no changes. Resume it first." })
    }
    const id = yield* Ksuid.make
    const now = yield* Clock.currentTimeMillis
    const reason = resolved.dryRun
      ? undefined
      : yield* Guard.reasonOf(connectorId, resolved.kind, Schema.decodeSync(guardsJson)(connector.guards))
    const isTimed = expiresAt !== undefined && !resolved.dryRun && resolved.target._tag === "Grant"
    const timedGrantId = isTimed ? yield* Ksuid.make : null
    if (isTimed && timedGrantId !== null) {
      const { _tag, ...membership } = resolved.target
      yield* requireNoOtherEnd(connectorId, membership.grantId)
      yield* sql`INSERT INTO timed_grants ${
        sql.insert({
          id: timedGrantId,
          connector_id: connectorId,
          grant_id: membership.grantId,
          entitlement_id: membership.entitlement.id,
          target: membershipJson.encode(membership),
          principal_type: membership.principal.resourceType,
          principal_id: membership.principal.resource,
          expires_at: expiresAt,
          state: "granting",
          operation_id: id,
          requested_by: actor.name,
          created_at: now
        })
      }`
    }
    const [row] = yield* sql<OperationRow>`INSERT INTO operations ${
      sql.insert({
        id,
        connector_id: connectorId,
        kind: resolved.kind,
        state: reason === undefined ? "queued" : "awaitingApproval",
        dry_run: resolved.dryRun ? 1 : 0,
        request: requestJson.encode(resolved.request),
        target: targetJson.encode(resolved.target),
        approval_reason: reason ?? null,
        requested_by: actor.name,
        requester: requesterOf(actor),
        actor: actorJson.encode(actor),
        idempotency_key: key ?? null,
        requested_at: now,
        timed_grant_id: timedGrantId
      })
    } RETURNING *`
    yield* audit.append(actor, {
      action: reason === undefined ? "operation.requested" : "operation.awaiting-approval",
      connectorId,
      subjectId: id,
      details: {
        kind: resolved.kind,
        dryRun: resolved.dryRun,
        request: { ...resolved.request },
        ...(reason === undefined ? {} : { reason })
      }
    })
    return { row: row ?? (yield* missing(id)), isNew: true }
  })

  /** Lets a change of state happen once: from the states that allow it, with its line in the audit log. */
  const decide = Effect.fnUntraced(function*(options: {
    readonly actor: Actor
    readonly id: string
    readonly from: ReadonlyArray<string>
    readonly state: "queued" | "rejected" | "cancelled"
    readonly action: string
    readonly refuse: (row: OperationRow) => Conflict | Forbidden | undefined
  }) {
    const { action, actor, from, id, state } = options
    const row = yield* sql.withTransaction(Effect.gen(function*() {
      const before = yield* rowOf(id)
      yield* locked(before.connector_id)
      const now = yield* Clock.currentTimeMillis
      const current = yield* rowOf(id)
      const refusal = options.refuse(current)
      if (refusal !== undefined) return yield* refusal
      const ended = state !== "queued"
      const [row] = yield* sql<OperationRow>`UPDATE operations SET ${
        sql.update({
          state,
          decided_by: state === "cancelled" ? current.decided_by : actor.name,
          ended_at: ended ? now : null
        })
      } WHERE id = ${id} AND state IN ${sql.in(from)} RETURNING *`
      if (row === undefined) {
        return yield* new Conflict({ detail: `The operation is ${current.state}, so this can't be done any more.` })
      }
      if (ended && row.timed_grant_id !== null) {
        yield* sql`UPDATE timed_grants SET state = 'failed', ended_at = ${now}
          WHERE id = ${row.timed_grant_id} AND state = 'granting'`
      }
      yield* audit.append(actor, {
        action,
        connectorId: row.connector_id,
        subjectId: id,
        details: { kind: row.kind, requestedBy: row.requested_by }
      })
      return row
    }))
    yield* signals.changed(id)
    return row
  })

  return Operations.of({
    submit: Effect.fn("Operations.submit")(
      function*(actor, connectorId, change, idempotencyKey) {
        const same = yield* again(actor, idempotencyKey)
        if (same !== undefined) return toOperation(same)
        const expiresAt = yield* expiryOf(change._tag === "Grant" ? change.request.expiresAt : undefined)
        const resolved = yield* Targets.resolve(connectorId, change)
        const { isNew, row } = yield* sql.withTransaction(
          record(actor, connectorId, resolved, expiresAt, idempotencyKey)
        )
        if (isNew && row.state === "queued") yield* jobs.carryOut(connectorId, row.id)
        return toOperation(row)
      },
      Effect.provideContext(services),
      available("Submitting an operation")
    ),

    list: Effect.fn("Operations.list")(function*(filter, page) {
      const question = ["operations", filter.connectorId, filter.kind, filter.state]
      const before = page.pageToken === undefined ? undefined : yield* PageToken.read(question, 1, page.pageToken)
      const limit = page.limit ?? defaultLimit
      const rows = yield* sql<OperationRow>`SELECT * FROM operations WHERE ${
        sql.and([
          ...(filter.connectorId === undefined ? [] : [sql`connector_id = ${filter.connectorId}`]),
          ...(filter.kind === undefined ? [] : [sql`kind = ${filter.kind}`]),
          ...(filter.state === undefined ? [] : [sql`state = ${filter.state}`]),
          ...(before === undefined ? [] : [sql`sequence < ${Number(before[0])}`])
        ])
      } ORDER BY sequence DESC LIMIT ${limit + 1}`
      const items = rows.slice(0, limit)
      const last = items.at(-1)
      return {
        items: items.map(toOperation),
        ...(last !== undefined && rows.length > limit
          ? { nextPageToken: PageToken.make(question, [String(last.sequence)]) }
          : {})
      }
    }, available("Listing operations")),

    get: Effect.fn("Operations.get")((id) => Effect.map(rowOf(id), toOperation), available("Reading an operation")),

    await: Effect.fn("Operations.await")(
      (id, atMost) =>
        signals.follow(id, rowOf(id), (row) => hasEnded(row) || row.state === "awaitingApproval").pipe(
          Effect.timeoutOption(atMost),
          Effect.flatMap((row) => row._tag === "Some" ? Effect.succeed(row.value) : rowOf(id)),
          Effect.map(toOperation)
        ),
      available("Waiting for an operation")
    ),

    approve: Effect.fn("Operations.approve")(function*(actor, id) {
      const row = yield* decide({
        actor,
        id,
        from: ["awaitingApproval"],
        state: "queued",
        action: "operation.approved",
        refuse: (row) =>
          row.state === "awaitingApproval" && row.requester === requesterOf(actor)
            ? new Forbidden({
              detail: "Who asked for a change can't approve it. It takes another token.",
              requiredScope: "approve"
            })
            : undefined
      })
      yield* jobs.carryOut(row.connector_id, id)
      return toOperation(row)
    }, available("Approving an operation")),

    reject: Effect.fn("Operations.reject")(
      function*(actor, id) {
        const row = yield* decide({
          actor,
          id,
          from: ["awaitingApproval"],
          state: "rejected",
          action: "operation.rejected",
          refuse: () => undefined
        })
        return toOperation(row)
      },
      Effect.catchTag("Forbidden", Effect.die),
      available("Rejecting an operation")
    ),

    cancel: Effect.fn("Operations.cancel")(
      function*(actor, id) {
        const row = yield* decide({
          actor,
          id,
          from: ["awaitingApproval", "queued"],
          state: "cancelled",
          action: "operation.cancelled",
          refuse: (row) =>
            row.requester === Guard.EXPIRY
              ? new Conflict({ detail: "It revokes a grant whose time is over. Extend the timed grant instead." })
              : undefined
        })
        return toOperation(row)
      },
      Effect.catchTag("Forbidden", Effect.die),
      available("Cancelling an operation")
    )
  })
})
