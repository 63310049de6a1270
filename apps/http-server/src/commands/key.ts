/**
 * `claude-enterprise-server key`: what connector secrets are encrypted with.
 *
 * @since 0.1.0
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { CommandError } from "../CommandError.ts"
import { ServerConfig } from "../config/ServerConfig.ts"
import * as DataDirectory from "../DataDirectory.ts"
import * as SecretBox from "../SecretBox.ts"

const generate = Command.make(
  "generate",
  {},
  Effect.fn("key.generate")(function*() {
    yield* Console.log(Redacted.value(yield* SecretBox.generateKey))
  })
).pipe(Command.withDescription("Print a new key, for a file or a secret store"))

const rotate = Command.make(
  "rotate",
  {
    file: Flag.String("file").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription("The key file; the one in the data directory if absent"),
      Flag.optional
    )
  },
  Effect.fn("key.rotate")(function*({ file }) {
    const config = yield* ServerConfig
    const files = yield* FileSystem.FileSystem
    if (Option.isNone(file) && Option.isSome(config.encryptionKey)) {
      return yield* new CommandError({
        reason: "Usage",
        message: "The key does not come from the data directory. Give the file that holds it with --file."
      })
    }
    const path = Option.getOrElse(file, () => DataDirectory.keyFile(config))
    const unusable = (what: string) => (error: { readonly reason: { readonly _tag: string } }) =>
      new CommandError({
        reason: "NotWritable",
        message: `The key file ${JSON.stringify(path)} can't be ${what}: ${error.reason._tag}.`
      })
    const text = yield* Effect.mapError(files.readFileString(path), unusable("read"))
    yield* SecretBox.parseKeys(Redacted.make(text))
    const key = yield* SecretBox.generateKey
    // Beside it first, so that there is no moment at which the old key is nowhere.
    const beside = `${path}.new`
    yield* Effect.mapError(files.remove(beside, { force: true }), unusable("written"))
    yield* DataDirectory.writeKeys(beside, Redacted.make(`${Redacted.value(key)}\n${text}`))
    yield* Effect.mapError(files.rename(beside, path), unusable("written"))
    yield* Console.error(
      `A new key stands first in ${path}, the old ones after it. Restart the server: it seals every secret again with the new key. `
        + "Then the older lines may go. Several processes on one PostgreSQL must all know the new key before one of them has it first: "
        + "give it to all as the last line, restart them, and then move it to the front."
    )
  })
).pipe(Command.withDescription("Put a new key in front of a key file; the server then seals everything with it"))

/**
 * @since 0.1.0
 */
export const key = Command.make("key").pipe(
  Command.withDescription("Make and rotate the key that connector secrets are encrypted with"),
  Command.withSubcommands([generate, rotate])
)
