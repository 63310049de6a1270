/**
 * Builds and installs the peers: `node tooling/interop/src/main.ts`. The tests do it by themselves; a pipeline calls this early, so that
 * the minutes of the first Go build pass beside other work.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Baton from "./Baton.ts"
import * as GoPeers from "./GoPeers.ts"
import * as Helm from "./Helm.ts"
import * as Python from "./Python.ts"

Effect.all([Python.install(), Baton.install(), GoPeers.install(), Helm.install()]).pipe(
  Effect.flatMap((paths) => Effect.forEach(paths, (path) => Console.log(path))),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
