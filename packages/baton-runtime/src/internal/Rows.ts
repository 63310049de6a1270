/**
 * The rows of a list response, already encoded. A listing may hold half a million grants that differ in one id, and each is encoded once, straight
 * into the bytes of the response; the bytes are those of the message objects, which tests compare.
 */
import { EntitlementSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/entitlement_pb"
import { GrantSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/grant_pb"
import {
  ResourceSchema,
  type ResourceType as ResourceTypeMessage
} from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"
import type { Grant } from "@access-kit/connector-model/Grant"
import type { ResourceRecord } from "@access-kit/connector-model/Page"
import type { ResourceId } from "@access-kit/connector-model/Resource"
import type { Trait } from "@access-kit/connector-model/ResourceType"
import { toBinary, type UnknownField } from "@bufbuild/protobuf"
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire"
import * as ToMessage from "../ToMessage.ts"

export interface Rows {
  readonly length: number
  readonly idOf: (index: number) => string
  /** The message, without tag and length. */
  readonly encode: (index: number) => Uint8Array
}

/** The number of the list in every list response. */
const LIST = 1

/** Bytes that a field of this length takes in its message: tag, length, content. */
export const sizeOf = (content: Uint8Array): number => {
  let size = 2
  for (let rest = content.length; rest > 127; rest = Math.floor(rest / 128)) size++
  return size + content.length
}

/** An element of a response's list that is encoded already. protobuf-es writes such fields as they are. */
export const element = (content: Uint8Array): UnknownField => ({
  no: LIST,
  wireType: WireType.LengthDelimited,
  data: new BinaryWriter().bytes(content).finish()
})

export const resources = (records: ReadonlyArray<ResourceRecord>, traits: ReadonlyArray<Trait>): Rows => ({
  length: records.length,
  idOf: (index) => records[index]?.resource.id.resource ?? "",
  encode: (index) => {
    const record = records[index]
    return record === undefined
      ? new Uint8Array()
      : toBinary(ResourceSchema, ToMessage.resource(record.resource, traits))
  }
})

export const entitlements = (
  records: ReadonlyArray<ResourceRecord>,
  traits: ReadonlyArray<Trait>,
  types: ReadonlyMap<string, ResourceTypeMessage>
): Rows => {
  const rows = records.flatMap((record) =>
    record.entitlements.map((entitlement) => ({ entitlement, resource: record.resource }))
  )
  return {
    length: rows.length,
    idOf: (index) => rows[index]?.entitlement.id ?? "",
    encode: (index) => {
      const row = rows[index]
      if (row === undefined) return new Uint8Array()
      return toBinary(
        EntitlementSchema,
        ToMessage.entitlement(row.entitlement, ToMessage.resource(row.resource, traits), types)
      )
    }
  }
}

const writeId = (writer: BinaryWriter, id: ResourceId): BinaryWriter => {
  writer.tag(1, WireType.LengthDelimited).fork()
  if (id.resourceType !== "") writer.tag(1, WireType.LengthDelimited).string(id.resourceType)
  if (id.resource !== "") writer.tag(2, WireType.LengthDelimited).string(id.resource)
  return writer.join()
}

/** What `ToMessage.grant` encodes to, for a grant that isn't expandable. */
const encodePlain = (grant: Grant, entitlement: Uint8Array): Uint8Array => {
  const writer = new BinaryWriter()
  writer.tag(1, WireType.LengthDelimited).bytes(entitlement)
  writer.tag(2, WireType.LengthDelimited).fork()
  writeId(writer, grant.principal).join()
  if (grant.id !== "") writer.tag(3, WireType.LengthDelimited).string(grant.id)
  return writer.finish()
}

export const grants = (records: ReadonlyArray<ResourceRecord>, traits: ReadonlyArray<Trait>): Rows => {
  const rows: Array<Grant> = []
  const owners: Array<ResourceRecord> = []
  for (const record of records) {
    for (const grant of record.grants) {
      rows.push(grant)
      owners.push(record)
    }
  }
  // Grants of one entitlement come one after another, and all carry the same entitlement.
  let held: { readonly owner: ResourceRecord; readonly id: string; readonly bytes: Uint8Array } | undefined
  const entitlementOf = (owner: ResourceRecord, id: string): Uint8Array => {
    if (held === undefined || held.owner !== owner || held.id !== id) {
      const message = ToMessage.grantedEntitlement(id, ToMessage.resource(owner.resource, traits))
      held = { owner, id, bytes: toBinary(EntitlementSchema, message) }
    }
    return held.bytes
  }
  return {
    length: rows.length,
    idOf: (index) => rows[index]?.id ?? "",
    encode: (index) => {
      const grant = rows[index]
      const owner = owners[index]
      if (grant === undefined || owner === undefined) return new Uint8Array()
      if (grant.expandable === undefined) return encodePlain(grant, entitlementOf(owner, grant.entitlementId))
      const entitlement = ToMessage.grantedEntitlement(
        grant.entitlementId,
        ToMessage.resource(owner.resource, traits)
      )
      return toBinary(GrantSchema, ToMessage.grant(grant, entitlement))
    }
  }
}
