/**
 * What makes the tables, in order. A migration that was released is never changed; a change is a new one.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import core from "./migrations/0001_core.ts"
import directory from "./migrations/0002_directory.ts"
import tokens from "./migrations/0003_tokens.ts"

/**
 * By `<number>_<name>`.
 *
 * @since 0.1.0
 */
export const migrations: Readonly<Record<string, Effect.Effect<void, unknown, SqlClient>>> = {
  "0001_core": core,
  "0002_directory": directory,
  "0003_tokens": tokens
}
