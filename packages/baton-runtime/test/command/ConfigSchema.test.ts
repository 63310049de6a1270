import { ConfigV1, Registry } from "@access-kit/baton-protocol"
import * as ConfigSchema from "@access-kit/baton-runtime/command/ConfigSchema"
import * as DefaultFlags from "@access-kit/baton-runtime/command/DefaultFlags"
import * as ProtoJson from "@access-kit/baton-runtime/command/ProtoJson"
import * as StandIns from "@access-kit/baton-runtime/command/StandIns"
import { ConfigField } from "@access-kit/connector-model"
import { create, fromJsonString } from "@bufbuild/protobuf"
import { describe, expect, it } from "@effect/vitest"
import { Result } from "effect"

const words = (name: string) => ({ name, displayName: name.toUpperCase(), description: `What ${name} is` })

const config: ReadonlyArray<ConfigField.ConfigField> = [
  ConfigField.text({ ...words("text"), placeholder: "here" }),
  ConfigField.secret(words("secret")),
  ConfigField.url(words("url")),
  ConfigField.integer(words("integer"), { minimum: 1, maximum: 5 }),
  ConfigField.boolean(words("boolean")),
  ConfigField.duration(words("duration")),
  ConfigField.choice(words("choice"), ["a", "b"])
]

const spec = {
  name: "test",
  displayName: "Test",
  description: "A test",
  helpUrl: "https://example.com/",
  version: "1.0.0",
  config: [
    ...config,
    ConfigField.withDefault(ConfigField.boolean(words("on")), "true"),
    ConfigField.optional(ConfigField.text(words("maybe")))
  ]
}

const fieldsOf = (configuration: ConfigV1.Configuration) => configuration.fields.slice(DefaultFlags.exported.length)

describe("the configuration schema", () => {
  it("has a field for every setting, of its kind", () => {
    const field = (
      name: string,
      rest: Parameters<typeof create<typeof ConfigV1.FieldSchema>>[1]
    ) => create(ConfigV1.FieldSchema, { ...words(name), ...rest })
    const required = { isRequired: true }
    expect(fieldsOf(ConfigSchema.of(spec))).toEqual([
      field("text", { ...required, placeholder: "here", field: { case: "stringField", value: { rules: required } } }),
      field("secret", { ...required, isSecret: true, field: { case: "stringField", value: { rules: required } } }),
      field("url", { ...required, field: { case: "stringField", value: { rules: required } } }),
      field("integer", { ...required, field: { case: "intField", value: {} } }),
      field("boolean", { field: { case: "boolField", value: {} } }),
      field("duration", { ...required, field: { case: "stringField", value: { rules: required } } }),
      field("choice", {
        ...required,
        field: { case: "stringField", value: { rules: { ...required, in: ["a", "b"] } } }
      }),
      field("on", { isOps: true, field: { case: "boolField", value: { defaultValue: true } } }),
      field("maybe", { isOps: true, field: { case: "stringField", value: {} } })
    ])
  })

  it("is printed as JSON that protobuf reads back, with whole numbers as text and no line end", () => {
    const configuration = ConfigSchema.of(spec)
    const printed = ProtoJson.print(ConfigV1.ConfigurationSchema, configuration)
    expect(fromJsonString(ConfigV1.ConfigurationSchema, printed, { registry: Registry.registry })).toEqual(
      configuration
    )
    expect(printed).toContain("\"lte\": \"1800\"")
    expect(printed.endsWith("\n")).toBe(false)
  })
})

describe("values that stand in", () => {
  for (const field of config) {
    it(`the decoder of a ${field.kind} takes its own`, () => {
      const value = StandIns.of(field)
      expect(value).toBeDefined()
      expect(Result.isSuccess(field.decode(value ?? ""))).toBe(true)
    })
  }

  it("none for what has a default", () => {
    expect(StandIns.of(ConfigField.withDefault(ConfigField.text(words("x")), "y"))).toBeUndefined()
  })
})
