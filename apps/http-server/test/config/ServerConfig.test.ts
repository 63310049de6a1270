/**
 * Where settings come from, which of them counts, and how all that is wrong is told at once.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { Duration, Effect, FileSystem, Option, Redacted } from "effect"
import { join } from "node:path"
import { type Given, requireServing, ServerConfig } from "../../src/config/ServerConfig.ts"
import { environmentName, fields } from "../../src/config/Settings.ts"
import { temporaryDirectory } from "../Databases.ts"

const flags = (given: Readonly<Record<string, string>>): Given =>
  Object.fromEntries(Object.entries(given).map(([name, value]) => [name, Option.some(value)]))

layer(NodeServices.layer)("ServerConfig", (it) => {
  const written = (name: string, text: string) =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const path = join(yield* temporaryDirectory, name)
      yield* files.writeFileString(path, text)
      return path
    })

  const faultsOf = (given: Given, environment: Readonly<Record<string, string>> = {}) =>
    Effect.map(Effect.flip(ServerConfig.read(given, environment)), (error) => error.faults)

  it.effect("has an answer for everything when nothing is given", () =>
    Effect.gen(function*() {
      const config = yield* ServerConfig.read({}, {})
      assert.deepStrictEqual(config.listen, { host: "127.0.0.1", port: 8080 })
      assert.isTrue(Option.isNone(config.databaseUrl))
      assert.strictEqual(config.maxBodyBytes, 1_048_576)
      assert.deepStrictEqual(config.corsOrigins, [])
      assert.strictEqual(Duration.toSeconds(config.requestTimeout), 30)
      assert.isUndefined(config.tls)
    }))

  it.effect("takes flags before variables, those before the file, that before the default", () =>
    Effect.gen(function*() {
      const path = yield* written(
        "server.yaml",
        "listen: 127.0.0.1:1\nlog-level: debug\nrequests-per-minute: 7\ncors-origins:\n  - https://a.example\n  - https://b.example\n"
      )
      const environment = {
        [environmentName("config")]: path,
        [environmentName("listen")]: "127.0.0.1:2",
        [environmentName("log-level")]: "warn",
        [environmentName("data-dir")]: ""
      }
      const config = yield* ServerConfig.read(flags({ listen: "[::1]:3" }), environment)
      assert.deepStrictEqual(config.listen, { host: "::1", port: 3 })
      assert.strictEqual(config.logLevel, "warn")
      assert.strictEqual(config.requestsPerMinute, 7)
      assert.deepStrictEqual(config.corsOrigins, ["https://a.example", "https://b.example"])
      assert.strictEqual(config.dataDir, fields.dataDir.defaultText)
    }).pipe(Effect.scoped))

  it.effect("tells every fault, with where it was said", () =>
    Effect.gen(function*() {
      const path = yield* written(
        "server.yaml",
        "listn: x\nlog-level: loud\nencryption-key: abc\nmax-body-bytes: {}\nunheard-of: 1\n"
      )
      const faults = yield* faultsOf(flags({ config: path, listen: "nowhere" }), {
        [environmentName("requests-per-minute")]: "many",
        [environmentName("trusted-proxies")]: "10.0.0.0/99"
      })
      const all = faults.map(({ message, where }) => `${where}: ${message}`)
      const told = (where: string, part: string) =>
        assert.isTrue(
          all.some((fault) => fault.startsWith(where) && fault.includes(part)),
          `${where} ${part}\n${all.join("\n")}`
        )
      told(path, "There is no setting \"listn\". Did you mean listen?")
      told(path, "There is no setting \"unheard-of\".")
      told(path, "Encryption key is a secret")
      told(path, "max-body-bytes must be a single value")
      told(`log-level in ${path}`, "must be one of debug, info, warn, error")
      told("--listen", "must be a host and a port")
      told(environmentName("requests-per-minute"), "must be a whole number")
      told(environmentName("trusted-proxies"), "10.0.0.0/99")
      assert.strictEqual(all.length, 8)
    }).pipe(Effect.scoped))

  it.effect("reads secrets from a variable or a file, never both, and never shows them", () =>
    Effect.gen(function*() {
      const path = yield* written("url", "postgres://user:hush@127.0.0.1/db\n")
      const key = { [environmentName("encryption-key")]: "k", [environmentName("runner-address")]: "10.0.0.1:1" }
      const config = yield* ServerConfig.read(flags({ "database-url-file": path }), key)
      const url = Option.getOrThrow(config.databaseUrl)
      assert.strictEqual(Redacted.value(url), "postgres://user:hush@127.0.0.1/db")
      assert.notInclude(JSON.stringify(config), "hush")
      assert.notInclude(String(url), "hush")

      const twice = yield* faultsOf(flags({ "database-url-file": path }), {
        ...key,
        [environmentName("database-url")]: "postgres://other:hush@127.0.0.1/db"
      })
      assert.include(twice[0]?.message, "given twice")
      assert.notInclude(JSON.stringify(twice), "hush")
      const missing = yield* faultsOf({}, { [environmentName("database-url-file")]: "/nowhere/at/all" })
      assert.include(missing[0]?.message, "there is no such file")
    }).pipe(Effect.scoped))

  it.effect("says what belongs together", () =>
    Effect.gen(function*() {
      const database = { [environmentName("database-url")]: "postgres://127.0.0.1/db" }
      const serving = (given: Given, environment: Readonly<Record<string, string>> = {}) =>
        Effect.flatMap(ServerConfig.read(given, environment), requireServing).pipe(
          Effect.flip,
          Effect.map(({ faults }) => faults)
        )
      // Commands that need the database alone are not kept from it.
      yield* ServerConfig.read({}, database)
      const alone = yield* serving({}, database)
      assert.deepStrictEqual(alone.map(({ where }) => where), [environmentName("encryption-key"), "runner-address"])
      assert.include((yield* serving(flags({ "runner-address": "10.0.0.1:1" })))[0]?.message, "PostgreSQL")
      assert.include((yield* faultsOf(flags({ "tls-cert-file": "/x" })))[0]?.message, "belong together")
      assert.include(
        (yield* faultsOf({}, { [environmentName("database-url")]: "mysql://x/y" }))[0]?.message,
        "must begin with postgres://"
      )
    }))

  it.effect("refuses a file that is no mapping, or says a thing twice", () =>
    Effect.gen(function*() {
      for (const text of ["- a\n- b\n", "just words", "listen: a\nlisten: b\n", "listen: [\n"]) {
        const path = yield* written("server.yaml", text)
        assert.strictEqual((yield* faultsOf(flags({ config: path })))[0]?.where, path)
      }
      assert.include((yield* faultsOf(flags({ config: "/nowhere.yaml" })))[0]?.message, "no such configuration file")
      const empty = yield* written("server.yaml", "# nothing yet\n")
      assert.strictEqual((yield* ServerConfig.read(flags({ config: empty }), {})).logLevel, "info")
    }).pipe(Effect.scoped))
})
