/**
 * A connector cut down to some of its resource types, for `--sync-resource-types`.
 *
 * @since 0.1.0
 */
import { Connector, type ResourceTypeHandler } from "@access-kit/connector-model/Connector"
import type { ResourceRecord } from "@access-kit/connector-model/Page"
import * as Effect from "effect/Effect"
import * as CommandError from "./CommandError.ts"

/** Grants to principals of other types say nothing without the principals. */
const cut = (record: ResourceRecord, types: ReadonlySet<string>): ResourceRecord =>
  record.grants.every((grant) => types.has(grant.principal.resourceType))
    ? record
    : { ...record, grants: record.grants.filter((grant) => types.has(grant.principal.resourceType)) }

const cutHandler = (handler: ResourceTypeHandler, types: ReadonlySet<string>): ResourceTypeHandler => ({
  ...handler,
  list: (request) =>
    Effect.map(handler.list(request), (page) => ({ ...page, items: page.items.map((record) => cut(record, types)) })),
  get: (id) => Effect.map(handler.get(id), (record) => cut(record, types))
})

/**
 * The connector with these types only; all of them when none is named. Fails with `InvalidValue` for a type that it does not have.
 *
 * @since 0.1.0
 */
export const only = Effect.fn("Selection.only")(function*(
  connector: Connector["Service"],
  resourceTypes: ReadonlyArray<string>
): Effect.fn.Return<Connector["Service"], CommandError.CommandError> {
  if (resourceTypes.length === 0) return connector
  const known = connector.resourceTypes.map((handler) => handler.resourceType.id)
  const unknown = resourceTypes.find((type) => !known.includes(type))
  if (unknown !== undefined) {
    return yield* CommandError.make(
      "InvalidValue",
      `invalid resource type '${unknown}' in --sync-resource-types. ${connector.spec.displayName} has: ${
        known.join(", ")
      }.`
    )
  }
  const types = new Set(resourceTypes)
  return Connector.of({
    ...connector,
    resourceTypes: connector.resourceTypes
      .filter((handler) => types.has(handler.resourceType.id))
      .map((handler) => cutHandler(handler, types))
  })
})
