/**
 * Runs a Node.js program as a process of its own and measures it from outside (wall) and inside (CPU, memory).
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type * as PlatformError from "effect/PlatformError"
import * as ChildProcess from "effect/process/ChildProcess"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const Probe = Schema.fromJsonString(Schema.Struct({
  userMicros: Schema.Number,
  systemMicros: Schema.Number,
  peakRssBytes: Schema.Number,
  allocatedBytes: Schema.Number
}))

/** What a process used, from its start to its end. */
export interface Measurement {
  readonly wallMillis: number
  /** User and system time of all its threads. */
  readonly cpuMillis: number
  readonly peakRssBytes: number
  /** Allocated on the JavaScript heap of the main thread, garbage included. */
  readonly allocatedBytes: number
  readonly stdout: string
}

/**
 * The measured program ended with an error.
 */
export class ProgramFailed extends Schema.TaggedError<ProgramFailed>()("ProgramFailed", {
  command: Schema.String,
  exitCode: Schema.Int,
  output: Schema.String
}) {
  override get message(): string {
    return `\`${this.command}\` ended with exit code ${this.exitCode}.\n${this.output}`
  }
}

const probe = fileURLToPath(new URL("probe.mjs", import.meta.url))

/**
 * Runs `node ARGS` and measures it.
 */
export const node = Effect.fn("Measure.node")(
  function*(
    args: ReadonlyArray<string>,
    env: Readonly<Record<string, string | Redacted.Redacted<string>>> = {}
  ): Effect.fn.Return<
    Measurement,
    ProgramFailed | PlatformError.PlatformError | Schema.SchemaError,
    FileSystem.FileSystem | ChildProcessSpawner.ChildProcessSpawner
  > {
    const fs = yield* FileSystem.FileSystem
    const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
    return yield* Effect.scoped(Effect.gen(function*() {
      const report = `${yield* fs.makeTempDirectoryScoped({ prefix: "bench-" })}/probe.json`
      const since = yield* Clock.currentTimeMillis
      const child = yield* spawner.spawn(
        ChildProcess.make(process.execPath, ["--import", probe, ...args], {
          stdin: "ignore",
          extendEnv: true,
          env: { ...env, BENCH_PROBE: report }
        })
      )
      const [stdout, stderr] = yield* Effect.all([
        Stream.mkString(Stream.decodeText(child.stdout)),
        Stream.mkString(Stream.decodeText(child.stderr))
      ], { concurrency: 2 })
      const exitCode = yield* child.exitCode
      const wallMillis = (yield* Clock.currentTimeMillis) - since
      if (exitCode !== 0) {
        return yield* new ProgramFailed({ command: `node ${args.join(" ")}`, exitCode, output: stderr.trim() })
      }
      const used = yield* Schema.decodeUnknownEffect(Probe)(yield* fs.readFileString(report))
      return {
        wallMillis,
        cpuMillis: (used.userMicros + used.systemMicros) / 1_000,
        peakRssBytes: used.peakRssBytes,
        allocatedBytes: used.allocatedBytes,
        stdout
      }
    }))
  }
)

/** Ticks of the processor time that Linux counts, in a second. */
const TICKS = 100

/**
 * What a process has used so far, as Linux tells it; zero elsewhere.
 */
export const usedBy = (pid: number): { readonly cpuMillis: number; readonly peakRssBytes: number } => {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8")
    const [user = 0, system = 0] = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /, "").split(" ")
      .slice(11, 13).map(Number)
    return {
      cpuMillis: (user + system) * 1_000 / TICKS,
      peakRssBytes: Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1_024
    }
  } catch {
    return { cpuMillis: 0, peakRssBytes: 0 }
  }
}

/**
 * Starts a server, which prints its address and ends with its input, and so with the scope.
 */
export const server = Effect.fn("Measure.server")(function*(
  command: string,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {}
) {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const child = yield* spawner.spawn(
    ChildProcess.make(command, args, {
      extendEnv: true,
      env,
      stdin: "pipe",
      stderr: "inherit",
      forceKillAfter: "5 seconds"
    })
  )
  const lines = yield* Stream.toPull(Stream.splitLines(Stream.decodeText(child.stdout)))
  const [address] = yield* lines.pipe(
    Effect.catchCause(() => Effect.fail(new ProgramFailed({ command, exitCode: -1, output: "It did not start." })))
  )
  return { address, pid: Number(child.pid) }
})
