/**
 * What a connector can do, read off its handlers. There is no other place to say it, so it can't differ from what happens.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import type { Connector } from "./Connector.ts"
import { ResourceType } from "./ResourceType.ts"

/**
 * @since 0.1.0
 */
export const Capability = Schema.Literals(["sync", "get", "grant", "revoke", "create", "delete"])

/**
 * @since 0.1.0
 */
export type Capability = typeof Capability.Type

/**
 * @since 0.1.0
 */
export const ResourceTypeCapabilities = Schema.Struct({
  resourceType: ResourceType,
  capabilities: Schema.Array(Capability),
  /** Slugs of the entitlements that each resource of the type has. */
  entitlements: Schema.Array(Schema.String)
})

/**
 * A field that whoever asks for an account fills in.
 *
 * @since 0.1.0
 */
export const AccountField = Schema.Struct({
  name: Schema.String,
  displayName: Schema.String,
  description: Schema.String,
  required: Schema.Boolean
})

/**
 * @since 0.1.0
 */
export const Capabilities = Schema.Struct({
  connector: Schema.String,
  displayName: Schema.String,
  version: Schema.String,
  helpUrl: Schema.String,
  /** Whether anything can be changed at all. */
  provisioning: Schema.Boolean,
  resourceTypes: Schema.Array(ResourceTypeCapabilities),
  /** The fields that account creation asks for beside the e-mail address. Empty when accounts can't be created. */
  accountFields: Schema.Array(AccountField)
})

/**
 * @since 0.1.0
 */
export interface Capabilities extends Schema.Schema.Type<typeof Capabilities> {}

/**
 * @since 0.1.0
 */
export const of = (connector: Connector["Service"]): Capabilities => {
  const resourceTypes = connector.resourceTypes.map((handler) => {
    const capabilities: Array<Capability> = ["sync", "get"]
    if (handler.grant !== undefined) capabilities.push("grant")
    if (handler.revoke !== undefined) capabilities.push("revoke")
    if (handler.createAccount !== undefined) capabilities.push("create")
    if (handler.delete !== undefined) capabilities.push("delete")
    return {
      resourceType: handler.resourceType,
      capabilities,
      entitlements: (handler.entitlements ?? []).map((entitlement) => entitlement.slug)
    }
  })
  return {
    connector: connector.spec.name,
    displayName: connector.spec.displayName,
    version: connector.spec.version,
    helpUrl: connector.spec.helpUrl,
    provisioning: resourceTypes.some((type) =>
      type.capabilities.some((capability) => capability !== "sync" && capability !== "get")
    ),
    resourceTypes,
    accountFields: connector.resourceTypes.flatMap((handler) => handler.createAccount?.fields ?? []).map((field) => ({
      name: field.name,
      displayName: field.displayName,
      description: field.description,
      required: field.required
    }))
  }
}
