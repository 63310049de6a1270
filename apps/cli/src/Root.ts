/**
 * The command above all others: the flags that every command has.
 *
 * @since 0.1.0
 */
import * as Settings from "@access-kit/claude-enterprise/Settings"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as ConnectorFlags from "./ConnectorFlags.ts"
import * as Output from "./Output.ts"
import * as ServerFlags from "./ServerFlags.ts"

/**
 * @since 0.1.0
 */
export const root = Command.make("claude-enterprise").pipe(
  Command.withDescription(
    "Who has access to a Claude Enterprise organization, and changing it, over its SCIM endpoint or through a claude-enterprise-server."
  ),
  Command.withSharedFlags({
    connection: ConnectorFlags.flags(Settings.fields),
    server: ConnectorFlags.flags(ServerFlags.fields, ServerFlags.variableOf),
    output: Flag.Literals("output", [...Output.formats, ...Output.snapshotFormats]).pipe(
      Flag.withAlias("o"),
      Flag.withDescription("How to print what was found; baton-json and markdown are for snapshot commands"),
      Flag.withDefault("table")
    ),
    verbose: Flag.Boolean("verbose").pipe(
      Flag.withoutNegation,
      Flag.withDescription("Tell on standard error what is done, and the causes of an error"),
      Flag.withDefault(false)
    )
  })
)
