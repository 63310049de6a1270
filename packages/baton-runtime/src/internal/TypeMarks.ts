/**
 * The annotations on resource types that tell a syncer how to list what is held on their resources.
 */
import { SkipEntitlementsAndGrantsSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_resource_tree_pb"
import { TypeScopedEntitlementsSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_type_scoped_entitlements_pb"
import { TypeScopedGrantsSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_type_scoped_grants_pb"
import type { ResourceTypeHandler } from "@access-kit/connector-model/Connector"
import { create } from "@bufbuild/protobuf"
import type { Any } from "@bufbuild/protobuf/wkt"
import * as ToMessage from "../ToMessage.ts"

export const hasEntitlements = (handler: ResourceTypeHandler): boolean =>
  handler.entitlements !== undefined && handler.entitlements.length > 0

export const of = (handler: ResourceTypeHandler, listing: "type-scoped" | "per-resource"): ReadonlyArray<Any> => {
  if (listing === "per-resource") return []
  return hasEntitlements(handler)
    ? [
      ToMessage.annotation(TypeScopedEntitlementsSchema, create(TypeScopedEntitlementsSchema)),
      ToMessage.annotation(TypeScopedGrantsSchema, create(TypeScopedGrantsSchema))
    ]
    : [ToMessage.annotation(SkipEntitlementsAndGrantsSchema, create(SkipEntitlementsAndGrantsSchema))]
}
