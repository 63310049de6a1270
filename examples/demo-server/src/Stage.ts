/**
 * Where the demo of the HTTP server happens: a SCIM server in this process, and the bundled server as users run it, in a process of its own with a
 * data directory that goes with it.
 */
import { DemoError, dim } from "@access-kit/example-demo/Show"
import * as Directory from "@access-kit/scim-sandbox/Directory"
import * as Sandbox from "@access-kit/scim-sandbox/Sandbox"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as ChildProcess from "effect/process/ChildProcess"
import { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

/** The line of the log that says where the server answers. */
const Ready = Schema.fromJsonString(Schema.Struct({
  message: Schema.Literal("claude-enterprise-server is ready"),
  annotations: Schema.Struct({ url: Schema.String })
}))
const ready = Schema.decodeUnknownOption(Ready)

export class Stage extends Context.Service<Stage, {
  readonly scim: Sandbox.SandboxService
  /** Where the server answers, without a slash at the end. */
  readonly url: string
  /** The admin token that the first start has printed. */
  readonly token: Redacted.Redacted<string>
  /** Waits, unless the server ends. */
  readonly whileItRuns: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | DemoError, R>
}>()("@access-kit/example-demo-server/Stage") {
  /** Everything ends with the layer, and nothing is left. */
  static readonly layer = (bundle: string) =>
    Layer.effect(
      Stage,
      Effect.gen(function*() {
        const files = yield* FileSystem.FileSystem
        const spawner = yield* ChildProcessSpawner
        if (!(yield* Effect.orElseSucceed(files.exists(bundle), () => false))) {
          return yield* new DemoError({
            message:
              `The server is not built: ${bundle} is missing. Run "npx --yes pnpm@12 demo:server", which builds it first.`
          })
        }
        const scim = yield* Sandbox.make({
          directory: yield* Directory.generate({ users: 1_200, groups: 40, memberships: 9_000, seed: 7 }),
          // So that there is something to see on the way; the demo ends it once it was seen.
          faults: [{ name: "latency", ms: 200 }]
        })
        const data = yield* Effect.mapError(
          files.makeTempDirectoryScoped({ prefix: "demo-server-" }),
          (error) => new DemoError({ message: `no temporary directory can be made: ${error.message}` })
        )
        yield* Console.log(dim("$ claude-enterprise-server --listen 127.0.0.1:0 --data-dir (a temporary directory) &"))
        const child = yield* Effect.mapError(
          spawner.spawn(
            ChildProcess.make(process.execPath, [bundle, "--listen", "127.0.0.1:0", "--data-dir", data], {
              stdin: "ignore",
              // Settings of this shell for a server of one's own have no place in a demo.
              extendEnv: false,
              env: process.env["PATH"] === undefined ? {} : { PATH: process.env["PATH"] },
              forceKillAfter: "12 seconds"
            })
          ),
          () => new DemoError({ message: `${bundle} can't be started.` })
        )
        const address = yield* Deferred.make<string>()
        const first = yield* Deferred.make<Redacted.Redacted<string>>()
        let said = ""
        const out = child.stdout.pipe(
          Stream.decodeText(),
          Stream.splitLines,
          Stream.runForEach((line) =>
            Option.match(ready(line), {
              onNone: () => Effect.void,
              onSome: ({ annotations }) => Effect.asVoid(Deferred.succeed(address, annotations.url))
            })
          )
        )
        const err = Stream.runForEach(Stream.decodeText(child.stderr), (text) =>
          Effect.suspend(() => {
            said += text
            const found = /cesrv_[0-9a-f]{72}/.exec(said)?.[0]
            return found === undefined ? Effect.void : Deferred.succeed(first, Redacted.make(found))
          }))
        yield* Effect.forkScoped(Effect.all([out, err], { concurrency: 2 }))
        const ended = Effect.gen(function*() {
          const code = yield* Effect.orElseSucceed(child.exitCode, () => -1)
          // It may have printed a token by then.
          const reason = said.replaceAll(/cesrv_\w+/g, "cesrv_…").trimEnd()
          return yield* new DemoError({ message: `the server ended with exit code ${code}.\n${reason}` })
        })
        const whileItRuns = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | DemoError, R> =>
          Effect.raceFirst(effect, ended)
        const [url, token] = yield* whileItRuns(Effect.all([Deferred.await(address), Deferred.await(first)]))
        return { scim, url, token, whileItRuns }
      })
    )
}
