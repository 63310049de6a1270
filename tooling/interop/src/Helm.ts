/**
 * Helm, built from the Go module that `go/helm/go.mod` pins.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type * as PlatformError from "effect/PlatformError"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import { cache, fingerprint, home, PeerUnavailable } from "./Peer.ts"
import { run } from "./Run.ts"

const peer = "helm (Go)"

/**
 * Builds the command if this version of it is not there yet, and answers its path. The first build takes some minutes.
 */
export const install = Effect.fn("Helm.install")(
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
    const path = `${cache}/helm-${yield* fingerprint(["go/helm/go.mod", "go/helm/go.sum"], toolchain.stdout)}`
    if (yield* fs.exists(path)) return path
    yield* fs.makeDirectory(cache, { recursive: true })
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
        "helm.sh/helm/v3/cmd/helm"
      ],
      { cwd: `${home}/go/helm` }
    )
    if (built.exitCode !== 0) {
      return yield* new PeerUnavailable({ peer, problem: `go build failed.\n${built.stderr.trim()}` })
    }
    yield* fs.rename(building, path)
    return path
  }
)
