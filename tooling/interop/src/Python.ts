/**
 * A virtual environment of Python with the SCIM software that `python/requirements.txt` pins.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type * as PlatformError from "effect/PlatformError"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import { cache, fingerprint, home, PeerUnavailable } from "./Peer.ts"
import { run } from "./Run.ts"

const peer = "scim2-server and its testers (Python)"

const candidates = ["python3", "python3.14", "python3.13", "python3.12", "python3.11"]

/** Answers its version when the interpreter is new enough and able to make virtual environments. */
const probe = [
  "import ensurepip, sys, venv",
  "sys.exit(1) if sys.version_info < (3, 11) else print(sys.version.split()[0], sys.base_prefix)"
].join("\n")

const interpreter = Effect.fn("Python.interpreter")(
  function*(): Effect.fn.Return<
    { readonly command: string; readonly version: string },
    PeerUnavailable,
    ChildProcessSpawner
  > {
    for (const command of candidates) {
      const found = yield* run(command, ["-c", probe]).pipe(
        Effect.map((result) => result.exitCode === 0 ? result.stdout.trim() : undefined),
        Effect.orElseSucceed(() => undefined)
      )
      if (found !== undefined) return { command, version: found }
    }
    return yield* new PeerUnavailable({
      peer,
      problem:
        "there is no Python 3.11 or newer with the modules venv and ensurepip on the PATH (Debian: apt-get install python3-venv)"
    })
  }
)

/**
 * Makes the environment if this version of it is not there yet, and answers the folder with its commands.
 */
export const install = Effect.fn("Python.install")(
  function*(): Effect.fn.Return<
    string,
    PeerUnavailable | PlatformError.PlatformError,
    ChildProcessSpawner | FileSystem.FileSystem
  > {
    const fs = yield* FileSystem.FileSystem
    const { command, version } = yield* interpreter()
    const path = `${cache}/python-${yield* fingerprint(["python/requirements.txt"], version)}`
    const bin = `${path}/bin`
    // An environment can't be renamed, as its scripts name its path; so a file written last says that it is whole.
    const whole = `${path}/installed`
    if (yield* fs.exists(whole)) return bin
    yield* fs.remove(path, { recursive: true, force: true })
    yield* fs.makeDirectory(cache, { recursive: true })
    const steps = [
      [command, "-m", "venv", path],
      [
        `${bin}/python`,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-input",
        "--disable-pip-version-check",
        "-r",
        `${home}/python/requirements.txt`
      ],
      [`${bin}/python`, "-m", "pip", "check", "--disable-pip-version-check"]
    ] as const
    for (const [program, ...args] of steps) {
      const done = yield* run(program, args)
      if (done.exitCode !== 0) {
        return yield* new PeerUnavailable({
          peer,
          problem: `\`${program} ${args.join(" ")}\` failed.\n${done.stdout.trim()}\n${done.stderr.trim()}`
        })
      }
    }
    yield* fs.writeFileString(whole, "")
    return bin
  }
)
