/**
 * API tokens: made at random, shown once, kept as hashes.
 *
 * @since 0.1.0
 */
import * as Ksuid from "@access-kit/c1z/Ksuid"
import { Scope } from "@access-kit/server-api/Authorization"
import { defaultLimit, type Page, type PageRequest } from "@access-kit/server-api/Paging"
import { Conflict, InvalidInput, NotFound, Unauthorized, type Unavailable } from "@access-kit/server-api/Problems"
import type { Token } from "@access-kit/server-api/Tokens"
import * as Cache from "effect/Cache"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import { type Actor, AuditLog } from "./AuditLog.ts"
import { available } from "./storage/Available.ts"
import * as TokenText from "./TokenText.ts"

/** How long a token is remembered, and so how long another process takes to notice that it was revoked. */
const remembered = Duration.seconds(5)

/** `lastUsedAt` is exact to this. */
const useResolution = Duration.toMillis(Duration.minutes(1))

/** So many tokens are remembered at the most. */
const MANY = 10_000

interface Remembered {
  readonly token: Token
  readonly expiresAt: number | null
  /** Asked again after that. */
  readonly until: number
}

interface Row {
  readonly id: string
  readonly name: string
  readonly hash: string
  readonly scopes: string
  readonly created_at: number
  readonly expires_at: number | null
  readonly last_used_at: number | null
  readonly revoked_at: number | null
}

const isScope = Schema.is(Scope)

const time = (millis: number): string => new Date(Number(millis)).toISOString()

const toToken = (row: Row): Token => ({
  id: row.id,
  name: row.name,
  scopes: row.scopes.split(" ").filter(isScope),
  createdAt: time(row.created_at),
  ...(row.expires_at === null ? {} : { expiresAt: time(row.expires_at) }),
  ...(row.last_used_at === null ? {} : { lastUsedAt: time(row.last_used_at) }),
  ...(row.revoked_at === null ? {} : { revokedAt: time(row.revoked_at) })
})

const unknown = new Unauthorized({
  detail: "This server has no such token. Make one with `claude-enterprise-server token create`."
})

/**
 * @since 0.1.0
 */
export class Tokens extends Context.Service<Tokens, {
  readonly create: (
    actor: Actor,
    request: { readonly name: string; readonly scopes: ReadonlyArray<Scope>; readonly expiresIn?: Duration.Duration }
  ) => Effect.Effect<{ readonly token: Token; readonly text: Redacted.Redacted<string> }, Conflict | Unavailable>
  /** Cheap: what was verified a moment ago is remembered, and forgotten within seconds of being revoked. */
  readonly verify: (text: Redacted.Redacted<string>) => Effect.Effect<Token, Unauthorized | Unavailable>
  /** What is remembered of it, without asking anybody. */
  readonly recall: (text: Redacted.Redacted<string>, nowMillis: number) => Token | undefined
  /** Newest first. */
  readonly list: (page: PageRequest) => Effect.Effect<Page<Token>, InvalidInput | Unavailable>
  readonly get: (id: string) => Effect.Effect<Token, NotFound | Unavailable>
  /** The last admin token can't be revoked over HTTP. */
  readonly revoke: (actor: Actor, id: string) => Effect.Effect<void, NotFound | Conflict | Unavailable>
  /** Makes the first admin token if there is none at all. */
  readonly bootstrap: Effect.Effect<Redacted.Redacted<string> | undefined, Unavailable>
}>()("@access-kit/http-server/Tokens") {
  /**
   * @since 0.1.0
   */
  static readonly layer: Layer.Layer<Tokens, never, SqlClient.SqlClient | AuditLog> = Layer.effect(
    Tokens,
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const audit = yield* AuditLog

      const lookup = Effect.fnUntraced(function*(hash: string) {
        const [row] = yield* sql<Row>`SELECT * FROM api_tokens WHERE hash = ${hash}`
        if (row === undefined) return yield* unknown
        if (row.revoked_at !== null) {
          return yield* new Unauthorized({ detail: `The token "${row.name}" was revoked on ${time(row.revoked_at)}.` })
        }
        const now = yield* Clock.currentTimeMillis
        if (row.last_used_at === null || now - Number(row.last_used_at) >= useResolution) {
          yield* sql`UPDATE api_tokens SET last_used_at = ${now} WHERE id = ${row.id}`
        }
        return { row, at: now }
      }, available("Reading or writing the tokens"))

      const recent = new Map<string, Remembered>()

      const known = yield* Cache.makeWith(lookup, {
        capacity: MANY,
        // That the database was away is not remembered: it may be back.
        timeToLive: (exit) =>
          Exit.isSuccess(exit)
            ? remembered
            : Option.exists(Exit.findErrorOption(exit), ({ _tag }) => _tag === "Unauthorized")
            ? Duration.seconds(1)
            : Duration.zero
      })

      const create = Effect.fn("Tokens.create")(
        function*(
          actor: Actor,
          request: {
            readonly name: string
            readonly scopes: ReadonlyArray<Scope>
            readonly expiresIn?: Duration.Duration
          }
        ) {
          const id = yield* Ksuid.make
          const now = yield* Clock.currentTimeMillis
          const text = TokenText.make()
          const expiresAt = request.expiresIn === undefined ? null : now + Duration.toMillis(request.expiresIn)
          const [row] = yield* sql<Row>`
            INSERT INTO api_tokens (id, name, hash, scopes, created_at, expires_at)
            VALUES (${id}, ${request.name}, ${TokenText.hash(text)}, ${request.scopes.join(" ")}, ${now}, ${expiresAt})
            ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING
            RETURNING *
          `
          if (row === undefined) {
            return yield* new Conflict({
              detail: `There is a token named "${request.name}" already. Take another name, or revoke that one first.`
            })
          }
          const token = toToken(row)
          yield* audit.append(actor, {
            action: "token.created",
            subjectId: id,
            details: {
              name: token.name,
              scopes: [...token.scopes],
              ...(token.expiresAt === undefined ? {} : { expiresAt: token.expiresAt })
            }
          })
          return { token, text }
        },
        sql.withTransaction,
        available("Reading or writing the tokens")
      )

      const anyToken = available("Reading the tokens")(sql`SELECT 1 AS one FROM api_tokens LIMIT 1`)

      return Tokens.of({
        create,
        verify: Effect.fnUntraced(function*(text) {
          if (!TokenText.isWellFormed(text)) {
            return yield* new Unauthorized({
              detail:
                "Send a token of this server as `Authorization: Bearer cesrv_…`; what came is none, or only a part of one."
            })
          }
          const found = yield* Cache.get(known, TokenText.hash(text))
          const { row } = found
          if (row.expires_at !== null && (yield* Clock.currentTimeMillis) >= Number(row.expires_at)) {
            return yield* new Unauthorized({
              detail: `The token "${row.name}" has expired on ${time(row.expires_at)}.`
            })
          }
          const token = toToken(row)
          if (recent.size >= MANY) recent.clear()
          recent.set(row.hash, {
            token,
            expiresAt: row.expires_at === null ? null : Number(row.expires_at),
            until: found.at + Duration.toMillis(remembered)
          })
          return token
        }),
        recall: (text, now) => {
          const hash = TokenText.hash(text)
          const found = recent.get(hash)
          if (found === undefined) return undefined
          if (now < found.until && (found.expiresAt === null || now < found.expiresAt)) return found.token
          recent.delete(hash)
          return undefined
        },
        list: Effect.fn("Tokens.list")(function*(page) {
          const limit = page.limit ?? defaultLimit
          const before = page.pageToken === undefined ? undefined : /^t-([0-9A-Za-z]{27})$/.exec(page.pageToken)?.[1]
          if (page.pageToken !== undefined && before === undefined) {
            return yield* new InvalidInput({ detail: "The pageToken is not one of this listing." })
          }
          const rows = yield* sql<Row>`
            SELECT * FROM api_tokens ${before === undefined ? sql`` : sql`WHERE id < ${before}`}
            ORDER BY id DESC LIMIT ${limit + 1}
          `
          const items = rows.slice(0, limit).map(toToken)
          const last = items.at(-1)
          return { items, ...(rows.length > limit && last !== undefined ? { nextPageToken: `t-${last.id}` } : {}) }
        }, available("Reading or writing the tokens")),
        get: Effect.fn("Tokens.get")(function*(id) {
          const [row] = yield* sql<Row>`SELECT * FROM api_tokens WHERE id = ${id}`
          if (row === undefined) return yield* new NotFound({ detail: `There is no token ${id}.` })
          return toToken(row)
        }, available("Reading or writing the tokens")),
        revoke: Effect.fn("Tokens.revoke")(
          function*(actor, id) {
            // Two admins who revoke each other at the same moment wait for one another.
            yield* sql.onDialectOrElse({
              pg: () => Effect.asVoid(sql`LOCK TABLE api_tokens IN SHARE ROW EXCLUSIVE MODE`),
              orElse: () => Effect.void
            })
            const now = yield* Clock.currentTimeMillis
            const [row] = yield* sql<Row>`SELECT * FROM api_tokens WHERE id = ${id}`
            if (row === undefined) return yield* new NotFound({ detail: `There is no token ${id}.` })
            if (row.revoked_at !== null) return row.hash
            if (actor.tokenId !== undefined && row.scopes.split(" ").includes("admin")) {
              const others = yield* sql<Row>`
                SELECT * FROM api_tokens
                WHERE id <> ${id} AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ${now})
              `
              if (!others.some((other) => other.scopes.split(" ").includes("admin"))) {
                return yield* new Conflict({
                  detail:
                    "This is the last token with the scope \"admin\". Make another one first, or revoke it on the server's machine."
                })
              }
            }
            yield* sql`UPDATE api_tokens SET revoked_at = ${now} WHERE id = ${id}`
            yield* audit.append(actor, { action: "token.revoked", subjectId: id, details: { name: row.name } })
            return row.hash
          },
          sql.withTransaction,
          available("Reading or writing the tokens"),
          Effect.flatMap((hash) => {
            recent.delete(hash)
            return Cache.invalidate(known, hash)
          })
        ),
        bootstrap: Effect.flatMap(anyToken, (rows) =>
          rows.length > 0
            ? Effect.succeed(undefined)
            : create({ name: "first start" }, { name: "admin", scopes: ["admin"] }).pipe(
              Effect.map(({ text }) => text),
              // Another process was started at the same time and has made it.
              Effect.catchTag("Conflict", () => Effect.succeed(undefined))
            ))
      })
    })
  )
}
