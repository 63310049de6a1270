/**
 * A change that is sent twice with the same `Idempotency-Key` happens once. The first answer is kept for a day and given again, byte by byte.
 *
 * A row is written before the change begins and held while it runs; who holds it says so again every few seconds. After a crash nobody does, and the
 * next request with the key takes it over. The audit log, in which a change and its line are written together, then says whether it was made: if so, what
 * it was made into is answered, and if not, it is made.
 *
 * @since 0.1.0
 */
import * as Problems from "@access-kit/server-api/Problems"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpApiError from "effect/http-api/HttpApiError"
import * as HttpServerRespondable from "effect/http/HttpServerRespondable"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import { randomUUID } from "node:crypto"
import { type ChangeFacts, CurrentChange } from "./http/CurrentChange.ts"
import { HttpLimits } from "./http/HttpLimits.ts"
import * as ProblemResponse from "./http/ProblemResponse.ts"
import { Lifecycle } from "./Lifecycle.ts"

/**
 * @since 0.1.0
 */
export interface Keyed {
  /** Keys of one caller mean nothing to another. */
  readonly actor: string
  readonly key: string
  /** Of everything that makes the request what it is. */
  readonly fingerprint: string
  readonly requestId: string
}

/** How long an answer is kept. */
const kept = Duration.hours(24)

/** How long after its last sign a holder counts as dead, and how often it gives one. */
const held = Duration.seconds(6)
const sign = Duration.seconds(2)

/** How often a request that waits for another one looks again. */
const look = Duration.millis(200)

const Headers = Schema.fromJsonString(Schema.Record(Schema.String, Schema.String))
const encodeHeaders = Schema.encodeSync(Headers)
const decodeHeaders = Schema.decodeUnknownOption(Headers)

interface Row {
  readonly fingerprint: string
  readonly holder: string
  readonly held_until: number
  readonly status: number | null
  readonly headers: string | null
  readonly body: string | null
}

type Found = Data.TaggedEnum<{
  /** Nobody else has it: go on. */
  Mine: { readonly made: ChangeFacts["made"] }
  Kept: { readonly row: Row }
  UnderWay: {}
  ForAnother: {}
}>

const Found = Data.taggedEnum<Found>()

const replay = (row: Row): HttpServerResponse.HttpServerResponse => {
  const { "content-type": contentType, ...headers } = Option.getOrElse(
    decodeHeaders(row.headers),
    (): Readonly<Record<string, string>> => ({})
  )
  const options = { status: row.status ?? 200, headers: { ...headers, "idempotency-replayed": "true" } }
  return row.body === null
    ? HttpServerResponse.empty(options)
    : HttpServerResponse.text(row.body, { ...options, contentType: contentType ?? "application/json" })
}

/**
 * @since 0.1.0
 */
export class Idempotency extends Context.Service<Idempotency, {
  /**
   * Runs a change, or answers what it came to before. An answer of 500 and above is not kept: trying again is right then.
   */
  readonly run: <E, R>(
    request: Keyed,
    change: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>
  ) => Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>
}>()("@access-kit/http-server/Idempotency") {
  /**
   * @since 0.1.0
   */
  static readonly layer: Layer.Layer<Idempotency, never, SqlClient.SqlClient | Lifecycle> = Layer.effect(
    Idempotency,
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const lifecycle = yield* Lifecycle
      const { keyPatience } = yield* HttpLimits
      const holder = randomUUID()

      const where = ({ actor, key }: Keyed) => sql`actor = ${actor} AND idempotency_key = ${key}`

      const take = Effect.fnUntraced(function*(request: Keyed) {
        const now = yield* Clock.currentTimeMillis
        const until = now + Duration.toMillis(held)
        yield* sql`DELETE FROM idempotency_keys WHERE ${where(request)} AND expires_at <= ${now}`
        const inserted = yield* sql`
          INSERT INTO idempotency_keys (actor, idempotency_key, fingerprint, holder, held_until, expires_at)
          VALUES (${request.actor}, ${request.key}, ${request.fingerprint}, ${holder}, ${until}, ${
          now + Duration.toMillis(kept)
        })
          ON CONFLICT (actor, idempotency_key) DO NOTHING
          RETURNING actor
        `
        if (inserted.length > 0) return Found.Mine({ made: undefined })
        const [row] = yield* sql<Row>`
          SELECT fingerprint, holder, held_until, status, headers, body FROM idempotency_keys WHERE ${where(request)}
        `
        // It was given up between the two statements; the caller may try again at once.
        if (row === undefined) return Found.UnderWay()
        const isSame = row.fingerprint === request.fingerprint
        if (row.status !== null) return isSame ? Found.Kept({ row }) : Found.ForAnother()
        if (Number(row.held_until) > now) return isSame ? Found.UnderWay() : Found.ForAnother()
        const [made] = yield* sql<{ readonly subject_id: string | null }>`SELECT subject_id FROM audit_log
          WHERE token_id = ${request.actor} AND idempotency_key = ${request.key} AND at > ${
          now - Duration.toMillis(kept)
        } ORDER BY sequence LIMIT 1`
        if (made !== undefined && !isSame) return Found.ForAnother()
        const taken = yield* sql`
          UPDATE idempotency_keys SET holder = ${holder}, held_until = ${until}, fingerprint = ${request.fingerprint}
          WHERE ${where(request)} AND status IS NULL AND held_until = ${row.held_until}
          RETURNING actor
        `
        if (taken.length === 0) return Found.UnderWay()
        return Found.Mine({ made: made === undefined ? undefined : { subjectId: made.subject_id ?? "" } })
      })

      /** Waits for a request with the same key that is under way, but not for ever. */
      const takeInTime = (request: Keyed) =>
        Effect.gen(function*() {
          const found = yield* take(request)
          return found._tag === "UnderWay" && !lifecycle.isStopping() ? undefined : found
        }).pipe(
          Effect.repeat({ until: (found) => found !== undefined, schedule: Schedule.spaced(look) }),
          Effect.timeoutOption(keyPatience),
          Effect.map((found) => Option.getOrUndefined(found) ?? Found.UnderWay())
        )

      const holdOn = (request: Keyed) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) =>
          sql`
          UPDATE idempotency_keys SET held_until = ${now + Duration.toMillis(held)}
          WHERE ${where(request)} AND holder = ${holder} AND status IS NULL
        `).pipe(
            Effect.catch((error) => Effect.logWarning("An idempotency key could not be held on to", error)),
            Effect.repeat(Schedule.spaced(sign)),
            Effect.delay(sign)
          )

      /** Whoever comes next with the key finds out what became of the change. */
      const giveUp = (request: Keyed) =>
        Effect.ignore(
          sql`UPDATE idempotency_keys SET held_until = 0
            WHERE ${where(request)} AND holder = ${holder} AND status IS NULL`
        )

      const keep = (request: Keyed, response: HttpServerResponse.HttpServerResponse) => {
        const body = response.body
        if (response.status >= 500 || (body._tag !== "Uint8Array" && body._tag !== "Empty")) return giveUp(request)
        const contentType = body._tag === "Uint8Array" ? body.contentType : undefined
        const headers = { ...response.headers, ...(contentType === undefined ? {} : { "content-type": contentType }) }
        return sql`
          UPDATE idempotency_keys SET
            status = ${response.status},
            headers = ${encodeHeaders(headers)},
            body = ${body._tag === "Uint8Array" ? new TextDecoder().decode(body.body) : null}
          WHERE ${where(request)} AND holder = ${holder}
        `.pipe(Effect.catch((error) => Effect.logError("The answer to an Idempotency-Key could not be kept", error)))
      }

      /** Errors that the change itself ends in are kept like any other answer; requests that can't be read are told anew. */
      const foreseen = (error: unknown): error is HttpServerRespondable.Respondable =>
        HttpServerRespondable.isRespondable(error) && !HttpApiError.HttpApiSchemaError.is(error)

      const perform = Effect.fnUntraced(function*<E, R>(
        request: Keyed,
        change: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>
      ) {
        const exit = yield* Effect.exit(Effect.raceFirst(change, Effect.flatMap(holdOn(request), () => Effect.never)))
        if (Exit.isSuccess(exit)) {
          yield* keep(request, exit.value)
          return exit.value
        }
        const [reason, ...others] = exit.cause.reasons
        if (reason?._tag === "Fail" && others.length === 0 && foreseen(reason.error)) {
          const response = yield* ProblemResponse.fromProblem(reason.error, request.requestId)
          yield* keep(request, response)
          return response
        }
        yield* giveUp(request)
        return yield* Effect.failCause(exit.cause)
      }, (effect, request) => Effect.onInterrupt(effect, () => giveUp(request)))

      // A SQLite file has one process, and this one has just begun: whoever held these is dead.
      yield* sql.onDialectOrElse({
        pg: () => Effect.void,
        orElse: () =>
          Effect.catch(
            Effect.asVoid(sql`UPDATE idempotency_keys SET held_until = 0 WHERE status IS NULL`),
            (error) => Effect.logWarning("Idempotency keys of the process before could not be given free", error)
          )
      })

      const purge = Effect.flatMap(
        Clock.currentTimeMillis,
        (now) => sql`DELETE FROM idempotency_keys WHERE expires_at <= ${now}`
      ).pipe(
        Effect.catch((error) => Effect.logWarning("Old idempotency keys could not be removed", error)),
        Effect.repeat(Schedule.spaced(Duration.minutes(10)))
      )
      yield* Effect.forkScoped(purge)

      return Idempotency.of({
        run: Effect.fnUntraced(function*(request, change) {
          const found = yield* takeInTime(request).pipe(
            Effect.tapError((error) => Effect.logError("The idempotency keys can't be read", error)),
            Effect.option
          )
          const problem = (error: HttpServerRespondable.Respondable) =>
            ProblemResponse.fromProblem(error, request.requestId)
          if (Option.isNone(found)) {
            return yield* problem(
              new Problems.Unavailable({ detail: "The database can't be reached. Try again.", retryAfter: 1 })
            )
          }
          return yield* Found.$match(found.value, {
            Mine: ({ made }) =>
              perform(request, Effect.provideService(change, CurrentChange, { key: request.key, made })),
            Kept: ({ row }) => Effect.succeed(replay(row)),
            UnderWay: () =>
              problem(
                new Problems.Conflict({
                  detail: "The first request with this Idempotency-Key has not ended yet. Try again in a moment."
                })
              ),
            ForAnother: () =>
              problem(
                new Problems.IdempotencyKeyReused({
                  detail: "This Idempotency-Key was used for another request. Use a new one."
                })
              )
          })
        })
      })
    })
  )
}
