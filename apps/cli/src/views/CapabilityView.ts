/**
 * What the connector can do as rows.
 *
 * @since 0.1.0
 */
import type { Capabilities, ResourceTypeCapabilities } from "@access-kit/connector-model/Capabilities"
import type { View } from "../View.ts"

/**
 * @since 0.1.0
 */
export const view: View<typeof ResourceTypeCapabilities.Type> = {
  noun: ["resource type", "resource types"],
  columns: [
    { name: "resourceType", header: "RESOURCE", cell: (row) => row.resourceType.id },
    { name: "capabilities", header: "CAN", cell: (row) => row.capabilities.join(", ") },
    { name: "entitlements", header: "ENTITLEMENTS", cell: (row) => row.entitlements.join(", ") },
    { name: "traits", cell: (row) => row.resourceType.traits.join(" ") },
    { name: "displayName", cell: (row) => row.resourceType.displayName },
    { name: "description", cell: (row) => row.resourceType.description ?? "" }
  ],
  json: (row) => ({
    id: row.resourceType.id,
    displayName: row.resourceType.displayName,
    description: row.resourceType.description ?? null,
    traits: [...row.resourceType.traits],
    capabilities: [...row.capabilities],
    entitlements: [...row.entitlements]
  })
}

/**
 * The whole, for JSON.
 *
 * @since 0.1.0
 */
export const record: View<Capabilities> = {
  noun: ["connector", "connectors"],
  columns: [],
  json: (capabilities) => ({
    connector: capabilities.connector,
    displayName: capabilities.displayName,
    version: capabilities.version,
    helpUrl: capabilities.helpUrl,
    provisioning: capabilities.provisioning,
    resourceTypes: capabilities.resourceTypes.map(view.json),
    accountFields: capabilities.accountFields.map((field) => ({ ...field }))
  })
}
