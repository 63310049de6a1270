/**
 * What all services have in common: the connector that they serve and the way to run its effects.
 */
import type { ResourceType as ResourceTypeMessage } from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"
import type { Connector, ResourceTypeHandler } from "@access-kit/connector-model/Connector"
import type { Gateway } from "../Gateway.ts"
import type { Memory } from "../Listing.ts"

export interface Served {
  readonly connector: Connector["Service"]
  readonly gateway: Gateway
  readonly memory: Memory
  readonly listing: "type-scoped" | "per-resource"
  /** The plain messages of the resource types, by id. */
  readonly types: ReadonlyMap<string, ResourceTypeMessage>
}

export const handlerOf = (served: Served, resourceType: string): ResourceTypeHandler | undefined =>
  served.connector.resourceTypes.find((handler) => handler.resourceType.id === resourceType)
