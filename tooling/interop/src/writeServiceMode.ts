/**
 * Plays service mode and writes the table of `docs/service-mode-wire.md` anew: `node tooling/interop/src/writeServiceMode.ts`.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as GoPeers from "./GoPeers.ts"
import { run } from "./Run.ts"
import * as ServiceModeDifferences from "./ServiceModeDifferences.ts"
import * as ServiceModePlayers from "./ServiceModePlayers.ts"

const program = Effect.gen(function*() {
  const files = yield* FileSystem.FileSystem
  const go = yield* ServiceModePlayers.go(yield* GoPeers.install())
  const ours = yield* ServiceModePlayers.ours()
  const differences = ServiceModeDifferences.between(go, ours)
  const { document } = ServiceModeDifferences
  yield* files.writeFileString(
    document,
    ServiceModeDifferences.replace(yield* files.readFileString(document), differences)
  )
  yield* run("dprint", ["fmt", document])
  yield* Console.log(`${differences.length} differences`)
})

program.pipe(
  Effect.scoped,
  Effect.provide(Layer.merge(NodeServices.layer, NodeHttpClient.layerUndici)),
  NodeRuntime.runMain
)
