/**
 * `pnpm bench snapshot`: questions to a snapshot that our writer has made, beside ConductorOne's own `baton` in turn, where the interop tests have
 * built it.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Schema from "effect/Schema"
import { spawn } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as Bundle from "./Bundle.ts"
import * as Measure from "./Measure.ts"
import * as Table from "./Table.ts"

export interface Options {
  readonly users: number
  readonly groups: number
  readonly memberships: number
  readonly runs: number
}

const cache = fileURLToPath(new URL("../../interop/.cache/", import.meta.url))

/** The command that `pnpm test:interop` has built. */
const baton = Effect.sync(() => {
  try {
    const name = readdirSync(cache).find((entry) => entry.startsWith("baton-"))
    return name === undefined ? undefined : cache + name
  } catch {
    return undefined
  }
})

interface Measured {
  readonly wallMillis: number
  /** User and system time of all threads. */
  readonly cpuMillis: number
  readonly peakRssBytes: number
  readonly outputBytes: number
}

/** How often the memory of a process is looked at. */
const EVERY = 20

/** Peak resident size of a process so far, as Linux tells it. */
const peakOf = (pid: number | undefined): number => {
  if (pid === undefined) return 0
  try {
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}

/** Milliseconds of a tick of Linux's process times. */
const TICK = 10

/** User and system time of a process so far. Its name, which may hold anything, ends with the last parenthesis. */
const cpuOf = (pid: number | undefined): number => {
  if (pid === undefined) return 0
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "").split(" ")
    return (Number(fields[11]) + Number(fields[12])) * TICK
  } catch {
    return 0
  }
}

/** Runs a program to its end, reading what it prints as fast as it comes. */
const measure = (command: string, args: ReadonlyArray<string>): Effect.Effect<Measured, Measure.ProgramFailed> =>
  Effect.callback<Measured, Measure.ProgramFailed>((resume) => {
    const since = performance.now()
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, NO_COLOR: "1" } })
    let outputBytes = 0
    let peakRssBytes = 0
    let cpuMillis = 0
    let said = ""
    const timer = setInterval(() => {
      peakRssBytes = Math.max(peakRssBytes, peakOf(child.pid))
      cpuMillis = Math.max(cpuMillis, cpuOf(child.pid))
    }, EVERY)
    child.stdout.on("data", (chunk: Buffer) => {
      outputBytes += chunk.length
    })
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString("utf8")
    })
    child.once("close", (code) => {
      clearInterval(timer)
      resume(
        code === 0
          ? Effect.succeed({ wallMillis: performance.now() - since, cpuMillis, peakRssBytes, outputBytes })
          : Effect.fail(
            new Measure.ProgramFailed({ command: `${command} ${args.join(" ")}`, exitCode: code ?? -1, output: said })
          )
      )
    })
    return Effect.sync(() => {
      clearInterval(timer)
      child.kill()
    })
  })

const Principals = Schema.fromJsonString(Schema.Array(Schema.Struct({ id: Schema.String })))

/**
 * Measures and prints.
 */
export const run = Effect.fn("SnapshotBench.run")(function*(options: Options) {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.makeTempDirectoryScoped({ prefix: "bench-" })
  const file = `${folder}/bench.c1z`
  const { token, url } = yield* Bundle.sandbox({
    users: options.users,
    groups: options.groups,
    memberships: options.memberships,
    latency: 0
  })
  yield* Measure.node([Bundle.path, "sync", "--out", file, "--quiet"], { BATON_SCIM_URL: url, BATON_SCIM_TOKEN: token })
  const snapshot = [Bundle.path, "snapshot"]
  const listed = yield* Measure.node(
    [...snapshot, "principals", file, "--type", "user", "--limit", "1", "-o", "json"],
    {}
  )
  const id = (yield* Schema.decodeUnknownEffect(Principals)(listed.stdout))[0]?.id ?? ""
  const other = yield* baton
  const questions = [
    {
      name: "grants -o json",
      ours: ["grants", file, "-o", "baton-json"],
      theirs: ["grants", "-o", "json", "-f", file]
    },
    {
      name: "export csv",
      ours: ["export", "csv", file, "--out", `${folder}/ours.csv`],
      theirs: ["export", "csv", "--out", `${folder}/theirs.csv`, "-f", file]
    },
    {
      name: "access",
      ours: ["access", file, `user:${id}`, "-o", "baton-json"],
      theirs: ["access", "-t", "user", "-r", id, "-o", "json", "-f", file]
    }
  ]
  const rows: Array<ReadonlyArray<string>> = []
  for (const { name, ours, theirs } of questions) {
    const walls = { ours: new Array<number>(), theirs: new Array<number>() }
    const cpus = { ours: new Array<number>(), theirs: new Array<number>() }
    for (let number = 1; number <= options.runs; number++) {
      const both = [
        ["ours", "claude-enterprise", process.execPath, [...snapshot, ...ours]],
        ...other === undefined ? [] : [["theirs", "baton", other, theirs] as const]
      ] as const
      for (const [side, program, command, args] of both) {
        const measured = yield* measure(command, args)
        walls[side].push(measured.wallMillis)
        cpus[side].push(measured.cpuMillis)
        rows.push([
          `${name}, ${program}`,
          Table.seconds(measured.wallMillis),
          Table.seconds(measured.cpuMillis),
          Table.mebibytes(measured.peakRssBytes),
          Table.mebibytes(measured.outputBytes)
        ])
      }
    }
    if (other !== undefined) {
      const times = (of: typeof walls) => (Table.median(of.theirs) / Table.median(of.ours)).toFixed(1)
      rows.push([`${name}: baton takes ${times(walls)} times the time, ${times(cpus)} times the CPU`, "", "", "", ""])
    }
  }
  const size = (yield* fs.stat(file)).size
  yield* Console.log(
    `\n${Table.count(options.users)} people, ${Table.count(options.groups)} groups, ${
      Table.count(options.memberships)
    } grants, v1, ${Table.mebibytes(Number(size))}\n`
  )
  if (other === undefined) yield* Console.log("baton is not built; pnpm test:interop builds it.\n")
  yield* Console.log(Table.format(["", "wall", "CPU", "peak RSS", "printed"], rows))
}, Effect.scoped)
