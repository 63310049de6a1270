/**
 * The bundle of the command `claude-enterprise`: what is measured, and what plays the server.
 */
import * as Effect from "effect/Effect"
import type * as PlatformError from "effect/PlatformError"
import * as ChildProcess from "effect/process/ChildProcess"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { fileURLToPath } from "node:url"

/** Path of the bundle, which `pnpm bench` builds first. */
export const path = fileURLToPath(new URL("../../../apps/cli/dist/claude-enterprise.mjs", import.meta.url))

/** A SCIM server. */
export interface Target {
  readonly url: string
  readonly token: Redacted.Redacted<string>
}

export interface SandboxOptions {
  readonly users: number
  readonly groups: number
  readonly memberships: number
  /** Milliseconds that every answer waits. */
  readonly latency: number
}

/**
 * The sandbox ended before it said where it listens.
 */
export class SandboxFailed extends Schema.TaggedError<SandboxFailed>()("SandboxFailed", {}) {
  override get message(): string {
    return "The sandbox did not start; what it said stands above."
  }
}

const Address = Schema.fromJsonString(
  Schema.Struct({ url: Schema.String, token: Schema.RedactedFromValue(Schema.String) })
)

/**
 * Starts a sandbox as a process of its own; it ends with the scope.
 */
export const sandbox = Effect.fn("Bundle.sandbox")(
  function*(options: SandboxOptions): Effect.fn.Return<
    Target,
    SandboxFailed | PlatformError.PlatformError | Schema.SchemaError,
    Scope.Scope | ChildProcessSpawner.ChildProcessSpawner
  > {
    const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
    const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
    const child = yield* spawner.spawn(
      ChildProcess.make(process.execPath, [path, "sandbox", "--output", "ndjson", ...flags], {
        stdin: "ignore",
        stderr: "inherit",
        forceKillAfter: "5 seconds"
      })
    )
    const lines = yield* Stream.toPull(Stream.splitLines(Stream.decodeText(child.stdout)))
    const [line] = yield* lines.pipe(Effect.catchCause(() => Effect.fail(new SandboxFailed())))
    return yield* Schema.decodeUnknownEffect(Address)(line)
  }
)
