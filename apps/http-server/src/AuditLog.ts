/**
 * The audit log: a line for everything that somebody asked for and everything that came of it. Lines are added and never changed.
 *
 * @since 0.1.0
 */
import * as Ksuid from "@access-kit/c1z/Ksuid"
import type { AuditEntry } from "@access-kit/server-api/Audit"
import { defaultLimit, type Page, type PageRequest } from "@access-kit/server-api/Paging"
import { InvalidInput, type Unavailable } from "@access-kit/server-api/Problems"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import * as PageToken from "./directory/PageToken.ts"
import { available } from "./storage/Available.ts"
import * as Timestamp from "./storage/Timestamp.ts"

/**
 * On whose behalf something happens: the caller of a request, or the server itself (`schedule`, `expiry`, `cli`).
 *
 * @since 0.1.0
 */
export interface Actor {
  readonly name: string
  readonly tokenId?: string
  readonly requestId?: string
  readonly address?: string
  /** The `Idempotency-Key` of the request, if it had one. */
  readonly key?: string
}

/**
 * @since 0.1.0
 */
export interface AuditFilter {
  readonly connectorId?: string
  readonly actor?: string
  readonly action?: string
  readonly subjectId?: string
  /** RFC 3339, the first moment that counts. */
  readonly since?: string
  /** RFC 3339, the first moment that no longer counts. */
  readonly until?: string
}

/**
 * @since 0.1.0
 */
export class AuditLog extends Context.Service<AuditLog, {
  /** Within the transaction of the caller, if there is one, so that no change is acknowledged without its line. */
  readonly append: (
    actor: Actor,
    entry: Pick<AuditEntry, "action" | "connectorId" | "subjectId" | "details">
  ) => Effect.Effect<void, Unavailable>
  /** Newest first. */
  readonly list: (
    filter: AuditFilter,
    page: PageRequest
  ) => Effect.Effect<Page<AuditEntry>, InvalidInput | Unavailable>
  /** Oldest first, in bounded memory. */
  readonly export: (filter: AuditFilter) => Stream.Stream<AuditEntry, Unavailable>
}>()("@access-kit/http-server/AuditLog") {
  /**
   * @since 0.1.0
   */
  static readonly layer: Layer.Layer<AuditLog, never, SqlClient.SqlClient> = Layer.effect(
    AuditLog,
    Effect.suspend(() => make)
  )
}

interface Row {
  readonly sequence: number
  readonly id: string
  readonly at: number
  readonly actor: string
  readonly token_id: string | null
  readonly action: string
  readonly connector_id: string | null
  readonly subject_id: string | null
  readonly details: string
  readonly address: string | null
  readonly request_id: string | null
}

const Details = Schema.fromJsonString(Schema.JsonObject)
const decodeDetails = Schema.decodeSync(Details)
const encodeDetails = Schema.encodeSync(Details)

const entryOf = (row: Row): AuditEntry => ({
  id: row.id,
  at: Timestamp.format(row.at),
  actor: row.actor,
  ...(row.token_id === null ? {} : { tokenId: row.token_id }),
  action: row.action,
  ...(row.connector_id === null ? {} : { connectorId: row.connector_id }),
  ...(row.subject_id === null ? {} : { subjectId: row.subject_id }),
  details: decodeDetails(row.details),
  ...(row.address === null ? {} : { address: row.address }),
  ...(row.request_id === null ? {} : { requestId: row.request_id })
})

/** Lines that an export holds at a time. It asks anew for each: a slow reader must not keep a connection. */
const EXPORT_PAGE = 500

const timeOf = Effect.fnUntraced(function*(
  field: "since" | "until",
  text: string | undefined
): Effect.fn.Return<number | undefined, InvalidInput> {
  if (text === undefined) return undefined
  const time = Timestamp.parse(text)
  if (time !== undefined) return time
  const message = `"${text}" is no time. Write it like 2026-01-31T12:00:00Z.`
  return yield* new InvalidInput({ detail: message, errors: [{ field, message }] })
})

const make = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient

  const conditions = (filter: AuditFilter, since: number | undefined, until: number | undefined) => [
    ...(filter.connectorId === undefined ? [] : [sql`connector_id = ${filter.connectorId}`]),
    ...(filter.actor === undefined ? [] : [sql`actor = ${filter.actor}`]),
    ...(filter.action === undefined ? [] : [sql`action = ${filter.action}`]),
    ...(filter.subjectId === undefined ? [] : [sql`subject_id = ${filter.subjectId}`]),
    ...(since === undefined ? [] : [sql`at >= ${since}`]),
    ...(until === undefined ? [] : [sql`at < ${until}`])
  ]

  return AuditLog.of({
    append: Effect.fn("AuditLog.append")(function*(actor, entry) {
      yield* sql`INSERT INTO audit_log ${
        sql.insert({
          id: yield* Ksuid.make,
          at: yield* Clock.currentTimeMillis,
          actor: actor.name,
          token_id: actor.tokenId ?? null,
          action: entry.action,
          connector_id: entry.connectorId ?? null,
          subject_id: entry.subjectId ?? null,
          details: encodeDetails(entry.details),
          address: actor.address ?? null,
          request_id: actor.requestId ?? null,
          idempotency_key: actor.key ?? null
        })
      }`
    }, available("Writing the audit log")),

    list: Effect.fn("AuditLog.list")(function*(filter, page) {
      const question = [
        "audit",
        filter.connectorId,
        filter.actor,
        filter.action,
        filter.subjectId,
        filter.since,
        filter.until
      ]
      const before = page.pageToken === undefined ? undefined : yield* PageToken.read(question, 1, page.pageToken)
      const limit = page.limit ?? defaultLimit
      const rows = yield* sql<Row>`SELECT * FROM audit_log WHERE ${
        sql.and([
          ...conditions(filter, yield* timeOf("since", filter.since), yield* timeOf("until", filter.until)),
          ...(before === undefined ? [] : [sql`sequence < ${Number(before[0])}`])
        ])
      } ORDER BY sequence DESC LIMIT ${limit + 1}`
      const items = rows.slice(0, limit)
      const last = items.at(-1)
      return {
        items: items.map(entryOf),
        ...(last !== undefined && rows.length > limit
          ? { nextPageToken: PageToken.make(question, [String(last.sequence)]) }
          : {})
      }
    }, available("Reading the audit log")),

    export: (filter) =>
      Stream.paginate(0, (after) =>
        Effect.gen(function*() {
          // The API lets only well-formed times through; what is none here ends nothing and begins nothing.
          const since = filter.since === undefined ? undefined : Timestamp.parse(filter.since)
          const until = filter.until === undefined ? undefined : Timestamp.parse(filter.until)
          const rows = yield* sql<Row>`SELECT * FROM audit_log WHERE ${
            sql.and([...conditions(filter, since, until), sql`sequence > ${after}`])
          } ORDER BY sequence LIMIT ${EXPORT_PAGE}`
          const last = rows.at(-1)
          return [
            rows.map(entryOf),
            last === undefined || rows.length < EXPORT_PAGE ? Option.none<number>() : Option.some(last.sequence)
          ] as const
        }).pipe(available("Exporting the audit log")))
  })
})
