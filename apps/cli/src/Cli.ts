/**
 * The whole command tree.
 *
 * @since 0.1.0
 */
import * as Command from "effect/cli/Command"
import * as Layer from "effect/Layer"
import * as References from "effect/References"
import { accounts } from "./commands/accounts.ts"
import { capabilities } from "./commands/capabilities.ts"
import { entitlements } from "./commands/entitlements.ts"
import { grants } from "./commands/grants.ts"
import { groups } from "./commands/groups.ts"
import { operations } from "./commands/operations.ts"
import { probe } from "./commands/probe.ts"
import { sandbox } from "./commands/sandbox.ts"
import { snapshot } from "./commands/snapshot/snapshot.ts"
import { sync } from "./commands/sync.ts"
import { timedGrants } from "./commands/timedGrants.ts"
import { validate } from "./commands/validate.ts"
import { Output } from "./Output.ts"
import { root } from "./Root.ts"

const debugging = Layer.succeed(References.MinimumLogLevel, "Debug")

/**
 * @since 0.1.0
 */
export const cli = root.pipe(
  Command.withSubcommands([
    { group: "Read", commands: [validate, sync, probe, capabilities] },
    { group: "Read and change", commands: [accounts, groups, entitlements, grants] },
    { group: "Kept by a server", commands: [operations, timedGrants] },
    { group: "Snapshots", commands: [snapshot] },
    { group: "Try out", commands: [sandbox] }
  ]),
  Command.withExamples([
    {
      command: "claude-enterprise validate",
      description: "URL and token from BATON_SCIM_URL and BATON_SCIM_TOKEN_FILE"
    },
    { command: "claude-enterprise sync --out claude.c1z" },
    { command: "claude-enterprise snapshot access claude.c1z jane@example.com" },
    { command: "claude-enterprise grants list --account jane@example.com" },
    { command: "claude-enterprise accounts list --status disabled -o csv" },
    {
      command: "claude-enterprise grants list --server https://access.example.com --server-token-file server-token",
      description: "The same, asked of a claude-enterprise-server"
    }
  ]),
  Command.provide(({ output, verbose }) => Layer.merge(Output.layer(output), verbose ? debugging : Layer.empty))
)
