/**
 * A connector cut down to a part of what it has: some resource types, some resources, or resources without what is held on them.
 *
 * @since 0.1.0
 */
import { Connector, type ResourceTypeHandler } from "@access-kit/connector-model/Connector"
import type { Page, ResourceRecord } from "@access-kit/connector-model/Page"
import type { ResourceId } from "@access-kit/connector-model/Resource"
import type { ResourceType } from "@access-kit/connector-model/ResourceType"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/**
 * Something was asked for by a resource type that the connector does not have.
 *
 * @since 0.1.0
 */
export class UnknownResourceType extends Schema.TaggedError<UnknownResourceType>()("UnknownResourceType", {
  resourceType: Schema.String,
  message: Schema.String
}) {}

const unknown = (connector: Connector["Service"], resourceType: string) =>
  new UnknownResourceType({
    resourceType,
    message: `invalid resource type '${resourceType}' in filter. ${connector.spec.displayName} has: ${
      connector.resourceTypes.map((handler) => handler.resourceType.id).join(", ")
    }.`
  })

const refuseUnknown = Effect.fnUntraced(function*(connector: Connector["Service"], types: ReadonlyArray<string>) {
  const known = new Set(connector.resourceTypes.map((handler) => handler.resourceType.id))
  const other = types.find((type) => !known.has(type))
  if (other !== undefined) return yield* unknown(connector, other)
})

const changing = (
  handler: ResourceTypeHandler,
  change: (record: ResourceRecord) => ResourceRecord
): ResourceTypeHandler => ({
  ...handler,
  list: (request) => Effect.map(handler.list(request), (page) => ({ ...page, items: page.items.map(change) })),
  get: (id) => Effect.map(handler.get(id), change)
})

/** Grants to principals of other types say nothing without the principals. */
const cut = (types: ReadonlySet<string>) => (record: ResourceRecord): ResourceRecord =>
  record.grants.every((grant) => types.has(grant.principal.resourceType))
    ? record
    : { ...record, grants: record.grants.filter((grant) => types.has(grant.principal.resourceType)) }

/**
 * The connector with these types only; all of them when none is named.
 *
 * @since 0.1.0
 */
export const only = Effect.fn("Selection.only")(function*(
  connector: Connector["Service"],
  resourceTypes: ReadonlyArray<string>
): Effect.fn.Return<Connector["Service"], UnknownResourceType> {
  if (resourceTypes.length === 0) return connector
  yield* refuseUnknown(connector, resourceTypes)
  const types = new Set(resourceTypes)
  return Connector.of({
    ...connector,
    resourceTypes: connector.resourceTypes
      .filter((handler) => types.has(handler.resourceType.id))
      .map((handler) => changing(handler, cut(types)))
  })
})

/**
 * Types of a connector that a part of it has not: its entitlements may name them.
 *
 * @since 0.1.0
 */
export const leftOut = (whole: Connector["Service"], part: Connector["Service"]): ReadonlyArray<ResourceType> =>
  whole.resourceTypes.map((handler) => handler.resourceType).filter((type) =>
    part.resourceTypes.every((handler) => handler.resourceType.id !== type.id)
  )

/**
 * The connector without grants, or without entitlements and grants: then it is not even asked for them.
 *
 * @since 0.1.0
 */
export const without = (
  connector: Connector["Service"],
  what: "grants" | "entitlements-and-grants"
): Connector["Service"] =>
  Connector.of({
    ...connector,
    resourceTypes: connector.resourceTypes.map((handler) => {
      if (what === "grants") return changing(handler, (record) => ({ ...record, grants: [] }))
      const { entitlements: _, ...bare } = changing(
        handler,
        (record) => ({ ...record, entitlements: [], grants: [] })
      )
      return { ...bare, list: (request) => bare.list({ ...request, include: "resources" }) }
    })
  })

/** One resource a page, so that they are read concurrently. What does not exist is left out, with a note. */
const listed = (handler: ResourceTypeHandler, ids: ReadonlyArray<string>): ResourceTypeHandler["list"] =>
  Effect.fnUntraced(function*({ cursor }) {
    const [first, ...others] = cursor === undefined ? ids : [cursor]
    if (first === undefined) return { items: [] }
    const more = others.length === 0 ? {} : { siblings: others }
    return yield* handler.get(first).pipe(
      Effect.map((record): Page<ResourceRecord> => ({ items: [record], ...more })),
      Effect.catchReason("ConnectorError", "NotFound", (reason) =>
        Effect.succeed<Page<ResourceRecord>>({
          items: [],
          ...more,
          notes: [{ code: "resource-not-found", message: reason.message, count: 1 }]
        }))
    )
  })

/**
 * The connector with these resources only. All its types stay, most of them empty.
 *
 * @since 0.1.0
 */
export const resources = Effect.fn("Selection.resources")(function*(
  connector: Connector["Service"],
  wanted: ReadonlyArray<ResourceId>
): Effect.fn.Return<Connector["Service"], UnknownResourceType> {
  yield* refuseUnknown(connector, wanted.map((id) => id.resourceType))
  return Connector.of({
    ...connector,
    resourceTypes: connector.resourceTypes.map((handler) => {
      const { id } = handler.resourceType
      const ids = new Set(wanted.filter((one) => one.resourceType === id).map((one) => one.resource))
      return { ...handler, list: listed(handler, [...ids]) }
    })
  })
})
