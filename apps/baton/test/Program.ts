/**
 * The bundled program as a child process, against a sandbox in this process. Whatever it prints is searched for the token.
 */
import * as C1z from "@access-kit/c1z/C1z"
import type * as Sandbox from "@access-kit/scim-sandbox/Sandbox"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { layer } from "@effect/vitest"
import { Context, Effect, Fiber, FileSystem, Layer, Redacted, Schema, Scope, Stream } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { fileURLToPath } from "node:url"
import { expect } from "vitest"

const folder = fileURLToPath(new URL("..", import.meta.url))

export interface Finished {
  /** -1 where a signal ended it. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  /** What it has written to standard output and standard error so far. */
  readonly printed: () => string
  readonly said: () => string
  readonly kill: (signal: "SIGINT" | "SIGTERM" | "SIGKILL") => Effect.Effect<void>
  readonly finished: Effect.Effect<Finished>
}

export interface Options {
  /** Its address and token go into the environment. */
  readonly sandbox?: Sandbox.SandboxService
  readonly env?: Readonly<Record<string, string>>
  /** @default the directory of the test file */
  readonly cwd?: string
}

export class Program extends Context.Service<Program, {
  /** An empty directory in which the program runs; it goes with the test file. */
  readonly directory: string
  /** The executable. */
  readonly path: string
  readonly start: (args: ReadonlyArray<string>, options?: Options) => Effect.Effect<Running>
  readonly run: (args: ReadonlyArray<string>, options?: Options) => Effect.Effect<Finished>
}>()("@access-kit/baton/test/Program") {
  /** Built into a directory of its own, so that test files and whoever else builds don't meet. */
  static readonly layer = Layer.effect(
    Program,
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
      const scope = yield* Effect.scope
      const target = yield* files.makeTempDirectoryScoped({ prefix: "baton-bundle-" })
      const directory = yield* files.makeTempDirectoryScoped({ prefix: "baton-run-" })
      const built = yield* spawner.exitCode(ChildProcess.make(
        process.execPath,
        [`${folder}node_modules/rolldown/bin/cli.mjs`, "-c", "-d", target, "--log-level", "silent"],
        { cwd: folder, stdin: "ignore", stdout: "ignore", stderr: "inherit" }
      ))
      expect(built).toBe(0)
      const path = `${target}/baton-claude-enterprise.mjs`

      const start = Effect.fn("Program.start")(
        function*(args: ReadonlyArray<string>, options: Options = {}) {
          const token = options.sandbox === undefined ? undefined : Redacted.value(options.sandbox.token)
          const handle = yield* spawner.spawn(ChildProcess.make(process.execPath, [path, ...args], {
            cwd: options.cwd ?? directory,
            stdin: "ignore",
            // Nothing of this process's environment: no settings of whoever runs the tests.
            extendEnv: false,
            env: {
              ...(process.env["PATH"] === undefined ? {} : { PATH: process.env["PATH"] }),
              ...(options.sandbox === undefined || token === undefined
                ? {}
                : { BATON_SCIM_URL: options.sandbox.baseUrl, BATON_SCIM_TOKEN: token }),
              ...options.env
            }
          }))
          const heard = { stdout: "", stderr: "" }
          const listen = (name: "stdout" | "stderr") =>
            Effect.forkIn(
              handle[name].pipe(
                Stream.decodeText(),
                Stream.runForEach((text) =>
                  Effect.sync(() => {
                    heard[name] += text
                  })
                )
              ),
              scope
            )
          const out = yield* listen("stdout")
          const err = yield* listen("stderr")
          return {
            printed: () => heard.stdout,
            said: () => heard.stderr,
            kill: (signal) => Effect.ignore(handle.kill({ killSignal: signal })),
            finished: Effect.gen(function*() {
              const code = yield* Effect.orElseSucceed(handle.exitCode, () => -1)
              yield* Fiber.join(out)
              yield* Fiber.join(err)
              if (token !== undefined) expect(heard.stdout + heard.stderr).not.toContain(token)
              return { code, ...heard }
            }).pipe(Effect.orDie)
          } satisfies Running
        },
        Effect.provideService(ChildProcessSpawner.ChildProcessSpawner, spawner),
        Effect.provideService(Scope.Scope, scope),
        Effect.orDie
      )

      return {
        directory,
        path,
        start,
        run: (args, options) => Effect.flatMap(start(args, options), (running) => running.finished)
      }
    })
  ).pipe(Layer.provideMerge(NodeServices.layer))
}

const LogLine = Schema.fromJsonString(Schema.StructWithRest(
  Schema.Struct({ level: Schema.String, ts: Schema.Number, msg: Schema.String }),
  [Schema.Record(Schema.String, Schema.Unknown)]
))

/** Every line of a log in JSON. */
export const logLines = (stderr: string) =>
  stderr.trimEnd().split("\n").filter((line) => line !== "").map((line) => Schema.decodeUnknownSync(LogLine)(line))

/** What one of the changes said that it came to. */
export const outcomeOf = (finished: Finished) =>
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

/** A small company; the same one every time. */
export const company = { users: 130, groups: 6, memberships: 300, seed: 7 }

/** Tests with the program at hand, on the real clock: processes have no other. */
export const withProgram = layer(Program.layer, { timeout: "2 minutes", excludeTestServices: true })
