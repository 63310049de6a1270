/**
 * Runs a program to its end and keeps what it said.
 */
import * as Effect from "effect/Effect"
import type * as PlatformError from "effect/PlatformError"
import * as ChildProcess from "effect/process/ChildProcess"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import type * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"

export interface Options {
  /** Standard input. @default empty */
  readonly input?: string
  readonly cwd?: string
  /** Laid over the environment of this process; `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | Redacted.Redacted<string> | undefined>>
}

export interface Result {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs a program to its end. A failing exit code is a result like any other.
 */
export const run = Effect.fn("Run.run")(
  function*(
    command: string,
    args: ReadonlyArray<string>,
    options: Options = {}
  ): Effect.fn.Return<Result, PlatformError.PlatformError, ChildProcessSpawner.ChildProcessSpawner> {
    const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
    return yield* Effect.scoped(Effect.gen(function*() {
      const child = yield* spawner.spawn(
        ChildProcess.make(command, args, {
          stdin: options.input === undefined ? "ignore" : Stream.make(new TextEncoder().encode(options.input)),
          extendEnv: true,
          env: { ...options.env },
          ...(options.cwd === undefined ? {} : { cwd: options.cwd })
        })
      )
      const [stdout, stderr] = yield* Effect.all([
        Stream.mkString(Stream.decodeText(child.stdout)),
        Stream.mkString(Stream.decodeText(child.stderr))
      ], { concurrency: 2 })
      return { exitCode: yield* child.exitCode, stdout, stderr }
    }))
  }
)
