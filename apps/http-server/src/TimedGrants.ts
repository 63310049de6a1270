/**
 * Grants with an end: just-in-time access without C1. The expiry is kept across restarts, and one that passed while every process was down is honoured
 * as soon as one is up.
 *
 * @since 0.1.0
 */
import type { TimedGrant } from "@access-kit/server-api/Directory"
import { defaultLimit, type Page, type PageRequest } from "@access-kit/server-api/Paging"
import { Conflict, type InvalidInput, NotFound, type Unavailable } from "@access-kit/server-api/Problems"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import { type Actor, AuditLog } from "./AuditLog.ts"
import * as SettingsCheck from "./connectors/SettingsCheck.ts"
import * as PageToken from "./directory/PageToken.ts"
import { Jobs } from "./jobs/Jobs.ts"
import { available } from "./storage/Available.ts"
import * as Timestamp from "./storage/Timestamp.ts"
import { type TimedGrantRow, toTimedGrant } from "./timedGrants/TimedGrantRow.ts"

/**
 * @since 0.1.0
 */
export class TimedGrants extends Context.Service<TimedGrants, {
  /** The next to expire first. */
  readonly list: (
    filter: { readonly connectorId?: string; readonly state?: TimedGrant["state"] },
    page: PageRequest
  ) => Effect.Effect<Page<TimedGrant>, InvalidInput | Unavailable>
  readonly get: (id: string) => Effect.Effect<TimedGrant, NotFound | Unavailable>
  /** Extends, shortens, or, with a time that has passed, ends it now. */
  readonly setExpiry: (
    actor: Actor,
    id: string,
    expiresAt: string
  ) => Effect.Effect<TimedGrant, NotFound | Conflict | InvalidInput | Unavailable>
}>()("@access-kit/http-server/TimedGrants") {
  /**
   * @since 0.1.0
   */
  static readonly layer: Layer.Layer<TimedGrants, never, SqlClient.SqlClient | AuditLog | Jobs> = Layer.effect(
    TimedGrants,
    Effect.suspend(() => make)
  )
}

const missing = (id: string) => new NotFound({ detail: `There is no timed grant ${id}.` })

const make = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const audit = yield* AuditLog
  const jobs = yield* Jobs

  const rowOf = Effect.fnUntraced(function*(id: string) {
    const [row] = yield* sql<TimedGrantRow>`SELECT * FROM timed_grants WHERE id = ${id}`
    return row === undefined ? yield* missing(id) : row
  })

  return TimedGrants.of({
    list: Effect.fn("TimedGrants.list")(function*(filter, page) {
      const question = ["timed-grants", filter.connectorId, filter.state]
      const after = page.pageToken === undefined ? undefined : yield* PageToken.read(question, 2, page.pageToken)
      const limit = page.limit ?? defaultLimit
      const rows = yield* sql<TimedGrantRow>`SELECT * FROM timed_grants WHERE ${
        sql.and([
          ...(filter.connectorId === undefined ? [] : [sql`connector_id = ${filter.connectorId}`]),
          ...(filter.state === undefined ? [] : [sql`state = ${filter.state}`]),
          ...(after === undefined
            ? []
            : [sql`(expires_at > ${Number(after[0])} OR (expires_at = ${Number(after[0])} AND id > ${after[1]}))`])
        ])
      } ORDER BY expires_at, id LIMIT ${limit + 1}`
      const items = rows.slice(0, limit)
      const last = items.at(-1)
      return {
        items: items.map(toTimedGrant),
        ...(last !== undefined && rows.length > limit
          ? { nextPageToken: PageToken.make(question, [String(last.expires_at), last.id]) }
          : {})
      }
    }, available("Listing timed grants")),

    get: Effect.fn("TimedGrants.get")((id) => Effect.map(rowOf(id), toTimedGrant), available("Reading a timed grant")),

    setExpiry: Effect.fn("TimedGrants.setExpiry")(function*(actor, id, expiresAt) {
      const time = Timestamp.parse(expiresAt)
      if (time === undefined) {
        return yield* SettingsCheck.invalid([{
          field: "expiresAt",
          message: `"${expiresAt}" is no time. Write it like 2026-01-31T12:00:00Z.`
        }])
      }
      const row = yield* sql.withTransaction(Effect.gen(function*() {
        const before = yield* rowOf(id)
        const [row] = yield* sql<TimedGrantRow>`UPDATE timed_grants
          SET expires_at = ${time}, generation = generation + 1
          WHERE id = ${id} AND state IN ('granting', 'active') RETURNING *`
        if (row === undefined) {
          return yield* new Conflict({
            detail: `The timed grant is ${(yield* rowOf(id)).state}, so its expiry can't be changed any more.`
          })
        }
        yield* audit.append(actor, {
          action: "timed-grant.changed",
          connectorId: row.connector_id,
          subjectId: id,
          details: {
            grantId: row.grant_id,
            before: Timestamp.format(before.expires_at),
            expiresAt: Timestamp.format(row.expires_at)
          }
        })
        return row
      }))
      // One that is still being granted begins to sleep when it is there.
      if (row.state === "active") yield* jobs.expire(id, row.generation)
      return toTimedGrant(row)
    }, available("Changing a timed grant"))
  })
})
