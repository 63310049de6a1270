/**
 * The groups of a server's connector, with their entitlements and who holds them.
 *
 * @since 0.1.0
 */
import type { Capabilities } from "@access-kit/connector-model/Capabilities"
import type { GrantRequest, ResourceTypeHandler } from "@access-kit/connector-model/Connector"
import type { Entitlement } from "@access-kit/connector-model/Entitlement"
import * as Grant from "@access-kit/connector-model/Grant"
import { GrantOutcome, RevokeOutcome } from "@access-kit/connector-model/Outcome"
import type { ResourceRecord } from "@access-kit/connector-model/Page"
import type { Group } from "@access-kit/connector-model/Resource"
import { USER } from "@access-kit/connector-model/ResourceType"
import type * as Api from "@access-kit/server-api/Directory"
import { ServerClient } from "@access-kit/server-api/ServerClient"
import * as Effect from "effect/Effect"
import * as Struct from "effect/Struct"
import * as GrantExpiry from "../GrantExpiry.ts"
import type { Context } from "./Context.ts"
import * as ExternalId from "./ExternalId.ts"
import { unexpected } from "./Outcomes.ts"
import * as Resources from "./Resources.ts"

const groupOf = (group: Api.Group): Group => ExternalId.restore(Struct.omit(group, ["members"]))

const entitlementOf = (entitlement: Api.Entitlement): Entitlement =>
  Struct.omit(entitlement, ["holders", "resourceName"])

const grantOf = ({ entitlementId, expiresAt, id, principal }: Api.Grant): Grant.Grant =>
  GrantExpiry.note({ id, entitlementId, principal }, expiresAt)

const byResource = <A extends { readonly resource: Api.Grant["resource"] }>(
  rows: ReadonlyArray<A>,
  resourceType: string
): ReadonlyMap<string, Array<A>> => {
  const grouped = new Map<string, Array<A>>()
  for (const row of rows) {
    if (row.resource.resourceType !== resourceType) continue
    const known = grouped.get(row.resource.resource)
    if (known === undefined) grouped.set(row.resource.resource, [row])
    else known.push(row)
  }
  return grouped
}

/**
 * @since 0.1.0
 */
export const make = (
  { calls, client, connector, tell }: Context,
  type: Capabilities["resourceTypes"][number]
): ResourceTypeHandler => {
  const params = { connectorId: connector.id }
  const { directory } = client
  const { id: resourceType } = type.resourceType

  const group = (operation: string, groupId: string) =>
    Effect.map(
      Resources.one(calls, operation, directory.group({ params: { ...params, groupId }, headers: {} })),
      groupOf
    )

  const grants = (filter: { readonly resourceId?: string }) =>
    Resources.all(
      calls,
      "list",
      (query) => directory.grants({ params, headers: {}, query: { ...query, ...filter } })
    )

  const entitlements = (filter: { readonly resourceId?: string }) =>
    Resources.all(
      calls,
      "list",
      (query) => directory.entitlements({ params, headers: {}, query: { ...query, ...filter, resourceType } })
    )

  /** Three listings side by side, rather than two for each group. */
  const everything = Effect.gen(function*() {
    const [groups, allEntitlements, allGrants] = yield* Effect.all([
      Resources.all(calls, "list", (query) => directory.groups({ params, headers: {}, query })),
      Effect.map(entitlements({}), (rows) => byResource(rows, resourceType)),
      Effect.map(grants({}), (rows) => byResource(rows, resourceType))
    ], { concurrency: 3 })
    return groups.map((resource): ResourceRecord => ({
      resource: groupOf(resource),
      entitlements: (allEntitlements.get(resource.id.resource) ?? []).map(entitlementOf),
      grants: (allGrants.get(resource.id.resource) ?? []).map(grantOf)
    }))
  })

  const carryOut = (operation: string, request: Parameters<typeof calls.carryOut>[1]) =>
    Effect.provideService(calls.carryOut(operation, request), ServerClient, client)

  const grant = Effect.fn("ServerGroups.grant")(function*({ dryRun = false, entitlement, principal }: GrantRequest) {
    const operation = "grant"
    const expiry = yield* GrantExpiry.GrantExpiry
    const done = yield* carryOut(operation, (headers) =>
      directory.createGrant({
        params,
        headers,
        payload: {
          entitlementId: entitlement.id,
          principalId: principal.resource,
          principalType: principal.resourceType,
          dryRun,
          ...expiry
        }
      }))
    const made = { grant: Grant.make(entitlement.id, principal) }
    const until = <A extends GrantOutcome>(outcome: A): A => {
      GrantExpiry.note(outcome.grant, done.expiry === "Set" ? done.request.expiresAt : undefined)
      return outcome
    }
    switch (done.outcome) {
      case "Granted":
        return until(GrantOutcome.cases.Granted.make(made))
      case "AlreadyGranted":
        return until(GrantOutcome.cases.AlreadyGranted.make(made))
      case "WouldGrant":
        return until(GrantOutcome.cases.WouldGrant.make(made))
      default:
        return yield* unexpected(calls, operation, done.outcome)
    }
  })

  const revoke = Effect.fn("ServerGroups.revoke")(function*({ dryRun = false, entitlement, principal }: GrantRequest) {
    const operation = "revoke"
    const ended = { grant: Grant.make(entitlement.id, principal) }
    const known = yield* calls.ask(
      operation,
      directory.grant({ params: { ...params, grantId: ended.grant.id }, headers: {} })
    ).pipe(
      Effect.as(true),
      Effect.catchReason("ConnectorError", "NotFound", () => Effect.succeed(false))
    )
    if (!known) {
      yield* tell(
        `There is no membership of ${principal.resource} to revoke: neither in what the server has read${
          connector.lastSuccessAt === undefined ? "" : ` (${connector.lastSuccessAt})`
        } nor, as of now, at its source.`
      )
      return RevokeOutcome.cases.AlreadyRevoked.make(ended)
    }
    const done = yield* carryOut(operation, (headers) =>
      directory.revokeGrant({
        params: { ...params, grantId: ended.grant.id },
        headers,
        query: { dryRun: dryRun ? "true" : "false" }
      }))
    switch (done.outcome) {
      case "Revoked":
        return RevokeOutcome.cases.Revoked.make(ended)
      case "AlreadyRevoked":
        return RevokeOutcome.cases.AlreadyRevoked.make(ended)
      case "WouldRevoke":
        return RevokeOutcome.cases.WouldRevoke.make(ended)
      default:
        return yield* unexpected(calls, operation, done.outcome)
    }
  })

  const can = new Set(type.capabilities)
  return {
    resourceType: type.resourceType,
    list: Effect.fn("ServerGroups.list")(function*(request) {
      if (request.include === "everything") return { items: yield* everything }
      return yield* Resources.page(
        calls,
        request,
        (query) => directory.groups({ params, headers: {}, query }),
        (item) => ({ resource: groupOf(item), entitlements: [], grants: [] })
      )
    }),
    get: Effect.fn("ServerGroups.get")(function*(id) {
      const resource = yield* group("get", id)
      const [allEntitlements, allGrants] = yield* Effect.all([
        entitlements({ resourceId: id }),
        grants({ resourceId: id })
      ], { concurrency: 2 })
      return {
        resource,
        entitlements: allEntitlements.map(entitlementOf),
        grants: allGrants.filter((row) => row.resource.resourceType === resourceType).map(grantOf)
      }
    }),
    find: Effect.fn("ServerGroups.find")((text) =>
      Resources.find(text, {
        get: (id) => group("find", id),
        search: (search) =>
          Effect.map(
            Resources.all(
              calls,
              "find",
              (query) => directory.groups({ params, headers: {}, query: { ...query, search } })
            ),
            (found) => found.map(groupOf)
          ),
        names: ({ displayName }) => [displayName]
      })
    ),
    // The API tells their slugs; what else there is to say of an entitlement stands on each of them.
    ...(type.entitlements.length === 0
      ? {}
      : {
        entitlements: type.entitlements.map((slug) => ({ slug, purpose: "assignment" as const, grantableTo: [USER] }))
      }),
    ...(can.has("grant") ? { grant } : {}),
    ...(can.has("revoke") ? { revoke } : {})
  }
}
