/**
 * Whether nothing of a connector is under way that would be left behind if it were deleted.
 *
 * @since 0.1.0
 */
import { Conflict } from "@access-kit/server-api/Problems"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"

/**
 * Within the transaction that deletes it.
 *
 * @since 0.1.0
 */
export const requireIdle = Effect.fnUntraced(function*(id: string) {
  const sql = yield* SqlClient.SqlClient
  const [busy] = yield* sql<
    { readonly syncs: number; readonly operations: number; readonly timed: number }
  >`SELECT
    (SELECT count(*) FROM syncs WHERE connector_id = ${id} AND state = 'running') AS syncs,
    (SELECT count(*) FROM operations WHERE connector_id = ${id} AND state IN ('queued', 'running')) AS operations,
    (SELECT count(*) FROM timed_grants WHERE connector_id = ${id} AND state IN ('granting', 'active', 'revoking')) AS timed`
  if (busy !== undefined && busy.syncs > 0) {
    return yield* new Conflict({ detail: "A sync of the connector runs. Cancel it, or wait for its end." })
  }
  if (busy !== undefined && busy.operations > 0) {
    return yield* new Conflict({
      detail: `${busy.operations} operations of the connector have not ended. Wait for them.`
    })
  }
  if (busy !== undefined && busy.timed > 0) {
    return yield* new Conflict({
      detail:
        `${busy.timed} timed grants of the connector have not ended, and nobody would revoke them. End them first.`
    })
  }
})
