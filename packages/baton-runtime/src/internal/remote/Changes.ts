/**
 * Changes through a remote connector, with the outcomes of the contract read off the answer's annotations.
 */
import {
  GrantAlreadyExistsSchema,
  GrantAlreadyRevokedSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_grant_pb"
import { ResourceDoesNotExistSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_resource_pb"
import {
  CapabilityDetailCredentialOption,
  type ConnectorAccountCreationSchema_Field,
  type ConnectorMetadata
} from "@access-kit/baton-protocol/gen/c1/connector/v2/connector_pb"
import {
  type Entitlement as EntitlementMessage,
  EntitlementSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/entitlement_pb"
import { GrantManagerService } from "@access-kit/baton-protocol/gen/c1/connector/v2/grant_pb"
import {
  AccountManagerService,
  type CreateAccountResponse,
  type Resource as ResourceMessage,
  ResourceManagerService
} from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"
import * as ConfigField from "@access-kit/connector-model/ConfigField"
import type {
  AccountCreation,
  CreateAccountRequest,
  GrantRequest,
  ResourceTypeHandler
} from "@access-kit/connector-model/Connector"
import type { ConnectorError } from "@access-kit/connector-model/ConnectorError"
import * as Grant from "@access-kit/connector-model/Grant"
import type {
  CreateAccountOutcome,
  DeleteOutcome,
  GrantOutcome,
  RevokeOutcome
} from "@access-kit/connector-model/Outcome"
import type { Account } from "@access-kit/connector-model/Resource"
import { create, type JsonObject } from "@bufbuild/protobuf"
import * as Effect from "effect/Effect"
import { generateKeyPairSync } from "node:crypto"
import * as FromMessage from "../../FromMessage.ts"
import { carries } from "../Annotations.ts"
import { type Calls, notApplied } from "./Calls.ts"
import type { Directory } from "./Directory.ts"

/** The messages that a change is about. Connectors look at more than ids: at a principal's e-mail address, for example. */
const subjects = Effect.fnUntraced(function*(operation: string, directory: Directory, request: GrantRequest) {
  const resource = yield* directory.message(operation, request.entitlement.resource)
  const principal = yield* directory.message(operation, request.principal)
  const known = yield* directory.entitlement(request.entitlement.id, resource)
  const entitlement: EntitlementMessage = create(EntitlementSchema, {
    ...(known ?? { id: request.entitlement.id, slug: request.entitlement.slug }),
    resource
  })
  return { entitlement, principal }
})

const held = (operation: string, directory: Directory, request: GrantRequest): Effect.Effect<boolean, ConnectorError> =>
  directory.holds(operation, request.entitlement.id, request.entitlement.resource, request.principal)

const aboutOf = (operation: string, request: GrantRequest) => ({
  operation,
  resourceType: request.entitlement.resource.resourceType,
  key: request.entitlement.resource.resource
})

export const grant = (calls: Calls, directory: Directory): NonNullable<ResourceTypeHandler["grant"]> =>
  Effect.fnUntraced(function*(request): Effect.fn.Return<GrantOutcome, ConnectorError> {
    const wanted = Grant.make(request.entitlement.id, request.principal)
    if (request.dryRun === true) {
      return (yield* held("grant", directory, request))
        ? { _tag: "AlreadyGranted", grant: wanted }
        : { _tag: "WouldGrant", grant: wanted }
    }
    const { entitlement, principal } = yield* subjects("grant", directory, request)
    const answer = yield* calls.change(aboutOf("grant", request), GrantManagerService.method.grant, {
      entitlement,
      principal
    })
    const made = answer.grants.find((each) => each.principal?.id?.resource === request.principal.resource)
    const result = made === undefined || made.id === "" ? wanted : { ...wanted, id: made.id }
    return carries(answer.annotations, GrantAlreadyExistsSchema)
      ? { _tag: "AlreadyGranted", grant: result }
      : { _tag: "Granted", grant: result }
  })

export const revoke = (calls: Calls, directory: Directory): NonNullable<ResourceTypeHandler["revoke"]> =>
  Effect.fnUntraced(function*(request): Effect.fn.Return<RevokeOutcome, ConnectorError> {
    const wanted = Grant.make(request.entitlement.id, request.principal)
    if (request.dryRun === true) {
      return (yield* held("revoke", directory, request))
        ? { _tag: "WouldRevoke", grant: wanted }
        : { _tag: "AlreadyRevoked", grant: wanted }
    }
    const { entitlement, principal } = yield* subjects("revoke", directory, request)
    const answer = yield* calls.change(aboutOf("revoke", request), GrantManagerService.method.revoke, {
      grant: { id: wanted.id, entitlement, principal }
    })
    return carries(answer.annotations, GrantAlreadyRevokedSchema)
      ? { _tag: "AlreadyRevoked", grant: wanted }
      : { _tag: "Revoked", grant: wanted }
  })

export const remove = (
  calls: Calls,
  directory: Directory,
  resourceType: string
): NonNullable<ResourceTypeHandler["delete"]> =>
  Effect.fnUntraced(function*(resource, options): Effect.fn.Return<DeleteOutcome, ConnectorError> {
    const id = { resourceType, resource }
    if (options?.dryRun === true) {
      return yield* directory.message("delete", id).pipe(
        Effect.map((): DeleteOutcome => ({ _tag: "WouldDelete", id })),
        Effect.catchReason(
          "ConnectorError",
          "NotFound",
          () => Effect.succeed<DeleteOutcome>({ _tag: "DidNotExist", id })
        )
      )
    }
    const answer = yield* calls.change(
      { operation: "delete", resourceType, key: resource },
      ResourceManagerService.method.deleteResource,
      { resourceId: id }
    )
    return carries(answer.annotations, ResourceDoesNotExistSchema)
      ? { _tag: "DidNotExist", id }
      : { _tag: "Deleted", id, remains: false }
  })

type FormField = ConnectorAccountCreationSchema_Field

const configField = (name: string, field: FormField): ConfigField.ConfigField => {
  const words = {
    name,
    displayName: field.displayName === "" ? name : field.displayName,
    description: field.description,
    ...(field.placeholder === "" ? {} : { placeholder: field.placeholder })
  }
  const made: ConfigField.ConfigField = field.field.case === "boolField"
    ? ConfigField.boolean(words)
    : field.field.case === "intField"
    ? ConfigField.integer(words, { minimum: -2_147_483_648, maximum: 2_147_483_647 })
    : ConfigField.text(words)
  const preset =
    field.field.case === "stringField" || field.field.case === "boolField" || field.field.case === "intField"
      ? field.field.value.defaultValue
      : undefined
  if (preset !== undefined) return ConfigField.withDefault(made, String(preset))
  return field.required ? made : ConfigField.optional(made)
}

/** What was written into the form, as the values that the connector wants. */
const profileOf = (form: Readonly<Record<string, FormField>>, request: CreateAccountRequest): JsonObject => {
  const profile: JsonObject = { email: request.email, login: request.login ?? request.email }
  for (const [name, text] of Object.entries(request.fields)) {
    switch (form[name]?.field.case) {
      case "boolField":
        profile[name] = /^(true|1|yes|on)$/i.test(text.trim())
        break
      case "intField":
        profile[name] = Number(text)
        break
      case "stringListField":
        profile[name] = text.split(",").map((part) => part.trim()).filter((part) => part !== "")
        break
      default:
        profile[name] = text
    }
  }
  return profile
}

/** A password that nobody will know, where a connector makes no account without one: its encrypted form goes to a key that is thrown away. */
const unknownPassword = () => {
  const { kty = "", crv = "", x = "" } = generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" })
  return {
    credentialOptions: { options: { case: "randomPassword" as const, value: { length: BigInt(20) } } },
    encryptionConfigs: [{
      provider: "baton/jwk/v1",
      config: {
        case: "jwkPublicKeyConfig" as const,
        value: { pubKey: new Uint8Array(Buffer.from(JSON.stringify({ kty, crv, x }))) }
      }
    }]
  }
}

const noPassword = () => ({
  credentialOptions: { options: { case: "noPassword" as const, value: {} } },
  encryptionConfigs: []
})

const accountOf = (resource: ResourceMessage, request: CreateAccountRequest): Account => {
  const made = FromMessage.resource(resource)
  return made._tag === "Account" ? made : {
    ...made,
    _tag: "Account",
    status: "unknown",
    accountType: "unknown",
    login: request.login ?? request.email,
    emails: [{ address: request.email, primary: true }]
  }
}

const outcomeOf = (
  answer: CreateAccountResponse,
  request: CreateAccountRequest
): Effect.Effect<CreateAccountOutcome, ConnectorError> => {
  const { result } = answer
  const again = `Look for "${request.email}" in the listing of accounts before you ask again.`
  switch (result.case) {
    case "success":
    case "alreadyExists":
      return result.value.resource === undefined
        ? notApplied("createAccount", `The connector did not say which account it made. ${again}`)
        : Effect.succeed({
          _tag: result.case === "success" ? "Created" : "AlreadyExists",
          account: accountOf(result.value.resource, request)
        })
    case "actionRequired":
      return notApplied("createAccount", `The account is not there yet; somebody has to act: ${result.value.message}`)
    case "inProgress":
      return notApplied("createAccount", `The account is being made and not there yet. ${again}`)
    default:
      return notApplied("createAccount", `The connector did not say what became of the account. ${again}`)
  }
}

export const createAccount = (
  calls: Calls,
  directory: Directory,
  resourceType: string,
  metadata: ConnectorMetadata
): AccountCreation => {
  const form = metadata.accountCreationSchema?.fieldMap ?? {}
  const supported = metadata.capabilities?.credentialDetails?.capabilityAccountProvisioning?.supportedCredentialOptions
    ?? []
  const credential = supported.length === 0 || supported.includes(CapabilityDetailCredentialOption.NO_PASSWORD)
    ? noPassword
    : unknownPassword
  return {
    fields: Object.entries(form)
      .filter(([, field]) => !field.deprecated)
      .sort(([, a], [, b]) => a.order - b.order)
      .map(([name, field]) => configField(name, field)),
    create: Effect.fnUntraced(function*(request): Effect.fn.Return<CreateAccountOutcome, ConnectorError> {
      const login = request.login ?? request.email
      if (request.dryRun === true) {
        const known = (yield* directory.find(resourceType, request.email)).find((each) => each._tag === "Account")
        return known !== undefined && known._tag === "Account" ? { _tag: "AlreadyExists", account: known } : {
          _tag: "WouldCreate",
          account: {
            _tag: "Account",
            id: { resourceType, resource: "" },
            displayName: request.fields["display_name"] ?? login,
            status: "enabled",
            accountType: "human",
            login,
            emails: [{ address: request.email, primary: true }]
          }
        }
      }
      const answer = yield* calls.change(
        { operation: "createAccount", resourceType, key: request.email },
        AccountManagerService.method.createAccount,
        {
          resourceTypeId: resourceType,
          accountInfo: {
            emails: [{ address: request.email, isPrimary: true }],
            login,
            profile: profileOf(form, request)
          },
          ...credential()
        }
      )
      return yield* outcomeOf(answer, request)
    })
  }
}
