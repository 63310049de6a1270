/**
 * A connector's executable as a parent starts it: `node child.ts [--provisioning] [--crash] _connector-service`.
 */
import { ConnectorChild } from "@access-kit/baton-runtime"
import { Connector } from "@access-kit/connector-model/Connector"
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Effect } from "effect"
import * as Directory from "./Directory.ts"

if (process.argv.includes("--crash")) process.exit(7)
if (process.argv.at(-1) !== ConnectorChild.COMMAND) process.exit(2)

ConnectorChild.run({ provisioning: process.argv.includes("--provisioning") }).pipe(
  Effect.provideService(
    Connector,
    Directory.make({
      content: Directory.sample(),
      before: (operation) => operation === "delete" ? Effect.sync(() => process.exit(9)) : Effect.void
    })
  ),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
