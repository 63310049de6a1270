/**
 * Programs around ConductorOne's Go SDK that play the other side of the wire: its syncer over its own client, its command line over a forwarding
 * connector, connectors made with its builder, its protojson and its rules. See `go/peers/main.go`.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type * as PlatformError from "effect/PlatformError"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import { cache, fingerprint, home, PeerUnavailable } from "./Peer.ts"
import { run } from "./Run.ts"

const peer = "programs around the Go SDK"

const sources = [
  "go.mod",
  "go.sum",
  "main.go",
  "dial.go",
  "syncer.go",
  "proxy.go",
  "directory.go",
  "messages.go",
  "server.go",
  "lister.go"
]

/** Which of the programs runs. */
export type Program = "syncer" | "proxy" | "directory" | "protojson" | "validate" | "server" | "lister"

/**
 * Builds the programs if this version of them is not there yet, and answers the path of the one binary that holds them. The first build takes some
 * minutes.
 */
export const install = Effect.fn("GoPeers.install")(
  function*(): Effect.fn.Return<
    string,
    PeerUnavailable | PlatformError.PlatformError,
    ChildProcessSpawner | FileSystem.FileSystem
  > {
    const fs = yield* FileSystem.FileSystem
    const toolchain = yield* run("go", ["env", "GOOS", "GOARCH"]).pipe(
      Effect.mapError(() =>
        new PeerUnavailable({ peer, problem: "there is no `go` on the PATH; install Go 1.25 or newer" })
      )
    )
    const path = `${cache}/peers-${yield* fingerprint(sources.map((name) => `go/peers/${name}`), toolchain.stdout)}`
    if (yield* fs.exists(path)) return path
    yield* fs.makeDirectory(cache, { recursive: true })
    const building = `${path}.${process.pid}`
    const built = yield* run(
      "go",
      ["build", "-mod=readonly", "-buildvcs=false", "-trimpath", "-ldflags=-s -w", "-o", building, "."],
      { cwd: `${home}/go/peers` }
    )
    if (built.exitCode !== 0) {
      return yield* new PeerUnavailable({ peer, problem: `go build failed.\n${built.stderr.trim()}` })
    }
    yield* fs.rename(building, path)
    return path
  }
)
