/**
 * What the engine calls: the workflows, and the entities that keep the changes and the syncs of a connector in order.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Entity from "effect/cluster/Entity"
import type * as Sharding from "effect/cluster/Sharding"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import * as DurableClock from "effect/workflow/DurableClock"
import type * as WorkflowEngine from "effect/workflow/WorkflowEngine"
import type { AuditLog } from "../AuditLog.ts"
import * as Expiry from "../timedGrants/Expiry.ts"
import type { TimedGrantRow } from "../timedGrants/TimedGrantRow.ts"
import { ChangeRunner } from "./ChangeRunner.ts"
import { Jobs } from "./Jobs.ts"
import { persisted } from "./Persistence.ts"
import { SyncRunner } from "./SyncRunner.ts"
import { CarryOut, ConnectorChanges, ConnectorSyncs, Expire, RunSync } from "./Workflows.ts"

/** How long a connector for which there is nothing to do stays in memory. */
const idle = { maxIdleTime: "5 minutes" } as const

const connectorChanges = ConnectorChanges.toLayer(
  Effect.gen(function*() {
    const { entityId } = yield* Entity.CurrentAddress
    const runner = yield* ChangeRunner
    return ConnectorChanges.of({ CarryOut: ({ payload }) => runner.carryOut(entityId, payload.operationId) })
  }),
  idle
)

const connectorSyncs = ConnectorSyncs.toLayer(
  Effect.gen(function*() {
    const runner = yield* SyncRunner
    return ConnectorSyncs.of({ Run: ({ payload }) => runner.run(payload.syncId) })
  }),
  idle
)

const carryOut = Layer.unwrap(
  Effect.map(
    ConnectorChanges.client,
    (connector) =>
      CarryOut.toLayer(({ connectorId, operationId }) =>
        persisted("Asking for a change")(connector(connectorId).CarryOut({ operationId }))
      )
  )
)

const runSync = Layer.unwrap(
  Effect.map(
    ConnectorSyncs.client,
    (connector) =>
      RunSync.toLayer(({ connectorId, syncId }) =>
        persisted("Asking for a sync")(connector(connectorId).Run({ syncId }))
      )
  )
)

/** The row says what holds: whoever sleeps for an expiry that was changed, or whose grant is gone, ends without doing anything. */
const expire = Expire.toLayer(Effect.fnUntraced(function*({ generation, timedGrantId }) {
  const sql = yield* SqlClient.SqlClient
  const jobs = yield* Jobs
  const [row] = yield* persisted("Reading a timed grant")(
    sql<TimedGrantRow>`SELECT * FROM timed_grants WHERE id = ${timedGrantId}`
  )
  if (row === undefined || row.state !== "active" || row.generation !== generation) return
  const left = row.expires_at - (yield* Clock.currentTimeMillis)
  // By default the engine sleeps up to a minute in memory, and would begin anew after a crash.
  yield* DurableClock.sleep({ name: "expiry", duration: Duration.millis(Math.max(0, left)), inMemoryThreshold: 0 })
  const begun = yield* persisted("Ending a timed grant")(Expiry.begin(timedGrantId, generation))
  if (begun !== undefined) yield* jobs.carryOut(begun.connectorId, begun.operationId)
}))

/**
 * @since 0.1.0
 */
export const layer: Layer.Layer<
  never,
  never,
  | AuditLog
  | ChangeRunner
  | Jobs
  | Sharding.Sharding
  | SqlClient.SqlClient
  | SyncRunner
  | WorkflowEngine.WorkflowEngine
> = Layer.mergeAll(connectorChanges, connectorSyncs, carryOut, runSync, expire)
