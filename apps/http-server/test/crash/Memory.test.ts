/**
 * The memory of a server on SQLite over thousands of jobs. The engine writes ids into the text of its statements; a driver that kept each of them compiled
 * grew by two hundred kilobytes for each job.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { temporaryDirectory } from "../Databases.ts"

const program = fileURLToPath(new URL("ManyWorkflows.ts", import.meta.url))
const Measured = Schema.fromJsonString(Schema.Struct({ before: Schema.Number, after: Schema.Number }))

const JOBS = 3_000
const MEBIBYTE = 1024 * 1024

layer(NodeServices.layer, { excludeTestServices: true })("The job engine on SQLite", (it) => {
  it.effect("takes no more memory with every job", () =>
    Effect.gen(function*() {
      const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
      const child = yield* spawner.spawn(ChildProcess.make(
        process.execPath,
        ["--expose-gc", program, join(yield* temporaryDirectory, "server.db"), String(JOBS)],
        { stdin: "ignore", stderr: "inherit" }
      ))
      const said = yield* Stream.mkString(Stream.decodeText(child.stdout))
      const { after, before } = yield* Schema.decodeUnknownEffect(Measured)(
        said.split("\n").find((line) => line.startsWith("{\"before\""))
      )
      const grown = (after - before) / MEBIBYTE
      console.log(
        `${JOBS} jobs: ${Math.round(before / MEBIBYTE)} MiB before, ${Math.round(after / MEBIBYTE)} MiB after`
      )
      assert.isBelow(grown, 150)
    }).pipe(Effect.scoped), 120_000)
})
