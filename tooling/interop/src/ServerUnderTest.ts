/**
 * The bundled `claude-enterprise-server` as a child process with an empty data directory, for judges that speak HTTP.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type * as PlatformError from "effect/PlatformError"
import * as ChildProcess from "effect/process/ChildProcess"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { fileURLToPath } from "node:url"

/** Where `turbo run build` leaves the bundle. */
export const bundle = fileURLToPath(
  new URL("../../../apps/http-server/dist/claude-enterprise-server.mjs", import.meta.url)
)

export interface ServerUnderTest {
  /** Without a slash at the end. */
  readonly url: string
  /** With every scope. */
  readonly token: Redacted.Redacted<string>
  readonly dataDirectory: string
  /** Its log so far, a line of JSON for each event. */
  readonly log: () => string
}

export interface Options {
  readonly args?: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>>
}

/**
 * The server ended before it was ready.
 */
export class ServerFailed extends Schema.TaggedError<ServerFailed>()("ServerFailed", {
  output: Schema.String,
  exitCode: Schema.Number
}) {
  override get message(): string {
    return `claude-enterprise-server did not start.\n${this.output}`
  }
}

const Ready = Schema.fromJsonString(
  Schema.Struct({ message: Schema.String, annotations: Schema.Struct({ url: Schema.String }) })
)
const ready = Schema.decodeUnknownOption(Ready)

/**
 * Starts a server on a free loopback port; it ends with the scope.
 *
 * @param options settings beside those that every test has
 */
export const start = Effect.fn("ServerUnderTest.start")(
  function*(options: Options = {}): Effect.fn.Return<
    ServerUnderTest,
    ServerFailed | PlatformError.PlatformError,
    Scope.Scope | ChildProcessSpawner.ChildProcessSpawner | FileSystem.FileSystem
  > {
    const files = yield* FileSystem.FileSystem
    const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
    const data = yield* files.makeTempDirectoryScoped({ prefix: "interop-server-" })
    const child = yield* spawner.spawn(ChildProcess.make(
      process.execPath,
      [
        bundle,
        "--data-dir",
        data,
        "--listen",
        "127.0.0.1:0",
        "--requests-per-minute",
        "10000000",
        ...options.args ?? []
      ],
      { stdin: "ignore", forceKillAfter: "10 seconds", extendEnv: true, env: { ...options.env } }
    ))
    let out = ""
    let said = ""
    const keep = (stream: typeof child.stdout, into: (text: string) => void) =>
      Effect.forkScoped(Effect.ignore(
        Stream.runForEach(Stream.decodeText(stream), (text) => Effect.sync(() => into(text)))
      ))
    yield* keep(child.stdout, (text) => {
      out += text
    })
    yield* keep(child.stderr, (text) => {
      said += text
    })
    const tokenOf = () => /cesrv_[0-9a-f]{72}/.exec(said)?.[0]
    // The two streams of a process arrive in no order.
    const found = Effect.sync(() => {
      if (tokenOf() === undefined) return undefined
      for (const line of out.split("\n")) {
        const event = ready(line)
        if (Option.isSome(event) && event.value.message.endsWith("is ready")) return event.value.annotations.url
      }
      return undefined
    })
    const url = yield* Effect.raceFirst(
      Effect.repeat(Effect.delay(found, "50 millis"), { until: (url) => url !== undefined }),
      Effect.flatMap(child.exitCode, (exitCode) => Effect.fail(new ServerFailed({ output: said + out, exitCode })))
    )
    const token = tokenOf()
    if (url === undefined || token === undefined) return yield* new ServerFailed({ output: said + out, exitCode: 0 })
    return { url, token: Redacted.make(token), dataDirectory: data, log: () => out }
  }
)
