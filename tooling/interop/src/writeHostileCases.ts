/**
 * Plays the hostile suite and writes the table of `docs/hostile-cases.md` anew: `node tooling/interop/src/writeHostileCases.ts`.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as HostileCases from "./HostileCases.ts"
import * as Python from "./Python.ts"
import { run } from "./Run.ts"

const program = Effect.gen(function*() {
  const files = yield* FileSystem.FileSystem
  const reports = yield* HostileCases.play(yield* Python.install())
  yield* files.writeFileString(
    HostileCases.document,
    HostileCases.replace(yield* files.readFileString(HostileCases.document), reports)
  )
  yield* run("dprint", ["fmt", HostileCases.document])
  for (const report of reports) yield* Console.log(report.client, report.cases.length)
})

program.pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
