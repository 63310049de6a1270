import * as ConfigFile from "@access-kit/baton-runtime/command/ConfigFile"
import { environmentName, type FlagSpec } from "@access-kit/baton-runtime/command/FlagSpec"
import * as Given from "@access-kit/baton-runtime/command/Given"
import * as Relations from "@access-kit/baton-runtime/command/Relations"
import { NodeServices } from "@effect/platform-node"
import { describe, expect, it, layer } from "@effect/vitest"
import { ConfigProvider, Effect, FileSystem } from "effect"

const specs: ReadonlyArray<FlagSpec> = [
  { name: "text", kind: "string", description: "", defaultText: "default" },
  { name: "word", kind: "string", description: "", choices: ["a", "b"] },
  { name: "secret", kind: "string", description: "", secret: true, choices: ["a"] },
  { name: "on", kind: "boolean", description: "" },
  { name: "number", kind: "integer", description: "", defaultText: "3", bounds: { minimum: 1, maximum: 9 } },
  { name: "some", kind: "list", description: "" },
  { name: "local", kind: "string", description: "" }
]

const resolve = (sources: {
  readonly flags?: Readonly<Record<string, ReadonlyArray<string>>>
  readonly env?: Readonly<Record<string, string>>
  readonly file?: Readonly<Record<string, ReadonlyArray<string>>>
}) =>
  Given.resolve(specs, {
    flags: new Map(Object.entries(sources.flags ?? {})),
    file: new Map(Object.entries(sources.file ?? {})),
    flagsOnly: new Set(["local"])
  }).pipe(Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env: { ...sources.env } }))))

describe("where a value comes from", () => {
  it.effect("flag, then variable, then file, then default", () =>
    Effect.gen(function*() {
      const all = { flags: { text: ["flag"] }, env: { BATON_TEXT: "variable" }, file: { text: ["file"] } }
      expect((yield* resolve(all)).text("text")).toBe("flag")
      expect((yield* resolve({ ...all, flags: {} })).text("text")).toBe("variable")
      expect((yield* resolve({ file: all.file })).text("text")).toBe("file")
      const none = yield* resolve({})
      expect([none.text("text"), none.has("text"), none.text("word")]).toEqual(["default", false, undefined])
    }))

  it.effect("an empty variable is none, the last of several flags counts, lists grow", () =>
    Effect.gen(function*() {
      const given = yield* resolve({
        flags: { word: ["a", "b"], some: ["x,y", "z"] },
        env: { BATON_TEXT: "" },
        file: { text: ["file"], some: ["not me"] }
      })
      expect([given.text("text"), given.text("word")]).toEqual(["file", "b"])
      expect(given.list("some")).toEqual(["x", "y", "z"])
    }))

  it.effect("flags of a subcommand have no variable", () =>
    Effect.map(resolve({ env: { BATON_LOCAL: "x" } }), (given) => expect(given.has("local")).toBe(false)))

  it("names variables as Go does", () => {
    expect(environmentName({ name: "otel-collector-endpoint-tls-cert-path" }))
      .toBe("BATON_OTEL_COLLECTOR_ENDPOINT_TLS_CERT_PATH")
  })
})

describe("truth", () => {
  for (
    const [written, expected] of [["1", true], ["t", true], ["TRUE", true], ["0", false], ["F", false], [
      "False",
      false
    ]]
  ) {
    it.effect(`${written} is ${expected}`, () =>
      Effect.map(resolve({ env: { BATON_ON: String(written) } }), (given) => {
        expect([given.isOn("on"), given.text("on")]).toEqual([expected, String(expected)])
      }))
  }
})

describe("a value that can't be right", () => {
  const cases: ReadonlyArray<readonly [Parameters<typeof resolve>[0], string]> = [
    [{ flags: { on: ["yes"] } }, "--on: \"yes\" is neither true nor false"],
    [{ env: { BATON_ON: "ja" } }, "BATON_ON: \"ja\" is neither true nor false"],
    [{ file: { on: ["2"] } }, "on in the configuration file: \"2\" is neither"],
    [{ flags: { number: ["3.5"] } }, "--number: \"3.5\" is not a whole number"],
    [{ flags: { number: ["0"] } }, "--number: 0 is not from 1 to 9"],
    [{ flags: { number: ["99999999999999999999"] } }, "is not from 1 to 9"],
    [{ flags: { word: ["c"] } }, "--word: \"c\" is none of a, b"]
  ]
  for (const [sources, message] of cases) {
    it.effect(message, () =>
      Effect.map(Effect.flip(resolve(sources)), (error) => {
        expect(error.reason).toBe("InvalidValue")
        expect(error.message).toContain(message)
      }))
  }

  it.effect("is not repeated where it is a secret", () =>
    Effect.map(Effect.flip(resolve({ flags: { secret: ["hunter2"] } })), (error) => {
      expect(error.message).not.toContain("hunter2")
    }))
})

describe("flags that belong together or exclude each other", () => {
  const check = (...set: ReadonlyArray<string>) => {
    const names = new Set(set)
    const given: Given.Given = {
      has: (name) => names.has(name),
      text: () => undefined,
      isOn: () => false,
      integer: () => 0,
      list: () => []
    }
    return Relations.check(given)
  }

  it.effect("are accepted", () =>
    Effect.all([
      check(),
      check("grant-entitlement", "grant-principal", "grant-principal-type"),
      check("create-account-login", "create-account-email", "dry-run"),
      check("delete-resource", "delete-resource-type")
    ]))

  for (
    const [set, words] of [
      [["grant-entitlement"], "missing [grant-principal]"],
      [["client-secret"], "missing [client-id]"],
      [["diff-syncs"], "missing [applied-sync-id base-sync-id]"],
      [["revoke-grant", "create-account-login"], "[create-account-login revoke-grant] were all set"],
      [["delete-resource-type", "create-account-email"], "[create-account-email delete-resource-type] were all set"],
      [["skip-grants"], "--skip-grants is of no use without --sync-resources"],
      [["dry-run"], "--dry-run is of no use without"]
    ] as const
  ) {
    it.effect(`${set.join(" ")}: ${words}`, () =>
      Effect.map(Effect.flip(check(...set)), (error) => {
        expect(error.reason).toBe("Usage")
        expect(error.message).toContain(words)
      }))
  }
})

layer(NodeServices.layer)("the configuration file", (it) => {
  const read = Effect.fnUntraced(function*(content: string, name = "c.yaml") {
    const files = yield* FileSystem.FileSystem
    const path = `${yield* files.makeTempDirectoryScoped()}/${name}`
    yield* files.writeFileString(path, content)
    return yield* ConfigFile.read(path, true)
  })

  it.effect("keeps values as they are written", () =>
    Effect.gen(function*() {
      const values = yield* read([
        "token: 0123",
        "big: 123456789012345678901234567890",
        "off: false",
        "quoted: \"a: b # c\"",
        "empty:",
        "types: [user, group]",
        "pairs: {a: 1, b: two}"
      ].join("\n"))
      expect(Object.fromEntries(values)).toEqual({
        token: ["0123"],
        big: ["123456789012345678901234567890"],
        off: ["false"],
        quoted: ["a: b # c"],
        empty: [""],
        types: ["user", "group"],
        pairs: ["a=1", "b=two"]
      })
      expect((yield* read("")).size).toBe(0)
      expect((yield* read("# nothing\n", "c.yml")).size).toBe(0)
    }))

  it.effect("need not be there unless it is named", () =>
    Effect.gen(function*() {
      expect((yield* ConfigFile.read("no-such.yaml", false)).size).toBe(0)
      expect((yield* Effect.flip(ConfigFile.read("no-such.yaml", true))).message).toContain("does not exist")
    }))

  for (
    const [content, words, name] of [
      ["token: secret\n  broken: [", "not valid YAML: look at line", undefined],
      ["a: 1\na: 2", "not valid YAML", undefined],
      ["- a\n- b", "flag-name: value", undefined],
      ["just words", "flag-name: value", undefined],
      ["a: {b: {c: 1}}", "\"a\"", undefined],
      ["a: &x [1]\nb: *x", "aliases", undefined],
      ["a: 1", ".yaml or .yml", "c.json"]
    ] as const
  ) {
    it.effect(`refuses ${JSON.stringify(content)}`, () =>
      Effect.map(Effect.flip(read(content, name)), (error) => {
        expect(error.reason).toBe("InvalidConfigFile")
        expect(error.message).toContain(words)
        expect(error.message).not.toContain("secret")
      }))
  }

  it.effect("refuses directories and what is far too large", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const directory = `${yield* files.makeTempDirectoryScoped()}/d.yaml`
      yield* files.makeDirectory(directory)
      expect((yield* Effect.flip(ConfigFile.read(directory, true))).message).toContain("is a directory")
      expect((yield* Effect.flip(read(`a: ${"x".repeat(2 * 1024 * 1024)}`))).message).toContain("too large")
    }))
})
