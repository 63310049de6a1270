/**
 * `claude-enterprise-server`: who has access to Claude Enterprise, and changing it, as a service of your own.
 *
 * @since 0.1.0
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import manifest from "../package.json" with { type: "json" }
import { cli } from "./Cli.ts"
import * as Reporting from "./Reporting.ts"

const program = Command.run(cli, { version: manifest.version }).pipe(
  Effect.as(0),
  Effect.catchCause(Reporting.report),
  Effect.provide(Layer.mergeAll(Reporting.layer, Reporting.logging).pipe(Layer.provideMerge(NodeServices.layer)))
)

NodeRuntime.runMain(program, { disableErrorReporting: true, teardown: Reporting.teardown })
