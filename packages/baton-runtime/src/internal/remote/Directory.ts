/**
 * What a remote connector has, as listings and lookups of the contract.
 */
import type { Entitlement as EntitlementMessage } from "@access-kit/baton-protocol/gen/c1/connector/v2/entitlement_pb"
import type { Grant as GrantMessage } from "@access-kit/baton-protocol/gen/c1/connector/v2/grant_pb"
import {
  type Resource as ResourceMessage,
  ResourceGetterService
} from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"
import * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import type { Entitlement } from "@access-kit/connector-model/Entitlement"
import type { ListRequest, Note, Page, ResourceRecord } from "@access-kit/connector-model/Page"
import { keyOf, type Resource, type ResourceId } from "@access-kit/connector-model/Resource"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as FromMessage from "../../FromMessage.ts"
import type { About } from "./Calls.ts"
import * as Gathering from "./Gathering.ts"
import * as Spool from "./Spool.ts"

interface Listing {
  readonly spool: Spool.Spool
  readonly scope: Scope.Closeable
  readonly gatheredAt: number
  /** Told with the first page of the first type. */
  notes: ReadonlyArray<Note>
  /** The types whose listing was begun: a second beginning wants to know how things are now. */
  readonly begun: Set<string>
}

export interface Directory {
  readonly list: (
    type: string,
    request: ListRequest
  ) => Effect.Effect<Page<ResourceRecord>, ConnectorError.ConnectorError>
  readonly get: (id: ResourceId) => Effect.Effect<ResourceRecord, ConnectorError.ConnectorError>
  readonly find: (type: string, text: string) => Effect.Effect<ReadonlyArray<Resource>, ConnectorError.ConnectorError>
  /** A resource as the connector itself tells it. */
  readonly message: (operation: string, id: ResourceId) => Effect.Effect<ResourceMessage, ConnectorError.ConnectorError>
  /** Whether a principal holds an entitlement, by what is listed with either. */
  readonly holds: (
    operation: string,
    entitlementId: string,
    on: ResourceId,
    principal: ResourceId
  ) => Effect.Effect<boolean, ConnectorError.ConnectorError>
  /** An entitlement as the connector itself tells it, if it tells it. */
  readonly entitlement: (
    id: string,
    resource: ResourceMessage
  ) => Effect.Effect<EntitlementMessage | undefined, ConnectorError.ConnectorError>
}

const PAGE = 200

/** After this time a listing is gathered anew even if its type was not begun yet. */
const STALE_MILLIS = 60 * 60 * 1000

const notFound = (operation: string, id: ResourceId) =>
  Effect.fail(ConnectorError.make(
    operation,
    new ConnectorError.NotFound({
      resourceType: id.resourceType,
      key: id.resource,
      message: `The connector has no ${id.resourceType} "${id.resource}".`
    })
  ))

const meant = (resource: Resource, text: string): boolean => {
  const wanted = text.toLowerCase()
  const names = [resource.id.resource, resource.displayName]
  if (resource._tag === "Account") {
    names.push(resource.login)
    for (const email of resource.emails) names.push(email.address)
  }
  return names.some((name) => name.toLowerCase() === wanted)
}

export const make = Effect.fnUntraced(function*(
  connector: Omit<Gathering.Remote, "activeSyncId">
): Effect.fn.Return<Directory, never, Scope.Scope> {
  const scope = yield* Effect.scope
  const one = yield* Semaphore.make(1)
  // For questions between syncs: connectors remember things for these too.
  let asking: Gathering.Remote | undefined
  const remoteOf = Effect.suspend(() =>
    asking === undefined
      ? Effect.tap(Scope.provide(Gathering.begin(connector), scope), (begun) =>
        Effect.sync(() => {
          asking = begun
        }))
      : Effect.succeed(asking)
  )
  const listings: { resources?: Listing; everything?: Listing } = {}

  const gather = Effect.fnUntraced(function*(include: ListRequest["include"]) {
    const old = listings[include]
    if (old !== undefined) {
      delete listings[include]
      yield* Scope.close(old.scope, Exit.void)
    }
    const own = yield* Scope.fork(scope)
    // Ends with the gathering, and the listing is read from the file after it.
    const syncing = yield* Scope.fork(own)
    const fill = Effect.gen(function*() {
      const spool = yield* Spool.make
      const begun = yield* Scope.provide(Gathering.begin(connector), syncing)
      const notes: Parameters<typeof Gathering.resourcesInto>[2] = new Map()
      yield* Gathering.resourcesInto(begun, spool, notes)
      if (include === "everything") yield* Gathering.heldInto(begun, spool, notes)
      return { spool, notes: Gathering.notesOf(notes) }
    })
    const filled = yield* fill.pipe(
      Scope.provide(own),
      Effect.onExit((exit) => Exit.isSuccess(exit) ? Scope.close(syncing, exit) : Scope.close(own, exit))
    )
    const listing: Listing = {
      ...filled,
      scope: own,
      gatheredAt: yield* Clock.currentTimeMillis,
      begun: new Set()
    }
    listings[include] = listing
    return listing
  })

  /** The listing that a page is cut from; a beginning of a type that was begun before gathers a new one. */
  const listingFor = (include: ListRequest["include"], type: string, begins: boolean) =>
    one.withPermits(1)(Effect.gen(function*() {
      const known = listings[include]
      const now = yield* Clock.currentTimeMillis
      const usable = known !== undefined
        && !(begins && (known.begun.has(type) || now - known.gatheredAt > STALE_MILLIS))
      const listing = usable ? known : yield* gather(include)
      if (begins) listing.begun.add(type)
      return listing
    }))

  const list: Directory["list"] = Effect.fnUntraced(function*(type, request) {
    const listing = yield* listingFor(request.include, type, request.cursor === undefined)
    const records = listing.spool.records(type, request.cursor, request.pageSize ?? PAGE)
    const last = records.at(-1)
    const next = last?.resource.id.resource
    const { notes } = listing
    listing.notes = []
    return {
      items: records,
      total: listing.spool.count(type),
      ...(next === undefined || listing.spool.resources(type, next, 1).length === 0 ? {} : { next }),
      ...(notes.length === 0 ? {} : { notes })
    }
  })

  const message: Directory["message"] = (operation, id) => {
    const about: About = { operation, resourceType: id.resourceType, key: id.resource }
    const direct = connector.calls.read(about, ResourceGetterService.method.getResource, { resourceId: id })
    const searched = Effect.flatMap(
      one.withPermits(1)(Effect.suspend(() => gather("resources"))),
      (listing) => Effect.sync(() => listing.spool.resource(id))
    )
    return direct.pipe(
      Effect.map((answer) => answer.resource),
      Effect.catchReason("ConnectorError", "Unsupported", () => searched),
      Effect.flatMap((found) => found === undefined ? notFound(operation, id) : Effect.succeed(found))
    )
  }

  const skipsOf = (resource: ResourceMessage) =>
    Gathering.skipsOf(connector.types.get(resource.id?.resourceType ?? ""), resource)

  const entitlementsOn = Effect.fnUntraced(function*(resource: ResourceMessage) {
    const id = FromMessage.resourceId(resource.id)
    const remote = yield* remoteOf
    const found: Array<EntitlementMessage> = []
    for (const each of yield* Gathering.staticEntitlements(remote, id.resourceType)) {
      found.push(Gathering.onResource(each, resource))
    }
    if (skipsOf(resource).entitlements) return found
    const scoped = Gathering.isScoped(remote.types.get(id.resourceType), "entitlements")
    yield* Gathering.entitlementsOf(
      remote,
      scoped ? { type: id.resourceType } : { type: id.resourceType, resource },
      (each) => {
        if (each.resource?.id?.resource === id.resource) found.push(each)
      }
    )
    return found
  })

  /** The grants that the connector lists with a resource, which may be on others. */
  const grantsWith = Effect.fnUntraced(function*(resource: ResourceMessage) {
    const id = FromMessage.resourceId(resource.id)
    const remote = yield* remoteOf
    const found: Array<GrantMessage> = []
    if (skipsOf(resource).grants) return found
    const scoped = Gathering.isScoped(remote.types.get(id.resourceType), "grants")
    yield* Gathering.grantsOf(
      remote,
      scoped ? { type: id.resourceType } : { type: id.resourceType, resource },
      (each) => {
        found.push(each)
      }
    )
    return found
  })

  const grantsOn = (resource: ResourceMessage) =>
    Effect.map(
      grantsWith(resource),
      (found) =>
        found.filter((each) => each.entitlement?.resource?.id?.resource === resource.id?.resource).map(
          FromMessage.grant
        )
    )

  const holds: Directory["holds"] = Effect.fnUntraced(function*(operation, entitlementId, on, principal) {
    const isIt = (each: GrantMessage) => {
      const grant = FromMessage.grant(each)
      return grant.entitlementId === entitlementId && keyOf(grant.principal) === keyOf(principal)
    }
    const onResource = yield* grantsWith(yield* message(operation, on))
    if (onResource.some(isIt)) return true
    return (yield* grantsWith(yield* message(operation, principal))).some(isIt)
  })

  const get: Directory["get"] = Effect.fnUntraced(function*(id) {
    const resource = yield* message("get", id)
    const entitlements: ReadonlyArray<Entitlement> = (yield* entitlementsOn(resource)).map(FromMessage.entitlement)
    return { resource: FromMessage.resource(resource), entitlements, grants: yield* grantsOn(resource) }
  })

  const find: Directory["find"] = Effect.fnUntraced(function*(type, text) {
    if (text.trim() === "") return []
    const listing = yield* one.withPermits(1)(Effect.suspend(() => gather("resources")))
    const found: Array<Resource> = []
    let after: string | undefined
    while (true) {
      const rows = listing.spool.resources(type, after, PAGE)
      const last = rows.at(-1)
      if (last === undefined) return found
      for (const row of rows) {
        const resource = FromMessage.resource(row.message)
        if (meant(resource, text)) found.push(resource)
      }
      after = last.id.resource
    }
  })

  return {
    list,
    get,
    find,
    message,
    holds,
    entitlement: (id, resource) => Effect.map(entitlementsOn(resource), (found) => found.find((each) => each.id === id))
  }
})
