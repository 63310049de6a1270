/**
 * What the database holds, as metrics: counted when somebody asks, so that every process says the same and none has to be told.
 *
 * @since 0.1.0
 */
import { type Connector, ConnectorStatus } from "@access-kit/server-api/Connectors"
import { TimedGrant } from "@access-kit/server-api/Directory"
import { OperationState } from "@access-kit/server-api/Operations"
import { SyncState } from "@access-kit/server-api/Syncs"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import { Connectors } from "../Connectors.ts"

const connectorsByStatus = Metric.gauge("claude_enterprise_connectors", { description: "Connectors by status" })
const syncsByState = Metric.gauge("claude_enterprise_syncs", { description: "Syncs on record by state" })
const operationsByState = Metric.gauge("claude_enterprise_operations", { description: "Operations on record by state" })
const timedGrantsByState = Metric.gauge("claude_enterprise_timed_grants", {
  description: "Timed grants on record by state"
})
const timedGrantsDue = Metric.gauge("claude_enterprise_timed_grants_due", {
  description: "Timed grants whose time has come and that are still there"
})

interface Counted {
  readonly state: string
  readonly count: number
}

/** Every state gets a value: one that was left out would keep the value it had. */
const set = (
  gauge: Metric.Gauge<number>,
  label: string,
  states: ReadonlyArray<string>,
  counted: ReadonlyArray<Counted>
) =>
  Effect.forEach(states, (state) =>
    Metric.update(
      Metric.withAttributes(gauge, { [label]: state }),
      Number(counted.find((row) => row.state === state)?.count ?? 0)
    ), { discard: true })

/**
 * @since 0.1.0
 */
export class Gauges extends Context.Service<Gauges, {
  /** Counts anew. What can't be counted keeps its last value, and the log says why. */
  readonly refresh: Effect.Effect<void>
}>()("@access-kit/http-server/http/Gauges") {
  /**
   * @since 0.1.0
   */
  static readonly layer: Layer.Layer<Gauges, never, SqlClient.SqlClient | Connectors> = Layer.effect(
    Gauges,
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const connectors = yield* Connectors

      const all: Stream.Stream<Connector, unknown> = Stream.paginate(
        undefined as string | undefined,
        (pageToken) =>
          Effect.map(
            connectors.list({ limit: 500, ...(pageToken === undefined ? {} : { pageToken }) }),
            (page) => [page.items, page.nextPageToken === undefined ? Option.none() : Option.some(page.nextPageToken)]
          )
      )

      const statuses = Effect.map(Stream.runCollect(all), (found) =>
        ConnectorStatus.literals.map((state) => ({
          state,
          count: found.filter((connector) => connector.status === state).length
        })))

      const refresh = Effect.gen(function*() {
        const now = yield* Clock.currentTimeMillis
        yield* set(connectorsByStatus, "status", ConnectorStatus.literals, yield* statuses)
        yield* set(
          syncsByState,
          "state",
          SyncState.literals,
          yield* sql<Counted>`SELECT state, count(*) AS count FROM syncs GROUP BY state`
        )
        yield* set(
          operationsByState,
          "state",
          OperationState.literals,
          yield* sql<Counted>`SELECT state, count(*) AS count FROM operations GROUP BY state`
        )
        yield* set(
          timedGrantsByState,
          "state",
          TimedGrant.fields.state.literals,
          yield* sql<Counted>`SELECT state, count(*) AS count FROM timed_grants GROUP BY state`
        )
        const [due] = yield* sql<{ readonly count: number }>`
          SELECT count(*) AS count FROM timed_grants WHERE state IN ('active', 'revoking') AND expires_at <= ${now}
        `
        yield* Metric.update(timedGrantsDue, Number(due?.count ?? 0))
      })

      return Gauges.of({
        refresh: Effect.catchCause(refresh, (cause) => Effect.logWarning("Metrics could not be counted", cause))
      })
    })
  )
}
