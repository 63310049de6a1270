/**
 * A bundled command as a child process, against a sandbox in this process. Whatever it prints is searched for the token.
 */
import type * as Sandbox from "@access-kit/scim-sandbox/Sandbox"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FileSystem from "effect/FileSystem"
import type * as PlatformError from "effect/PlatformError"
import * as ChildProcess from "effect/process/ChildProcess"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { expect, inject } from "vitest"

/** What a finished command left. */
export interface Finished {
  /** -1 where a signal ended it. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A command under way. */
export interface Running {
  /** What it has written to standard output and standard error so far. */
  readonly printed: () => string
  readonly said: () => string
  readonly kill: (signal: "SIGINT" | "SIGTERM" | "SIGKILL") => Effect.Effect<void>
  readonly pid: number
  readonly finished: Effect.Effect<Finished>
}

export interface Options {
  /** Its address and token go into the environment. */
  readonly sandbox?: Sandbox.SandboxService
  readonly env?: Readonly<Record<string, string>>
  /** @default empty */
  readonly stdin?: string
  /** @default the directory of the test file */
  readonly cwd?: string
}

export interface BundledProgram {
  /** An empty directory in which the commands run; it goes with the test file. */
  readonly directory: string
  /** The executable. */
  readonly path: string
  readonly start: (args: ReadonlyArray<string>, options?: Options) => Effect.Effect<Running>
  readonly run: (args: ReadonlyArray<string>, options?: Options) => Effect.Effect<Finished>
}

/**
 * Builds the bundle of the app in a folder once in a run of the tests, whichever test file comes first, and says where it is. What whoever else builds is not touched.
 */
const bundleOf = Effect.fnUntraced(function*(folder: string, name: string) {
  const files = yield* FileSystem.FileSystem
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const target = `${inject("bundleDirectory")}/${name}`
  const lock = `${target}.lock`
  const making = `${target}.making`
  while (!(yield* files.exists(target))) {
    const mine = yield* Effect.isSuccess(files.makeDirectory(lock))
    if (!mine) {
      yield* Effect.sleep("50 millis")
      continue
    }
    const built = yield* spawner.exitCode(ChildProcess.make(
      process.execPath,
      [`${folder}node_modules/rolldown/bin/cli.mjs`, "-c", "-d", making, "--log-level", "silent"],
      { cwd: folder, stdin: "ignore", stdout: "ignore", stderr: "inherit" }
    ))
    // Another file tries again, and says the same, rather than wait for what does not come.
    if (built !== 0) yield* files.remove(lock, { recursive: true })
    expect(built).toBe(0)
    yield* files.rename(making, target)
  }
  return target
})

/**
 * The command of the app in a folder, which ends with a slash, for one test file.
 */
export const make = Effect.fnUntraced(function*(
  folder: string,
  name: string
): Effect.fn.Return<
  BundledProgram,
  PlatformError.PlatformError,
  ChildProcessSpawner.ChildProcessSpawner | FileSystem.FileSystem | Scope.Scope
> {
  const files = yield* FileSystem.FileSystem
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const scope = yield* Effect.scope
  const target = yield* bundleOf(folder, name)
  const directory = yield* files.makeTempDirectoryScoped({ prefix: `${name}-run-` })
  const path = `${target}/${name}.mjs`

  const start = Effect.fn("BundledProgram.start")(
    function*(args: ReadonlyArray<string>, options: Options = {}) {
      const token = options.sandbox === undefined ? undefined : Redacted.value(options.sandbox.token)
      const handle = yield* spawner.spawn(ChildProcess.make(process.execPath, [path, ...args], {
        cwd: options.cwd ?? directory,
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
      const heard = { stdout: "", stderr: "" }
      const listen = (from: "stdout" | "stderr") =>
        Effect.forkIn(
          handle[from].pipe(
            Stream.decodeText(),
            Stream.runForEach((text) =>
              Effect.sync(() => {
                heard[from] += text
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
        pid: Number(handle.pid),
        finished: Effect.gen(function*() {
          const code = yield* Effect.orElseSucceed(handle.exitCode, () => -1)
          yield* Fiber.join(out)
          yield* Fiber.join(err)
          if (token !== undefined) expect(heard.stdout + heard.stderr).not.toContain(token)
          // No colour and no painting into a pipe.
          expect(heard.stdout + heard.stderr).not.toContain("\x1b[")
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

/** A small company; the same one every time. */
export const company = { users: 130, groups: 6, memberships: 300, seed: 7 }
