import * as CommandLine from "@access-kit/baton-runtime/command/CommandLine"
import * as DefaultFlags from "@access-kit/baton-runtime/command/DefaultFlags"
import { ofField } from "@access-kit/baton-runtime/command/FlagSpec"
import { ConfigField } from "@access-kit/connector-model"
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"

const token = ConfigField.secret({ name: "token", displayName: "Token", description: "The token" })

const grammar: CommandLine.Grammar = {
  program: "baton-test",
  persistent: DefaultFlags.all,
  connector: [ofField(token)]
}

const parse = (...args: ReadonlyArray<string>) => CommandLine.parse(grammar, args)

const valuesOf = (...args: ReadonlyArray<string>) =>
  Effect.map(parse(...args), (line) => Object.fromEntries(line.values))

describe("what pflag accepts", () => {
  const cases: ReadonlyArray<readonly [ReadonlyArray<string>, Readonly<Record<string, ReadonlyArray<string>>>]> = [
    [["--file", "x"], { file: ["x"] }],
    [["--file=x"], { file: ["x"] }],
    [["--file="], { file: [""] }],
    [["--file=a=b"], { file: ["a=b"] }],
    [["-f", "x"], { file: ["x"] }],
    [["-fx"], { file: ["x"] }],
    [["-f=x"], { file: ["x"] }],
    // A value may look like a flag.
    [["--file", "-p"], { file: ["-p"] }],
    [["-f", "--provisioning"], { file: ["--provisioning"] }],
    [["--workers", "-1"], { workers: ["-1"] }],
    [["-p"], { provisioning: ["true"] }],
    [["-p=false"], { provisioning: ["false"] }],
    [["--provisioning=0", "-f", "x"], { provisioning: ["0"], file: ["x"] }],
    [["-pf", "x"], { provisioning: ["true"], file: ["x"] }],
    [["-pfx"], { provisioning: ["true"], file: ["x"] }],
    [["--sync-resource-types", "a,b", "--sync-resource-types=c"], { "sync-resource-types": ["a,b", "c"] }],
    // The flag of a name that every object has.
    [["--file", "__proto__"], { file: ["__proto__"] }]
  ]
  for (const [args, expected] of cases) {
    it.effect(args.join(" "), () => Effect.map(valuesOf(...args), (values) => expect(values).toEqual(expected)))
  }

  it.effect("flags before, behind and around the subcommand", () =>
    Effect.gen(function*() {
      for (
        const args of [
          ["--token", "t", "-p", "capabilities"],
          ["capabilities", "--token", "t", "-p"],
          ["-p", "capabilities", "--token=t"]
        ]
      ) {
        const line = yield* parse(...args)
        expect(line.subcommand?.name).toBe("capabilities")
        expect(Object.fromEntries(line.values)).toEqual({ token: ["t"], provisioning: ["true"] })
      }
    }))

  it.effect("help and version wherever they stand", () =>
    Effect.gen(function*() {
      expect(yield* parse("serve", "-h")).toMatchObject({ help: true, version: false })
      expect(yield* parse("-p", "--help")).toMatchObject({ help: true })
      expect(yield* parse("-v")).toMatchObject({ help: false, version: true })
      expect(yield* parse("help", "serve")).toMatchObject({ argument: "serve", help: false })
    }))
})

describe("what pflag and cobra refuse", () => {
  const cases: ReadonlyArray<readonly [ReadonlyArray<string>, string]> = [
    [["--nope"], "unknown flag: --nope"],
    [["--nope=1"], "unknown flag: --nope"],
    [["--__proto__=1"], "unknown flag: --__proto__"],
    [["-x"], "unknown shorthand flag: 'x' in -x"],
    [["-px"], "unknown shorthand flag: 'x' in -px"],
    [["--no-provisioning"], "unknown flag: --no-provisioning"],
    [["--file"], "flag needs an argument: --file"],
    [["-f"], "flag needs an argument: 'f' in -f"],
    [["-pf"], "flag needs an argument: 'f' in -pf"],
    [["nope"], "unknown command \"nope\" for \"baton-test\""],
    [["--", "nope"], "unknown command \"nope\""],
    // Flags of one subcommand are not those of another, and config takes none of the connector.
    [["--endpoint", "live"], "unknown flag: --endpoint"],
    [["capabilities", "--listen", "x"], "unknown flag: --listen"],
    [["config", "--token", "x"], "unknown flag: --token"],
    [["serve", "--version"], "unknown flag: --version"],
    [["config", "extra"], "\"extra\""],
    [["help", "serve", "more"], "\"more\""]
  ]
  for (const [args, message] of cases) {
    it.effect(args.join(" "), () =>
      Effect.map(Effect.flip(parse(...args)), (error) => {
        expect(error.reason).toBe("Usage")
        expect(error.message).toContain(message)
      }))
  }
})
