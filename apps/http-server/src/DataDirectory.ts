/**
 * The directory in which a server without PostgreSQL keeps everything. Nobody but its user may look into it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { join } from "node:path"
import { CommandError } from "./CommandError.ts"
import type { ServerConfigShape } from "./config/ServerConfig.ts"
import * as SecretBox from "./SecretBox.ts"
import * as Database from "./storage/Database.ts"

/**
 * @since 0.1.0
 */
export const location = (config: ServerConfigShape): Database.Location =>
  Option.match(config.databaseUrl, {
    onNone: () => Database.Location.Sqlite({ filename: join(config.dataDir, "server.db") }),
    onSome: (url) => Database.locate(Redacted.value(url))
  })

/**
 * Where a key is made if none is given.
 *
 * @since 0.1.0
 */
export const keyFile = (config: ServerConfigShape): string => join(config.dataDir, "encryption-key")

/**
 * Makes the directory.
 *
 * @since 0.1.0
 */
export const ensure = Effect.fn("DataDirectory.ensure")(function*(config: ServerConfigShape) {
  const files = yield* FileSystem.FileSystem
  yield* Effect.mapError(
    files.makeDirectory(config.dataDir, { recursive: true, mode: 0o700 }),
    (error) =>
      new CommandError({
        reason: "NotWritable",
        message: `The data directory ${
          JSON.stringify(config.dataDir)
        } can't be made: ${error.reason._tag}. Choose another with --data-dir.`
      })
  )
})

/**
 * Writes a new file with keys, readable by its user only. A file that is there already is not touched.
 *
 * @since 0.1.0
 */
export const writeKeys = Effect.fn("DataDirectory.writeKeys")(function*(path: string, text: Redacted.Redacted<string>) {
  const files = yield* FileSystem.FileSystem
  return yield* files.writeFileString(path, Redacted.value(text), { flag: "wx", mode: 0o600 }).pipe(
    Effect.as(true),
    Effect.catch((error) =>
      error.reason._tag === "AlreadyExists"
        ? Effect.succeed(false)
        : Effect.fail(
          new CommandError({
            reason: "NotWritable",
            message: `The key file ${JSON.stringify(path)} can't be written: ${error.reason._tag}.`
          })
        )
    )
  )
})

/**
 * The keys that are configured; else those in the data directory, made at the first start.
 *
 * @since 0.1.0
 */
export const keys = Effect.fn("DataDirectory.keys")(function*(config: ServerConfigShape) {
  if (Option.isSome(config.encryptionKey)) return yield* SecretBox.parseKeys(config.encryptionKey.value)
  const files = yield* FileSystem.FileSystem
  const path = keyFile(config)
  const made = yield* Effect.flatMap(
    SecretBox.generateKey,
    (key) => writeKeys(path, Redacted.make(`${Redacted.value(key)}\n`))
  )
  if (made) {
    yield* Effect.logWarning(
      `An encryption key was made in ${path}. Keep a copy of it: without it the connectors' tokens can't be read again.`
    )
  }
  const text = yield* Effect.mapError(
    files.readFileString(path),
    (error) =>
      new CommandError({
        reason: "InvalidConfiguration",
        message: `The encryption key can't be read from ${JSON.stringify(path)}: ${error.reason._tag}.`
      })
  )
  return yield* SecretBox.parseKeys(Redacted.make(text))
})
