import * as ConfigField from "@access-kit/connector-model/ConfigField"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { describe, expect, it } from "@effect/vitest"
import { ConfigProvider, Effect, FileSystem, Layer, Option, Redacted, Stdio, Stream } from "effect"
import * as ConnectorFlags from "../src/ConnectorFlags.ts"

const fields = {
  url: ConfigField.url({ name: "a-url", displayName: "A URL", description: "Where" }),
  token: ConfigField.secret({ name: "a-token", displayName: "A token", description: "What opens it" }),
  kind: ConfigField.withDefault(
    ConfigField.choice({ name: "a-kind", displayName: "A kind", description: "Which" }, ["one", "two"]),
    "one"
  )
}

const secret = "tok-5e7dcafe"

const given = (values: Readonly<Record<string, string>>): ConnectorFlags.Given =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Option.some(Redacted.make(value))]))

const environment = (variables: Record<string, string>) =>
  ConfigProvider.layer(ConfigProvider.fromEnv({ env: variables }))

const stdin = (text: string, terminal = false) =>
  Stdio.layerTest({
    stdin: Stream.make(new TextEncoder().encode(text)),
    stdinIsTerminal: Effect.succeed(terminal)
  })

const resolve = (
  flags: Readonly<Record<string, string>>,
  variables: Record<string, string> = {},
  input: Layer.Layer<Stdio.Stdio> = stdin("")
) =>
  ConnectorFlags.resolve(fields, given(flags)).pipe(
    Effect.provide(Layer.mergeAll(environment(variables), input).pipe(Layer.provideMerge(NodeServices.layer)))
  )

const fault = (...args: Parameters<typeof resolve>) =>
  Effect.map(Effect.flip(resolve(...args)), (error) => {
    expect(error.reason._tag).toBe("InvalidConfiguration")
    expect(error.message).not.toContain(secret)
    return error.message
  })

describe("ConnectorFlags", () => {
  it("has a flag for every field, and three for a secret", () => {
    expect(Object.keys(ConnectorFlags.flags(fields))).toEqual([
      "a-url",
      "a-token",
      "a-token-file",
      "a-token-stdin",
      "a-kind"
    ])
  })

  it.effect("reads flags, then the environment, then defaults", () =>
    Effect.gen(function*() {
      const values = yield* resolve(
        { "a-url": "https://flag.example" },
        { BATON_A_URL: "https://env.example", BATON_A_TOKEN: secret }
      )
      expect(values.url).toBe("https://flag.example")
      expect(Redacted.value(values.token)).toBe(secret)
      expect(values.kind).toBe("one")
    }))

  it.effect("a flag of another source comes before the variable, too", () =>
    Effect.gen(function*() {
      const values = yield* resolve(
        { "a-url": "https://x.example", "a-token-stdin": "" },
        { BATON_A_TOKEN: "other" },
        stdin(`${secret}\n`)
      )
      expect(Redacted.value(values.token)).toBe(secret)
    }))

  it.effect("reads a file by flag and by variable, and cuts its line break off", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const path = yield* files.makeTempFileScoped()
      yield* files.writeFileString(path, `${secret}\r\n`)
      for (
        const values of [
          yield* resolve({ "a-url": "https://x.example", "a-token-file": path }),
          yield* resolve({ "a-url": "https://x.example" }, { BATON_A_TOKEN_FILE: path })
        ]
      ) expect(Redacted.value(values.token)).toBe(secret)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))

  it.effect("two sources of the same rank are an error that names both", () =>
    Effect.gen(function*() {
      expect(yield* fault({ "a-url": "https://x.example", "a-token": secret, "a-token-file": "/x" }))
        .toContain("--a-token and --a-token-file")
      expect(yield* fault({ "a-token": secret, "a-token-stdin": "" })).toContain("--a-token and --a-token-stdin")
      expect(
        yield* fault({ "a-url": "https://x.example" }, { BATON_A_TOKEN: secret, BATON_A_TOKEN_FILE: "/x" })
      ).toContain("BATON_A_TOKEN and BATON_A_TOKEN_FILE")
    }))

  it.effect("an empty variable counts as none", () =>
    Effect.gen(function*() {
      const values = yield* resolve(
        { "a-url": "https://x.example", "a-token": secret },
        { BATON_A_TOKEN: "", BATON_A_TOKEN_FILE: "" }
      )
      expect(Redacted.value(values.token)).toBe(secret)
      expect(yield* fault({ "a-url": "https://x.example" }, { BATON_A_TOKEN: "" })).toContain("A token is missing")
    }))

  it.effect("says what is wrong with a file", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const directory = yield* files.makeTempDirectoryScoped()
      const empty = `${directory}/empty`
      const large = `${directory}/large`
      const lines = `${directory}/lines`
      yield* files.writeFileString(empty, " \n")
      yield* files.writeFileString(large, "x".repeat(70_000))
      yield* files.writeFileString(lines, `${secret}\n${secret}\n`)
      expect(yield* fault({ "a-token-file": `${directory}/none` })).toContain("there is no such file")
      expect(yield* fault({ "a-token-file": directory })).toContain("it is a directory")
      expect(yield* fault({ "a-token-file": empty })).toContain("is empty")
      expect(yield* fault({ "a-token-file": large })).toContain("too large")
      expect(yield* fault({ "a-url": "https://x.example", "a-token-file": lines })).toContain("white space")
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))

  it.effect("says what is wrong with standard input", () =>
    Effect.gen(function*() {
      expect(yield* fault({ "a-token-stdin": "" }, {}, stdin("", true))).toContain("standard input is a terminal")
      expect(yield* fault({ "a-token-stdin": "" }, {}, stdin("\n"))).toContain("is empty")
    }))

  it.effect("names every missing setting at once, with its flag and its variable", () =>
    Effect.gen(function*() {
      const message = yield* fault({})
      for (const word of ["--a-url", "BATON_A_URL", "--a-token", "BATON_A_TOKEN"]) expect(message).toContain(word)
    }))
})
