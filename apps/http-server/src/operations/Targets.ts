/**
 * Works out what the connector is to be asked for, and refuses what can't work: grants that nobody knows, a type that has no such change, fields that
 * are missing. The source is asked only for what the directory does not know yet.
 *
 * @since 0.1.0
 */
import type { Connector, ResourceTypeHandler } from "@access-kit/connector-model/Connector"
import * as Grant from "@access-kit/connector-model/Grant"
import { USER } from "@access-kit/connector-model/ResourceType"
import type { Operation, OperationKind } from "@access-kit/server-api/Operations"
import { InvalidInput } from "@access-kit/server-api/Problems"
import * as Effect from "effect/Effect"
import { Connectors } from "../Connectors.ts"
import * as SettingsCheck from "../connectors/SettingsCheck.ts"
import type { Change } from "../Operations.ts"
import { SourceLookup } from "../SourceLookup.ts"
import type { Target } from "./OperationRow.ts"

/**
 * @since 0.1.0
 */
export interface Resolved {
  readonly kind: OperationKind
  readonly dryRun: boolean
  readonly request: Operation["request"]
  readonly target: Target
}

const unsupported = (connector: Connector["Service"], what: string): InvalidInput =>
  new InvalidInput({
    detail: `${connector.spec.displayName} can't ${what}. Its capabilities say what it can do.`
  })

const accountHandler = (connector: Connector["Service"]): ResourceTypeHandler | undefined =>
  connector.resourceTypes.find((handler) => handler.createAccount !== undefined)
    ?? connector.resourceTypes.find((handler) => handler.resourceType.traits.includes("user"))

/**
 * @since 0.1.0
 */
export const resolve = Effect.fn("Targets.resolve")(function*(connectorId: string, change: Change) {
  const connectors = yield* Connectors
  const lookup = yield* SourceLookup
  // One that can't be opened, because of its settings, says so when the operation is carried out.
  const connector = yield* connectors.open(connectorId).pipe(
    Effect.catchTag("ConnectorError", () => Effect.succeed(undefined))
  )
  const handlerOf = (type: string) => connector?.resourceTypes.find((handler) => handler.resourceType.id === type)

  switch (change._tag) {
    case "Grant": {
      const { dryRun = false, entitlementId, expiresAt, ifGranted, principalId, principalType = USER } = change.request
      if (ifGranted !== undefined && expiresAt === undefined) {
        return yield* SettingsCheck.invalid([{
          field: "ifGranted",
          message: "ifGranted says what an expiry means for a grant that is there already: give expiresAt too."
        }])
      }
      const found = yield* lookup.findEntitlement(connectorId, entitlementId)
      if (connector !== undefined && handlerOf(found.resource.resourceType)?.grant === undefined) {
        return yield* unsupported(connector, `grant entitlements of the type "${found.resource.resourceType}"`)
      }
      const principal = { resourceType: principalType, resource: principalId }
      const grantId = Grant.makeId(found.entitlementId, principal)
      return {
        kind: "grant",
        dryRun,
        request: {
          entitlementId,
          principalType,
          principalId,
          grantId,
          ...(expiresAt === undefined ? {} : { expiresAt }),
          ...(ifGranted === undefined ? {} : { ifGranted })
        },
        target: {
          _tag: "Grant",
          grantId,
          entitlement: { id: found.entitlementId, resource: found.resource, slug: found.slug },
          principal
        }
      } satisfies Resolved
    }
    case "Revoke": {
      const found = yield* lookup.findGrant(connectorId, change.grantId)
      if (connector !== undefined && handlerOf(found.resource.resourceType)?.revoke === undefined) {
        return yield* unsupported(connector, `revoke entitlements of the type "${found.resource.resourceType}"`)
      }
      return {
        kind: "revoke",
        dryRun: change.dryRun,
        request: {
          grantId: found.id,
          entitlementId: found.entitlementId,
          principalType: found.principal.resourceType,
          principalId: found.principal.resource
        },
        target: {
          _tag: "Revoke",
          grantId: found.id,
          entitlement: { id: found.entitlementId, resource: found.resource, slug: found.slug },
          principal: found.principal
        }
      } satisfies Resolved
    }
    case "CreateAccount": {
      const { dryRun = false, email, fields = {}, login } = change.request
      const handler = connector === undefined ? undefined : accountHandler(connector)
      if (connector !== undefined && handler?.createAccount === undefined) {
        return yield* unsupported(connector, "create accounts")
      }
      if (!/^[^\s@]+@[^\s@]+$/.test(email)) {
        return yield* SettingsCheck.invalid([{ field: "email", message: `"${email}" is no e-mail address.` }])
      }
      yield* SettingsCheck.check(handler?.createAccount?.fields ?? [], new Map(Object.entries(fields)))
      return {
        kind: "createAccount",
        dryRun,
        request: { email, ...(login === undefined ? {} : { login }), fields },
        target: {
          _tag: "CreateAccount",
          resourceType: handler?.resourceType.id ?? USER,
          email,
          ...(login === undefined ? {} : { login }),
          fields
        }
      } satisfies Resolved
    }
    case "DeleteAccount": {
      const handler = connector === undefined ? undefined : accountHandler(connector)
      if (connector !== undefined && handler?.delete === undefined) {
        return yield* unsupported(connector, "delete accounts")
      }
      return {
        kind: "deleteAccount",
        dryRun: change.dryRun,
        request: { accountId: change.accountId },
        target: {
          _tag: "DeleteAccount",
          account: { resourceType: handler?.resourceType.id ?? USER, resource: change.accountId }
        }
      } satisfies Resolved
    }
  }
})
