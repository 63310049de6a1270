/**
 * What the rows of the grants table say, read with as little decoding as possible.
 */
import { EntitlementSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/entitlement_pb"
import { type Grant, GrantSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/grant_pb"
import { ResourceIdSchema, ResourceSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"

import { create, fromBinary } from "@bufbuild/protobuf"
import { ProtoReader } from "./ProtoReader.ts"
import { type Row, text } from "./Row.ts"

const stub = (resourceType: string, resource: string) =>
  create(ResourceSchema, { id: create(ResourceIdSchema, { resourceType, resource }) })

/**
 * The message of a row. Slim grants leave out what the columns say; it is put back, as far as they say it: ids.
 */
export const messageOf = (row: Row, data: Uint8Array): Grant => {
  const grant = fromBinary(GrantSchema, data)
  grant.entitlement ??= create(EntitlementSchema, {
    id: text(row, "entitlement_id"),
    resource: stub(text(row, "resource_type_id"), text(row, "resource_id"))
  })
  grant.principal ??= stub(text(row, "principal_resource_type_id"), text(row, "principal_resource_id"))
  if (grant.id === "") grant.id = text(row, "external_id")
  return grant
}

/** One way in which a principal came to hold a grant. */
export interface Source {
  readonly entitlementId: string
  readonly direct: boolean
}

export interface Origin {
  /** Sorted by id; empty where the writer has not said. */
  readonly sources: ReadonlyArray<Source>
  /** Whether something else causes the grant, so that it can't be revoked by itself. */
  readonly immutable: boolean
}

const NONE: Origin = { sources: [], immutable: false }

const sourcesOf = (reader: ProtoReader): ReadonlyArray<Source> => {
  const found: Array<Source> = []
  while (reader.next()) {
    if (reader.field !== 1) continue
    const entry = reader.inside()
    let entitlementId = ""
    let direct = false
    while (entry.next()) {
      if (entry.field === 1) entitlementId = entry.text()
      else if (entry.field === 2) {
        const source = entry.inside()
        while (source.next()) if (source.field === 1) direct = source.number() !== 0
      }
    }
    found.push({ entitlementId, direct })
  }
  return found.sort((a, b) => a.entitlementId < b.entitlementId ? -1 : a.entitlementId > b.entitlementId ? 1 : 0)
}

/** Where a grant comes from, by the fields of its message that say so. */
export const originOf = (data: Uint8Array): Origin => {
  let sources: ReadonlyArray<Source> | undefined
  let immutable = false
  const reader = new ProtoReader(data)
  while (reader.next()) {
    if (reader.field === 5) {
      sources = sourcesOf(reader.inside())
    } else if (reader.field === 4) {
      const any = reader.inside()
      while (any.next()) {
        if (any.field === 1 && any.text().endsWith("/c1.connector.v2.GrantImmutable")) immutable = true
      }
    }
  }
  return sources === undefined && !immutable ? NONE : { sources: sources ?? [], immutable }
}
