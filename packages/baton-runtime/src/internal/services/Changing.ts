/**
 * The services that change something: grants, accounts, resources, credentials. Without leave to change anything they all answer
 * FailedPrecondition.
 */
import {
  GrantAlreadyExistsSchema,
  GrantAlreadyRevokedSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_grant_pb"
import { ResourceDoesNotExistSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_resource_pb"
import type { Entitlement as EntitlementMessage } from "@access-kit/baton-protocol/gen/c1/connector/v2/entitlement_pb"
import { GrantManagerService, GrantSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/grant_pb"
import {
  AccountManagerService,
  type CreateAccountRequest,
  type CreateAccountResponse,
  CreateAccountResponse_AlreadyExistsResultSchema,
  CreateAccountResponse_SuccessResultSchema,
  CreateAccountResponseSchema,
  CredentialManagerService,
  type Resource as ResourceMessage,
  ResourceDeleterService,
  type ResourceId as ResourceIdMessage,
  ResourceManagerService
} from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"
import type { AccountCreation, GrantRequest } from "@access-kit/connector-model/Connector"
import { create } from "@bufbuild/protobuf"
import { Code, type ConnectRouter } from "@connectrpc/connect"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ToMessage from "../../ToMessage.ts"
import type { Behaviour } from "../Gateway.ts"
import { Refusal, refuse } from "../Refusal.ts"
import { handlerOf, type Served } from "./Served.ts"

const PATIENT: Behaviour["repeating"] = { retries: 3, step: Duration.seconds(15) }

const idOf = (resource: ResourceMessage | undefined) => ({
  resourceType: resource?.id?.resourceType ?? "",
  resource: resource?.id?.resource ?? ""
})

/** A caller may leave the slug out; it is what the id has after the names of its resource. */
const slugOf = (entitlement: EntitlementMessage): string => {
  if (entitlement.slug !== "") return entitlement.slug
  const { resource, resourceType } = idOf(entitlement.resource)
  const prefix = `${resourceType}:${resource}:`
  return entitlement.id.startsWith(prefix) ? entitlement.id.slice(prefix.length) : ""
}

const requestOf = (entitlement: EntitlementMessage, principal: ResourceMessage | undefined): GrantRequest => ({
  entitlement: { id: entitlement.id, resource: idOf(entitlement.resource), slug: slugOf(entitlement) },
  principal: idOf(principal)
})

/** Form fields travel as JSON values; a connector takes text. */
const fieldsOf = (
  creation: AccountCreation,
  profile: Readonly<Record<string, unknown>>
): Effect.Effect<Record<string, string>, Refusal> => {
  const fields: Record<string, string> = {}
  for (const { displayName, name } of creation.fields) {
    const value = Object.hasOwn(profile, name) ? profile[name] : undefined
    if (value === undefined || value === null) continue
    if (typeof value === "object") {
      return refuse(Code.InvalidArgument, `The profile field "${name}" (${displayName}) has to be a single value.`)
    }
    fields[name] = String(value)
  }
  return Effect.succeed(fields)
}

const looksLikeEmail = (text: unknown): text is string => typeof text === "string" && /^[^\s@]+@[^\s@]+$/.test(text)

const emailOf = (request: CreateAccountRequest): string | undefined => {
  const info = request.accountInfo
  if (info === undefined) return undefined
  const listed = info.emails.find((email) => email.isPrimary) ?? info.emails[0]
  return [listed?.address, info.profile?.["email"], info.login].find(looksLikeEmail)
}

const managerOf = (served: Served, resourceType: string): AccountCreation | undefined => {
  if (resourceType !== "") return handlerOf(served, resourceType)?.createAccount
  const able = served.connector.resourceTypes.filter((handler) => handler.createAccount !== undefined)
  return able.length === 1 ? able[0]?.createAccount : handlerOf(served, "user")?.createAccount
}

const createAccount = Effect.fnUntraced(function*(served: Served, request: CreateAccountRequest) {
  const creation = managerOf(served, request.resourceTypeId)
  if (creation === undefined) {
    return yield* refuse(Code.Unimplemented, "resource type does not have account manager configured")
  }
  // Every other credential option can be left unheeded, since accounts are made without a credential; a password that somebody chose can't.
  if (request.credentialOptions?.options.case === "encryptedPassword") {
    return yield* refuse(
      Code.InvalidArgument,
      "This connector makes accounts without a password and can't set the one that was given. Ask with no_password."
    )
  }
  const email = emailOf(request)
  if (email === undefined) {
    return yield* refuse(
      Code.InvalidArgument,
      "The account has no e-mail address. Give account_info.emails, or an e-mail address as the login."
    )
  }
  const info = request.accountInfo
  const outcome = yield* creation.create({
    email,
    ...(info === undefined || info.login === "" ? {} : { login: info.login }),
    fields: yield* fieldsOf(creation, info?.profile ?? {})
  })
  const traits = handlerOf(served, outcome.account.id.resourceType)?.resourceType.traits ?? []
  const resource = ToMessage.resource(outcome.account, traits)
  const result: CreateAccountResponse["result"] = outcome._tag === "AlreadyExists"
    ? {
      case: "alreadyExists",
      value: create(CreateAccountResponse_AlreadyExistsResultSchema, { resource, isCreateAccountResult: true })
    }
    : {
      case: "success",
      value: create(CreateAccountResponse_SuccessResultSchema, { resource, isCreateAccountResult: true })
    }
  return create(CreateAccountResponseSchema, { result })
})

const grant = Effect.fnUntraced(function*(
  served: Served,
  entitlement: EntitlementMessage,
  principal: ResourceMessage
) {
  const change = handlerOf(served, idOf(entitlement.resource).resourceType)?.grant
  if (change === undefined) {
    return yield* refuse(Code.Unimplemented, "resource type does not have provisioner configured")
  }
  const outcome = yield* change(requestOf(entitlement, principal))
  return {
    grants: [create(GrantSchema, { entitlement, principal, id: outcome.grant.id })],
    annotations: outcome._tag === "AlreadyGranted"
      ? [ToMessage.annotation(GrantAlreadyExistsSchema, create(GrantAlreadyExistsSchema))]
      : []
  }
})

const revoke = Effect.fnUntraced(function*(
  served: Served,
  entitlement: EntitlementMessage,
  principal: ResourceMessage | undefined
) {
  const change = handlerOf(served, idOf(entitlement.resource).resourceType)?.revoke
  if (change === undefined) {
    return yield* refuse(Code.Unimplemented, "resource type does not have provisioner configured")
  }
  const outcome = yield* change(requestOf(entitlement, principal))
  return {
    annotations: outcome._tag === "AlreadyRevoked"
      ? [ToMessage.annotation(GrantAlreadyRevokedSchema, create(GrantAlreadyRevokedSchema))]
      : []
  }
})

const remove = Effect.fnUntraced(function*(served: Served, id: ResourceIdMessage | undefined) {
  const change = handlerOf(served, id?.resourceType ?? "")?.delete
  if (id === undefined || change === undefined) {
    return yield* refuse(Code.Unimplemented, "resource type does not have resource manager configured")
  }
  const outcome = yield* change(id.resource)
  return {
    annotations: outcome._tag === "DidNotExist"
      ? [ToMessage.annotation(ResourceDoesNotExistSchema, create(ResourceDoesNotExistSchema))]
      : []
  }
})

const notEnabled = new Refusal({ code: Code.FailedPrecondition, message: "provisioning is not enabled" })

export const routes = (served: Served, provisioning: boolean) => (router: ConnectRouter): void => {
  const { gateway } = served
  const allowed = <A, E>(work: Effect.Effect<A, E>): Effect.Effect<A, E | Refusal> =>
    provisioning ? work : Effect.fail(notEnabled)

  router.service(GrantManagerService, {
    grant: ({ entitlement, principal }, context) =>
      gateway.answer(
        allowed(
          entitlement === undefined || principal === undefined
            ? refuse(Code.InvalidArgument, "entitlement and principal are required")
            : grant(served, entitlement, principal)
        ),
        context,
        { prefix: "grant failed: ", repeating: PATIENT }
      ),
    revoke: (request, context) =>
      gateway.answer(
        allowed(
          request.grant?.entitlement === undefined
            ? refuse(Code.InvalidArgument, "a grant with its entitlement is required")
            : revoke(served, request.grant.entitlement, request.grant.principal)
        ),
        context,
        { prefix: "revoke failed: ", repeating: PATIENT }
      )
  })
  router.service(AccountManagerService, {
    createAccount: (request, context) =>
      gateway.answer(allowed(createAccount(served, request)), context, { prefix: "create account failed: " })
  })
  router.service(ResourceManagerService, {
    createResource: (_, context) =>
      gateway.answer(
        allowed(refuse(Code.Unimplemented, "resource type does not have resource manager configured")),
        context
      ),
    deleteResource: ({ resourceId }, context) =>
      gateway.answer(allowed(remove(served, resourceId)), context, { prefix: "delete resource failed: " })
  })
  router.service(ResourceDeleterService, {
    deleteResourceV2: ({ resourceId }, context) =>
      gateway.answer(allowed(remove(served, resourceId)), context, { prefix: "delete resource failed: " })
  })
  router.service(CredentialManagerService, {
    rotateCredential: (_, context) =>
      gateway.answer(
        allowed(refuse(Code.Unimplemented, "resource type does not have credential manager configured")),
        context
      ),
    issueCredential: ({ identityId }, context) =>
      gateway.answer(
        allowed(
          identityId === undefined
            ? refuse(Code.InvalidArgument, "identity id is required")
            : refuse(Code.Unimplemented, "resource type does not have credential issuer configured")
        ),
        context
      )
  })
}
