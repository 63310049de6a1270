/**
 * Whether requests should come here: the database answers with its tables made, the jobs run, and nobody has asked the server to stop.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import { Drain } from "../jobs/Drain.ts"
import { Pulse } from "../jobs/Pulse.ts"
import { Lifecycle } from "../Lifecycle.ts"

/** A load balancer asks every few seconds and will not wait longer. */
const patience = Duration.seconds(2)

/**
 * @since 0.1.0
 */
export class Readiness extends Context.Service<Readiness, {
  /** Why it is not ready; nothing if it is. */
  readonly check: Effect.Effect<string | undefined>
}>()("@access-kit/http-server/http/Readiness") {
  /**
   * @since 0.1.0
   */
  static readonly layer: Layer.Layer<Readiness, never, SqlClient.SqlClient | Lifecycle | Drain | Pulse> = Layer.effect(
    Readiness,
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const lifecycle = yield* Lifecycle
      const drain = yield* Drain
      const pulse = yield* Pulse
      const database = sql`SELECT max(migration_id) AS id FROM migrations`.pipe(
        Effect.as(undefined),
        Effect.timeout(patience),
        Effect.catch((error) =>
          Effect.as(Effect.logWarning("The database does not answer", error), "The database does not answer.")
        )
      )
      return Readiness.of({
        check: Effect.flatMap(
          drain.isDraining,
          (draining) =>
            draining || lifecycle.isStopping()
              ? Effect.succeed("The server is stopping.")
              // Without the database the engine has nothing to say.
              : Effect.flatMap(database, (reason) =>
                reason === undefined ? pulse.check(patience) : Effect.succeed(reason))
        )
      })
    })
  )
}
