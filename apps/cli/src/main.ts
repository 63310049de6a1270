/**
 * `claude-enterprise`: who has access to a Claude Enterprise organization, and changing it.
 *
 * @since 0.1.0
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import manifest from "../package.json" with { type: "json" }
import { cli } from "./Cli.ts"
import * as Reporting from "./Reporting.ts"
import * as Services from "./Services.ts"

const program = Command.run(cli, { version: manifest.version }).pipe(
  Effect.as(0),
  Effect.catchCause(Reporting.report),
  Effect.provide(Layer.mergeAll(Reporting.layer, Reporting.logging).pipe(Layer.provideMerge(Services.layer)))
)

NodeRuntime.runMain(program, { disableErrorReporting: true, teardown: Reporting.teardown })
