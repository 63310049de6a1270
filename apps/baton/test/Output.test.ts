/** What the program prints for other programs, and what it says about itself. */
import { ConfigV1, ConnectorV2, Registry } from "@access-kit/baton-protocol"
import { create, equals, fromJsonString, type MessageInitShape } from "@bufbuild/protobuf"
import { anyPack, AnySchema } from "@bufbuild/protobuf/wkt"
import { expect } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { createServer } from "node:http"
import { Program, withProgram } from "./Program.ts"

const { registry } = Registry

const keysOf = (json: string) =>
  Object.keys(Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown)))(json))

/** Strings are compared apart: what a field is for may be said otherwise any day. */
const withoutWords = (configuration: ConfigV1.Configuration): ConfigV1.Configuration => {
  for (const field of configuration.fields) {
    field.description = ""
    field.placeholder = ""
  }
  return configuration
}

type FieldInit = MessageInitShape<typeof ConfigV1.FieldSchema>

const text = (name: string, defaultValue = ""): FieldInit => ({
  name,
  isOps: true,
  field: { case: "stringField", value: { defaultValue } }
})
const truth = (name: string): FieldInit => ({ name, isOps: true, field: { case: "boolField", value: {} } })
const whole = (
  name: string,
  defaultValue: number,
  rules?: { readonly gte: bigint; readonly lte: bigint }
): FieldInit => ({
  name,
  isOps: true,
  field: {
    case: "intField",
    value: { defaultValue: BigInt(defaultValue), ...(rules === undefined ? {} : { rules }) }
  }
})
const named = (displayName: string, field: FieldInit): FieldInit => ({ ...field, displayName })

/** Go's fields for operators, in Go's order, and then those of the connector. */
const configuration = create(ConfigV1.ConfigurationSchema, {
  displayName: "Claude Enterprise",
  helpUrl: "https://support.claude.com/en/articles/13133195",
  fields: [
    text("log-level", "info"),
    text("log-level-debug-expires-at"),
    whole("session-store-maximum-size", 15_728_640),
    text("otel-collector-endpoint"),
    text("otel-collector-endpoint-tls-cert-path"),
    text("otel-collector-endpoint-tls-cert"),
    truth("otel-collector-endpoint-tls-insecure"),
    truth("otel-tracing-disabled"),
    truth("otel-logging-disabled"),
    truth("health-check"),
    whole("health-check-port", 8081),
    text("health-check-bind-address", "127.0.0.1"),
    whole("http-timeout-seconds", 300, { gte: BigInt(1), lte: BigInt(1800) }),
    {
      name: "scim-url",
      displayName: "SCIM URL",
      isRequired: true,
      field: { case: "stringField", value: { rules: { isRequired: true } } }
    },
    {
      name: "scim-token",
      displayName: "SCIM Token",
      isRequired: true,
      isSecret: true,
      field: { case: "stringField", value: { rules: { isRequired: true } } }
    },
    named("SCIM dialect", {
      name: "scim-dialect",
      isOps: true,
      field: {
        case: "stringField",
        value: { defaultValue: "workos", rules: { in: ["workos", "standard", "claude-government"] } }
      }
    }),
    named("SCIM concurrency", whole("scim-concurrency", 8)),
    named("SCIM page size", whole("scim-page-size", 100)),
    named("SCIM timeout", text("scim-timeout", "30s")),
    named("SCIM longest wait", text("scim-max-wait", "2m")),
    named("SCIM retry budget", text("scim-retry-budget", "5m"))
  ]
})

withProgram("what it prints", (it) => {
  it.effect("config: the configuration as protojson, without a line end, whatever the environment", () =>
    Effect.gen(function*() {
      const program = yield* Program
      const { code, stderr, stdout } = yield* program.run(["config"], { env: { BATON_LOG_LEVEL: "nonsense" } })
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
      const printed = fromJsonString(ConfigV1.ConfigurationSchema, stdout, { registry })
      expect(printed.fields.every((field) => field.description !== "")).toBe(true)
      expect(withoutWords(printed)).toEqual(configuration)
      expect(equals(ConfigV1.ConfigurationSchema, printed, configuration)).toBe(true)
      expect(stdout).toMatch(/^\{\n {2}"fields": \[\n {4}\{\n {6}"name": "log-level",\n/)
      expect(stdout).toContain("\"defaultValue\": \"15728640\"")
      expect(stdout.endsWith("}")).toBe(true)
      const taken = yield* program.run(["config", "--scim-url", "https://x.example"])
      expect([taken.code, taken.stderr]).toEqual([2, "error: unknown flag: --scim-url\n"])
    }))

  it.effect("capabilities: an Any with its type first, without a line end, and without any setting", () =>
    Effect.gen(function*() {
      const program = yield* Program
      const { code, stderr, stdout } = yield* program.run(["capabilities"])
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
      expect(keysOf(stdout)).toEqual([
        "@type",
        "resourceTypeCapabilities",
        "connectorCapabilities",
        "credentialDetails"
      ])
      expect(stdout.endsWith("}")).toBe(true)
      const any = fromJsonString(AnySchema, stdout, { registry })
      const printed = fromJsonString(ConnectorV2.ConnectorCapabilitiesSchema, stdout, {
        ignoreUnknownFields: true,
        registry
      })
      expect(
        equals(AnySchema, any, anyPack(ConnectorV2.ConnectorCapabilitiesSchema, printed), { registry, unpackAny: true })
      )
        .toBe(true)
      for (const type of printed.resourceTypeCapabilities) {
        if (type.resourceType === undefined) continue
        type.resourceType.description = ""
        type.resourceType.annotations = []
      }
      const { Capability, CapabilityDetailCredentialOption, ResourceType_Trait } = ConnectorV2
      expect(printed).toEqual(create(ConnectorV2.ConnectorCapabilitiesSchema, {
        resourceTypeCapabilities: [
          {
            resourceType: { id: "group", displayName: "Group", traits: [ResourceType_Trait.GROUP] },
            capabilities: [Capability.SYNC, Capability.TARGETED_SYNC, Capability.PROVISION],
            permissions: {}
          },
          {
            resourceType: { id: "user", displayName: "User", traits: [ResourceType_Trait.USER] },
            capabilities: [
              Capability.SYNC,
              Capability.TARGETED_SYNC,
              Capability.ACCOUNT_PROVISIONING,
              Capability.RESOURCE_DELETE
            ],
            permissions: {}
          }
        ],
        connectorCapabilities: [
          Capability.PROVISION,
          Capability.SYNC,
          Capability.ACCOUNT_PROVISIONING,
          Capability.RESOURCE_DELETE,
          Capability.TARGETED_SYNC,
          Capability.SERVICE_MODE_TARGETED_SYNC
        ].toSorted((a, b) => a - b),
        credentialDetails: {
          capabilityAccountProvisioning: {
            supportedCredentialOptions: [CapabilityDetailCredentialOption.NO_PASSWORD],
            preferredCredentialOption: CapabilityDetailCredentialOption.NO_PASSWORD
          }
        }
      }))
    }))

  it.effect("version, help and completion", () =>
    Effect.gen(function*() {
      const program = yield* Program
      for (const args of [["--version"], ["-v"], ["--version", "--log-level=debug"]]) {
        expect((yield* program.run(args)).stdout).toMatch(/^baton-claude-enterprise version \d+\.\d+\.\d+\n$/)
      }
      const help = yield* program.run(["--help"])
      expect(help.code).toBe(0)
      for (
        const words of ["--scim-url string", "required: The SCIM", "($BATON_SCIM_TOKEN)", "-f, --file string", "serve"]
      ) {
        expect(help.stdout).toContain(words)
      }
      expect(help.stdout).not.toContain("--grant-entitlement")
      expect(help.stdout).not.toContain("_connector-service")
      expect((yield* program.run(["help"])).stdout).toBe(help.stdout)
      expect((yield* program.run(["serve", "-h"])).stdout).toBe((yield* program.run(["help", "serve"])).stdout)
      for (
        const [shell, words] of [["bash", "complete "], ["zsh", "#compdef"], ["fish", "complete -c"], [
          "powershell",
          "Register"
        ]]
      ) {
        const { code, stdout } = yield* program.run(["completion", shell ?? ""])
        expect(code).toBe(0)
        expect(stdout).toContain(words)
        expect(stdout).toContain("scim-url")
        expect(stdout).not.toContain("--completions")
      }
    }))

  it.effect("health-check: 0 for 200 and nothing else, printing nothing", () =>
    Effect.gen(function*() {
      const program = yield* Program
      const asked: Array<string> = []
      const server = createServer((request, response) => {
        asked.push(request.url ?? "")
        response.statusCode = request.url === "/ready" ? 503 : 200
        response.end("{}")
      })
      yield* Effect.acquireRelease(
        Effect.callback<void>((resume) => {
          server.listen(0, "127.0.0.1", () => resume(Effect.void))
        }),
        () => Effect.sync(() => server.close())
      )
      const address = server.address()
      const port = typeof address === "object" && address !== null ? String(address.port) : ""
      const healthy = yield* program.run(["health-check", "--health-check-port", port])
      expect(healthy).toEqual({ code: 0, stdout: "", stderr: "" })
      const live = yield* program.run(["health-check", "--endpoint=live"], { env: { BATON_HEALTH_CHECK_PORT: port } })
      expect(live.code).toBe(0)
      const ready = yield* program.run(["health-check", "--endpoint", "ready", "--health-check-port", port])
      expect([ready.code, ready.stderr]).toEqual([2, `error: http://127.0.0.1:${port}/ready answered 503.\n`])
      expect(asked).toEqual(["/health", "/live", "/ready"])
      expect((yield* program.run(["health-check", "--health-check-port", "1"])).code).toBe(2)
    }))
})

withProgram("what it refuses", (it) => {
  it.effect("a command line, a variable or a setting that can't be right", () =>
    Effect.gen(function*() {
      const program = yield* Program
      const settings = { BATON_SCIM_URL: "https://scim.invalid/", BATON_SCIM_TOKEN: "none" }
      const cases: ReadonlyArray<readonly [ReadonlyArray<string>, Record<string, string>, number, string]> = [
        [[], {}, 2, "SCIM URL is missing. Give --scim-url or set BATON_SCIM_URL."],
        [[], { BATON_SCIM_URL: "http://elsewhere.example/", BATON_SCIM_TOKEN: "none" }, 2, "https"],
        [["--nope"], settings, 2, "unknown flag: --nope"],
        [["-z"], settings, 2, "unknown shorthand flag: 'z' in -z"],
        [["sync"], settings, 2, "unknown command \"sync\" for \"baton-claude-enterprise\""],
        [["--provisioning", "true"], settings, 2, "unknown command \"true\""],
        [["--provisioning=perhaps"], settings, 2, "neither true nor false"],
        [["--file"], settings, 2, "flag needs an argument: --file"],
        [["capabilities", "extra"], settings, 2, "\"extra\""],
        [["completion", "tcsh"], settings, 2, "bash, zsh, fish, powershell"],
        [["help", "nope"], settings, 2, "unknown command \"nope\""],
        [["--client-id", "a@b/c"], settings, 2, "missing [client-secret]"],
        [["--task-concurrency", "0"], settings, 2, "0 is not from 1 to 100"],
        [
          [],
          { ...settings, BATON_TASK_CONCURRENCY: "many" },
          2,
          "BATON_TASK_CONCURRENCY: \"many\" is not a whole number"
        ],
        [[], { ...settings, BATON_PROVISIONING: "ja" }, 2, "BATON_PROVISIONING"],
        [["--log-level", "loud"], settings, 2, "none of debug, info, warn, error"],
        [["--http-timeout-seconds", "1801"], settings, 2, "1801 is not from 1 to 1800"],
        [["--auth-method", "oauth"], settings, 2, "only one way"],
        [["--c1z-temp-dir", "no/such/place"], settings, 2, "is no directory"],
        [["--skip-grants"], settings, 2, "--sync-resources"],
        [["--sync-resources", "group/1"], settings, 2, "bid:r:TYPE/ID"],
        [["--sync-resources", "bid:r:role/1"], settings, 2, "invalid resource type 'role'"],
        [["--storage-engine", "leveldb"], settings, 2, "none of sqlite, pebble"],
        [["--external-resource-c1z", "people.c1z"], settings, 12, "Leave it out"],
        [["--keep-previous-sync-c1z"], settings, 12, "service mode"],
        [["--invoke-resource-action", "reset"], settings, 5, "has no actions"],
        [["--diff-syncs", "--base-sync-id", "a", "--applied-sync-id", "b"], settings, 12, "--diff-syncs"],
        [[], { ...settings, BATON_KEEP_SYNC_COUNT: "0" }, 2, "BATON_KEEP_SYNC_COUNT"],
        [[], { ...settings, BATON_SKIP_CLEANUP: "perhaps" }, 2, "BATON_SKIP_CLEANUP"],
        [["--config-path", "absent.yaml"], settings, 2, "\"absent.yaml\" does not exist"],
        [[], { ...settings, BATON_CONFIG_PATH: "config.json" }, 2, ".yaml or .yml"]
      ]
      for (const [args, env, code, words] of cases) {
        const finished = yield* program.run(args, { env })
        expect.soft({ args, env, code: finished.code, stdout: finished.stdout }).toEqual({
          args,
          env,
          code,
          stdout: ""
        })
        expect.soft(finished.stderr).toContain(words)
      }
    }))
})
