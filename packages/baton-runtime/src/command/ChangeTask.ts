/**
 * One change instead of a sync: a grant, a revocation, an account made, a resource deleted. The snapshot is read, and stays as it is.
 *
 * @since 0.1.0
 */
import { capabilityOf, type ChangeOptions, Connector } from "@access-kit/connector-model/Connector"
import type { ResourceId } from "@access-kit/connector-model/Resource"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as CommandError from "./CommandError.ts"
import type { Given } from "./Given.ts"
import * as Snapshot from "./Snapshot.ts"
import * as SyncFlags from "./SyncFlags.ts"

const usage = (message: string) => CommandError.make("Usage", message)

const options = (given: Given): ChangeOptions => given.isOn("dry-run") ? { dryRun: true } : {}

const openSnapshot = (given: Given) =>
  Effect.flatMap(
    SyncFlags.reading(given),
    (options) => Snapshot.open(given.text("file") ?? "sync.c1z", options)
  )

/** What everybody who reads the log wants to know: what came of it, and what it was about. */
const logOutcome = (outcome: string, about: Readonly<Record<string, unknown>>) =>
  Effect.logInfo(words[outcome] ?? outcome).pipe(Effect.annotateLogs({ outcome, ...about }))

const words: Readonly<Record<string, string>> = {
  Granted: "granted",
  AlreadyGranted: "was granted already",
  WouldGrant: "would be granted; nothing was changed",
  Revoked: "revoked",
  AlreadyRevoked: "was not granted; there was nothing to revoke",
  WouldRevoke: "would be revoked; nothing was changed",
  Created: "account created",
  AlreadyExists: "the account exists already",
  WouldCreate: "the account would be created; nothing was changed",
  Deleted: "deleted",
  DidNotExist: "did not exist; there was nothing to delete",
  WouldDelete: "would be deleted; nothing was changed"
}

/**
 * @since 0.1.0
 */
export const grant = Effect.fn("ChangeTask.grant")(function*(given: Given, entitlementId: string) {
  const resourceType = given.text("grant-principal-type")
  if (resourceType === undefined) {
    return yield* usage("--grant-entitlement also needs --grant-principal-type: the resource type of the principal")
  }
  const snapshot = yield* openSnapshot(given)
  const entitlement = yield* snapshot.entitlement(entitlementId)
  const principal = yield* snapshot.principal({ resourceType, resource: given.text("grant-principal") ?? "" })
  const connector = yield* Connector
  const change = yield* capabilityOf(connector, entitlement.resource.resourceType, "grant")
  const outcome = yield* change({ entitlement, principal, ...options(given) })
  yield* logOutcome(outcome._tag, { grant_id: outcome.grant.id })
}, Effect.scoped)

/**
 * @since 0.1.0
 */
export const revoke = Effect.fn("ChangeTask.revoke")(function*(given: Given, grantId: string) {
  const snapshot = yield* openSnapshot(given)
  const request = yield* snapshot.grant(grantId)
  const connector = yield* Connector
  const change = yield* capabilityOf(connector, request.entitlement.resource.resourceType, "revoke")
  const outcome = yield* change({ ...request, ...options(given) })
  yield* logOutcome(outcome._tag, { grant_id: outcome.grant.id })
}, Effect.scoped)

const profileOf = Effect.fnUntraced(function*(text: string | undefined) {
  if (text === undefined) return {}
  const wrong = (cause?: unknown) =>
    CommandError.make(
      "InvalidValue",
      "--create-account-profile is not a JSON object such as {\"display_name\": \"Jane Smith\"}",
      cause
    )
  const parsed: unknown = yield* Effect.try({ try: (): unknown => JSON.parse(text), catch: wrong })
  if (!Predicate.isObject(parsed) || Array.isArray(parsed)) return yield* wrong()
  const fields: Record<string, string> = {}
  for (const [name, value] of Object.entries(parsed)) {
    if (value === null) continue
    if (Predicate.isString(value)) fields[name] = value
    else if (Predicate.isNumber(value) || Predicate.isBoolean(value)) fields[name] = String(value)
    else {
      return yield* CommandError.make(
        "InvalidValue",
        `--create-account-profile: ${JSON.stringify(name)} is neither a text nor a number nor true or false`
      )
    }
  }
  return fields
})

/** The type that is asked for, the only one that has accounts, or the one of that name. */
const accountType = (connector: Connector["Service"], asked: string | undefined): string => {
  if (asked !== undefined) return asked
  const able = connector.resourceTypes.filter((handler) => handler.createAccount !== undefined)
  return able.length === 1 && able[0] !== undefined ? able[0].resourceType.id : "user"
}

/**
 * @since 0.1.0
 */
export const createAccount = Effect.fn("ChangeTask.createAccount")(function*(given: Given) {
  const profile = yield* profileOf(given.text("create-account-profile"))
  const login = given.text("create-account-login") ?? profile["login"]
  const email = given.text("create-account-email") ?? profile["email"] ?? login
  if (email === undefined) {
    return yield* usage("An account needs --create-account-email or --create-account-login")
  }
  const connector = yield* Connector
  const creation = yield* capabilityOf(
    connector,
    accountType(connector, given.text("create-account-resource-type")),
    "createAccount"
  )
  const outcome = yield* creation.create({
    email,
    ...(login === undefined ? {} : { login }),
    fields: profile,
    ...options(given)
  })
  yield* logOutcome(outcome._tag, { resource_id: outcome.account.id.resource, login: outcome.account.login })
})

/**
 * @since 0.1.0
 */
export const deleteResource = Effect.fn("ChangeTask.deleteResource")(function*(given: Given) {
  const resource = given.text("delete-resource")
  const resourceType = given.text("delete-resource-type")
  if (resource === undefined || resourceType === undefined) {
    return yield* usage(
      "--delete-resource and --delete-resource-type are needed both: which resource, and of which type"
    )
  }
  const id: ResourceId = { resourceType, resource }
  const change = yield* capabilityOf(yield* Connector, id.resourceType, "delete")
  const outcome = yield* change(id.resource, options(given))
  yield* logOutcome(outcome._tag, {
    resource_type_id: id.resourceType,
    resource_id: id.resource,
    ...(outcome._tag === "Deleted" && outcome.remains ? { remains: "disabled" } : {})
  })
})
