/**
 * Hands jobs to the engine once they stand in the tables. A process that dies in between leaves a row that nobody carries out, so each row says whether
 * it was handed over, and the sweeper hands over what was not.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as WorkflowEngine from "effect/workflow/WorkflowEngine"
import { CarryOut, Expire, RunSync } from "./Workflows.ts"

/**
 * Handing over the same job again changes nothing. None of these fail: what could not be handed over is tried again later.
 *
 * @since 0.1.0
 */
export class Jobs extends Context.Service<Jobs, {
  readonly carryOut: (connectorId: string, operationId: string) => Effect.Effect<void>
  readonly runSync: (connectorId: string, syncId: string) => Effect.Effect<void>
  readonly expire: (timedGrantId: string, generation: number) => Effect.Effect<void>
}>()("@access-kit/http-server/Jobs") {
  /**
   * @since 0.1.0
   */
  static readonly layer: Layer.Layer<Jobs, never, WorkflowEngine.WorkflowEngine | SqlClient.SqlClient> = Layer.effect(
    Jobs,
    Effect.gen(function*() {
      const engine = yield* WorkflowEngine.WorkflowEngine
      const sql = yield* SqlClient.SqlClient

      const handOver = (
        what: string,
        execute: Effect.Effect<string, never, WorkflowEngine.WorkflowEngine>,
        mark: Effect.Effect<unknown, SqlError>
      ): Effect.Effect<void> =>
        execute.pipe(
          Effect.provideService(WorkflowEngine.WorkflowEngine, engine),
          // A caller that hangs up must not leave it half done.
          Effect.andThen(mark),
          Effect.uninterruptible,
          Effect.catchCause((cause) =>
            Effect.logWarning(`${what} could not be handed to the engine; it is tried again`, cause)
          ),
          Effect.asVoid
        )

      return Jobs.of({
        carryOut: (connectorId, operationId) =>
          handOver(
            `Operation ${operationId}`,
            CarryOut.execute({ connectorId, operationId }, { discard: true }),
            sql`UPDATE operations SET handed_over = 1 WHERE id = ${operationId}`
          ),
        runSync: (connectorId, syncId) =>
          handOver(
            `Sync ${syncId}`,
            RunSync.execute({ connectorId, syncId }, { discard: true }),
            sql`UPDATE syncs SET handed_over = 1 WHERE id = ${syncId}`
          ),
        expire: (timedGrantId, generation) =>
          handOver(
            `The expiry of the timed grant ${timedGrantId}`,
            Expire.execute({ timedGrantId, generation }, { discard: true }),
            sql`UPDATE timed_grants SET handed_over = ${generation} WHERE id = ${timedGrantId} AND generation = ${generation}`
          )
      })
    })
  )
}
