/**
 * The accounts of a server's connector.
 *
 * @since 0.1.0
 */
import type { Capabilities } from "@access-kit/connector-model/Capabilities"
import * as ConfigField from "@access-kit/connector-model/ConfigField"
import type { CreateAccountRequest, ResourceTypeHandler } from "@access-kit/connector-model/Connector"
import { CreateAccountOutcome, DeleteOutcome } from "@access-kit/connector-model/Outcome"
import type { Account } from "@access-kit/connector-model/Resource"
import { CreateAccount } from "@access-kit/server-api/Directory"
import { ServerClient } from "@access-kit/server-api/ServerClient"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Context } from "./Context.ts"
import * as ExternalId from "./ExternalId.ts"
import { unexpected } from "./Outcomes.ts"
import * as Resources from "./Resources.ts"

const isCreateAccount = Schema.is(CreateAccount)

const bare = (resource: Account) => ({ resource: ExternalId.restore(resource), entitlements: [], grants: [] })

/**
 * @since 0.1.0
 */
export const make = (
  { calls, client, connector }: Context,
  type: Capabilities["resourceTypes"][number],
  fields: Capabilities["accountFields"]
): ResourceTypeHandler => {
  const params = { connectorId: connector.id }
  const { directory } = client

  const account = (operation: string, id: string) =>
    Resources.one(calls, operation, directory.account({ params: { ...params, accountId: id }, headers: {} }))

  const planned = ({ email, fields: values, login = email }: CreateAccountRequest): Account => ({
    _tag: "Account",
    id: { resourceType: type.resourceType.id, resource: "" },
    displayName: values["display_name"]?.trim() ?? email,
    status: "enabled",
    accountType: "human",
    login,
    emails: [{ address: email, primary: true }]
  })

  const carryOut = (operation: string, request: Parameters<typeof calls.carryOut>[1]) =>
    Effect.provideService(calls.carryOut(operation, request), ServerClient, client)

  const create = Effect.fn("ServerAccounts.create")(
    function*({ dryRun = false, email, fields, login }: CreateAccountRequest) {
      const operation = "createAccount"
      const payload = { email, fields, dryRun, ...(login === undefined ? {} : { login }) }
      // What the API has no form for never leaves, so nobody there could say what is wrong with it.
      if (!isCreateAccount(payload)) {
        return yield* calls.failed(
          operation,
          "InvalidInput",
          `${JSON.stringify(email)} is no e-mail address, or a value is too long. Nothing was asked for.`
        )
      }
      const done = yield* carryOut(operation, (headers) =>
        directory.createAccount({
          params,
          headers,
          payload: { email, fields, dryRun, ...(login === undefined ? {} : { login }) }
        }))
      const { cases } = CreateAccountOutcome
      switch (done.outcome) {
        case "Created":
          return cases.Created.make({ account: yield* account(operation, done.resultId ?? "") })
        case "AlreadyExists":
          return cases.AlreadyExists.make({
            account: yield* account(operation, done.resultId ?? "").pipe(
              // A rehearsal leaves no trace in the directory, and the account may be newer than the last sync.
              Effect.catchReason("ConnectorError", "NotFound", () =>
                Effect.succeed({
                  ...planned({ email, fields, ...(login === undefined ? {} : { login }) }),
                  id: { resourceType: type.resourceType.id, resource: done.resultId ?? "" },
                  status: "unknown" as const
                }))
            )
          })
        case "WouldCreate":
          return cases.WouldCreate.make({
            account: planned({ email, fields, ...(login === undefined ? {} : { login }) })
          })
        default:
          return yield* unexpected(calls, operation, done.outcome)
      }
    }
  )

  const remove: NonNullable<ResourceTypeHandler["delete"]> = Effect.fn("ServerAccounts.delete")(
    function*(accountId, options) {
      const operation = "delete"
      const done = yield* carryOut(operation, (headers) =>
        directory.deleteAccount({
          params: { ...params, accountId },
          headers,
          query: { dryRun: options?.dryRun === true ? "true" : "false" }
        }))
      const id = { resourceType: type.resourceType.id, resource: accountId }
      switch (done.outcome) {
        case "Deleted": {
          const remains = yield* account(operation, accountId).pipe(
            Effect.as(true),
            Effect.catchReason("ConnectorError", "NotFound", () => Effect.succeed(false))
          )
          return DeleteOutcome.cases.Deleted.make({ id, remains })
        }
        case "DidNotExist":
          return DeleteOutcome.cases.DidNotExist.make({ id })
        case "WouldDelete":
          return DeleteOutcome.cases.WouldDelete.make({ id })
        default:
          return yield* unexpected(calls, operation, done.outcome)
      }
    }
  )

  const can = new Set(type.capabilities)
  return {
    resourceType: type.resourceType,
    list: Effect.fn("ServerAccounts.list")((request) =>
      Resources.page(calls, request, (query) => directory.accounts({ params, headers: {}, query }), bare)
    ),
    get: (id) => Effect.map(account("get", id), bare),
    find: Effect.fn("ServerAccounts.find")((text) =>
      Resources.find(text, {
        get: (id) => account("find", id),
        search: (search) =>
          Resources.all(
            calls,
            "find",
            (query) => directory.accounts({ params, headers: {}, query: { ...query, search } })
          ),
        names: ({ displayName, emails, login }) => [login, displayName, ...emails.map(({ address }) => address)]
      })
    ),
    ...(can.has("create")
      ? {
        createAccount: {
          fields: fields.map(({ required, ...words }) => ({ ...ConfigField.text(words), required })),
          create
        }
      }
      : {}),
    ...(can.has("delete") ? { delete: remove } : {})
  }
}
