/**
 * The durable jobs, as they are asked for. Messages hold ids and nothing else: what is to be done stands in the tables of the server, and so does what
 * came of it.
 *
 * A released workflow keeps its name and payload, since messages of it may wait in the database while the server is replaced.
 *
 * @since 0.1.0
 */
import * as ClusterSchema from "effect/cluster/ClusterSchema"
import * as Entity from "effect/cluster/Entity"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Workflow from "effect/workflow/Workflow"

/**
 * Carries out an operation.
 *
 * @since 0.1.0
 */
export const CarryOut = Workflow.make("CarryOut", {
  payload: { connectorId: Schema.String, operationId: Schema.String },
  idempotencyKey: ({ operationId }) => operationId
})

/**
 * Runs a sync.
 *
 * @since 0.1.0
 */
export const RunSync = Workflow.make("RunSync", {
  payload: { connectorId: Schema.String, syncId: Schema.String },
  idempotencyKey: ({ syncId }) => syncId
})

/**
 * Sleeps until a timed grant expires. Another expiry is another generation, and the sleep of the one before ends without doing anything.
 *
 * @since 0.1.0
 */
export const Expire = Workflow.make("Expire", {
  payload: { timedGrantId: Schema.String, generation: Schema.Int },
  idempotencyKey: ({ generation, timedGrantId }) => `${timedGrantId}/${generation}`
})

/**
 * By connector id: makes the changes of a connector one after the other, whichever process asks.
 *
 * @since 0.1.0
 */
export const ConnectorChanges = Entity.make("ConnectorChanges", [
  Rpc.make("CarryOut", { payload: { operationId: Schema.String }, primaryKey: ({ operationId }) => operationId })
    .annotate(ClusterSchema.Persisted, true)
])

/**
 * By connector id: runs the syncs of a connector one after the other. Apart from its changes, which must not wait for a long sync.
 *
 * @since 0.1.0
 */
export const ConnectorSyncs = Entity.make("ConnectorSyncs", [
  Rpc.make("Run", { payload: { syncId: Schema.String }, primaryKey: ({ syncId }) => syncId })
    .annotate(ClusterSchema.Persisted, true)
])
