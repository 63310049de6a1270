/**
 * What somebody names by its id: from the directory, and if that has it not, from the source itself, which may have got it since the last sync.
 *
 * An id is never taken apart to learn what it means. The parts that it could have been made of are only used to ask the source, and what the source
 * gives counts if it has that very id.
 *
 * @since 0.1.0
 */
import type { Connector, ResourceTypeHandler } from "@access-kit/connector-model/Connector"
import type { ConnectorError } from "@access-kit/connector-model/ConnectorError"
import * as Entitlement from "@access-kit/connector-model/Entitlement"
import * as Grant from "@access-kit/connector-model/Grant"
import type { ResourceRecord } from "@access-kit/connector-model/Page"
import { primaryEmail, type Resource, type ResourceId } from "@access-kit/connector-model/Resource"
import type * as Api from "@access-kit/server-api/Directory"
import { NotFound, SourceFailed, type Unavailable } from "@access-kit/server-api/Problems"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import * as Already from "./Already.ts"
import { Connectors } from "./Connectors.ts"
import { Directory, type Encoded, type KnownGrant } from "./Directory.ts"
import { encoded } from "./directory/PageText.ts"
import { available } from "./storage/Available.ts"
import * as Timestamp from "./storage/Timestamp.ts"

type Lookup<A> = (connectorId: string, id: string) => Effect.Effect<A, NotFound | SourceFailed | Unavailable>

/**
 * @since 0.1.0
 */
export class SourceLookup extends Context.Service<SourceLookup, {
  readonly account: Lookup<Encoded>
  readonly access: Lookup<Encoded>
  readonly group: Lookup<Encoded>
  readonly entitlement: Lookup<Encoded>
  readonly grant: Lookup<Encoded>
  /** For changes: what a grant id is about. */
  readonly findGrant: Lookup<KnownGrant>
  /** For changes: the resource and slug of an entitlement. */
  readonly findEntitlement: Lookup<Pick<KnownGrant, "entitlementId" | "resource" | "slug">>
}>()("@access-kit/http-server/SourceLookup") {
  /**
   * @since 0.1.0
   */
  static readonly layer: Layer.Layer<SourceLookup, never, SqlClient.SqlClient | Connectors | Directory> = Layer.effect(
    SourceLookup,
    Effect.suspend(() => make)
  )
}

/** Reads of one connector that may go on to its source in a minute: guessing ids must not use up the rate that the source allows its syncs. */
const READS = 120

/** Milliseconds. */
const MINUTE = 60_000

/** Resources that one id is looked for on. */
const PLACES = 4

/** Stands for an id where the two sides of it are wanted. */
const HOLE = "\u0000"

/** Ids of resources on which the type could have an entitlement with this id. */
const resourcesOf = (handler: ResourceTypeHandler, entitlementId: string): ReadonlyArray<string> =>
  (handler.entitlements ?? []).flatMap(({ slug }) => {
    const [before = "", after = ""] = Entitlement.makeId(
      { resourceType: handler.resourceType.id, resource: HOLE },
      slug
    ).split(HOLE)
    const id = entitlementId.slice(before.length, entitlementId.length - after.length)
    return id !== "" && entitlementId === `${before}${id}${after}` ? [id] : []
  })

/** Ids of entitlements of which a principal of the type could hold a grant with this id. */
const entitlementsOf = (principalType: string, grantId: string): ReadonlyArray<string> => {
  const [, between = ""] = Grant.makeId(HOLE, { resourceType: principalType, resource: "" }).split(HOLE)
  const found: Array<string> = []
  for (let at = grantId.indexOf(between, 1); at > 0; at = grantId.indexOf(between, at + 1)) {
    found.push(grantId.slice(0, at))
  }
  return found
}

const isUnknown = ({ reason }: ConnectorError): boolean => reason._tag === "NotFound" || reason._tag === "InvalidInput"

const unreachable = (what: string, id: string) => (error: ConnectorError): SourceFailed =>
  new SourceFailed({
    detail: `The latest snapshot has no ${what} "${id}", and the source could not be asked for it: ${error.message}`,
    reason: error.reason._tag
  })

const nameOf = (resource: Resource): string =>
  resource.displayName || (resource._tag === "Account" ? resource.login : resource.id.resource)

const make = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const connectors = yield* Connectors
  const directory = yield* Directory
  const asked = new Map<string, { readonly since: number; count: number }>()

  /** Whether one more read may go on to the source. */
  const mayAsk = Effect.fnUntraced(function*(connectorId: string) {
    const now = yield* Clock.currentTimeMillis
    const known = asked.get(connectorId)
    if (known === undefined || now - known.since >= MINUTE) {
      asked.set(connectorId, { since: now, count: 1 })
      return true
    }
    known.count += 1
    return known.count <= READS
  })

  const nowhere = (what: string, id: string) =>
    new NotFound({
      detail: `There is no ${what} "${id}": neither in the latest snapshot nor, as of now, at the source.`
    })

  /** The connector to ask, or the problem as the directory told it: a paused connector's source is left alone. */
  const open = Effect.fnUntraced(function*(connectorId: string, what: string, id: string, problem: NotFound) {
    const { status } = yield* connectors.get(connectorId)
    if (status === "paused") return yield* problem
    return yield* connectors.open(connectorId).pipe(
      Effect.catchTag("ConnectorError", (error) => unreachable(what, id)(error))
    )
  })

  const read = Effect.fnUntraced(function*(handler: ResourceTypeHandler, resource: string, what: string, id: string) {
    return yield* handler.get(resource).pipe(
      Effect.map((record): ResourceRecord | undefined => record),
      Effect.catchTag(
        "ConnectorError",
        (error) => isUnknown(error) ? Effect.succeed(undefined) : Effect.fail(unreachable(what, id)(error))
      )
    )
  })

  /** The first resource of the type with this id. */
  const resource = Effect.fnUntraced(function*(
    connector: Connector["Service"],
    trait: "user" | "group",
    what: string,
    id: string
  ) {
    for (const handler of connector.resourceTypes) {
      if (!handler.resourceType.traits.includes(trait)) continue
      const record = yield* read(handler, id, what, id)
      if (record?.resource.id.resource === id) return record
    }
    return yield* nowhere(what, id)
  })

  const entitlement = Effect.fnUntraced(function*(connector: Connector["Service"], id: string) {
    for (const handler of connector.resourceTypes) {
      for (const place of resourcesOf(handler, id)) {
        const record = yield* read(handler, place, "entitlement", id)
        const found = record?.entitlements.find((candidate) => candidate.id === id)
        if (record !== undefined && found !== undefined) return { record, entitlement: found }
      }
    }
    return yield* nowhere("entitlement", id)
  })

  const grant = Effect.fnUntraced(function*(connector: Connector["Service"], id: string) {
    const places = new Map<string, { readonly handler: ResourceTypeHandler; readonly resource: string }>()
    for (const principal of connector.resourceTypes) {
      for (const entitlementId of entitlementsOf(principal.resourceType.id, id)) {
        for (const handler of connector.resourceTypes) {
          for (const resource of resourcesOf(handler, entitlementId)) places.set(entitlementId, { handler, resource })
        }
      }
    }
    for (const { handler, resource } of [...places.values()].slice(0, PLACES)) {
      const record = yield* read(handler, resource, "grant", id)
      const found = record?.grants.find((candidate) => candidate.id === id)
      const held = record?.entitlements.find((candidate) => candidate.id === found?.entitlementId)
      if (record !== undefined && found !== undefined && held !== undefined) {
        return { record, grant: found, entitlement: held }
      }
    }
    return yield* nowhere("grant", id)
  })

  /** Asks the directory first, and the source for what it has not. */
  const after = <A, B>(
    what: string,
    first: Lookup<A>,
    then: (
      connector: Connector["Service"],
      id: string,
      connectorId: string
    ) => Effect.Effect<B, NotFound | SourceFailed | Unavailable>,
    bounded: boolean
  ): Lookup<A | B> =>
  (connectorId, id) => {
    const found = first(connectorId, id)
    if (Already.succeeded(found)) return found
    return Effect.catchTag(
      found,
      "NotFound",
      Effect.fnUntraced(function*(problem) {
        const connector = yield* open(connectorId, what, id, problem)
        if (bounded && !(yield* mayAsk(connectorId))) return yield* problem
        return yield* then(connector, id, connectorId)
      })
    )
  }

  const principalOf = Effect.fnUntraced(function*(connector: Connector["Service"], id: ResourceId, grantId: string) {
    const handler = connector.resourceTypes.find(({ resourceType }) => resourceType.id === id.resourceType)
    const found = handler === undefined ? undefined : yield* read(handler, id.resource, "grant", grantId)
    return found?.resource
  })

  const members = (record: ResourceRecord): number =>
    new Set(record.grants.map(({ principal }) => JSON.stringify([principal.resourceType, principal.resource]))).size

  return SourceLookup.of({
    account: after(
      "account",
      directory.account,
      (connector, id) =>
        Effect.map(resource(connector, "user", "account", id), (record) => encoded(JSON.stringify(record.resource))),
      true
    ),

    access: after(
      "account",
      directory.access,
      (connector, id) =>
        Effect.flatMap(resource(connector, "user", "account", id), () =>
          Effect.fail(
            new NotFound({
              detail:
                `The account "${id}" is at the source and younger than the latest snapshot. What it has access to is known after the next sync.`
            })
          )),
      true
    ),

    group: after(
      "group",
      directory.group,
      (connector, id) =>
        Effect.map(
          resource(connector, "group", "group", id),
          (record) => encoded(JSON.stringify({ ...record.resource, members: members(record) }))
        ),
      true
    ),

    entitlement: after(
      "entitlement",
      directory.entitlement,
      (connector, id) =>
        Effect.map(entitlement(connector, id), ({ entitlement, record }) => {
          const answer: Api.Entitlement = {
            ...entitlement,
            resourceName: nameOf(record.resource),
            holders: record.grants.filter(({ entitlementId }) => entitlementId === id).length
          }
          return encoded(JSON.stringify(answer))
        }),
      true
    ),

    grant: after(
      "grant",
      directory.grant,
      Effect.fnUntraced(function*(connector, id, connectorId) {
        const found = yield* grant(connector, id)
        const principal = yield* principalOf(connector, found.grant.principal, id)
        const account = principal?._tag === "Account" ? principal : undefined
        const email = account === undefined ? undefined : primaryEmail(account)
        const [timed] = yield* sql<{ readonly expires_at: number }>`SELECT expires_at FROM timed_grants
        WHERE connector_id = ${connectorId} AND grant_id = ${id} AND state IN ('granting', 'active', 'revoking')`.pipe(
          available("Reading timed grants")
        )
        const answer: Api.Grant = {
          id,
          entitlementId: found.entitlement.id,
          resource: found.entitlement.resource,
          resourceName: nameOf(found.record.resource),
          principal: found.grant.principal,
          principalName: principal === undefined ? found.grant.principal.resource : nameOf(principal),
          ...(email === undefined ? {} : { principalEmail: email }),
          ...(account === undefined ? {} : { principalStatus: account.status }),
          ...Timestamp.optional("expiresAt", timed?.expires_at ?? null)
        }
        return encoded(JSON.stringify(answer))
      }),
      true
    ),

    findGrant: after(
      "grant",
      directory.findGrant,
      (connector, id) =>
        Effect.map(grant(connector, id), ({ entitlement, grant }): KnownGrant => ({
          id,
          entitlementId: entitlement.id,
          resource: entitlement.resource,
          slug: entitlement.slug,
          principal: grant.principal
        })),
      false
    ),

    findEntitlement: after(
      "entitlement",
      (connectorId, id) =>
        Effect.map(
          directory.findEntitlement(connectorId, id),
          ({ resource, slug }) => ({ entitlementId: id, resource, slug })
        ),
      (connector, id) =>
        Effect.map(entitlement(connector, id), ({ entitlement }) => ({
          entitlementId: id,
          resource: entitlement.resource,
          slug: entitlement.slug
        })),
      false
    )
  })
})
