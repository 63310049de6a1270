/**
 * `claude-enterprise snapshot`: looking into a snapshot, asking it, comparing it, passing it on.
 *
 * @since 0.1.0
 */
import * as Command from "effect/cli/Command"
import { diff } from "./diff.ts"
import { convert, exporting, prune } from "./files.ts"
import { entitlements, grants, principals, resources, resourceTypes } from "./listings.ts"
import { info, stats, syncs, verify } from "./looking.ts"
import { access, explain } from "./people.ts"

/**
 * @since 0.1.0
 */
export const snapshot = Command.make("snapshot").pipe(
  Command.withDescription("Snapshots: look into them, query, compare, check, export, convert"),
  Command.withSubcommands([
    { group: "Look", commands: [info, verify, syncs, stats] },
    { group: "List", commands: [resourceTypes, resources, entitlements, grants, principals] },
    { group: "Ask", commands: [access, explain, diff] },
    { group: "Pass on", commands: [exporting, prune, convert] }
  ])
)
