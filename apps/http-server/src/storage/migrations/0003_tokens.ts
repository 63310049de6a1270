/**
 * API tokens and the answers that are kept for their `Idempotency-Key`s.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"

/**
 * @since 0.1.0
 */
export default Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* sql`
    CREATE TABLE api_tokens (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL,
      hash TEXT NOT NULL,
      scopes TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      expires_at BIGINT,
      last_used_at BIGINT,
      revoked_at BIGINT
    )
  `
  yield* sql`CREATE UNIQUE INDEX api_tokens_hash ON api_tokens (hash)`
  // A name is free again when its token was revoked.
  yield* sql`CREATE UNIQUE INDEX api_tokens_name ON api_tokens (name) WHERE revoked_at IS NULL`
  yield* sql`
    CREATE TABLE idempotency_keys (
      actor TEXT NOT NULL,
      idempotency_key TEXT NOT NULL,
      fingerprint TEXT NOT NULL,
      holder TEXT NOT NULL,
      held_until BIGINT NOT NULL,
      expires_at BIGINT NOT NULL,
      status INTEGER,
      headers TEXT,
      body TEXT,
      PRIMARY KEY (actor, idempotency_key)
    )
  `
  yield* sql`CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at)`
})
