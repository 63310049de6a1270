/**
 * Starts a PostgreSQL of its own in a temporary directory, on a free port of the loopback address, and takes all of it away with the scope. Nothing
 * of a server that the machine may have is touched. Debian's package `postgresql` has the programs.
 *
 * Data is not synced to the disk: what runs on it must not outlive the machine.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { type ChildProcess, spawn } from "node:child_process"
import { accessSync, chownSync, constants, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"

/** The machine has no PostgreSQL. */
export class PostgresMissing extends Schema.TaggedError<PostgresMissing>()("PostgresMissing", {
  message: Schema.String
}) {}

/** PostgreSQL is there and does not start, or refuses. */
export class PostgresFailed extends Schema.TaggedError<PostgresFailed>()("PostgresFailed", {
  message: Schema.String
}) {}

export interface Postgres {
  readonly port: number
  /** Makes an empty database and answers its URL. */
  readonly database: Effect.Effect<string, PostgresFailed>
  /** Stops it at once, as a crash would, and starts it again on the same data and port. */
  readonly restart: Effect.Effect<void, PostgresFailed>
  /** The first half of a restart. */
  readonly stop: Effect.Effect<void>
  /** The other half. */
  readonly resume: Effect.Effect<void, PostgresFailed>
}

/** How to get what is missing, for people. */
export const remedy = "On Debian and Ubuntu: apt-get install -y postgresql"

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

const versionsOf = (directory: string): ReadonlyArray<string> => {
  try {
    return readdirSync(directory).toSorted((left, right) => Number(right) - Number(left))
  } catch {
    return []
  }
}

const DEBIAN = "/usr/lib/postgresql"

/** Debian keeps the server's programs out of the path. The newest version counts. */
const directory = (): string | undefined =>
  [
    ...versionsOf(DEBIAN).map((version) => join(DEBIAN, version, "bin")),
    ...(process.env["PATH"] ?? "").split(delimiter)
  ].find((candidate) => ["initdb", "postgres", "createdb"].every((name) => isExecutable(join(candidate, name))))

/** Whether there is a PostgreSQL to start. */
export const isInstalled = (): boolean => directory() !== undefined

/** PostgreSQL refuses to run as root. Nobody is somebody else on every machine. */
const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : undefined

interface Ended {
  readonly code: number | null
  readonly output: string
}

const run = (program: string, args: ReadonlyArray<string>, cwd: string): Effect.Effect<Ended> =>
  Effect.callback((resume) => {
    const child = spawn(program, args, { cwd, stdio: ["ignore", "pipe", "pipe"], env: environment, ...user })
    let output = ""
    const keep = (chunk: Buffer) => {
      output += chunk.toString("utf8")
    }
    child.stdout.on("data", keep)
    child.stderr.on("data", keep)
    child.once("error", (error) => resume(Effect.succeed({ code: null, output: error.message })))
    child.once("close", (code) => resume(Effect.succeed({ code, output })))
    return Effect.sync(() => child.kill("SIGKILL"))
  })

const environment = { PATH: process.env["PATH"] ?? "", LC_ALL: "C", LANG: "C" }

const freePort: Effect.Effect<number> = Effect.callback((resume) => {
  const server = createServer()
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed(address !== null && typeof address === "object" ? address.port : 0)))
  })
})

/** Ready, or what it said before it ended. */
const launch = (programs: string, home: string, port: number): Effect.Effect<ChildProcess, PostgresFailed> =>
  Effect.callback((resume) => {
    const settings = [
      "listen_addresses=127.0.0.1",
      "fsync=off",
      "full_page_writes=off",
      "shared_buffers=32MB",
      "max_connections=120"
    ]
    const child = spawn(
      join(programs, "postgres"),
      ["-D", join(home, "data"), "-k", home, "-p", String(port), ...settings.flatMap((setting) => ["-c", setting])],
      { cwd: home, stdio: ["ignore", "ignore", "pipe"], env: environment, ...user }
    )
    let said = ""
    child.stderr.on("data", (chunk: Buffer) => {
      if (said.length > 100_000) said = said.slice(-50_000)
      said += chunk.toString("utf8")
      if (said.includes("ready to accept connections")) resume(Effect.succeed(child))
    })
    const failed = (why: string) =>
      resume(Effect.fail(new PostgresFailed({ message: `PostgreSQL did not start: ${why}\n${said}` })))
    child.once("error", (error) => failed(error.message))
    child.once("exit", (code) => failed(`it ended with ${code}`))
  })

const stop = (child: ChildProcess, signal: NodeJS.Signals): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
    child.once("exit", () => resume(Effect.void))
    child.kill(signal)
  })

/**
 * A running server. Fails with `PostgresMissing` where the machine has none.
 */
export const start: Effect.Effect<Postgres, PostgresMissing | PostgresFailed, Scope.Scope> = Effect.gen(function*() {
  const programs = directory()
  if (programs === undefined) {
    return yield* new PostgresMissing({ message: `PostgreSQL is not installed. ${remedy}` })
  }
  const home = yield* Effect.acquireRelease(
    Effect.sync(() => {
      const made = mkdtempSync(join(tmpdir(), "postgres-"))
      if (user !== undefined) chownSync(made, user.uid, user.gid)
      return made
    }),
    (made) => Effect.sync(() => rmSync(made, { recursive: true, force: true }))
  )
  const made = yield* run(
    join(programs, "initdb"),
    [
      "-D",
      join(home, "data"),
      "-U",
      "postgres",
      "-A",
      "trust",
      "-E",
      "UTF8",
      "--locale=C",
      "--no-sync",
      "--no-instructions"
    ],
    home
  )
  if (made.code !== 0) return yield* new PostgresFailed({ message: `initdb failed: ${made.output}` })

  // Somebody else may take the port between the question and the start.
  const begun = yield* Effect.flatMap(
    freePort,
    (port) => Effect.map(launch(programs, home, port), (child) => ({ port, child }))
  ).pipe(Effect.retry({ times: 4 }))
  const { port } = begun
  let running = begun.child
  yield* Effect.addFinalizer(() => Effect.suspend(() => stop(running, "SIGINT")))

  const prefix = (yield* Clock.currentTimeMillis).toString(36)
  let databases = 0
  const halt = Effect.suspend(() => stop(running, "SIGQUIT"))
  const resume = Effect.gen(function*() {
    // Backends may hold the port a moment longer.
    running = yield* launch(programs, home, port).pipe(
      Effect.retry({ schedule: Schedule.spaced("200 millis"), times: 50 })
    )
  })
  return {
    port,
    database: Effect.gen(function*() {
      databases += 1
      const name = `db_${prefix}_${databases}`
      const { code, output } = yield* run(
        join(programs, "createdb"),
        ["-h", "127.0.0.1", "-p", String(port), "-U", "postgres", name],
        home
      )
      if (code !== 0) return yield* new PostgresFailed({ message: `The database ${name} can't be made: ${output}` })
      return `postgres://postgres@127.0.0.1:${port}/${name}`
    }),
    restart: Effect.andThen(halt, resume),
    stop: halt,
    resume
  }
})
