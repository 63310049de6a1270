/**
 * The bundled command as a child process, against a sandbox in this process. Whatever it prints is searched for the token.
 */
import type * as Sandbox from "@access-kit/scim-sandbox/Sandbox"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { layer } from "@effect/vitest"
import { Context, Effect, Fiber, FileSystem, Layer, Redacted, Schema, Scope, Stream } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { fileURLToPath } from "node:url"
import { expect } from "vitest"

const folder = fileURLToPath(new URL("..", import.meta.url))

/** What a finished command left. */
export interface Finished {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A command under way. */
export interface Running {
  /** What it has printed on standard output so far. */
  readonly printed: () => string
  readonly kill: (signal: "SIGINT" | "SIGTERM" | "SIGKILL") => Effect.Effect<void>
  /** The command's end; -1 where a signal ended it. */
  readonly finished: Effect.Effect<Finished>
}

export interface Options {
  /** Its address and token go into the environment. */
  readonly sandbox?: Sandbox.SandboxService
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
}

export class Bundle extends Context.Service<Bundle, {
  /** An empty directory in which the commands run; it goes with the test file. */
  readonly directory: string
  readonly path: string
  readonly start: (args: ReadonlyArray<string>, options?: Options) => Effect.Effect<Running>
  readonly run: (args: ReadonlyArray<string>, options?: Options) => Effect.Effect<Finished>
}>()("@access-kit/cli/test/Bundle") {
  /** Builds the bundle into a directory of its own: several test files, and whoever else builds, don't meet. */
  static readonly layer = Layer.effect(
    Bundle,
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
      const scope = yield* Effect.scope
      const target = yield* files.makeTempDirectoryScoped({ prefix: "claude-enterprise-bundle-" })
      const directory = yield* files.makeTempDirectoryScoped({ prefix: "claude-enterprise-run-" })
      const built = yield* spawner.exitCode(ChildProcess.make(
        process.execPath,
        [`${folder}node_modules/rolldown/bin/cli.mjs`, "-c", "-d", target, "--log-level", "silent"],
        { cwd: folder, stdin: "ignore", stdout: "ignore", stderr: "inherit" }
      ))
      expect(built).toBe(0)
      const path = `${target}/claude-enterprise.mjs`

      const start = Effect.fn("Bundle.start")(
        function*(args: ReadonlyArray<string>, options: Options = {}) {
          const token = options.sandbox === undefined ? undefined : Redacted.value(options.sandbox.token)
          const handle = yield* spawner.spawn(ChildProcess.make(process.execPath, [path, ...args], {
            cwd: directory,
            stdin: options.stdin === undefined ? "ignore" : Stream.make(new TextEncoder().encode(options.stdin)),
            // Nothing of this process's environment: no colours that the test runner asks for, no settings of whoever runs it.
            extendEnv: false,
            env: {
              ...(process.env["PATH"] === undefined ? {} : { PATH: process.env["PATH"] }),
              ...(options.sandbox === undefined || token === undefined
                ? {}
                : { BATON_SCIM_URL: options.sandbox.baseUrl, BATON_SCIM_TOKEN: token }),
              ...options.env
            }
          }))
          let out = ""
          let said = ""
          const stdout = yield* Effect.forkIn(
            Stream.runForEach(Stream.decodeText(handle.stdout), (text) =>
              Effect.sync(() => {
                out += text
              })),
            scope
          )
          const stderr = yield* Effect.forkIn(
            Stream.runForEach(Stream.decodeText(handle.stderr), (text) =>
              Effect.sync(() => {
                said += text
              })),
            scope
          )
          return {
            printed: () => out,
            kill: (signal) => Effect.ignore(handle.kill({ killSignal: signal })),
            finished: Effect.gen(function*() {
              const code = yield* Effect.orElseSucceed(handle.exitCode, () => -1)
              yield* Fiber.join(stdout)
              yield* Fiber.join(stderr)
              if (token !== undefined) expect(out + said).not.toContain(token)
              // No colour and no painting into a pipe.
              expect(out + said).not.toContain("\x1b[")
              return { code, stdout: out, stderr: said }
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

/** Waits until something holds that another process brings about; the bound is one against hangs. */
export const eventually = (holds: Effect.Effect<boolean>) =>
  Effect.gen(function*() {
    while (!(yield* holds)) yield* Effect.sleep("20 millis")
  }).pipe(Effect.timeout("60 seconds"), Effect.orDie)

/** The one line of JSON that a failed command leaves on standard error. */
export const ErrorLine = Schema.fromJsonString(Schema.Struct({
  error: Schema.Struct({
    reason: Schema.String,
    exitCode: Schema.Number,
    message: Schema.String,
    operation: Schema.NullOr(Schema.String)
  })
}))

/** Rows of any shape. */
export const rowsOf = (text: string) =>
  Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Array(Schema.Record(Schema.String, Schema.Unknown))))(text)

/** An object of any shape. */
export const objectOf = (text: string) =>
  Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown)))(text)

/** A small company; the same one every time. */
export const company = { users: 130, groups: 6, memberships: 300, seed: 7 }

/** Tests with the bundle at hand, on the real clock: processes have no other. */
export const withBundle = layer(Bundle.layer, { timeout: "2 minutes", excludeTestServices: true })
