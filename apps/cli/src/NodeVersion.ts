/**
 * Says so when Node.js is too old, instead of failing somewhere inside.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { CommandError } from "./Failure.ts"

/** The first with `node:sqlite` and zstd in `node:zlib` that the HTTP client supports too. */
const oldest = [22, 19] as const

/**
 * Whether a version such as `22.19.0` is new enough.
 *
 * @since 0.1.0
 */
export const isSupported = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1])
}

/**
 * @since 0.1.0
 */
export const check: Effect.Effect<void, CommandError> = Effect.suspend(() =>
  isSupported(process.versions.node)
    ? Effect.void
    : Effect.fail(
      new CommandError({
        reason: "UnsupportedNode",
        message: `Node.js ${
          oldest.join(".")
        } or newer is needed, and this is ${process.versions.node}. A clone of the repository has the right one in node_modules/.bin/node.`
      })
    )
)
