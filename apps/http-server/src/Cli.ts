/**
 * The whole command tree.
 *
 * @since 0.1.0
 */
import * as Command from "effect/cli/Command"
import { key } from "./commands/key.ts"
import { migrate } from "./commands/migrate.ts"
import { openapi } from "./commands/openapi.ts"
import * as Serve from "./commands/serve.ts"
import { token } from "./commands/token.ts"
import * as Flags from "./config/Flags.ts"
import { ServerConfig } from "./config/ServerConfig.ts"

/**
 * @since 0.1.0
 */
export const cli = Command.make("claude-enterprise-server").pipe(
  Command.withHandler(() => Serve.run),
  Command.withDescription(
    "Who has access to Claude Enterprise, and changing it, as a service: an HTTP API with durable jobs."
  ),
  Command.withSharedFlags({ settings: Flags.flags }),
  Command.withSubcommands([Serve.serve, token, key, migrate, openapi]),
  Command.withExamples([
    { command: "claude-enterprise-server", description: "SQLite in ./claude-enterprise-data, on 127.0.0.1:8080" },
    { command: "claude-enterprise-server token create --name ci --scope read --scope provision" },
    { command: "claude-enterprise-server openapi > openapi.json" }
  ]),
  Command.provide(({ settings }) => ServerConfig.layer(settings))
)
