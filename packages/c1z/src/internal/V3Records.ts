/**
 * Rows of the tables of v1 as the records of v3, and the keys they stand under.
 *
 * Grants come by the hundred thousand, and nearly all are plain. Those are written field by field; the bytes are those of `toBinary`.
 */
import { GrantExpandableSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_grant_pb"
import {
  Entitlement_PurposeValueSchema,
  EntitlementSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/entitlement_pb"
import {
  ResourceSchema,
  ResourceType_TraitSchema,
  ResourceTypeSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"
import {
  AssetRecordSchema,
  EntitlementRecordSchema,
  GrantExpandableRecordSchema,
  GrantRecordSchema,
  GrantSourceRecordSchema,
  ResourceRecordSchema,
  ResourceTypeRecordSchema,
  type StatusRecord_ResourceStatus,
  StatusRecordSchema
} from "@access-kit/baton-protocol/gen/c1/storage/v3/records_pb"
import {
  EntitlementRefSchema,
  PrincipalRefSchema,
  ResourceRefSchema
} from "@access-kit/baton-protocol/gen/c1/storage/v3/refs_pb"
import { create, type DescEnum, fromBinary, toBinary } from "@bufbuild/protobuf"
import { type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt"
import * as Grants from "./Grants.ts"
import { INDEX, indexKey, key, KIND } from "./PebbleBatch.ts"
import { ProtoReader } from "./ProtoReader.ts"
import { ProtoWriter } from "./ProtoWriter.ts"
import { integer, type Row, text } from "./Row.ts"

/** Where keys go. */
export interface Log {
  set(key: Uint8Array, value?: Uint8Array): void
}

/** Of the row before: rows that were found together say the same time. */
let lastTime: { readonly text: string; readonly time: Timestamp | undefined } = { text: "", time: undefined }

/** A time of the tables as a message; nothing where it can't be read. */
const timeOf = (value: string): Timestamp | undefined => {
  if (lastTime.text !== value) lastTime = { text: value, time: parseTime(value) }
  return lastTime.time
}

const parseTime = (value: string): Timestamp | undefined => {
  const match = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?/.exec(value)
  if (match === null) return undefined
  const seconds = Date.parse(`${match[1]}T${match[2]}Z`) / 1000
  if (!Number.isFinite(seconds)) return undefined
  return create(TimestampSchema, { seconds: BigInt(seconds), nanos: Number((match[3] ?? "").padEnd(9, "0")) })
}

export const time = (value: string, name: "discoveredAt" | "startedAt" | "endedAt") => {
  const found = timeOf(value)
  return found === undefined ? {} : { [name]: found }
}

const nameOf = (schema: DescEnum, prefix: string, number: number): string =>
  number === 0 ? "" : (schema.values.find((value) => value.number === number)?.name ?? "").slice(prefix.length)

const blob = (row: Row, column: string): Uint8Array => {
  const value = row[column]
  return value instanceof Uint8Array ? value : new Uint8Array(0)
}

/** An entitlement as keys name it: what begins with its resource is kept without. */
const identity = (type: string, resource: string, id: string): readonly [string, string, string, string] => {
  const prefix = `${type}:${resource}:`
  return id.startsWith(prefix) ? [type, resource, "1", id.slice(prefix.length)] : [type, resource, "0", id]
}

const writer = new ProtoWriter(new ArrayBuffer(4096))

/**
 * The id of a grant that says nothing beyond what the columns say: no annotations, no sources, and a principal without a parent. Undefined for
 * any other.
 */
const idOfPlain = (data: Uint8Array): string | undefined => {
  const reader = new ProtoReader(data)
  let id = ""
  while (reader.next()) {
    if (reader.field === 3) {
      id = reader.text()
    } else if (reader.field === 2) {
      const principal = reader.inside()
      while (principal.next()) if (principal.field === 2) return undefined
    } else if (reader.field !== 1) {
      return undefined
    }
  }
  return id
}

/** The bytes are good until the next call. */
const plainGrant = (
  id: string,
  entitlementId: string,
  resource: readonly [string, string],
  principal: readonly [string, string],
  discoveredAt: string
): Uint8Array => {
  writer.position = 0
  writer.string(2, id)
  const entitlement = writer.open(3)
  writer.string(1, resource[0])
  writer.string(2, resource[1])
  writer.string(3, entitlementId)
  writer.close(entitlement)
  const holder = writer.open(4)
  writer.string(1, principal[0])
  writer.string(2, principal[1])
  writer.close(holder)
  const at = timeOf(discoveredAt)
  if (at !== undefined) {
    const time = writer.open(5)
    writer.int64(1, at.seconds)
    writer.varint(2, at.nanos)
    writer.close(time)
  }
  return writer.slice(0, writer.position)
}

/** Each table with what it becomes. */
export const writers: ReadonlyArray<readonly [table: string, write: (log: Log, row: Row) => void]> = [
  ["v1_resource_types", (log, row) => {
    const type = fromBinary(ResourceTypeSchema, blob(row, "data"))
    log.set(
      key(KIND.resourceType, type.id),
      toBinary(
        ResourceTypeRecordSchema,
        create(ResourceTypeRecordSchema, {
          externalId: type.id,
          displayName: type.displayName,
          traits: type.traits.map((trait) => nameOf(ResourceType_TraitSchema, "TRAIT_", trait)),
          annotations: type.annotations,
          description: type.description,
          sourcedExternally: type.sourcedExternally,
          ...time(text(row, "discovered_at"), "discoveredAt")
        })
      )
    )
  }],
  ["v1_resources", (log, row) => {
    const resource = fromBinary(ResourceSchema, blob(row, "data"))
    const id = { resourceTypeId: resource.id?.resourceType ?? "", resourceId: resource.id?.resource ?? "" }
    const parent = resource.parentResourceId
    if (parent !== undefined && parent.resource !== "") {
      log.set(indexKey(INDEX.byParent, parent.resourceType, parent.resource, id.resourceTypeId, id.resourceId))
    }
    log.set(
      key(KIND.resource, id.resourceTypeId, id.resourceId),
      toBinary(
        ResourceRecordSchema,
        create(ResourceRecordSchema, {
          ...id,
          displayName: resource.displayName,
          description: resource.description,
          annotations: resource.annotations,
          ...(parent === undefined || parent.resource === ""
            ? {}
            : {
              parent: create(ResourceRefSchema, {
                resourceTypeId: parent.resourceType,
                resourceId: parent.resource
              })
            }),
          ...(resource.profile === undefined ? {} : { profile: resource.profile }),
          ...(resource.createdAt === undefined ? {} : { createdAt: resource.createdAt }),
          ...(resource.status === undefined ? {} : {
            status: create(StatusRecordSchema, {
              // The two enums have the same numbers.
              status: Number(resource.status.status) as StatusRecord_ResourceStatus,
              details: resource.status.details
            })
          }),
          iconAssetExternalId: resource.icon?.id ?? "",
          ...time(text(row, "discovered_at"), "discoveredAt")
        })
      )
    )
  }],
  ["v1_entitlements", (log, row) => {
    const entitlement = fromBinary(EntitlementSchema, blob(row, "data"))
    const resource = [text(row, "resource_type_id"), text(row, "resource_id")] as const
    log.set(
      key(KIND.entitlement, ...identity(...resource, entitlement.id)),
      toBinary(
        EntitlementRecordSchema,
        create(EntitlementRecordSchema, {
          externalId: entitlement.id,
          resource: create(ResourceRefSchema, { resourceTypeId: resource[0], resourceId: resource[1] }),
          displayName: entitlement.displayName,
          description: entitlement.description,
          slug: entitlement.slug,
          purpose: nameOf(Entitlement_PurposeValueSchema, "PURPOSE_VALUE_", entitlement.purpose),
          annotations: entitlement.annotations,
          grantableToResourceTypeIds: entitlement.grantableTo.map((type) => type.id),
          ...time(text(row, "discovered_at"), "discoveredAt")
        })
      )
    )
  }],
  ["v1_grants", (log, row) => {
    const data = blob(row, "data")
    const entitlementId = text(row, "entitlement_id")
    const resource = [text(row, "resource_type_id"), text(row, "resource_id")] as const
    const principal = [text(row, "principal_resource_type_id"), text(row, "principal_resource_id")] as const
    const entitlement = identity(...resource, entitlementId)
    const needsExpansion = integer(row, "needs_expansion") === 1
    log.set(indexKey(INDEX.byPrincipal, ...principal, ...entitlement))
    if (needsExpansion) log.set(indexKey(INDEX.byNeedsExpansion, ...entitlement, ...principal))
    const id = needsExpansion || row["expansion"] instanceof Uint8Array ? undefined : idOfPlain(data)
    if (id !== undefined) {
      log.set(
        key(KIND.grant, ...entitlement, ...principal),
        plainGrant(
          id === "" ? text(row, "external_id") : id,
          entitlementId,
          resource,
          principal,
          text(row, "discovered_at")
        )
      )
      return
    }
    const grant = Grants.messageOf(row, data)
    const expansion = row["expansion"] instanceof Uint8Array
      ? fromBinary(GrantExpandableSchema, row["expansion"])
      : undefined
    const parent = grant.principal?.parentResourceId
    const sources = Object.entries(grant.sources?.sources ?? {}).sort(([a], [b]) => a < b ? -1 : 1)
    log.set(
      key(KIND.grant, ...entitlement, ...principal),
      toBinary(
        GrantRecordSchema,
        create(GrantRecordSchema, {
          externalId: grant.id,
          entitlement: create(EntitlementRefSchema, {
            resourceTypeId: resource[0],
            resourceId: resource[1],
            entitlementId
          }),
          principal: create(PrincipalRefSchema, {
            resourceTypeId: principal[0],
            resourceId: principal[1],
            parentResourceTypeId: parent?.resourceType ?? "",
            parentResourceId: parent?.resource ?? ""
          }),
          annotations: grant.annotations,
          sources: Object.fromEntries(
            sources.map(([id, source]) => [id, create(GrantSourceRecordSchema, { isDirect: source.isDirect })])
          ),
          needsExpansion,
          ...(expansion === undefined ? {} : {
            expansion: create(GrantExpandableRecordSchema, {
              entitlementIds: expansion.entitlementIds,
              shallow: expansion.shallow,
              resourceTypeIds: expansion.resourceTypeIds
            })
          }),
          ...time(text(row, "discovered_at"), "discoveredAt")
        })
      )
    )
  }],
  ["v1_assets", (log, row) => {
    const externalId = text(row, "external_id")
    log.set(
      key(KIND.asset, externalId),
      toBinary(
        AssetRecordSchema,
        create(AssetRecordSchema, {
          syncId: text(row, "sync_id"),
          externalId,
          contentType: text(row, "content_type"),
          data: blob(row, "data"),
          ...time(text(row, "discovered_at"), "discoveredAt")
        })
      )
    )
  }]
]
