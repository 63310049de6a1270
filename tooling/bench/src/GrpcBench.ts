/**
 * `pnpm bench grpc`: our server of baton's wire protocol beside one that the real Go SDK builds, over the same rows in memory. Go's client lists them and
 * Go's syncer syncs them, one server after the other, so that only the servers differ.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as ChildProcess from "effect/process/ChildProcess"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { readdirSync, statSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as Measure from "./Measure.ts"
import * as Table from "./Table.ts"

export interface Options {
  readonly users: number
  readonly groups: number
  /** People in each group. */
  readonly members: number
  /** Rows of a page. */
  readonly page: number
  readonly runs: number
}

/**
 * The programs around the Go SDK are not there.
 */
export class PeersMissing extends Schema.TaggedError<PeersMissing>()("PeersMissing", {}) {
  override get message(): string {
    return "The programs around the Go SDK are not built. Run `node tooling/interop/src/main.ts`, which needs Go, and then this again."
  }
}

const cache = fileURLToPath(new URL("../../interop/.cache/", import.meta.url))

/** The newest build. */
const peers = Effect.suspend(() => {
  try {
    const [newest] = readdirSync(cache).filter((name) => /^peers-[0-9a-f]+$/.test(name))
      .map((name) => ({ path: cache + name, at: statSync(cache + name).mtimeMs }))
      .toSorted((a, b) => b.at - a.at)
    return newest === undefined ? Effect.fail(new PeersMissing()) : Effect.succeed(newest.path)
  } catch {
    return Effect.fail(new PeersMissing())
  }
})

/** Runs a program of Go's against a server. */
const against = Effect.fnUntraced(function*(path: string, peer: string, address: string, args: ReadonlyArray<string>) {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  return yield* Effect.scoped(Effect.gen(function*() {
    const since = performance.now()
    const child = yield* spawner.spawn(
      ChildProcess.make(path, args, { extendEnv: true, env: { PEER: peer, PEER_ADDRESS: address }, stdin: "ignore" })
    )
    const [stdout, output] = yield* Effect.all([
      Stream.mkString(Stream.decodeText(child.stdout)),
      Stream.mkString(Stream.decodeText(child.stderr))
    ], { concurrency: 2 })
    const exitCode = yield* child.exitCode
    const wallMillis = performance.now() - since
    if (exitCode !== 0) return yield* new Measure.ProgramFailed({ command: `${path} (${peer})`, exitCode, output })
    return { stdout, wallMillis }
  }))
})

const Listed = Schema.Struct({
  calls: Schema.Int,
  rows: Schema.Int,
  bytes: Schema.Int,
  seconds: Schema.Number
})

const Listing = Schema.fromJsonString(Schema.Struct({ resources: Listed, grants: Listed }))

const perSecond = ({ rows, seconds }: typeof Listed.Type): string =>
  Table.count(Math.round(rows / Math.max(seconds, 0.000_001)))

/**
 * Measures and prints.
 */
export const run = Effect.fn("GrpcBench.run")(function*(options: Options) {
  const fs = yield* FileSystem.FileSystem
  const go = yield* peers
  const folder = yield* fs.makeTempDirectoryScoped({ prefix: "bench-" })
  const { groups, members, page, users } = options
  const company = [users, groups, members, page].map(String)
  const ours = fileURLToPath(new URL("companyServer.ts", import.meta.url))
  const flags = ["-users", "-groups", "-members", "-page"].flatMap((flag, at) => [flag, company[at] ?? ""])
  const servers = [
    ["ours, type-scoped", process.execPath, [ours, ...company, "type-scoped"], {}, true],
    // Without the marks Go's syncer would ask for what is held on each of the people too, which the other two are spared.
    ["ours, per resource", process.execPath, [ours, ...company, "per-resource"], {}, false],
    ["Go SDK, per resource", go, flags, { PEER: "server" }, true]
  ] as const
  const listings: Array<ReadonlyArray<string>> = []
  const syncs: Array<ReadonlyArray<string>> = []
  const walls = new Map<string, Array<number>>()
  for (let number = 1; number <= options.runs; number++) {
    for (const [name, command, args, env, syncsToo] of servers) {
      yield* Effect.scoped(Effect.gen(function*() {
        const { address, pid } = yield* Measure.server(command, args, env)
        const listed = yield* against(go, "lister", address, [])
        const { grants, resources } = yield* Schema.decodeUnknownEffect(Listing)(listed.stdout)
        const after = Measure.usedBy(pid)
        listings.push([
          name,
          perSecond(resources),
          Table.count(resources.calls),
          perSecond(grants),
          Table.count(grants.calls),
          Table.mebibytes(resources.bytes + grants.bytes)
        ])
        if (!syncsToo) return
        const file = `${folder}/${number}.c1z`
        const synced = yield* against(go, "syncer", address, ["-file", file, "-engine", "sqlite"])
        yield* fs.remove(file)
        const end = Measure.usedBy(pid)
        walls.set(name, [...walls.get(name) ?? [], synced.wallMillis])
        syncs.push([
          name,
          Table.seconds(synced.wallMillis),
          Table.seconds(end.cpuMillis - after.cpuMillis),
          Table.mebibytes(end.peakRssBytes)
        ])
      }))
    }
  }
  yield* Console.log(
    `\n${Table.count(users)} people, ${Table.count(groups)} groups, ${
      Table.count(groups * Math.min(members, users))
    } grants in memory, `
      + `pages of ${Table.count(page)}; plaintext on loopback; baton-sdk v0.25.0 asks\n`
  )
  yield* Console.log(
    Table.format(["Go's client lists", "resources/s", "calls", "grants/s", "calls", "received"], listings)
  )
  yield* Console.log(`\n${
    Table.format(["Go's syncer syncs", "wall", "server's CPU", "server's peak RSS"], [
      ...syncs,
      ...[...walls].map(([name, each]) => [`median: ${name}`, Table.seconds(Table.median(each)), "", ""])
    ])
  }`)
}, Effect.scoped)
