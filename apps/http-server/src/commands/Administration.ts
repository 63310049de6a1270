/**
 * What commands beside `serve` work on: the same database, while the server runs or not.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type Actor, AuditLog } from "../AuditLog.ts"
import { ServerConfig } from "../config/ServerConfig.ts"
import * as DataDirectory from "../DataDirectory.ts"
import * as Database from "../storage/Database.ts"
import { Tokens } from "../Tokens.ts"

/**
 * Whoever may run the command on the server's machine.
 *
 * @since 0.1.0
 */
export const actor: Actor = { name: "cli" }

/**
 * @since 0.1.0
 */
export const layer = Layer.unwrap(Effect.gen(function*() {
  const config = yield* ServerConfig
  const location = DataDirectory.location(config)
  if (location._tag === "Sqlite") yield* DataDirectory.ensure(config)
  return Tokens.layer.pipe(
    Layer.provideMerge(AuditLog.layer),
    Layer.provideMerge(Database.layer(location))
  )
}))
