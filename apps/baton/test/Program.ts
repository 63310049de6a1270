/**
 * The bundled program as a child process, against a sandbox in this process. Whatever it prints is searched for the token.
 */
import * as C1z from "@access-kit/c1z/C1z"
import * as BundledProgram from "@access-kit/tooling-vitest/BundledProgram"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { layer } from "@effect/vitest"
import { Context, Effect, Layer, Schema, Stream } from "effect"
import { fileURLToPath } from "node:url"

const folder = fileURLToPath(new URL("..", import.meta.url))

export type { Running } from "@access-kit/tooling-vitest/BundledProgram"

export class Program
  extends Context.Service<Program, BundledProgram.BundledProgram>()("@access-kit/baton/test/Program")
{
  static readonly layer = Layer.effect(Program, BundledProgram.make(folder, "baton-claude-enterprise")).pipe(
    Layer.provideMerge(NodeServices.layer)
  )
}

const LogLine = Schema.fromJsonString(Schema.StructWithRest(
  Schema.Struct({ level: Schema.String, ts: Schema.Number, msg: Schema.String }),
  [Schema.Record(Schema.String, Schema.Unknown)]
))

/** Every line of a log in JSON. */
export const logLines = (stderr: string) =>
  stderr.trimEnd().split("\n").filter((line) => line !== "").map((line) => Schema.decodeUnknownSync(LogLine)(line))

/** What one of the changes said that it came to. */
export const outcomeOf = (finished: BundledProgram.Finished) =>
  logLines(finished.stderr).find((line) => line["outcome"] !== undefined)?.["outcome"]

/** How many rows of each kind a snapshot has. */
export const countsOf = (path: string) =>
  Effect.scoped(Effect.gen(function*() {
    const c1z = yield* C1z.open(path)
    const count = <A, E>(rows: Stream.Stream<A, E>) => Stream.runCount(rows)
    return {
      syncs: yield* count(c1z.syncRuns),
      resourceTypes: yield* count(c1z.resourceTypes()),
      resources: yield* count(c1z.resources()),
      entitlements: yield* count(c1z.entitlements()),
      grants: yield* count(c1z.grants())
    }
  }))

export const company = BundledProgram.company

/** Tests with the program at hand, on the real clock: processes have no other. */
export const withProgram = layer(Program.layer, { timeout: "2 minutes", excludeTestServices: true })
