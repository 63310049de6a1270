/**
 * `pnpm bench sync`: the whole main job, from an HTTP server of its own process to a finished snapshot file.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Schema from "effect/Schema"
import * as Bundle from "./Bundle.ts"
import * as Measure from "./Measure.ts"
import * as Table from "./Table.ts"

export interface Options extends Bundle.SandboxOptions {
  readonly concurrency: number
  readonly runs: number
  /** A server that is there already, instead of the sandbox. */
  readonly target: Bundle.Target | undefined
  /** Further flags of the connector, such as `--scim-dialect`. */
  readonly flags: ReadonlyArray<string>
}

const Summary = Schema.fromJsonString(Schema.Struct({
  requests: Schema.Int,
  retries: Schema.Int,
  fileBytes: Schema.Int,
  bytesReceived: Schema.Int,
  grants: Schema.Int,
  resources: Schema.Record(Schema.String, Schema.Int)
}))

interface Run extends Measure.Measurement {
  readonly summary: typeof Summary.Type
}

const sync = Effect.fnUntraced(function*(target: Bundle.Target, concurrency: number, flags: ReadonlyArray<string>) {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.makeTempDirectoryScoped({ prefix: "bench-" })
  const measured = yield* Measure.node(
    [
      Bundle.path,
      "sync",
      "--out",
      `${folder}/bench.c1z`,
      "--output",
      "json",
      "--scim-concurrency",
      String(concurrency),
      ...flags
    ],
    { BATON_SCIM_URL: target.url, BATON_SCIM_TOKEN: target.token }
  )
  return { ...measured, summary: yield* Schema.decodeUnknownEffect(Summary)(measured.stdout) }
}, Effect.scoped)

const cells = (name: string, run: Run): ReadonlyArray<string> => [
  name,
  Table.seconds(run.wallMillis),
  Table.seconds(run.cpuMillis),
  Table.mebibytes(run.peakRssBytes),
  Table.count(run.summary.requests),
  Table.count(run.summary.retries),
  Table.mebibytes(run.summary.bytesReceived),
  Table.mebibytes(run.summary.fileBytes)
]

const series = Effect.fnUntraced(function*(name: string, target: Bundle.Target, concurrency: number, options: Options) {
  const runs: Array<Run> = []
  for (let number = 1; number <= options.runs; number++) {
    runs.push(yield* sync(target, concurrency, options.flags))
  }
  return { name, runs }
})

/**
 * Measures and prints. At a latency above zero the page-by-page sync is measured beside the concurrent one.
 */
export const run = Effect.fn("SyncBench.run")(function*(options: Options) {
  const target = options.target ?? (yield* Bundle.sandbox({
    users: options.users,
    groups: options.groups,
    memberships: options.memberships,
    latency: options.latency
  }))
  const all = [yield* series(`concurrency ${options.concurrency}`, target, options.concurrency, options)]
  if (options.latency > 0 && options.concurrency > 1) {
    all.push(yield* series("page by page", target, 1, options))
  }
  const [first] = all.flatMap(({ runs }) => runs)
  if (first !== undefined) {
    const { grants, resources } = first.summary
    yield* Console.log(
      `\nsync of ${Table.count(resources["user"] ?? 0)} accounts, ${Table.count(resources["group"] ?? 0)} groups, `
        + `${Table.count(grants)} memberships`
        + (options.target === undefined ? `, ${options.latency} ms latency` : ` from ${new URL(target.url).host}`)
        + `; CPU and memory are the connector's process alone\n`
    )
  }
  yield* Console.log(Table.format(
    ["", "wall", "CPU", "peak RSS", "requests", "retries", "received", "file"],
    all.flatMap(({ name, runs }) =>
      runs.map((run, at) => cells(runs.length === 1 ? name : `${name}, run ${at + 1}`, run))
    )
  ))
  const walls = all.map(({ runs }) => Table.median(runs.map((run) => run.wallMillis)))
  if (options.runs > 1) {
    for (const [at, { name, runs }] of all.entries()) {
      yield* Console.log(
        `median, ${name}: ${Table.seconds(walls[at] ?? Number.NaN)} wall, `
          + `${Table.seconds(Table.median(runs.map((run) => run.cpuMillis)))} CPU, `
          + `${Table.mebibytes(Table.median(runs.map((run) => run.peakRssBytes)))} peak RSS`
      )
    }
  }
  const [concurrent, pageByPage] = walls
  if (concurrent !== undefined && pageByPage !== undefined) {
    yield* Console.log(`\npage by page takes ${(pageByPage / concurrent).toFixed(1)} times as long`)
  }
}, Effect.scoped)
