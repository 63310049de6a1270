/**
 * Lists everything of a remote connector into a spool, in the order and by the rules of baton's syncer: resources of every type and of the children
 * that they announce, static entitlements, then entitlements and grants, by resource or by type as the types are marked.
 */
import { InsertResourceGrantsSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_grant_pb"
import {
  ChildResourceTypeSchema,
  SkipEntitlementsAndGrantsSchema,
  SkipEntitlementsSchema,
  SkipGrantsSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_resource_tree_pb"
import { TypeScopedEntitlementsSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_type_scoped_entitlements_pb"
import {
  EnqueuePageTokensSchema,
  TypeScopedGrantsSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_type_scoped_grants_pb"
import { ConnectorService } from "@access-kit/baton-protocol/gen/c1/connector/v2/connector_pb"
import {
  type Entitlement as EntitlementMessage,
  EntitlementSchema,
  EntitlementsService
} from "@access-kit/baton-protocol/gen/c1/connector/v2/entitlement_pb"
import { type Grant as GrantMessage, GrantsService } from "@access-kit/baton-protocol/gen/c1/connector/v2/grant_pb"
import {
  type Resource as ResourceMessage,
  ResourcesService,
  type ResourceType as ResourceTypeMessage
} from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"
import * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import * as Entitlement from "@access-kit/connector-model/Entitlement"
import type { Note } from "@access-kit/connector-model/Page"
import { keyOf, type ResourceId } from "@access-kit/connector-model/Resource"
import { create, type DescMessage } from "@bufbuild/protobuf"
import { type Any, anyUnpack } from "@bufbuild/protobuf/wkt"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as FromMessage from "../../FromMessage.ts"
import * as ToMessage from "../../ToMessage.ts"
import { carries } from "../Annotations.ts"
import type { About, Calls } from "./Calls.ts"
import type { Skips, Spool } from "./Spool.ts"
import * as SyncId from "./SyncId.ts"

export interface Remote {
  readonly calls: Calls
  /** Names the sync that the calls are part of; empty for connectors that are not told. */
  readonly activeSyncId: string
  readonly types: ReadonlyMap<string, ResourceTypeMessage>
  readonly concurrency: number
}

type Notes = Map<string, { readonly message: string; count: number }>

const note = (notes: Notes, code: string, message: string): void => {
  const known = notes.get(code)
  if (known === undefined) notes.set(code, { message, count: 1 })
  else known.count += 1
}

export const notesOf = (notes: Notes): ReadonlyArray<Note> =>
  [...notes].map(([code, { count, message }]) => ({ code, message, count }))

const NAMELESS = "The connector sent rows without an id; they are left out."
const FOREIGN = "The connector sent grants on or to resources of a type that it does not have; they are left out."
const GONE = "A resource was gone when its entitlements or grants were asked for; it is kept without them."

interface Paged {
  readonly nextPageToken: string
  readonly annotations: ReadonlyArray<Any>
}

/** All pages of a listing, with the pages that it offers beside the next one. */
const pages = Effect.fnUntraced(function*<A extends Paged>(
  what: About,
  fetch: (pageToken: string) => Effect.Effect<A, ConnectorError.ConnectorError>,
  take: (page: A) => void
): Effect.fn.Return<void, ConnectorError.ConnectorError> {
  const open = [""]
  for (let token = open.pop(); token !== undefined; token = open.pop()) {
    const page = yield* fetch(token)
    take(page)
    const siblings = FromMessage.annotation(page.annotations, EnqueuePageTokensSchema)?.pageTokens ?? []
    for (const next of [...siblings, page.nextPageToken]) {
      if (next === "") continue
      if (next === token) {
        return yield* Effect.fail(ConnectorError.make(
          what.operation,
          new ConnectorError.UnexpectedResponse({
            message:
              `The connector answers the same page again and again in its listing of ${what.resourceType}. Report this to whoever maintains it.`
          })
        ))
      }
      open.push(next)
    }
  }
})

/** What is not to be asked about a resource. */
export const skipsOf = (type: ResourceTypeMessage | undefined, resource: ResourceMessage): Skips => {
  const typed = type?.annotations ?? []
  const all = carries(typed, SkipEntitlementsAndGrantsSchema)
    || carries(resource.annotations, SkipEntitlementsAndGrantsSchema)
  return {
    entitlements: all || carries(typed, SkipEntitlementsSchema) ||
      carries(resource.annotations, SkipEntitlementsSchema),
    // On a type this mark has no meaning.
    grants: all || carries(resource.annotations, SkipGrantsSchema)
  }
}

export const isScoped = (type: ResourceTypeMessage | undefined, what: "entitlements" | "grants"): boolean =>
  carries(type?.annotations ?? [], what === "entitlements" ? TypeScopedEntitlementsSchema : TypeScopedGrantsSchema)

/** The mark of a request about a whole type, and what stands for its resource. */
const scopedRequest = (type: string, mark: DescMessage) => ({
  resource: { id: { resourceType: type, resource: type } },
  annotations: [ToMessage.annotation(mark, create(mark))]
})

/**
 * Begins a sync as baton's syncer does: the connector is asked whether it works, and its answer says whether it wants to know the sync's name. What it
 * remembered under that name is cleaned up with the scope.
 */
export const begin = Effect.fnUntraced(function*(
  remote: Omit<Remote, "activeSyncId">
): Effect.fn.Return<Remote, ConnectorError.ConnectorError, Scope.Scope> {
  const about = { operation: "list", resourceType: "connector", key: "" }
  const { sdkVersion } = yield* remote.calls.read(about, ConnectorService.method.validate, {})
  const activeSyncId = SyncId.isWanted(sdkVersion) ? yield* SyncId.make : ""
  yield* Effect.addFinalizer(() =>
    Effect.ignore(remote.calls.change(about, ConnectorService.method.cleanup, { activeSyncId }))
  )
  return { ...remote, activeSyncId }
})

export const resourcesInto = Effect.fnUntraced(function*(
  remote: Remote,
  spool: Spool,
  notes: Notes
): Effect.fn.Return<void, ConnectorError.ConnectorError> {
  const seen = new Set<string>()
  const list = (type: string, parent: ResourceId | undefined): Effect.Effect<void, ConnectorError.ConnectorError> => {
    const about = { operation: "list", resourceType: type, key: parent === undefined ? type : keyOf(parent) }
    const children: Array<readonly [string, ResourceId]> = []
    return pages(
      about,
      (pageToken) =>
        remote.calls.read(about, ResourcesService.method.listResources, {
          resourceTypeId: type,
          pageToken,
          activeSyncId: remote.activeSyncId,
          ...(parent === undefined ? {} : { parentResourceId: ToMessage.resourceId(parent) })
        }),
      (page) => {
        for (const resource of page.list) {
          const id = FromMessage.resourceId(resource.id)
          if (id.resource === "" || id.resourceType === "") {
            note(notes, "row-without-id", NAMELESS)
            continue
          }
          spool.putResource(resource, skipsOf(remote.types.get(id.resourceType), resource))
          for (const annotation of resource.annotations) {
            const child = anyUnpack(annotation, ChildResourceTypeSchema)
            if (child === undefined || !remote.types.has(child.resourceTypeId)) continue
            const key = JSON.stringify([child.resourceTypeId, id.resourceType, id.resource])
            if (seen.has(key)) continue
            seen.add(key)
            children.push([child.resourceTypeId, id])
          }
        }
      }
    ).pipe(
      // A parent that is gone has no children.
      Effect.catchReason("ConnectorError", "NotFound", (reason, error) =>
        Effect.suspend(() => {
          if (parent === undefined) return Effect.fail(error)
          note(notes, "resource-gone", `${GONE} ${reason.message}`)
          return Effect.void
        })),
      Effect.andThen(
        Effect.suspend(() =>
          Effect.forEach(children, ([child, of]) => list(child, of), { concurrency: remote.concurrency, discard: true })
        )
      )
    )
  }
  for (const type of remote.types.keys()) yield* list(type, undefined)
})

const forEachDue = Effect.fnUntraced(function*(
  remote: Remote,
  spool: Spool,
  what: "entitlements" | "grants",
  type: string,
  visit: (resource: ResourceMessage, id: ResourceId) => Effect.Effect<void, ConnectorError.ConnectorError>
): Effect.fn.Return<void, ConnectorError.ConnectorError> {
  let after: string | undefined
  while (true) {
    const due = spool.due(what, type, after, 256)
    const last = due.at(-1)
    if (last === undefined) return
    yield* Effect.forEach(due, ({ id, message }) => visit(message, id), {
      concurrency: remote.concurrency,
      discard: true
    })
    after = last.id.resource
  }
})

/** Every page of the entitlements of a resource, or of a whole type. */
export const entitlementsOf = (
  remote: Remote,
  on: { readonly type: string; readonly resource?: ResourceMessage },
  take: (entitlement: EntitlementMessage) => void
): Effect.Effect<void, ConnectorError.ConnectorError> => {
  const { resource, type } = on
  const about = { operation: "list", resourceType: type, key: resource?.id?.resource ?? type }
  const { activeSyncId } = remote
  const request = {
    activeSyncId,
    ...(resource === undefined ? scopedRequest(type, TypeScopedEntitlementsSchema) : { resource })
  }
  return pages(
    about,
    (pageToken) => remote.calls.read(about, EntitlementsService.method.listEntitlements, { ...request, pageToken }),
    (page) => page.list.forEach(take)
  )
}

/** Every page of the grants on a resource, or on a whole type. */
export const grantsOf = (
  remote: Remote,
  on: { readonly type: string; readonly resource?: ResourceMessage },
  take: (grant: GrantMessage, brings: boolean) => void
): Effect.Effect<void, ConnectorError.ConnectorError> => {
  const { resource, type } = on
  const about = { operation: "list", resourceType: type, key: resource?.id?.resource ?? type }
  const { activeSyncId } = remote
  const request = {
    activeSyncId,
    ...(resource === undefined ? scopedRequest(type, TypeScopedGrantsSchema) : { resource })
  }
  return pages(
    about,
    (pageToken) => remote.calls.read(about, GrantsService.method.listGrants, { ...request, pageToken }),
    (page) => {
      const brings = carries(page.annotations, InsertResourceGrantsSchema)
      for (const grant of page.list) take(grant, brings)
    }
  )
}

/** The entitlements that every resource of a type has. */
export const staticEntitlements = Effect.fnUntraced(function*(
  remote: Remote,
  type: string
): Effect.fn.Return<ReadonlyArray<EntitlementMessage>, ConnectorError.ConnectorError> {
  const about = { operation: "list", resourceType: type, key: type }
  const found: Array<EntitlementMessage> = []
  yield* pages(
    about,
    (pageToken) =>
      remote.calls.read(about, EntitlementsService.method.listStaticEntitlements, {
        resourceTypeId: type,
        pageToken,
        activeSyncId: remote.activeSyncId
      }),
    (page) => found.push(...page.list)
  )
  return found
})

/** A static entitlement on one resource. */
export const onResource = (entitlement: EntitlementMessage, resource: ResourceMessage): EntitlementMessage => {
  const id = FromMessage.resourceId(resource.id)
  return create(EntitlementSchema, {
    ...entitlement,
    resource,
    id: Entitlement.makeId(id, entitlement.slug),
    displayName: entitlement.displayName === "" ? resource.displayName : entitlement.displayName,
    description: entitlement.description === "" ? resource.description : entitlement.description
  })
}

const forgiving = (notes: Notes) => (work: Effect.Effect<void, ConnectorError.ConnectorError>) =>
  Effect.catchReason(work, "ConnectorError", "NotFound", () => Effect.sync(() => note(notes, "resource-gone", GONE)))

/** Everything that can be held and who holds it, for the resources that are in the spool. */
export const heldInto = Effect.fnUntraced(function*(
  remote: Remote,
  spool: Spool,
  notes: Notes
): Effect.fn.Return<void, ConnectorError.ConnectorError> {
  const takeEntitlement = (entitlement: EntitlementMessage): void => {
    const on = FromMessage.resourceId(entitlement.resource?.id)
    if (entitlement.id === "" || on.resource === "") note(notes, "row-without-id", NAMELESS)
    else if (!remote.types.has(on.resourceType)) note(notes, "foreign-row", FOREIGN)
    else spool.putEntitlement(entitlement)
  }
  const takeGrant = (message: GrantMessage, brings: boolean): void => {
    const grant = FromMessage.grant(message)
    const on = FromMessage.resourceId(message.entitlement?.resource?.id)
    if (grant.id === "" || on.resource === "" || grant.principal.resource === "") {
      note(notes, "row-without-id", NAMELESS)
    } else if (!remote.types.has(on.resourceType) || !remote.types.has(grant.principal.resourceType)) {
      note(notes, "foreign-row", FOREIGN)
    } else {
      const resource = message.entitlement?.resource
      if (brings && resource !== undefined && spool.resource(on) === undefined) {
        spool.putResource(resource, { entitlements: true, grants: true })
      }
      spool.putGrant(grant, on)
    }
  }

  for (const type of remote.types.keys()) {
    const statics = yield* staticEntitlements(remote, type)
    if (statics.length === 0) continue
    let after: string | undefined
    while (true) {
      const resources = spool.resources(type, after, 256)
      const last = resources.at(-1)
      if (last === undefined) break
      for (const { message } of resources) {
        for (const entitlement of statics) takeEntitlement(onResource(entitlement, message))
      }
      after = last.id.resource
    }
  }
  for (const [type, message] of remote.types) {
    yield* isScoped(message, "entitlements")
      ? entitlementsOf(remote, { type }, takeEntitlement)
      : forEachDue(
        remote,
        spool,
        "entitlements",
        type,
        (resource) => forgiving(notes)(entitlementsOf(remote, { type, resource }, takeEntitlement))
      )
  }
  for (const [type, message] of remote.types) {
    yield* isScoped(message, "grants")
      ? grantsOf(remote, { type }, takeGrant)
      : forEachDue(
        remote,
        spool,
        "grants",
        type,
        (resource) => forgiving(notes)(grantsOf(remote, { type, resource }, takeGrant))
      )
  }
})
