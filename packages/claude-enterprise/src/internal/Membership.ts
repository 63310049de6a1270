/**
 * Putting accounts into groups and taking them out: one member at a time, and never believed before it is read.
 */
import type { GrantRequest } from "@access-kit/connector-model/Connector"
import * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import * as Entitlement from "@access-kit/connector-model/Entitlement"
import { GrantOutcome, RevokeOutcome } from "@access-kit/connector-model/Outcome"
import * as ResourceType from "@access-kit/connector-model/ResourceType"
import * as Dialect from "@access-kit/scim-core/Dialect"
import * as Patch from "@access-kit/scim-core/Patch"
import type { ScimError } from "@access-kit/scim-core/ScimError"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Backend } from "./Backend.ts"
import * as Failure from "./Failure.ts"
import { grantTo, groupId, MEMBER } from "./GroupMapping.ts"
import * as MemberList from "./MemberList.ts"
import * as ReadBack from "./ReadBack.ts"

type Operation = "grant" | "revoke"

/** Whether somebody is in a group; `unreadable` with the reason. */
type Standing =
  | { readonly _tag: "Member" }
  | { readonly _tag: "NotMember" }
  | { readonly _tag: "Unreadable"; readonly message: string }

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

/** What the request is about, for messages. */
const nameOf = ({ entitlement, principal }: GrantRequest) =>
  `account "${principal.resource}" and group "${entitlement.resource.resource}"`

/** Failures after which nobody knows whether the server carried the request out. */
const isUnclear = ({ reason }: ScimError): boolean =>
  reason._tag === "Timeout" || reason._tag === "Network" || reason._tag === "Decode"
  || reason._tag === "ServerFailure" || reason._tag === "TooLarge"

/**
 * Refusals of a revoke that may mean "was not a member": a group without any member has no `members` attribute for a filter to search, and a filter
 * may find nothing (RFC 7644 §3.5.2.2 `noTarget`).
 */
const mayBeAbsent = ({ reason }: ScimError): boolean => reason._tag === "InvalidRequest" || reason._tag === "NotFound"

export interface Membership {
  readonly grant: (request: GrantRequest) => Effect.Effect<GrantOutcome, ConnectorError.ConnectorError>
  readonly revoke: (request: GrantRequest) => Effect.Effect<RevokeOutcome, ConnectorError.ConnectorError>
}

export const make = ({ client, service }: Backend): Membership => {
  const groups = client.groups

  const standing = (
    operation: Operation,
    { entitlement, principal }: GrantRequest
  ): Effect.Effect<Standing, ConnectorError.ConnectorError> => {
    const id = entitlement.resource.resource
    return groups.get(id).pipe(
      Failure.mapped(operation, { resourceType: ResourceType.GROUP, key: id }),
      Effect.map((group): Standing => {
        const list = MemberList.alone(service, group)
        if (list._tag === "Unreadable") {
          return {
            _tag: "Unreadable",
            message: `The group "${id}" ${list.why}, so it can't be told who is in it. ${list.remedy}`
          }
        }
        return list.members.some((member) => member.value === principal.resource)
          ? { _tag: "Member" }
          : { _tag: "NotMember" }
      })
    )
  }

  const unreadable = (operation: Operation, { message }: Extract<Standing, { readonly _tag: "Unreadable" }>) =>
    Effect.fail(ConnectorError.make(operation, new ConnectorError.UnexpectedResponse({ message })))

  /** Sends one operation. A failure that may be an answer is given back, any other is final. */
  const send = (
    request: GrantRequest,
    operation: Operation,
    change: Patch.Operation,
    mayAnswer: (error: ScimError) => boolean
  ): Effect.Effect<ScimError | undefined, ConnectorError.ConnectorError> => {
    const id = request.entitlement.resource.resource
    const about = { resourceType: ResourceType.GROUP, key: id }
    const patch = Patch.make([change])
    if (Result.isFailure(patch)) {
      return Effect.fail(
        ConnectorError.make(operation, new ConnectorError.InvalidInput({ message: patch.failure.message }))
      )
    }
    return Effect.matchEffect(groups.patch(id, patch.success), {
      onSuccess: () => Effect.succeed(undefined),
      onFailure: (error) =>
        mayAnswer(error) ? Effect.succeed(error) : Effect.fail(
          error.reason._tag === "NotSupported"
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
        )
    })
  }

  const grant = Effect.fn("ClaudeEnterprise.grant")(function*(
    request: GrantRequest
  ): Effect.fn.Return<GrantOutcome, ConnectorError.ConnectorError> {
    yield* check("grant", request, [ResourceType.USER])
    const { entitlement, principal } = request
    const grant = grantTo(Entitlement.makeId(groupId(entitlement.resource.resource), MEMBER), principal)
    const [before] = yield* Effect.all([
      standing("grant", request),
      client.users.get(principal.resource).pipe(
        Failure.mapped("grant", { resourceType: ResourceType.USER, key: principal.resource })
      )
    ], { concurrency: 2 })
    if (before._tag === "Unreadable") return yield* unreadable("grant", before)
    if (before._tag === "Member") return GrantOutcome.cases.AlreadyGranted.make({ grant })
    if (request.dryRun === true) return GrantOutcome.cases.WouldGrant.make({ grant })

    const unclear = yield* send(request, "grant", Patch.addMember(principal.resource), isUnclear)
    const after = yield* ReadBack.until(standing("grant", request), (now) => now._tag === "Member")
    if (after._tag === "Member") return GrantOutcome.cases.Granted.make({ grant })
    if (unclear !== undefined) return yield* Effect.fail(Failure.toConnectorError("grant", unclear))
    if (after._tag === "Unreadable") return yield* unreadable("grant", after)
    return yield* Effect.fail(ConnectorError.make(
      "grant",
      new ConnectorError.NotApplied({
        message:
          `The SCIM server accepted the change for ${nameOf(request)}, but the account is not in the group. It drops `
          + "members that it does not consider part of the directory: check that the account is still provisioned, then try again."
      })
    ))
  })

  const revoke = Effect.fn("ClaudeEnterprise.revoke")(function*(
    request: GrantRequest
  ): Effect.fn.Return<RevokeOutcome, ConnectorError.ConnectorError> {
    // A group inside a group is never granted from here, but one that is there can be taken out.
    yield* check("revoke", request, [ResourceType.USER, ResourceType.GROUP])
    const { entitlement, principal } = request
    const grant = grantTo(Entitlement.makeId(groupId(entitlement.resource.resource), MEMBER), principal)
    const before = yield* standing("revoke", request)
    if (before._tag === "Unreadable") return yield* unreadable("revoke", before)
    if (before._tag === "NotMember") return RevokeOutcome.cases.AlreadyRevoked.make({ grant })
    if (request.dryRun === true) return RevokeOutcome.cases.WouldRevoke.make({ grant })

    const refusal = yield* send(
      request,
      "revoke",
      Dialect.removeMember(client.dialect, principal.resource),
      (error) => mayBeAbsent(error) || isUnclear(error)
    )
    const after = yield* ReadBack.until(standing("revoke", request), (now) => now._tag === "NotMember")
    if (after._tag === "NotMember") {
      // A refusal and yet no member: somebody else was faster.
      return refusal !== undefined && mayBeAbsent(refusal)
        ? RevokeOutcome.cases.AlreadyRevoked.make({ grant })
        : RevokeOutcome.cases.Revoked.make({ grant })
    }
    if (refusal !== undefined) {
      return yield* Effect.fail(Failure.toConnectorError("revoke", refusal, {
        resourceType: ResourceType.GROUP,
        key: entitlement.resource.resource
      }))
    }
    if (after._tag === "Unreadable") return yield* unreadable("revoke", after)
    return yield* Effect.fail(ConnectorError.make(
      "revoke",
      new ConnectorError.NotApplied({
        message:
          `The SCIM server accepted the change for ${
            nameOf(request)
          }, but the account is still in the group. Remove it `
          + "in the identity provider, and check scim-dialect."
      })
    ))
  })

  return { grant, revoke }
}
