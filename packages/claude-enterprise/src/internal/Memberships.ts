/**
 * Grants and revokes: memberships of one account in one group, in the words of the connector contract.
 */
import type { GrantRequest } from "@access-kit/connector-model/Connector"
import * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import * as Entitlement from "@access-kit/connector-model/Entitlement"
import { GrantOutcome, RevokeOutcome } from "@access-kit/connector-model/Outcome"
import * as ResourceType from "@access-kit/connector-model/ResourceType"
import * as Membership from "@access-kit/scim-core/Membership"
import * as Effect from "effect/Effect"
import type { Backend } from "./Backend.ts"
import * as Failure from "./Failure.ts"
import { grantTo, groupId, MEMBER } from "./GroupMapping.ts"
import * as ReadBack from "./ReadBack.ts"

type Operation = "grant" | "revoke"

const invalid = (operation: Operation, field: string, message: string) =>
  Effect.fail(ConnectorError.make(operation, new ConnectorError.InvalidInput({ field, message })))

/**
 * Checks that the request is about being a member of a group. The ids come as parts and are never taken from a joined id.
 */
const check = (
  operation: Operation,
  { entitlement, principal }: GrantRequest,
  principals: ReadonlyArray<string>
): Effect.Effect<void, ConnectorError.ConnectorError> => {
  const { resource, slug } = entitlement
  if (resource.resourceType !== ResourceType.GROUP || slug !== MEMBER) {
    return Effect.fail(ConnectorError.make(
      operation,
      new ConnectorError.NotFound({
        resourceType: "entitlement",
        key: entitlement.id,
        message:
          `Claude Enterprise has no entitlement "${slug}" on resource type "${resource.resourceType}". It has one: `
          + `"${MEMBER}" on "${ResourceType.GROUP}".`
      })
    ))
  }
  if (resource.resource === "") return invalid(operation, "entitlement", "The group's id is empty. Name the group.")
  if (!principals.includes(principal.resourceType)) {
    return invalid(
      operation,
      "principal",
      `A principal of type "${principal.resourceType}" can't be a member of a group in Claude Enterprise; an account (type `
        + `"${ResourceType.USER}") can.`
    )
  }
  return principal.resource === ""
    ? invalid(operation, "principal", "The principal's id is empty. Name the account.")
    : Effect.void
}

/** The grant that a request is about. */
const grantOf = ({ entitlement, principal }: GrantRequest) =>
  grantTo(Entitlement.makeId(groupId(entitlement.resource.resource), MEMBER), principal)

const notApplied = (operation: Operation, { entitlement, principal }: GrantRequest): string => {
  const change = `The SCIM server accepted the change for account "${principal.resource}" and group `
    + `"${entitlement.resource.resource}", but the account is ${operation === "grant" ? "not" : "still"} in the group.`
  return operation === "grant"
    ? `${change} It drops members that it does not consider part of the directory: check that the account is still provisioned, `
      + "then try again."
    : `${change} Remove it in the identity provider, and check scim-dialect.`
}

const failed = (operation: Operation, request: GrantRequest) =>
(
  error: Membership.MembershipError
): ConnectorError.ConnectorError => {
  const about = { resourceType: ResourceType.GROUP, key: request.entitlement.resource.resource }
  switch (error._tag) {
    case "NotApplied":
      return ConnectorError.make(
        operation,
        new ConnectorError.NotApplied({ message: notApplied(operation, request) }),
        error
      )
    case "MembersUnreadable":
      return ConnectorError.make(
        operation,
        new ConnectorError.UnexpectedResponse({
          message:
            `${error.message} If this server leaves the list out of groups that have no members, set scim-dialect to `
            + "standard; else report it to whoever runs the SCIM server."
        }),
        error
      )
    case "ScimError":
      return error.reason._tag === "NotSupported"
        ? ConnectorError.make(
          operation,
          new ConnectorError.Unsupported({
            resourceType: ResourceType.GROUP,
            message:
              "The SCIM server takes no changes of single members (PATCH, RFC 7644 §3.5.2). Writing the whole group "
              + "instead could lose members that somebody adds meanwhile, so nothing was done. Change the group in the "
              + "identity provider."
          }),
          error
        )
        : Failure.toConnectorError(operation, error, about)
  }
}

export interface Memberships {
  readonly grant: (request: GrantRequest) => Effect.Effect<GrantOutcome, ConnectorError.ConnectorError>
  readonly revoke: (request: GrantRequest) => Effect.Effect<RevokeOutcome, ConnectorError.ConnectorError>
}

export const make = ({ client, service }: Backend): Memberships => {
  const options = Effect.gen(function*() {
    const patience = yield* ReadBack.Patience
    return { absentMembers: service.absentMembers, patience } satisfies Membership.Options
  })

  const isMember = Effect.fnUntraced(function*(operation: Operation, request: GrantRequest) {
    const { entitlement, principal } = request
    const members = yield* Membership.read(client, entitlement.resource.resource, yield* options).pipe(
      Effect.mapError(failed(operation, request))
    )
    return members.has(principal.resource)
  })

  const grant = Effect.fn("ClaudeEnterprise.grant")(function*(
    request: GrantRequest
  ): Effect.fn.Return<GrantOutcome, ConnectorError.ConnectorError> {
    yield* check("grant", request, [ResourceType.USER])
    const { entitlement, principal } = request
    const grant = grantOf(request)
    // Some servers keep members that do not exist, so the account is looked for first.
    yield* client.users.get(principal.resource).pipe(
      Failure.mapped("grant", { resourceType: ResourceType.USER, key: principal.resource })
    )
    if (request.dryRun === true) {
      return (yield* isMember("grant", request))
        ? GrantOutcome.cases.AlreadyGranted.make({ grant })
        : GrantOutcome.cases.WouldGrant.make({ grant })
    }
    const group = entitlement.resource.resource
    const addition = yield* Membership.add(client, group, [principal.resource], yield* options).pipe(
      Effect.mapError(failed("grant", request))
    )
    return addition._tag === "Added"
      ? GrantOutcome.cases.Granted.make({ grant })
      : GrantOutcome.cases.AlreadyGranted.make({ grant })
  })

  const revoke = Effect.fn("ClaudeEnterprise.revoke")(function*(
    request: GrantRequest
  ): Effect.fn.Return<RevokeOutcome, ConnectorError.ConnectorError> {
    // A group inside a group is never granted from here, but one that is there can be taken out.
    yield* check("revoke", request, [ResourceType.USER, ResourceType.GROUP])
    const { entitlement, principal } = request
    const grant = grantOf(request)
    if (request.dryRun === true) {
      return (yield* isMember("revoke", request))
        ? RevokeOutcome.cases.WouldRevoke.make({ grant })
        : RevokeOutcome.cases.AlreadyRevoked.make({ grant })
    }
    const group = entitlement.resource.resource
    const removal = yield* Membership.remove(client, group, [principal.resource], yield* options).pipe(
      Effect.mapError(failed("revoke", request))
    )
    return removal._tag === "Removed"
      ? RevokeOutcome.cases.Revoked.make({ grant })
      : RevokeOutcome.cases.AlreadyRevoked.make({ grant })
  })

  return { grant, revoke }
}
