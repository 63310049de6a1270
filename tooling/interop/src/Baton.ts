/**
 * ConductorOne's own command `baton`, built from the Go module that `go/go.mod` pins.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type * as PlatformError from "effect/PlatformError"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as Schema from "effect/Schema"
import { cache, fingerprint, home, PeerUnavailable } from "./Peer.ts"
import { run } from "./Run.ts"

const peer = "baton (Go)"

const toolchain = Effect.fn("Baton.toolchain")(
  function*(): Effect.fn.Return<string, PeerUnavailable, ChildProcessSpawner> {
    const asked = yield* run("go", ["env", "GOOS", "GOARCH"]).pipe(
      Effect.mapError(() =>
        new PeerUnavailable({ peer, problem: "there is no `go` on the PATH; install Go 1.25 or newer" })
      )
    )
    if (asked.exitCode !== 0) return yield* new PeerUnavailable({ peer, problem: asked.stderr.trim() })
    return asked.stdout
  }
)

/**
 * Builds the command if this version of it is not there yet, and answers its path. The first build takes some minutes.
 */
export const install = Effect.fn("Baton.install")(
  function*(): Effect.fn.Return<
    string,
    PeerUnavailable | PlatformError.PlatformError,
    ChildProcessSpawner | FileSystem.FileSystem
  > {
    const fs = yield* FileSystem.FileSystem
    const platform = yield* toolchain()
    const path = `${cache}/baton-${yield* fingerprint(["go/go.mod", "go/go.sum"], platform)}`
    if (yield* fs.exists(path)) return path
    yield* fs.makeDirectory(cache, { recursive: true })
    // Two builds at once don't disturb each other: each has a file of its own, and the rename is one step.
    const building = `${path}.${process.pid}`
    const built = yield* run(
      "go",
      [
        "build",
        "-mod=readonly",
        "-buildvcs=false",
        "-trimpath",
        "-ldflags=-s -w",
        "-o",
        building,
        "github.com/conductorone/baton-sdk/cmd/baton"
      ],
      { cwd: `${home}/go` }
    )
    if (built.exitCode !== 0) {
      return yield* new PeerUnavailable({ peer, problem: `go build failed.\n${built.stderr.trim()}` })
    }
    yield* fs.rename(building, path)
    return path
  }
)

/**
 * `baton` ended with an error, or did not print JSON.
 */
export class BatonFailed extends Schema.TaggedError<BatonFailed>()("BatonFailed", {
  command: Schema.String,
  exitCode: Schema.Int,
  stderr: Schema.String
}) {
  override get message(): string {
    return `baton ${this.command} ended with exit code ${this.exitCode}.\n${this.stderr}`
  }
}

/**
 * Runs `baton` on a snapshot file and answers what it printed. `args` is the sub-command with its flags.
 */
export const text = Effect.fn("Baton.text")(
  function*(
    path: string,
    file: string,
    ...args: ReadonlyArray<string>
  ): Effect.fn.Return<string, BatonFailed | PlatformError.PlatformError, ChildProcessSpawner> {
    const result = yield* run(path, [...args, "-f", file], { env: { NO_COLOR: "1" } })
    // The command logs an ERROR line and goes on where a snapshot contradicts itself; for a reader of ours that is a failure.
    if (result.exitCode !== 0 || /error/i.test(result.stderr)) {
      return yield* new BatonFailed({
        command: args.join(" "),
        exitCode: result.exitCode,
        stderr: result.stderr.trim()
      })
    }
    return result.stdout
  }
)

/**
 * The same with `-o json`, decoded.
 */
export const json = Effect.fn("Baton.json")(
  function*<A>(
    path: string,
    file: string,
    schema: Schema.Decoder<A>,
    ...args: ReadonlyArray<string>
  ): Effect.fn.Return<
    A,
    BatonFailed | PlatformError.PlatformError | Schema.SchemaError,
    ChildProcessSpawner
  > {
    const printed = yield* text(path, file, ...args, "-o", "json")
    return yield* Schema.decodeUnknownEffect(Schema.fromJsonString(schema))(printed)
  }
)
