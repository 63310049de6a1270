/**
 * The bundled server as a child process, as an operator runs it. Whatever it prints is kept, and searched for secrets at the end.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { layer } from "@effect/vitest"
import { Context, Effect, Fiber, FileSystem, Layer, Schema, type Scope, Stream } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { fileURLToPath } from "node:url"
import { expect } from "vitest"

const folder = fileURLToPath(new URL("..", import.meta.url))

export interface Finished {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface Serving {
  readonly url: string
  /** Of the first start in its data directory. */
  readonly firstToken: string | undefined
  readonly printed: () => string
  readonly kill: (signal: "SIGTERM" | "SIGINT" | "SIGKILL") => Effect.Effect<void>
  /** -1 where a signal ended it. */
  readonly finished: Effect.Effect<Finished>
}

type Environment = Readonly<Record<string, string>>

const Ready = Schema.fromJsonString(Schema.Struct({
  message: Schema.String,
  annotations: Schema.Struct({ url: Schema.String, firstToken: Schema.optionalKey(Schema.String) })
}))
const tokenPattern = /cesrv_[0-9a-f]{72}/
const isReady = Schema.decodeUnknownOption(Ready)

export class Bundle extends Context.Service<Bundle, {
  readonly run: (args: ReadonlyArray<string>, environment?: Environment) => Effect.Effect<Finished>
  /** Answers once it is ready; killed with the scope. */
  readonly serve: (
    args: ReadonlyArray<string>,
    environment?: Environment
  ) => Effect.Effect<Serving, never, Scope.Scope>
}>()("@access-kit/http-server/test/Bundle") {
  static readonly layer = Layer.effect(
    Bundle,
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
      const target = yield* files.makeTempDirectoryScoped({ prefix: "claude-enterprise-server-bundle-" })
      const directory = yield* files.makeTempDirectoryScoped({ prefix: "claude-enterprise-server-run-" })
      const built = yield* spawner.exitCode(ChildProcess.make(
        process.execPath,
        [`${folder}node_modules/rolldown/bin/cli.mjs`, "-c", "-d", target, "--log-level", "silent"],
        { cwd: folder, stdin: "ignore", stdout: "ignore", stderr: "inherit" }
      ))
      expect(built).toBe(0)

      const start = Effect.fnUntraced(function*(args: ReadonlyArray<string>, environment: Environment) {
        const handle = yield* spawner.spawn(
          ChildProcess.make(process.execPath, [`${target}/claude-enterprise-server.mjs`, ...args], {
            cwd: directory,
            stdin: "ignore",
            extendEnv: false,
            env: {
              ...(process.env["PATH"] === undefined ? {} : { PATH: process.env["PATH"] }),
              ...environment
            },
            killSignal: "SIGKILL"
          })
        )
        let out = ""
        let said = ""
        const stdout = yield* Effect.forkScoped(
          Stream.runForEach(Stream.decodeText(handle.stdout), (text) =>
            Effect.sync(() => {
              out += text
            }))
        )
        const stderr = yield* Effect.forkScoped(
          Stream.runForEach(Stream.decodeText(handle.stderr), (text) =>
            Effect.sync(() => {
              said += text
            }))
        )
        return {
          handle,
          out: () => out,
          said: () => said,
          finished: Effect.gen(function*() {
            const code = yield* Effect.orElseSucceed(handle.exitCode, () => -1)
            yield* Fiber.join(stdout)
            yield* Fiber.join(stderr)
            return { code, stdout: out, stderr: said }
          }).pipe(Effect.orDie)
        }
      }, Effect.orDie)

      return {
        run: (args, environment = {}) =>
          Effect.scoped(Effect.flatMap(start(args, environment), ({ finished }) => finished)),
        serve: Effect.fnUntraced(function*(args, environment = {}) {
          const { finished, handle, out, said } = yield* start(
            ["serve", "--listen", "127.0.0.1:0", ...args],
            environment
          )
          const ready = Effect.gen(function*() {
            while (true) {
              for (const line of out().split("\n")) {
                const found = isReady(line)
                if (found._tag === "None" || !found.value.message.endsWith("is ready")) continue
                // The two streams of a process arrive in no order.
                const { firstToken, url } = found.value.annotations
                if (firstToken === undefined || tokenPattern.test(said())) return url
              }
              yield* Effect.sleep("20 millis")
            }
          })
          const url = yield* Effect.raceFirst(
            ready,
            Effect.flatMap(
              finished,
              (end) => Effect.die(new Error(`It ended with ${end.code}.\n${end.stderr}${end.stdout}`))
            )
          ).pipe(Effect.timeout("60 seconds"), Effect.orDie)
          return {
            url,
            firstToken: tokenPattern.exec(said())?.[0],
            printed: out,
            kill: (signal) => Effect.ignore(handle.kill({ killSignal: signal })),
            finished
          }
        })
      }
    })
  ).pipe(Layer.provideMerge(NodeServices.layer))
}

/** Tests with the bundle at hand, on the real clock. */
export const withBundle = layer(Bundle.layer, { timeout: "2 minutes", excludeTestServices: true })
