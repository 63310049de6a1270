/**
 * Carries out operations, those of a connector one after the other in the order in which they were asked for.
 *
 * What an operation came to is written in one transaction with its line of the audit log, the directory that questions are answered from, and what it
 * means for timed grants. A process that dies before that leaves an operation that runs; it is carried out again, and a connector answers a change
 * that is made already with "already so".
 *
 * @since 0.1.0
 */
import * as Model from "@access-kit/connector-model/Connector"
import * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import type {
  CreateAccountOutcome,
  DeleteOutcome,
  GrantOutcome,
  RevokeOutcome
} from "@access-kit/connector-model/Outcome"
import type { NotFound, Unavailable } from "@access-kit/server-api/Problems"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import { AuditLog } from "../AuditLog.ts"
import { Connectors } from "../Connectors.ts"
import { Directory } from "../Directory.ts"
import {
  actorJson,
  errorJson,
  hasEnded,
  type OperationRow,
  requestJson,
  type Target,
  targetJson
} from "../operations/OperationRow.ts"
import * as Consequences from "../timedGrants/Consequences.ts"
import { Drain } from "./Drain.ts"
import { Jobs } from "./Jobs.ts"
import { persisted } from "./Persistence.ts"
import { Signals } from "./Signals.ts"
import { Standstill } from "./Standstill.ts"

/**
 * @since 0.1.0
 */
export class ChangeRunner extends Context.Service<ChangeRunner, {
  /** Carries out the operation, and those of its connector before it that wait. Never fails: what it came to stands in its row. */
  readonly carryOut: (connectorId: string, operationId: string) => Effect.Effect<void>
}>()("@access-kit/http-server/ChangeRunner") {
  /**
   * @since 0.1.0
   */
  static readonly layer: Layer.Layer<
    ChangeRunner,
    never,
    SqlClient.SqlClient | AuditLog | Connectors | Directory | Drain | Jobs | Signals | Standstill
  > = Layer.effect(ChangeRunner, Effect.suspend(() => make))
}

type Outcome = GrantOutcome | RevokeOutcome | CreateAccountOutcome | DeleteOutcome

type Failure = ConnectorError.ConnectorError | NotFound | Unavailable

interface Failed {
  readonly reason: string
  readonly message: string
}

const failedBy = (error: Failure): Failed =>
  error._tag === "ConnectorError"
    ? { reason: error.reason._tag, message: error.message }
    : { reason: error._tag, message: error.detail ?? error._tag }

const resultOf = (outcome: Outcome): string => {
  if ("grant" in outcome) return outcome.grant.id
  if ("account" in outcome) return outcome.account.id.resource
  return outcome.id.resource
}

/** Nothing had to be done for it. */
const wasSo = (outcome: Outcome): boolean =>
  outcome._tag === "AlreadyGranted" || outcome._tag === "AlreadyRevoked" || outcome._tag === "AlreadyExists"
  || outcome._tag === "DidNotExist"

/** A grant that is to end by itself. */
const isTimed = (row: OperationRow): boolean => row.kind === "grant" && row.timed_grant_id !== null

/** What becomes of the expiry that was asked for with a grant. */
const expiryOf = (row: OperationRow, target: Target, wasSo: boolean): "Set" | "NotSet" | undefined => {
  if (target._tag !== "Grant") return undefined
  const { expiresAt, ifGranted } = requestJson.decode(row.request)
  if (expiresAt === undefined) return undefined
  return wasSo && ifGranted !== "expire" ? "NotSet" : "Set"
}

const unsupported = (operation: string, connector: Model.Connector["Service"]) =>
  ConnectorError.make(
    operation,
    new ConnectorError.Unsupported({ message: `${connector.spec.displayName} has no such change.` })
  )

const perform = (
  connector: Model.Connector["Service"],
  target: Target,
  dryRun: boolean
): Effect.Effect<Outcome, ConnectorError.ConnectorError> =>
  Effect.gen(function*() {
    switch (target._tag) {
      case "Grant":
      case "Revoke": {
        const { entitlement, principal } = target
        const operation = target._tag === "Grant" ? "grant" : "revoke"
        const handler = yield* Model.handlerOf(connector, entitlement.resource.resourceType, operation)
        const change = handler[operation]
        return change === undefined
          ? yield* unsupported(operation, connector)
          : yield* change({ entitlement, principal, dryRun })
      }
      case "CreateAccount": {
        const { email, fields, login, resourceType } = target
        const handler = yield* Model.handlerOf(connector, resourceType, "createAccount")
        return handler.createAccount === undefined
          ? yield* unsupported("createAccount", connector)
          : yield* handler.createAccount.create({ email, fields, dryRun, ...(login === undefined ? {} : { login }) })
      }
      case "DeleteAccount": {
        const handler = yield* Model.handlerOf(connector, target.account.resourceType, "delete")
        return handler.delete === undefined
          ? yield* unsupported("delete", connector)
          : yield* handler.delete(target.account.resource, { dryRun })
      }
    }
  })

const make = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const audit = yield* AuditLog
  const connectors = yield* Connectors
  const directory = yield* Directory
  const drain = yield* Drain
  const jobs = yield* Jobs
  const signals = yield* Signals
  const standstill = yield* Standstill
  const services = yield* Effect.context<SqlClient.SqlClient | AuditLog>()

  const next = (connectorId: string, upTo: number) =>
    sql<OperationRow>`SELECT * FROM operations
      WHERE connector_id = ${connectorId} AND state IN ('queued', 'running') AND sequence <= ${upTo}
      ORDER BY sequence LIMIT 1`

  /** `undefined` if somebody has cancelled it in between. */
  const claim = Effect.fnUntraced(function*(id: string) {
    const now = yield* Clock.currentTimeMillis
    const [row] = yield* sql<OperationRow>`UPDATE operations
      SET state = 'running', attempts = attempts + 1, started_at = COALESCE(started_at, ${now})
      WHERE id = ${id} AND state IN ('queued', 'running') RETURNING *`
    return row
  })

  /** Ends the row, unless another process has taken the operation up since. */
  const end = Effect.fnUntraced(function*(
    row: OperationRow,
    values: Readonly<Record<string, string | number | null>>,
    details: Readonly<Record<string, string>>
  ) {
    const state = values["error"] === undefined ? "succeeded" : "failed"
    const [ended] = yield* sql`UPDATE operations SET ${
      sql.update({ state, ended_at: yield* Clock.currentTimeMillis, ...values })
    } WHERE id = ${row.id} AND state = 'running' AND attempts = ${row.attempts} RETURNING id`
    if (ended === undefined) return false
    yield* audit.append(actorJson.decode(row.actor), {
      action: `operation.${state}`,
      connectorId: row.connector_id,
      subjectId: row.id,
      details: { kind: row.kind, dryRun: row.dry_run === 1, attempts: row.attempts, ...details }
    })
    return true
  })

  const succeed = Effect.fnUntraced(function*(row: OperationRow, target: Target, outcome: Outcome) {
    const isDry = row.dry_run === 1
    // "Already so" after a process died on the way may well be its own doing; of a timed grant it is known whether it was so before.
    const isNothing = wasSo(outcome) && (isTimed(row) ? row.looked === 0 : isDry || row.attempts === 1)
    const expiry = expiryOf(row, target, isNothing)
    return yield* sql.withTransaction(Effect.gen(function*() {
      const ended = yield* end(
        row,
        {
          outcome: outcome._tag,
          result_id: resultOf(outcome),
          changed: isDry || isNothing ? 0 : 1,
          expiry: expiry ?? null
        },
        { outcome: outcome._tag, resultId: resultOf(outcome), ...(expiry === undefined ? {} : { expiry }) }
      )
      if (!ended || isDry) return { ended, begun: undefined }
      yield* directory.apply(row.connector_id, outcome)
      const actor = actorJson.decode(row.actor)
      return { ended, begun: yield* Consequences.ofSuccess(actor, row, target, isNothing, expiry === "Set") }
    }))
  }, Effect.provideContext(services))

  const fail = Effect.fnUntraced(function*(row: OperationRow, failed: Failed) {
    return yield* sql.withTransaction(Effect.gen(function*() {
      const ended = yield* end(row, { error: errorJson.encode(failed) }, { ...failed })
      if (ended) yield* Consequences.ofFailure(row)
      return ended
    }))
  }, Effect.provideContext(services))

  /**
   * One that waited, for approval or for others before it, until its own end had come. Not one that was begun before: whoever died on it may have made the
   * grant, so it is carried out to its outcome, and its revocation is due at once.
   */
  const isOver = Effect.fnUntraced(function*(row: OperationRow, target: Target) {
    if (target._tag !== "Grant" || row.timed_grant_id === null || row.attempts > 1) return false
    const [timed] = yield* sql<
      { readonly expires_at: number }
    >`SELECT expires_at FROM timed_grants WHERE id = ${row.timed_grant_id}`
    return timed !== undefined && timed.expires_at <= (yield* Clock.currentTimeMillis)
  })

  /**
   * A timed grant is looked at before it is made, and it is written down that it was not there: whoever takes the operation up after a crash then knows
   * the grant that it finds for its own, and takes away at the end what was granted for the time and nothing else.
   */
  const change = Effect.fnUntraced(function*(connector: Model.Connector["Service"], row: OperationRow, target: Target) {
    if (isTimed(row) && row.looked === 0) {
      const seen = yield* perform(connector, target, true)
      if (seen._tag === "AlreadyGranted") return seen
      yield* persisted("Writing down that a grant was not there")(
        sql`UPDATE operations SET looked = 1 WHERE id = ${row.id} AND attempts = ${row.attempts}`
      )
    }
    return yield* perform(connector, target, row.dry_run === 1)
  })

  const told = (row: OperationRow, came: string) =>
    Effect.annotateLogs(Effect.logInfo("operation ended"), {
      operationId: row.id,
      connectorId: row.connector_id,
      kind: row.kind,
      came,
      attempts: row.attempts,
      requestedBy: row.requested_by
    })

  /** Answers whether this process still has the connector: not if another one has taken the operation up meanwhile. */
  const carryOutOne = Effect.fnUntraced(function*(id: string) {
    yield* standstill.over
    const row = yield* persisted("Beginning an operation")(claim(id))
    if (row === undefined) return true
    const target = targetJson.decode(row.target)
    const failing = (failed: Failed) =>
      Effect.andThen(
        persisted("Writing down a failure")(fail(row, failed)),
        (ended) =>
          signals.changed(id).pipe(Effect.andThen(ended ? told(row, failed.reason) : Effect.void), Effect.as(ended))
      )
    if (yield* persisted("Reading a timed grant")(isOver(row, target))) {
      return yield* failing({
        reason: "Expired",
        message: "The time of the grant was over before its turn came, so nothing was granted."
      })
    }
    const exit = yield* Effect.exit(Effect.flatMap(
      connectors.open(row.connector_id),
      (connector) => change(connector, row, target)
    ))
    if (exit._tag === "Success") {
      const { begun, ended } = yield* persisted("Writing down an outcome")(succeed(row, target, exit.value))
      if (ended) yield* told(row, exit.value._tag)
      yield* signals.changed(id)
      if (begun !== undefined) yield* jobs.expire(begun.timedGrantId, begun.generation)
      return ended
    }
    const error = Cause.findErrorOption(exit.cause)
    if (error._tag === "Some") return yield* failing(failedBy(error.value))
    // Cut off from outside: nobody knows what it came to, and whoever takes it up finds out.
    if (Cause.hasInterruptsOnly(exit.cause)) return yield* Effect.failCause(exit.cause)
    yield* Effect.logError(`Operation ${id} died`, exit.cause)
    return yield* failing({ reason: "Defect", message: "The server has a fault. Its log says which." })
  })

  return ChangeRunner.of({
    carryOut: Effect.fn("ChangeRunner.carryOut")(function*(connectorId: string, operationId: string) {
      const [asked] = yield* persisted("Reading an operation")(
        sql<OperationRow>`SELECT * FROM operations WHERE id = ${operationId}`
      )
      if (asked === undefined || hasEnded(asked)) return
      while (true) {
        const [row] = yield* persisted("Reading operations")(next(connectorId, asked.sequence))
        if (row === undefined) return
        if (!(yield* Effect.orDie(drain.finishing(carryOutOne(row.id))))) return
      }
    })
  })
})
