/**
 * Python's scim2-server, started on a free loopback port, as a server that our client was not written against.
 */
import * as Effect from "effect/Effect"
import type * as PlatformError from "effect/PlatformError"
import * as ChildProcess from "effect/process/ChildProcess"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { home } from "./Peer.ts"

export interface Scim2Server {
  /** Without a slash at the end. */
  readonly baseUrl: string
  readonly token: Redacted.Redacted<string>
}

/**
 * The server ended before it said where it listens.
 */
export class Scim2ServerFailed extends Schema.TaggedError<Scim2ServerFailed>()("Scim2ServerFailed", {
  output: Schema.String
}) {
  override get message(): string {
    return `scim2-server did not start.\n${this.output}`
  }
}

const Ready = Schema.fromJsonString(Schema.Struct({ baseUrl: Schema.String }))

/**
 * Starts a server with an empty directory; it ends with the scope. `config` is laid over its ServiceProviderConfig and changes how it
 * behaves. `bin` is the folder of the virtual environment's commands.
 */
export const start = Effect.fn("Scim2Server.start")(
  function*(bin: string, config: Schema.JsonObject = {}): Effect.fn.Return<
    Scim2Server,
    Scim2ServerFailed | PlatformError.PlatformError | Schema.SchemaError,
    Scope.Scope | ChildProcessSpawner.ChildProcessSpawner
  > {
    const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
    const token = Redacted.make(`interop-${crypto.randomUUID()}`)
    const child = yield* spawner.spawn(
      ChildProcess.make(`${bin}/python`, [`${home}/python/scim2_server_on_loopback.py`, JSON.stringify(config)], {
        extendEnv: true,
        env: { SCIM_TOKEN: token },
        // The server runs until its standard input ends, which happens even if this process is killed.
        stdin: { stream: "pipe", endOnDone: false },
        stderr: "inherit",
        forceKillAfter: "5 seconds"
      })
    )
    const lines = yield* Stream.toPull(Stream.splitLines(Stream.decodeText(child.stdout)))
    const [line] = yield* lines.pipe(
      Effect.catchCause(() =>
        Effect.fail(new Scim2ServerFailed({ output: "It ended without a word on standard output." }))
      )
    )
    const { baseUrl } = yield* Schema.decodeUnknownEffect(Ready)(line)
    return { baseUrl, token }
  }
)
