/**
 * The configuration of this process: flags before environment variables, those before the configuration file, that before the defaults. Whatever is
 * wrong is told all at once.
 *
 * @since 0.1.0
 */
import type * as ConfigField from "@access-kit/connector-model/ConfigField"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { ConfigFaults, type Fault } from "./ConfigFaults.ts"
import * as ConfigFile from "./ConfigFile.ts"
import { environmentName, fields, type Settings } from "./Settings.ts"

/**
 * What the command line gave, by flag name without the dashes.
 *
 * @since 0.1.0
 */
export type Given = Readonly<Record<string, Option.Option<string>>>

/**
 * @since 0.1.0
 */
export interface ServerConfigShape extends Settings {
  readonly tls: { readonly certificate: string; readonly key: Redacted.Redacted<string> } | undefined
}

interface Written {
  readonly text: string
  readonly where: string
}

const all: ReadonlyArray<ConfigField.ConfigField> = Object.values(fields)

/** More than any secret has. */
const maxSecretBytes = 64 * 1024

const isPostgres = (settings: Settings): boolean =>
  Option.exists(settings.databaseUrl, (url) => /^postgres(?:ql)?:\/\//i.test(Redacted.value(url)))

/** What is wrong in a way that only several settings together show. */
const together = (settings: Settings): ReadonlyArray<Fault> => {
  const postgres = isPostgres(settings)
  const faults: Array<Fault> = []
  if (Option.isSome(settings.tlsCertFile) !== Option.isSome(settings.tlsKeyFile)) {
    faults.push({ where: "", message: "tls-cert-file and tls-key-file belong together: give both or none." })
  }
  if (Option.isSome(settings.databaseUrl) && !postgres) {
    faults.push({
      where: "database-url",
      message: "Database URL must begin with postgres://. For SQLite leave it out and set data-dir."
    })
  }
  if (Duration.toMillis(settings.requestTimeout) < 1_000 || Duration.toMillis(settings.idleTimeout) < 1_000) {
    faults.push({ where: "request-timeout, idle-timeout", message: "Timeouts must be a second or longer." })
  }
  return faults
}

/**
 * What is missing for serving. Commands that work on the database alone need none of it.
 *
 * @since 0.1.0
 */
export const requireServing = Effect.fn("ServerConfig.requireServing")(function*(
  settings: Settings
): Effect.fn.Return<void, ConfigFaults> {
  const postgres = isPostgres(settings)
  const faults: Array<Fault> = []
  if (postgres && Option.isNone(settings.encryptionKey)) {
    faults.push({
      where: environmentName("encryption-key"),
      message:
        "Encryption key is missing: processes that share a PostgreSQL share the key. Make one with `key generate`."
    })
  }
  if (postgres && Option.isNone(settings.runnerAddress)) {
    faults.push({
      where: "runner-address",
      message:
        "Runner address is missing: processes that share a PostgreSQL talk to each other. Give a private address of this process."
    })
  }
  if (!postgres && (Option.isSome(settings.runnerAddress) || Option.isSome(settings.runnerListen))) {
    faults.push({
      where: "runner-address",
      message: "Several processes need one PostgreSQL; set the database URL too."
    })
  }
  if (faults.length > 0) return yield* new ConfigFaults({ faults })
})

const readFile = Effect.fnUntraced(function*(path: string, what: string) {
  const files = yield* FileSystem.FileSystem
  return yield* Effect.mapError(
    files.readFileString(path),
    (error) =>
      `${what} can't be read from ${JSON.stringify(path)}: ${
        error.reason._tag === "NotFound" ? "there is no such file" : error.reason._tag
      }.`
  )
})

/**
 * @since 0.1.0
 */
export class ServerConfig extends Context.Service<ServerConfig, ServerConfigShape>()(
  "@access-kit/http-server/config/ServerConfig"
) {
  /**
   * Decodes the settings.
   *
   * @param given by the command line
   * @param environment the variables of the process
   * @since 0.1.0
   */
  static readonly read = Effect.fn("ServerConfig.read")(function*(
    given: Given,
    environment: Readonly<Record<string, string | undefined>>
  ): Effect.fn.Return<ServerConfigShape, ConfigFaults, FileSystem.FileSystem> {
    const faults: Array<Fault> = []
    const flag = (name: string) => Option.getOrUndefined(given[name] ?? Option.none())
    // An unset variable in a manifest arrives as an empty one.
    const variable = (name: string) => environment[environmentName(name)] || undefined
    const path = flag("config") ?? variable("config")
    const file = path === undefined ? undefined : yield* ConfigFile.read(path, all)
    faults.push(...file?.faults ?? [])

    /** The first of the three that says anything. */
    const find = (name: string): Written | undefined => {
      const fromFlag = flag(name)
      if (fromFlag !== undefined) return { text: fromFlag, where: `--${name}` }
      const fromVariable = variable(name)
      if (fromVariable !== undefined) return { text: fromVariable, where: environmentName(name) }
      const fromFile = file?.values.get(name)
      return fromFile === undefined ? undefined : { text: fromFile, where: `${name} in ${path}` }
    }

    const secret = Effect.fnUntraced(function*(field: ConfigField.ConfigField) {
      const value = variable(field.name)
      const file = find(`${field.name}-file`)
      if (value !== undefined && file !== undefined) {
        return yield* Effect.fail({
          where: `${environmentName(field.name)}, ${file.where}`,
          message: `${field.displayName} is given twice. Keep one of them.`
        })
      }
      if (value !== undefined) return { text: value, where: environmentName(field.name) }
      if (file === undefined) return undefined
      const text = yield* Effect.mapError(
        readFile(file.text, field.displayName),
        (message) => ({ where: file.where, message })
      )
      return text.length > maxSecretBytes
        ? yield* Effect.fail({ where: file.where, message: `The file is too large for ${field.displayName}.` })
        : { text, where: file.where }
    })

    const values: Record<string, unknown> = {}
    for (const [key, field] of Object.entries<ConfigField.ConfigField>(fields)) {
      const written = yield* (field.kind === "secret"
        ? Effect.catch(secret(field), (fault) => {
          faults.push(fault)
          return Effect.succeed(undefined)
        })
        : Effect.succeed(find(field.name)))
      const text = written?.text ?? field.defaultText
      if (text === undefined) {
        values[key] = Option.none()
        continue
      }
      const decoded = field.decode(text)
      if (Result.isFailure(decoded)) {
        faults.push({ where: written?.where ?? `--${field.name}`, message: decoded.failure })
      } else {
        values[key] = decoded.success
      }
    }
    if (faults.length > 0) return yield* new ConfigFaults({ faults })
    // Each value was made by the decoder of the field with the same key.
    const settings = values as unknown as Settings
    faults.push(...together(settings))
    const pem = (option: Option.Option<string>, what: string) =>
      Option.isNone(option)
        ? Effect.succeed(undefined)
        : Effect.catch(readFile(option.value, what), (message) => {
          faults.push({ where: "", message })
          return Effect.succeed(undefined)
        })
    const certificate = yield* pem(settings.tlsCertFile, "The TLS certificate")
    const key = yield* pem(settings.tlsKeyFile, "The TLS key")
    if (faults.length > 0) return yield* new ConfigFaults({ faults })
    return {
      ...settings,
      tls: certificate === undefined || key === undefined
        ? undefined
        : { certificate, key: Redacted.make(key, { label: "tls-key" }) }
    }
  })

  /**
   * @since 0.1.0
   */
  static readonly layer = (given: Given): Layer.Layer<ServerConfig, ConfigFaults, FileSystem.FileSystem> =>
    Layer.effect(ServerConfig, Effect.suspend(() => ServerConfig.read(given, process.env)))
}
