/**
 * The configuration that a connector asks for, as `config` prints it and a governance product makes a form of it.
 *
 * @since 0.1.0
 */
import {
  type Configuration,
  ConfigurationSchema,
  type Field,
  FieldSchema
} from "@access-kit/baton-protocol/gen/c1/config/v1/config_pb"
import type { ConfigField } from "@access-kit/connector-model/ConfigField"
import type { ConnectorSpec } from "@access-kit/connector-model/Connector"
import { create, type MessageInitShape } from "@bufbuild/protobuf"
import * as DefaultFlags from "./DefaultFlags.ts"
import { type FlagSpec, ofField } from "./FlagSpec.ts"

type FieldInit = MessageInitShape<typeof FieldSchema>

const integerRules = (spec: FlagSpec) =>
  spec.bounds === undefined || spec.ops?.rules === false
    ? {}
    : { rules: { gte: BigInt(spec.bounds.minimum), lte: BigInt(spec.bounds.maximum) } }

const kindOf = (spec: FlagSpec): NonNullable<FieldInit["field"]> => {
  const { choices, defaultText, required } = spec
  switch (spec.kind) {
    case "boolean":
      return { case: "boolField", value: { defaultValue: defaultText === "true" } }
    case "integer":
      return {
        case: "intField",
        value: { defaultValue: BigInt(defaultText ?? "0"), ...integerRules(spec) }
      }
    case "list":
      return { case: "stringSliceField", value: { defaultValue: defaultText === undefined ? [] : [defaultText] } }
    case "string": {
      // Of the flags that every connector has, only the connector's own settings have rules in the schema.
      const rules = spec.field === undefined ? undefined : {
        ...(required === true ? { isRequired: true } : {}),
        ...(choices === undefined ? {} : { in: [...choices] })
      }
      return {
        case: "stringField",
        value: {
          defaultValue: defaultText ?? "",
          ...(rules === undefined || Object.keys(rules).length === 0 ? {} : { rules })
        }
      }
    }
  }
}

const operatorField = (spec: FlagSpec): Field =>
  create(FieldSchema, { name: spec.name, description: spec.description, isOps: true, field: kindOf(spec) })

/** What a connector can't do without is asked for in the form; what it has a default for is left to whoever operates it. */
const connectorField = (field: ConfigField): Field =>
  create(FieldSchema, {
    name: field.name,
    displayName: field.displayName,
    description: field.description,
    placeholder: field.placeholder ?? "",
    isRequired: field.required && field.kind !== "boolean",
    isOps: !field.required,
    isSecret: field.kind === "secret",
    field: kindOf(ofField(field))
  })

/**
 * @since 0.1.0
 */
export const of = (spec: ConnectorSpec): Configuration =>
  create(ConfigurationSchema, {
    fields: [...DefaultFlags.exported.map(operatorField), ...spec.config.map(connectorField)],
    displayName: spec.displayName,
    helpUrl: spec.helpUrl
  })
