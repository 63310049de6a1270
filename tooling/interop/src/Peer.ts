/**
 * What the peers of the interop tier have in common: software of others that is built or installed on this machine, once per pinned
 * version, into a folder that git ignores.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type * as PlatformError from "effect/PlatformError"
import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import { fileURLToPath } from "node:url"

/** The folder `tooling/interop`, absolute, without a slash at the end. */
export const home = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "")

/** Where built and installed peers are kept. */
export const cache = `${home}/.cache`

/**
 * A peer can't be had on this machine: its toolchain is missing, or building or installing it failed.
 */
export class PeerUnavailable extends Schema.TaggedError<PeerUnavailable>()("PeerUnavailable", {
  peer: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.peer} can't be had on this machine: ${this.problem}`
  }
}

/**
 * Twelve hexadecimal digits that change when one of the files, a path below `tooling/interop`, or one of the words does. Built peers
 * carry them in their name, so that a changed pin is a missing build.
 */
export const fingerprint = Effect.fn("Peer.fingerprint")(
  function*(
    files: ReadonlyArray<string>,
    ...words: ReadonlyArray<string>
  ): Effect.fn.Return<string, PlatformError.PlatformError, FileSystem.FileSystem> {
    const fs = yield* FileSystem.FileSystem
    const hash = createHash("sha256")
    for (const file of files) hash.update(yield* fs.readFile(`${home}/${file}`)).update("\0")
    for (const word of words) hash.update(word).update("\0")
    return hash.digest("hex").slice(0, 12)
  }
)
