/**
 * What a connector is and can do, in baton's words. All of it is read off the connector's handlers, as baton's builder does: SYNC and TARGETED_SYNC for
 * every type, PROVISION where grants can be made and taken back, ACCOUNT_PROVISIONING, RESOURCE_DELETE.
 *
 * @since 0.1.0
 */
import {
  Capability,
  CapabilityDetailCredentialOption,
  CapabilityPermissionsSchema,
  type ConnectorAccountCreationSchema,
  ConnectorAccountCreationSchema_BoolFieldSchema,
  ConnectorAccountCreationSchema_FieldSchema,
  ConnectorAccountCreationSchema_IntFieldSchema,
  ConnectorAccountCreationSchema_StringFieldSchema,
  ConnectorAccountCreationSchemaSchema,
  type ConnectorCapabilities,
  ConnectorCapabilitiesSchema,
  type ConnectorMetadata,
  ConnectorMetadataSchema,
  CredentialDetailsAccountProvisioningSchema,
  CredentialDetailsSchema,
  type ResourceTypeCapability,
  ResourceTypeCapabilitySchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/connector_pb"
import type { ConfigField } from "@access-kit/connector-model/ConfigField"
import type { Connector, ResourceTypeHandler } from "@access-kit/connector-model/Connector"
import { create } from "@bufbuild/protobuf"
import * as TypeMarks from "./internal/TypeMarks.ts"
import * as ToMessage from "./ToMessage.ts"

/**
 * @since 0.1.0
 */
export interface Options {
  /** The marks that a server puts on resource types, see `BatonServices`. @default "type-scoped" */
  readonly listing?: "type-scoped" | "per-resource"
}

const capabilitiesOf = (handler: ResourceTypeHandler): Array<Capability> => {
  const capabilities: Array<Capability> = [Capability.SYNC, Capability.TARGETED_SYNC]
  if (handler.grant !== undefined && handler.revoke !== undefined) capabilities.push(Capability.PROVISION)
  if (handler.createAccount !== undefined) capabilities.push(Capability.ACCOUNT_PROVISIONING)
  if (handler.delete !== undefined) capabilities.push(Capability.RESOURCE_DELETE)
  return capabilities
}

const ofType = (handler: ResourceTypeHandler, listing: "type-scoped" | "per-resource"): ResourceTypeCapability =>
  create(ResourceTypeCapabilitySchema, {
    resourceType: ToMessage.resourceType(handler.resourceType, TypeMarks.of(handler, listing)),
    capabilities: capabilitiesOf(handler),
    permissions: create(CapabilityPermissionsSchema)
  })

const byText = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0

/**
 * Types are in the order of their ids, capabilities in that of their numbers.
 *
 * @since 0.1.0
 */
export const of = (connector: Connector["Service"], options: Options = {}): ConnectorCapabilities => {
  const types = [...connector.resourceTypes]
    .sort((a, b) => byText(a.resourceType.id, b.resourceType.id))
    .map((handler) => ofType(handler, options.listing ?? "type-scoped"))
  const all = new Set<Capability>(types.length === 0 ? [] : [Capability.SERVICE_MODE_TARGETED_SYNC])
  for (const type of types) for (const capability of type.capabilities) all.add(capability)
  const capabilities = create(ConnectorCapabilitiesSchema, {
    resourceTypeCapabilities: types,
    connectorCapabilities: [...all].sort((a, b) => a - b)
  })
  if (connector.resourceTypes.some((handler) => handler.createAccount !== undefined)) {
    capabilities.credentialDetails = create(CredentialDetailsSchema, {
      capabilityAccountProvisioning: create(CredentialDetailsAccountProvisioningSchema, {
        supportedCredentialOptions: [CapabilityDetailCredentialOption.NO_PASSWORD],
        preferredCredentialOption: CapabilityDetailCredentialOption.NO_PASSWORD
      })
    })
  }
  return capabilities
}

const formField = (field: ConfigField, order: number) => {
  const common = {
    displayName: field.displayName,
    required: field.required,
    description: field.description,
    placeholder: field.placeholder ?? "",
    order
  }
  const text = field.defaultText
  switch (field.kind) {
    case "boolean":
      return create(ConnectorAccountCreationSchema_FieldSchema, {
        ...common,
        field: {
          case: "boolField",
          value: create(
            ConnectorAccountCreationSchema_BoolFieldSchema,
            text === undefined ? {} : { defaultValue: text === "true" }
          )
        }
      })
    case "integer":
      return create(ConnectorAccountCreationSchema_FieldSchema, {
        ...common,
        field: {
          case: "intField",
          value: create(
            ConnectorAccountCreationSchema_IntFieldSchema,
            text === undefined ? {} : { defaultValue: Number(text) }
          )
        }
      })
    default:
      return create(ConnectorAccountCreationSchema_FieldSchema, {
        ...common,
        field: {
          case: "stringField",
          value: create(
            ConnectorAccountCreationSchema_StringFieldSchema,
            text === undefined ? {} : { defaultValue: text }
          )
        }
      })
  }
}

/**
 * The form that is filled in to create an account; nothing where accounts can't be created.
 *
 * @since 0.1.0
 */
export const accountSchemaOf = (connector: Connector["Service"]): ConnectorAccountCreationSchema | undefined => {
  const creations = connector.resourceTypes.flatMap((handler) => handler.createAccount ?? [])
  if (creations.length === 0) return undefined
  const fieldMap: Record<string, ReturnType<typeof formField>> = {}
  for (const field of creations.flatMap((creation) => creation.fields)) {
    fieldMap[field.name] ??= formField(field, Object.keys(fieldMap).length + 1)
  }
  return create(ConnectorAccountCreationSchemaSchema, { fieldMap })
}

/**
 * @since 0.1.0
 */
export const metadataOf = (connector: Connector["Service"], options: Options = {}): ConnectorMetadata => {
  const { spec } = connector
  const metadata = create(ConnectorMetadataSchema, {
    displayName: spec.displayName,
    helpUrl: spec.helpUrl,
    description: spec.description,
    capabilities: of(connector, options)
  })
  const form = accountSchemaOf(connector)
  if (form !== undefined) metadata.accountCreationSchema = form
  return metadata
}
