/**
 * What connectors read, as the encoded messages of `c1.connector.v2` that a snapshot stores: the same bytes as by way of message objects, many times
 * as fast. For servers that hand out rows by the hundred thousand.
 *
 * @since 0.1.0
 */
import type { Entitlement } from "@access-kit/connector-model/Entitlement"
import type { Resource } from "@access-kit/connector-model/Resource"
import type { Trait } from "@access-kit/connector-model/ResourceType"
import { writeEntitlement, writeGrantedEntitlement, writeResource } from "./internal/ModelEncoding.ts"
import { ProtoWriter } from "./internal/ProtoWriter.ts"

/** Grows to the largest message there was. Nothing of it is left to callers: each gets a copy of what it holds. */
const scratch = new ProtoWriter(new ArrayBuffer(4096))

const encoded = (write: (writer: ProtoWriter) => void): Uint8Array => {
  scratch.position = 0
  write(scratch)
  return Buffer.from(scratch.slice(0, scratch.position))
}

/**
 * A `Resource` message.
 *
 * @param declared the traits of its resource type: readers refuse a resource that lacks one
 * @since 0.1.0
 */
export const resource = (resource: Resource, declared: ReadonlyArray<Trait>): Uint8Array =>
  encoded((writer) => writeResource(writer, resource, declared))

/**
 * An `Entitlement` message.
 *
 * @param on the `Resource` message it is on
 * @param grantableTo the `ResourceType` messages that it may be granted to
 * @since 0.1.0
 */
export const entitlement = (
  entitlement: Entitlement,
  on: Uint8Array,
  grantableTo: ReadonlyArray<Uint8Array>
): Uint8Array => encoded((writer) => writeEntitlement(writer, entitlement, on, grantableTo))

/**
 * The `Entitlement` message that grants carry: its id and its resource, no more.
 *
 * @param on the `Resource` message it is on
 * @since 0.1.0
 */
export const grantedEntitlement = (entitlementId: string, on: Uint8Array): Uint8Array =>
  encoded((writer) => writeGrantedEntitlement(writer, entitlementId, on))
