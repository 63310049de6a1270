/**
 * `claude-enterprise-server migrate`: brings the tables up to date without serving, for those who do that apart.
 *
 * @since 0.1.0
 */
import * as Command from "effect/cli/Command"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { ServerConfig } from "../config/ServerConfig.ts"
import * as DataDirectory from "../DataDirectory.ts"
import * as Database from "../storage/Database.ts"

/**
 * @since 0.1.0
 */
export const migrate = Command.make(
  "migrate",
  {},
  Effect.fn("migrate")(function*() {
    const config = yield* ServerConfig
    const location = DataDirectory.location(config)
    if (location._tag === "Sqlite") yield* DataDirectory.ensure(config)
    yield* Effect.scoped(Effect.provide(Effect.void, Database.layer(location)))
    yield* Console.error(`The tables of ${Database.describe(location)} are up to date.`)
  })
).pipe(Command.withDescription("Bring the tables of the database up to date; serve does so too"))
