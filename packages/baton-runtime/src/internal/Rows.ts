/**
 * The rows of a list response, each encoded once and straight into the bytes of the response; the bytes are those of the message objects, which tests
 * compare.
 */
import { GrantSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/grant_pb"
import {
  type ResourceType as ResourceTypeMessage,
  ResourceTypeSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"
import * as MessageBytes from "@access-kit/c1z/MessageBytes"
import type { Grant } from "@access-kit/connector-model/Grant"
import type { ResourceRecord } from "@access-kit/connector-model/Page"
import type { Trait } from "@access-kit/connector-model/ResourceType"
import { create, toBinary } from "@bufbuild/protobuf"
import * as ToMessage from "../ToMessage.ts"
import { type ListWriter, sizeOfField } from "./ListWriter.ts"

export interface Rows {
  readonly length: number
  readonly idOf: (index: number) => string
  readonly write: (index: number, list: ListWriter) => void
}

const append = (list: ListWriter, message: Uint8Array): void => {
  list.element(message.length)
  list.bytes(message)
}

export const resources = (records: ReadonlyArray<ResourceRecord>, traits: ReadonlyArray<Trait>): Rows => ({
  length: records.length,
  idOf: (index) => records[index]?.resource.id.resource ?? "",
  write: (index, list) => {
    const record = records[index]
    if (record !== undefined) append(list, MessageBytes.resource(record.resource, traits))
  }
})

/** Resource types by id, each encoded once; of one that the connector doesn't have only the id. */
const typeBytes = (types: ReadonlyMap<string, ResourceTypeMessage>): (id: string) => Uint8Array => {
  const encoded = new Map<string, Uint8Array>()
  return (id) => {
    const known = encoded.get(id)
    if (known !== undefined) return known
    const bytes = toBinary(ResourceTypeSchema, types.get(id) ?? create(ResourceTypeSchema, { id }))
    encoded.set(id, bytes)
    return bytes
  }
}

export const entitlements = (
  records: ReadonlyArray<ResourceRecord>,
  traits: ReadonlyArray<Trait>,
  types: ReadonlyMap<string, ResourceTypeMessage>
): Rows => {
  const rows = records.flatMap((record) =>
    record.entitlements.map((entitlement) => ({ entitlement, resource: record.resource }))
  )
  const typeOf = typeBytes(types)
  return {
    length: rows.length,
    idOf: (index) => rows[index]?.entitlement.id ?? "",
    write: (index, list) => {
      const row = rows[index]
      if (row === undefined) return
      const on = MessageBytes.resource(row.resource, traits)
      append(list, MessageBytes.entitlement(row.entitlement, on, row.entitlement.grantableTo.map(typeOf)))
    }
  }
}

/** What `ToMessage.grant` encodes to, for a grant that isn't expandable: entitlement, principal with its id, id. */
const writePlain = (list: ListWriter, grant: Grant, entitlement: Uint8Array): void => {
  const { id, principal: { resource, resourceType } } = grant
  const typeLength = Buffer.byteLength(resourceType)
  const resourceLength = Buffer.byteLength(resource)
  const idLength = Buffer.byteLength(id)
  const nameLength = (typeLength === 0 ? 0 : sizeOfField(typeLength))
    + (resourceLength === 0 ? 0 : sizeOfField(resourceLength))
  const principalLength = sizeOfField(nameLength)
  list.element(
    sizeOfField(entitlement.length) + sizeOfField(principalLength) + (idLength === 0 ? 0 : sizeOfField(idLength))
  )
  list.open(1, entitlement.length)
  list.bytes(entitlement)
  list.open(2, principalLength)
  list.open(1, nameLength)
  // An empty text is the default, which is not written.
  if (typeLength > 0) {
    list.open(1, typeLength)
    list.text(resourceType, typeLength)
  }
  if (resourceLength > 0) {
    list.open(2, resourceLength)
    list.text(resource, resourceLength)
  }
  if (idLength > 0) {
    list.open(3, idLength)
    list.text(id, idLength)
  }
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
      held = { owner, id, bytes: MessageBytes.grantedEntitlement(id, MessageBytes.resource(owner.resource, traits)) }
    }
    return held.bytes
  }
  return {
    length: rows.length,
    idOf: (index) => rows[index]?.id ?? "",
    write: (index, list) => {
      const grant = rows[index]
      const owner = owners[index]
      if (grant === undefined || owner === undefined) return
      if (grant.expandable === undefined) return writePlain(list, grant, entitlementOf(owner, grant.entitlementId))
      const entitlement = ToMessage.grantedEntitlement(grant.entitlementId, ToMessage.resource(owner.resource, traits))
      append(list, toBinary(GrantSchema, ToMessage.grant(grant, entitlement)))
    }
  }
}
