/**
 * The services that a sync reads: resource types, resources, entitlements and grants.
 */
import { TypeScopedEntitlementsSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_type_scoped_entitlements_pb"
import {
  EnqueuePageTokensSchema,
  TypeScopedGrantsSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_type_scoped_grants_pb"
import {
  EntitlementsService,
  type EntitlementsServiceListEntitlementsRequest,
  EntitlementsServiceListEntitlementsResponseSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/entitlement_pb"
import {
  GrantsService,
  type GrantsServiceListGrantsRequest,
  GrantsServiceListGrantsResponseSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/grant_pb"
import {
  ResourceGetterService,
  ResourcesService,
  type ResourcesServiceListResourcesRequest,
  ResourcesServiceListResourcesResponseSchema,
  ResourceTypesService
} from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"
import type { ResourceTypeHandler } from "@access-kit/connector-model/Connector"
import type { ListRequest, ResourceRecord } from "@access-kit/connector-model/Page"
import { create, type Message } from "@bufbuild/protobuf"
import type { Any } from "@bufbuild/protobuf/wkt"
import { Code, type ConnectRouter } from "@connectrpc/connect"
import * as Effect from "effect/Effect"
import * as ToMessage from "../../ToMessage.ts"
import { carries } from "../Annotations.ts"
import * as Listing from "../Listing.ts"
import { refuse } from "../Refusal.ts"
import * as Rows from "../Rows.ts"
import * as TypeMarks from "../TypeMarks.ts"
import { handlerOf, type Served } from "./Served.ts"

const requestFor = (
  include: ListRequest["include"],
  cursor: string | undefined,
  pageSize: number
): ListRequest => ({
  include,
  ...(cursor === undefined ? {} : { cursor }),
  ...(pageSize === 0 ? {} : { pageSize })
})

const list =
  (handler: ResourceTypeHandler, include: ListRequest["include"], pageSize: number): Listing.Source["read"] =>
  (cursor) =>
    Effect.map(handler.list(requestFor(include, cursor, pageSize)), (page) => ({
      page,
      everything: include === "everything"
    }))

/**
 * Reads a listing for its entitlements. A connector that fills them in anyway is spared the reading of everything; whether it does, its first page
 * shows.
 */
const listForEntitlements = (handler: ResourceTypeHandler, pageSize: number): Listing.Source["read"] => {
  const slugs = (handler.entitlements ?? []).map((entitlement) => entitlement.slug)
  const isFilled = (record: ResourceRecord) =>
    slugs.every((slug) => record.entitlements.some((entitlement) => entitlement.slug === slug))
  const everything = list(handler, "everything", pageSize)
  const bare = list(handler, "resources", pageSize)
  return (cursor, needed) =>
    needed
      ? everything(cursor, true)
      : Effect.flatMap(
        bare(cursor, false),
        (read) => read.page.items.every(isFilled) ? Effect.succeed(read) : everything(cursor, true)
      )
}

/** One resource with all that is on it, as a page. */
const single = (handler: ResourceTypeHandler, id: string): Listing.Source["read"] => () =>
  Effect.map(handler.get(id), (record) => ({ page: { items: [record] }, everything: true }))

const nothing: Listing.Answer = { list: [], nextPageToken: "", siblings: [] }

const siblingMarks = (siblings: ReadonlyArray<string>): Array<Any> =>
  siblings.length === 0 ? [] : [
    ToMessage.annotation(EnqueuePageTokensSchema, create(EnqueuePageTokensSchema, { pageTokens: [...siblings] }))
  ]

/** A list response around rows that are encoded already. */
const filled = <A extends Message & { nextPageToken: string; annotations: Array<Any> }>(
  message: A,
  answer: Listing.Answer
): A => {
  message.nextPageToken = answer.nextPageToken
  message.annotations = siblingMarks(answer.siblings)
  message.$unknown = answer.list
  return message
}

export const routes = (served: Served) => {
  const { connector, gateway, memory } = served

  const listResourceTypes = Effect.suspend(() =>
    connector.resourceTypes.length === 0
      ? refuse(Code.FailedPrecondition, "no resource types found")
      : Effect.succeed({
        list: connector.resourceTypes.map((handler) =>
          ToMessage.resourceType(handler.resourceType, TypeMarks.of(handler, served.listing))
        )
      })
  )

  const listResources = Effect.fnUntraced(function*(request: ResourcesServiceListResourcesRequest) {
    const type = request.resourceTypeId
    const handler = handlerOf(served, type)
    if (handler === undefined) {
      return yield* refuse(Code.NotFound, `error: list resources with unknown resource type ${type}`)
    }
    const parent = request.parentResourceId
    const within = (record: ResourceRecord) =>
      parent === undefined || (record.resource.parent?.resourceType === parent.resourceType
        && record.resource.parent.resource === parent.resource)
    const { traits } = handler.resourceType
    return yield* Listing.answer(memory, {
      listing: JSON.stringify(
        parent === undefined ? ["resources", type] : ["resources", type, parent.resourceType, parent.resource]
      ),
      offersSiblings: false,
      pageSize: request.pageSize,
      read: list(handler, "resources", request.pageSize),
      rowsOf: (records) => Rows.resources(parent === undefined ? records : records.filter(within), traits)
    }, request.pageToken)
  })

  const listHeld = Effect.fnUntraced(function*(
    what: "entitlements" | "grants",
    request: EntitlementsServiceListEntitlementsRequest | GrantsServiceListGrantsRequest,
    scoped: boolean
  ) {
    const id = request.resource?.id
    if (id === undefined) return yield* refuse(Code.InvalidArgument, `error: list ${what} requires a resource`)
    const handler = handlerOf(served, id.resourceType)
    if (handler === undefined) {
      return yield* refuse(Code.NotFound, `error: list ${what} with unknown resource type ${id.resourceType}`)
    }
    const { traits } = handler.resourceType
    const held = TypeMarks.hasEntitlements(handler)
    if (scoped && !held) {
      return yield* refuse(
        Code.InvalidArgument,
        `error: list ${what} of the whole type, which resource type ${id.resourceType} does not offer`
      )
    }
    if (!held) return nothing
    const { pageSize } = request
    const read = !scoped
      ? single(handler, id.resource)
      : what === "grants"
      ? list(handler, "everything", pageSize)
      : listForEntitlements(handler, pageSize)
    return yield* Listing.answer(memory, {
      listing: JSON.stringify(scoped ? [what, id.resourceType] : [what, id.resourceType, id.resource]),
      offersSiblings: scoped,
      pageSize,
      read,
      rowsOf: (records) =>
        what === "grants" ? Rows.grants(records, traits) : Rows.entitlements(records, traits, served.types)
    }, request.pageToken)
  })

  const getResource = Effect.fnUntraced(function*(type: string, id: string) {
    const handler = handlerOf(served, type)
    if (handler === undefined) {
      return yield* refuse(Code.Unimplemented, `error: get resource with unknown resource type ${type}`)
    }
    const record = yield* handler.get(id)
    return { resource: ToMessage.resource(record.resource, handler.resourceType.traits) }
  })

  return (router: ConnectRouter): void => {
    router.service(ResourceTypesService, {
      listResourceTypes: (_, context) => gateway.answer(listResourceTypes, context)
    })
    router.service(ResourcesService, {
      listResources: (request, context) =>
        gateway.answer(
          Effect.map(
            listResources(request),
            (answer) => filled(create(ResourcesServiceListResourcesResponseSchema), answer)
          ),
          context
        )
    })
    router.service(ResourceGetterService, {
      getResource: ({ resourceId }, context) =>
        gateway.answer(getResource(resourceId?.resourceType ?? "", resourceId?.resource ?? ""), context, {
          prefix: "error: get resource failed: "
        })
    })
    router.service(EntitlementsService, {
      listEntitlements: (request, context) =>
        gateway.answer(
          Effect.map(
            listHeld("entitlements", request, carries(request.annotations, TypeScopedEntitlementsSchema)),
            (answer) => filled(create(EntitlementsServiceListEntitlementsResponseSchema), answer)
          ),
          context
        ),
      listStaticEntitlements: ({ resourceTypeId }, context) =>
        gateway.answer(
          Effect.suspend(() =>
            handlerOf(served, resourceTypeId) === undefined
              ? refuse(
                Code.NotFound,
                `error: list static entitlements with unknown resource type ${resourceTypeId}`
              )
              : Effect.succeed({})
          ),
          context
        )
    })
    router.service(GrantsService, {
      listGrants: (request, context) =>
        gateway.answer(
          Effect.map(
            listHeld("grants", request, carries(request.annotations, TypeScopedGrantsSchema)),
            (answer) => filled(create(GrantsServiceListGrantsResponseSchema), answer)
          ),
          context
        )
    })
  }
}
