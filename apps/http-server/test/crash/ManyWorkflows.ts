/**
 * A program of its own: the job engine on a SQLite file, and thousands of jobs that do nothing. Prints the memory of the process before and after them, in
 * bytes.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Activity from "effect/workflow/Activity"
import * as Workflow from "effect/workflow/Workflow"
import * as Engine from "../../src/jobs/Engine.ts"
import * as Database from "../../src/storage/Database.ts"

const [filename = "", count = ""] = process.argv.slice(2)

const Nothing = Workflow.make("Nothing", { payload: { id: Schema.String }, idempotencyKey: ({ id }) => id })

const nothing = Nothing.toLayer(() => Activity.make({ name: "nothing", execute: Effect.void }))

const run = (name: string, jobs: number) =>
  Effect.forEach(Array.from({ length: jobs }), (_, index) => Nothing.execute({ id: `${name}-${index}` }), {
    concurrency: 20,
    discard: true
  })

/** What is garbage counts for nothing. */
const memory = Effect.sync(() => {
  globalThis.gc?.()
  return process.memoryUsage().rss
})

const location = Database.Location.Sqlite({ filename })

Effect.gen(function*() {
  // What grows at the beginning: code that is compiled, statements that stay so.
  yield* run("first", 500)
  const before = yield* memory
  yield* run("then", Number(count))
  yield* Console.log(JSON.stringify({ before, after: yield* memory }))
}).pipe(
  Effect.provide(nothing.pipe(
    Layer.provideMerge(Engine.layer({ location })),
    Layer.provide(Database.layer(location))
  )),
  NodeRuntime.runMain
)
